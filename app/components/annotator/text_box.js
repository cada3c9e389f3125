// One text: its words, the marks over them, and where the keyboard stands.

import { directionOf, element } from "./elements.js";
import { codePoints, snapped, unitAt, unitsOf, utf16 } from "./offsets.js";
import { onTextKey } from "./text_keys.js";
import { listenToPointer } from "./text_pointer.js";
import { severityLetter } from "./wording.js";

export class TextBox {
  constructor(session, shown, side, output) {
    const { text, lang } = shown;
    Object.assign(this, { session, text, lang, side, output });
    this.anchor = this.head = 0; // units between which the keyboard selects, both included
    this.draft = null; // what the chooser is open for, in UTF-16 units
    const label = session.nameOf(shown, side);
    const marking = session.canMark && {
      role: "textbox",
      "aria-readonly": "true",
      "aria-multiline": "true",
      "aria-label": label,
      "aria-describedby": "keys-hint",
      tabindex: "0",
    };
    this.element = element("div", {
      class: "text", lang: lang || null, dir: directionOf(shown), ...marking,
      "data-empty": text.trim() ? null : session.say("empty_text"),
    });
    if (!session.canMark) return void this.element.append(text);
    this.element.addEventListener("keydown", (event) => onTextKey(this, event));
    
    listenToPointer(this);
  }

  get isRightToLeft() {
    return getComputedStyle(this.element).direction === "rtl";
  }

  get marks() {
    return this.session.annotation.marks.filter(
      (mark) => mark.side === this.side && (this.side === "source" || mark.output === this.output),
    );
  }

  // The range that the keyboard has selected, in UTF-16 units; null in an empty text.
  get selected() {
    if (!this.units.length) return null;
    const [first, last] = [this.anchor, this.head].sort((a, b) => a - b);
    return { start: this.units[first][0], end: this.units[last][1] };
  }

  select(anchor, head = anchor) {
    const last = Math.max(this.units.length - 1, 0);
    [this.anchor, this.head] = [anchor, head].map((at) => Math.min(Math.max(at, 0), last));
    this.paint();
  }

  selectAt(index) {
    this.select(unitAt(this.units, index));
  }

  snapped(start, end) {
    return snapped(this.units, start, end);
  }

  placeOf({ start, end }) {
    return { start: utf16(this.text, start), end: utf16(this.text, end) };
  }

  // Side, offsets in code points and quote of a range, as a mark is stored.
  cited({ start, end }) {
    return {
      side: this.side,
      output: this.side === "source" ? 0 : this.output,
      start: codePoints(this.text, start),
      end: codePoints(this.text, end),
      quote: this.text.slice(start, end),
    };
  }

  marksAt(index) {
    return this.marks.filter((mark) => {
      const { start, end } = this.placeOf(mark);
      return start <= index && index < end;
    });
  }

  rectOf({ start, end }) {
    const rects = [...this.element.querySelectorAll("[data-start]")]
      .filter(({ dataset }) => Number(dataset.start) < end && Number(dataset.end) > start)
      .map((piece) => piece.getBoundingClientRect());
    if (!rects.length) return this.element.getBoundingClientRect();
    const edge = (pick, name) => pick(...rects.map((rect) => rect[name]));
    const [left, top] = [edge(Math.min, "left"), edge(Math.min, "top")];
    return new DOMRect(left, top, edge(Math.max, "right") - left, edge(Math.max, "bottom") - top);
  }

  // Nodes are made anew only where something changed: a selection by mouse must not be lost.
  paint() {
    if (!this.session.canMark) return;
    const { unit } = this.session;
    if (this.unit !== unit) this.#changeUnit(unit);
    const marks = this.marks;
    const { currentId } = this.session;
    const state = JSON.stringify([unit, marks, this.anchor, this.head, this.draft, currentId]);
    if (state === this.painted) return;
    this.painted = state;
    this.element.replaceChildren(...this.#runs(marks));
  }

  #changeUnit(unit) {
    const before = this.units && this.selected;
    const isOne = this.anchor === this.head;
    this.unit = unit;
    this.units = unitsOf(this.text, this.lang, unit);
    if (!before) return;
    this.anchor = unitAt(this.units, before.start);
    // A word where one merely stands is no selection of its letters.
    this.head = isOne ? this.anchor : unitAt(this.units, before.end - 1);
  }

  // Pieces that lie under the same marks share the elements of these marks, so that an underline
  // is one line and no pattern begins anew at each word.
  #runs(marks) {
    const placed = marks.map((mark) => ({ mark, ...this.placeOf(mark) }));
    const borders = new Set([0, this.text.length]);
    for (const [start, end] of this.units) borders.add(start).add(end);
    for (const { start, end } of placed) borders.add(start).add(end);
    const cuts = [...borders].sort((a, b) => a - b);
    const runs = [];
    let open = { ids: null };
    for (let at = 0; at + 1 < cuts.length; at++) {
      const [start, end] = [cuts[at], cuts[at + 1]];
      const over = placed.filter((each) => each.start < end && each.end > start);
      const ids = over.map(({ mark }) => mark.id).join();
      if (ids !== open.ids) runs.push((open = { ids, ...this.#nested(over, start) }).outer);
      open.inner.append(this.#piece(start, end));
    }
    return runs;
  }

  // One element for each mark over a run, the longest outermost; each draws its own line.
  #nested(over, start) {
    const inner = element("span", { class: "run" });
    let outer = inner;
    const inwards = [...over].sort((a, b) => a.end - a.start - (b.end - b.start));
    for (const { mark, start: from } of inwards) {
      const { level, number } = this.session.marks.shownAs(mark);
      const letter = severityLetter(this.session.severity(mark.severity));
      const label = from === start ? `${number}${mark.severity ? letter : "?"}` : null;
      outer = element("span", {
        class: `mark${mark.id === this.session.currentId ? " is-current" : ""}`,
        "data-severity": mark.severity || "undecided",
        "data-label": label,
      }, outer);
      outer.style.setProperty("--level", level);
    }
    return { inner, outer };
  }

  #piece(start, end) {
    const chosen = this.selected;
    const isIn = (range) => range && range.start < end && range.end > start;
    const names = [isIn(chosen) && "is-selected", isIn(this.draft) && "is-draft"].filter(Boolean);
    return element(
      "span",
      { class: names.join(" ") || null, "data-start": start, "data-end": end },
      this.text.slice(start, end),
    );
  }
}
