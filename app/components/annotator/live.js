// What is told to screen readers as it happens: the words one stands on, marks, what was undone.

import { element } from "./elements.js";

export class Live {
  constructor(session) {
    this.session = session;
    this.element = element("div", { class: "unseen", "aria-live": "polite" });
  }

  say(sentence) {
    this.element.textContent = sentence;
  }

  mark(id) {
    const { annotation, marks } = this.session;
    const mark = annotation.marks.find((each) => each.id === id);
    if (mark) this.say(`${marks.titleOf(mark)}: ${mark.quote}`);
  }

  selection(box) {
    const { start, end } = box.selected;
    const over = box.marksAt(start).map((mark) => this.session.marks.titleOf(mark));
    this.say([box.text.slice(start, end), ...over].join(" · "));
  }
}
