// The marks as a list under the texts: for screen readers, and for everybody's overview.

import { button, element, quoted } from "./elements.js";
import { inReadingOrder, withoutMark } from "./edits.js";
import { severityLetter } from "./wording.js";

export class MarksList {
  constructor(session) {
    this.session = session;
    this.list = element("ol", { class: "marks" });
    this.empty = element("p", { class: "hint" }, session.say("no_marks"));
    this.heading = element("h3", {}, session.say("marks"));
    this.element = element("section", { class: "part", "aria-label": session.say("marks") },
      this.heading, this.empty, this.list);
  }

  paint() {
    const { session } = this;
    const marks = inReadingOrder(session.annotation.marks);
    this.empty.hidden = marks.length > 0;
    this.list.hidden = marks.length === 0;
    this.element.classList.toggle("is-off", session.annotation.is_non_translation);
    const state = JSON.stringify([marks, session.currentId, session.data.is_locked]);
    if (state === this.painted) return;
    this.painted = state;
    const focused = this.element.getRootNode().activeElement?.dataset?.focus;
    this.list.replaceChildren(...marks.map((mark) => this.#entry(mark)));
    if (!focused?.startsWith("mark ")) return;
    const again = this.list.querySelector(`[data-focus="${CSS.escape(focused)}"]`);
    (again ?? this.session.boxes[0].element).focus();
  }

  #entry(mark) {
    const { session } = this;
    const severity = session.severity(mark.severity);
    const { number } = session.marks.shownAs(mark);
    const box = session.boxOf(mark);
    const words = element("span", { class: "mark-words" },
      element("span", { class: "mark-title" }, session.marks.titleOf(mark)),
      " ",
      quoted(mark.quote, box.lang),
      mark.note ? element("span", { class: "mark-note" }, ` ${mark.note}`) : null);
    const swatch = element("span", { class: "swatch", "aria-hidden": "true" },
      `${number}${mark.severity ? severityLetter(severity) : "?"}`);
    const open = element("button", {
      type: "button",
      class: `mark-entry${mark.id === session.currentId ? " is-current" : ""}`,
      "data-severity": mark.severity || "undecided",
      "data-focus": `mark ${mark.id}`,
      disabled: session.data.is_locked,
      onclick: () => session.openMark(box, mark.id),
    }, swatch, words);
    const remove = button("×", () => {
      session.edit(withoutMark(session.annotation, mark.id));
      session.live.say(session.say("deleted", { quote: mark.quote }));
    }, { class: "plain", disabled: session.data.is_locked,
      "data-focus": `mark delete ${mark.id}`,
      "aria-label": session.say("delete_named", { quote: mark.quote }) });
    return element("li", {}, open, remove);
  }
}
