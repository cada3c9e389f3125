// What else is asked beside the marks: tools, no translation at all, the comment, old unsaved work.

import { button, element, key, quoted } from "./elements.js";
import * as leftovers from "./leftovers.js";

export class Toolbar {
  constructor(session) {
    this.session = session;
    const { say, data } = session;
    const place = say("place", { number: data.place + 1, count: data.num_items });
    this.unit = button("", () => session.toggleUnit(), { "aria-keyshortcuts": "c" });
    this.undo = button("↶", () => session.undo(), { "aria-label": say("undo"), title: say("undo") });
    this.redo = button("↷", () => session.redo(), { "aria-label": say("redo"), title: say("redo") });
    const help = element("button", { type: "button", class: "help", "aria-keyshortcuts": "?",
      onclick: () => session.help.toggle() }, say("keys"), key("?"));
    this.element = element("header", {}, element("span", { class: "place" }, place),
      session.canMark ? this.unit : null, this.undo, this.redo, help);
  }

  paint() {
    const { unit, say, history, isClosed } = this.session;
    this.unit.replaceChildren(say(`unit.${unit}`), key("C"));
    this.undo.disabled = isClosed || !history.past.length;
    this.redo.disabled = isClosed || !history.future.length;
  }
}

export class NonTranslation {
  constructor(session) {
    this.session = session;
    const { say } = session;
    this.input = element("input", { type: "checkbox", "aria-describedby": "non-translation-hint" });
    this.input.onchange = () =>
      session.edit({ ...session.annotation, is_non_translation: this.input.checked });
    this.element = element("div", { class: "part non-translation" },
      element("label", {}, this.input, element("span", {}, say("non_translation"))),
      element("p", { class: "hint", id: "non-translation-hint" }, say("non_translation_hint")));
  }

  paint() {
    this.input.checked = this.session.annotation.is_non_translation;
    this.input.disabled = this.session.data.is_locked;
    this.element.classList.toggle("is-chosen", this.input.checked);
  }
}

export class Comment {
  constructor(session) {
    this.session = session;
    this.area = element("textarea", { rows: "2", maxlength: "10000", dir: "auto" });
    this.area.oninput = () =>
      session.edit({ ...session.annotation, comment: this.area.value }, { isTyped: true });
    this.area.onblur = () => session.saving.flush();
    this.element = element("label", { class: "part comment" },
      element("span", {}, session.say("comment")), this.area);
  }

  paint() {
    const { annotation, isClosed } = this.session;
    if (this.area.value !== annotation.comment) this.area.value = annotation.comment;
    this.area.readOnly = isClosed;
  }
}

// The organiser's marks of a calibration item, after the rater's own.
export class Feedback {
  constructor(session) {
    this.session = session;
    this.element = element("section", { class: "part feedback", "aria-label": session.say("feedback") });
  }

  paint() {
    const { session } = this;
    const { feedback } = session.data;
    this.element.hidden = !feedback;
    const state = JSON.stringify(feedback);
    if (!feedback || state === this.painted) return;
    this.painted = state;
    const entries = feedback.marks.map((mark) => element("li", {},
      element("span", { class: "swatch", "data-severity": mark.severity || "undecided",
        "aria-hidden": "true" }, session.letterOf(mark.severity)), " ",
      element("span", { class: "mark-title" }, session.marks.titleOf(mark)), " ",
      quoted(mark.quote, session.boxOf(mark).lang),
      mark.note ? element("span", { class: "mark-note" }, ` ${mark.note}`) : null));
    this.element.replaceChildren(element("h3", {}, session.say("feedback")),
      element("p", {}, feedback.text), element("ul", { class: "marks" }, ...entries));
  }
}

// Work that this device kept and the server has not, but has newer work of: the rater decides.
export function offer(session, left) {
  const { say } = session;
  const time = new Date(left.at).toLocaleString();
  const box = element("div", { class: "note is-warning", role: "status" },
    element("strong", {}, say("left", { time })),
    element("div", { class: "note-row" },
      button(say("left_use"), () => {
        box.remove();
        session.edit(left.annotation);
      }, { class: "primary" }),
      button(say("left_drop"), () => {
        box.remove();
        leftovers.drop(session.item);
      })));
  return box;
}
