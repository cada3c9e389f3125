// How marks are named, numbered and laid over each other, and which one is the current one.

import { inReadingOrder, withChangedMark, withoutMark } from "./edits.js";
import { unitAt } from "./offsets.js";

export class Marks {
  constructor(session) {
    this.session = session;
    this.currentId = null;
  }

  get current() {
    return this.session.annotation.marks.find(({ id }) => id === this.currentId);
  }

  get inOrder() {
    return inReadingOrder(this.session.annotation.marks);
  }

  // The number in the list, from 1, and how many other lines stand above this one's, from 0.
  shownAs(mark) {
    const { annotation } = this.session;
    if (this.of !== annotation) {
      this.of = annotation;
      this.places = placesOf(this.inOrder);
    }
    return this.places.get(mark.id);
  }

  titleOf(mark) {
    const { session } = this;
    const { categories } = session.typology;
    const found = categories.find(({ name }) => name === mark.category);
    const parts = [session.severity(mark.severity).label];
    if (categories.length) parts.push(found?.label ?? (mark.category || session.say("no_category")));
    if (mark.side === "source") parts.push(session.say("in_source"));
    else if (session.data.outputs.length > 1) parts.push(session.data.outputs[mark.output].label);
    return parts.join(" · ");
  }

  // Makes the next or the previous mark the current one; gives whether there is any.
  step(direction) {
    const marks = this.inOrder;
    if (!marks.length) return false;
    const at = marks.findIndex(({ id }) => id === this.currentId);
    const next = at < 0 && direction < 0 ? marks.length - 1
      : (at + direction + marks.length) % marks.length;
    const mark = marks[next];
    const box = this.session.boxOf(mark);
    box.element.focus();
    box.selectAt(box.placeOf(mark).start);
    this.currentId = mark.id;
    this.session.paint();
    this.session.live.mark(mark.id);
    return true;
  }

  // Moves an end of the current mark by one unit; the mark keeps at least one.
  moveEdge(box, edge, step) {
    const mark = this.current;
    if (!mark || !box.marks.includes(mark) || this.session.isClosed) return false;
    const { start, end } = box.placeOf(mark);
    const [first, last] = [unitAt(box.units, start), unitAt(box.units, end - 1)];
    const range = edge === "start"
      ? { start: box.units[Math.max(first + step, 0)][0], end }
      : { start, end: box.units[Math.min(last + step, box.units.length - 1)][1] };
    if (range.start >= range.end) return true;
    this.session.edit(withChangedMark(this.session.annotation, mark.id, box.cited(range)));
    this.session.live.mark(mark.id);
    return true;
  }

  // Takes away the current mark, else the shortest one at the place of the keyboard.
  remove(box) {
    const { session } = this;
    const here = box.marksAt(box.selected?.start ?? 0);
    const shortest = [...here].sort((a, b) => a.end - a.start - (b.end - b.start))[0];
    const mark = this.current ?? shortest;
    if (!mark || session.isClosed) return false;
    this.currentId = null;
    session.edit(withoutMark(session.annotation, mark.id));
    session.live.say(session.say("deleted", { quote: mark.quote }));
    return true;
  }
}

function placesOf(marks) {
  const places = new Map();
  const open = [];
  marks.forEach((mark, at) => {
    const over = open.filter(({ mark: other }) => isOver(other, mark)).map(({ level }) => level);
    let level = 0;
    while (over.includes(level)) level++;
    open.push({ mark, level });
    places.set(mark.id, { number: at + 1, level });
  });
  return places;
}

function isOver(a, b) {
  return a.side === b.side && a.output === b.output && a.start < b.end && a.end > b.start;
}
