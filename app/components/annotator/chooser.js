// The little window in which an error gets its severity and category.

import { Categories, choice } from "./categories.js";
import { button, element, quoted } from "./elements.js";
import { withChangedMark, withMark, withoutMark } from "./edits.js";
import { newId } from "./ids.js";
import { severityLetter } from "./wording.js";

const NARROW_PX = 640;

export class Chooser {
  constructor(session) {
    this.session = session;
    this.open = null; // { box, range, id, isNew }
    this.element = element("div", { class: "chooser", role: "dialog", tabindex: "-1", hidden: true });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    const pick = (category) => this.pick({ category });
    this.categories = new Categories(session, pick, () => this.paint());
  }

  // For new words, or for a mark that is there.
  show(box, range, id = null) {
    if (this.open && this.open.box !== box) this.open.box.draft = null;
    this.open?.box.paint();
    this.open = { box, range, id, isNew: !id };
    this.categories.openFor(this.#mark()?.category);
    this.paint();
    this.#place();
    this.element.focus({ preventScroll: true });
  }

  close({ returnsFocus = true } = {}) {
    if (!this.open) return;
    const { box, range } = this.open;
    this.open = null;
    this.paint();
    box.draft = null;
    box.selectAt(range.end - 1);
    if (returnsFocus) box.element.focus({ preventScroll: true });
  }

  // While words are new, a tap on a later or earlier one takes in everything up to it.
  extendsTo(box, unit) {
    const { open } = this;
    if (!open?.isNew || open.box !== box || !unit || box.pointer !== "touch") return false;
    const start = Math.min(open.range.start, unit.start);
    const end = Math.max(open.range.end, unit.end);
    if (start === open.range.start && end === open.range.end) return false;
    this.extend({ start, end });
    return true;
  }

  extend(range) {
    const { open, session } = this;
    open.range = range;
    if (open.id) session.edit(withChangedMark(session.annotation, open.id, open.box.cited(range)));
    this.paint();
  }

  paint() {
    const { open, session } = this;
    if (open?.id && !this.#mark()) return this.close(); // undone meanwhile
    this.element.hidden = !open;
    if (!open) return;
    open.box.draft = open.id ? null : open.range;
    open.box.paint();
    const focused = this.element.getRootNode().activeElement?.dataset?.focus;
    const quote = open.box.text.slice(open.range.start, open.range.end);
    this.element.setAttribute("aria-label", session.say("chooser", { quote }));
    const parts = [this.#head(quote), this.#neighbours(), this.#severities(),
      this.categories.nodes(this.#mark()?.category, open.box.side), this.#foot()];
    this.element.replaceChildren(...parts.filter(Boolean));
    if (focused) this.element.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  pick(changes) {
    const { open, session } = this;
    if (open.id) {
      session.edit(withChangedMark(session.annotation, open.id, changes));
    } else {
      const blank = { severity: "", category: "", note: "", origin: {} };
      const mark = { id: newId(), ...open.box.cited(open.range), ...blank, ...changes };
      open.id = mark.id;
      session.edit(withMark(session.annotation, mark));
    }
    const { severity, category } = this.#mark();
    const isWhole = severity && (category || !session.typology.categories.length);
    if (!open.isNew || !isWhole) return this.paint();
    session.makeCurrent(open.id);
    this.close();
    session.live.mark(open.id);
    session.paint();
  }

  remove() {
    const { open, session } = this;
    this.close();
    if (open.id) session.edit(withoutMark(session.annotation, open.id));
    session.paint();
  }

  #mark() {
    return this.session.annotation.marks.find((mark) => mark.id === this.open?.id);
  }

  #head(quote) {
    const { session, open } = this;
    const label = session.say("close");
    const close = button("×", () => this.close(), { class: "plain", "aria-label": label });
    return element("div", { class: "chooser-head" }, quoted(quote, open.box.lang), close);
  }

  // Where several errors lie over the same words, each can be reached, and one more be added.
  #neighbours() {
    const { open, session } = this;
    if (open.isNew) return null;
    const others = open.box.marksAt(open.range.start).filter(({ id }) => id !== open.id);
    const named = (mark) => button(session.marks.titleOf(mark), () => session.openMark(open.box, mark.id));
    const add = button(session.say("another"), () => this.show(open.box, open.range));
    return element("div", { class: "chooser-row" }, ...others.map(named), add);
  }

  #severities() {
    const { session } = this;
    const { severity } = this.#mark() ?? {};
    const options = session.typology.severities.map((each, at) => choice(
      `severity ${each.name}`, String(at + 1), each.label, () => this.pick({ severity: each.name }),
      { "data-severity": each.name, "aria-pressed": String(each.name === severity) },
      element("span", { class: "swatch", "aria-hidden": "true" }, severityLetter(each)),
    ));
    return element("div", { class: "choices severities", role: "group",
      "aria-label": session.say("severity") }, ...options);
  }

  #foot() {
    const { session, open } = this;
    const mark = this.#mark();
    const label = session.say("note");
    const note = element("input", {
      type: "text", maxlength: "2000", "data-focus": "note", "aria-label": label, placeholder: label,
      hidden: !mark,
    });
    note.value = mark?.note ?? "";
    note.oninput = () => session.edit(
      withChangedMark(session.annotation, open.id, { note: note.value }), { isTyped: true },
    );
    note.onchange = () => session.saving.flush();
    const remove = button(session.say("delete"), () => this.remove(), { class: "danger" });
    remove.hidden = !mark;
    const leave = button(session.say(mark ? "done" : "cancel"), () => this.close());
    return element("div", { class: "chooser-foot" }, note, remove, leave);
  }

  #onKey(event) {
    const isTyping = event.target.matches("input");
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const isOnPanel = event.target === this.element || isTyping;
    const closes = event.key === "Escape" || (event.key === "Enter" && isPlain && isOnPanel);
    const isLetter = isPlain && event.key.length === 1;
    // Other letters must not reach the keys of the page below.
    if (isLetter) event.stopPropagation();
    if (closes) this.close();
    else if (isTyping || !isPlain || !this.#isShortcut(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #isShortcut(pressed) {
    const severity = this.session.typology.severities[Number(pressed) - 1];
    if (severity) this.pick({ severity: severity.name });
    else if (this.categories.press(pressed)) return true;
    else if (pressed === "Delete" || pressed === "Backspace") this.remove();
    else return false;
    return true;
  }

  // Below the words; on a narrow screen at its lower edge, so that the words stay in sight.
  #place() {
    const { style, parentElement } = this.element;
    const home = parentElement.getBoundingClientRect();
    const isSheet = home.width < NARROW_PX;
    this.element.classList.toggle("is-sheet", isSheet);
    const { box, range } = this.open;
    const rect = box.rectOf(range);
    if (isSheet) {
      const top = innerHeight - this.element.getBoundingClientRect().height;
      if (rect.bottom + 16 > top) box.element.scrollIntoView({ block: "start", behavior: "instant" });
      return;
    }
    const left = Math.min(rect.left - home.left, home.width - this.element.offsetWidth);
    style.left = `${Math.max(left, 0)}px`;
    style.top = `${rect.bottom - home.top + 6}px`;
    this.element.scrollIntoView({ block: "nearest" });
  }
}
