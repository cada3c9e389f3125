// One item on the page: its annotation, the parts that show it, and every way to change it.

import { Chooser } from "./chooser.js";
import { element } from "./elements.js";
import { History, isSame, withRank } from "./edits.js";
import { Footer } from "./footer.js";
import { Comment, Feedback, NonTranslation, Toolbar, offer } from "./form.js";
import { KeysHelp } from "./keys_help.js";
import * as leftovers from "./leftovers.js";
import { Live } from "./live.js";
import { Marks } from "./marks.js";
import { MarksList } from "./marks_list.js";
import { listenToKeys } from "./page_keys.js";
import { Saving } from "./saving.js";
import { EsaScale, SqmLevels } from "./scores.js";
import { Texts } from "./texts.js";
import { listenToTouchSelection } from "./text_pointer.js";
import { severityLetter, speaker } from "./wording.js";

const FOLLOWS_MS = 15_000;
const page = { wentAt: 0, unit: null, preferred: null }; // outlives the item

export class Session {
  constructor(root, component) {
    const { data } = component;
    Object.assign(this, { root, data, item: data.item, annotation: data.annotation });
    this.say = speaker(data.messages);
    this.leaving = new AbortController();
    this.history = new History();
    this.isDismissed = false;
    this.marks = new Marks(this);
    if (page.preferred !== data.preferences.unit) page.unit = page.preferred = data.preferences.unit;
    this.#build();
    this.saving = new Saving(component, () => this.footer.paint());
    this.#takeLeft();
    listenToKeys(this);
    listenToTouchSelection(this, this.boxes);
    this.#guardUnload();
    this.paint();
    if (Date.now() - page.wentAt < FOLLOWS_MS) this.#follow();
  }

  get typology() {
    const { typology, protocol } = this.data;
    return { severities: typology?.severities ?? [],
      categories: protocol === "esa" ? [] : (typology?.categories ?? []) };
  }

  get canMark() {
    return this.data.typology !== null;
  }

  get isClosed() {
    return this.data.is_locked || Boolean(this.saving?.isGoing);
  }

  get unit() {
    return page.unit;
  }

  get left() {
    return this.leaving.signal;
  }

  get currentId() {
    return this.marks.currentId;
  }

  arrived(component) {
    this.data = component.data;
    const news = this.saving.arrived(component);
    if (news) this.annotation = news;
    this.paint();
  }

  edit(annotation, { isTyped = false } = {}) {
    if (this.isClosed) return this.paint();
    if (!isTyped) this.history.remember(this.annotation);
    this.annotation = annotation;
    if (isTyped) this.saving.saveSoon(annotation);
    else this.saving.save(annotation);
    this.paint();
  }

  undo() {
    return this.#restore(this.history.back(this.annotation), "undone");
  }

  redo() {
    return this.#restore(this.history.forward(this.annotation), "redone");
  }

  rank(output, rank) {
    this.edit(withRank(this.annotation, output, rank, this.data.outputs.length));
  }

  go(to, confirmed = []) {
    page.wentAt = Date.now();
    this.closeChooser();
    this.isDismissed = false;
    this.saving.go(to, this.annotation, confirmed);
    this.paint();
    return true;
  }

  dismiss() {
    this.isDismissed = true;
    this.paint();
    (this.boxes[0].element.tabIndex >= 0 ? this.boxes[0].element : this.footer.next).focus();
  }

  toggleUnit() {
    page.unit = page.unit === "word" ? "character" : "word";
    this.live.say(this.say(`unit.${page.unit}`));
    this.paint();
    return true;
  }

  openChooser(box, range = null) {
    if (this.isClosed) return false;
    const { current } = this.marks;
    if (!range && current && box.marks.includes(current)) return this.openMark(box, current.id);
    const words = range ?? box.selected;
    if (!words) return false;
    const { open } = this.chooser;
    if (open?.isNew && open.box === box) {
      if (open.range.start !== words.start || open.range.end !== words.end) this.chooser.extend(words);
      return true;
    }
    this.makeCurrent(null);
    this.chooser.show(box, words);
    return true;
  }

  openMark(box, id) {
    this.makeCurrent(id);
    if (!this.isClosed) this.chooser.show(box, box.placeOf(this.marks.current), id);
    this.paint();
    return true;
  }

  closeChooser() {
    this.chooser?.close({ returnsFocus: false });
  }

  makeCurrent(id) {
    this.marks.currentId = id;
  }

  boxOf(mark) {
    return this.boxes.find((box) => box.side === mark.side
      && (mark.side === "source" || box.output === mark.output)) ?? this.boxes[0];
  }

  severity(name) {
    const found = this.typology.severities.find((each) => each.name === name);
    return found ?? { name, label: name || this.say("no_severity") };
  }

  letterOf(severity) {
    return severity ? severityLetter(this.severity(severity)) : "?";
  }

  nameOf(shown, side) {
    return [this.say(`side.${side}`), shown.label, shown.name].filter(Boolean).join(", ");
  }

  paint() {
    for (const part of this.parts) part.paint();
    this.footer.paint();
    this.root.classList.toggle("is-locked", this.data.is_locked);
    if (this.chooser?.open) this.chooser.paint();
  }

  leave() {
    this.saving.stop();
    this.leaving.abort();
    this.root.replaceChildren();
  }

  #build() {
    const { data, say } = this;
    this.texts = new Texts(this);
    this.boxes = this.texts.boxes;
    this.chooser = this.canMark ? new Chooser(this) : null;
    this.help = new KeysHelp(this);
    this.footer = new Footer(this);
    const Score = data.protocol === "esa" ? EsaScale : SqmLevels;
    this.score = data.anchors.length ? new Score(this) : null;
    const hasNonTranslation = data.protocol === "mqm" && data.typology?.has_non_translation;
    this.comment = new Comment(this);
    this.parts = [
      new Toolbar(this), this.texts,
      this.canMark && new MarksList(this),
      hasNonTranslation && new NonTranslation(this),
      new Feedback(this), this.score, this.comment,
    ].filter(Boolean);
    this.live = new Live(this);
    const hint = element("p", { class: "unseen", id: "keys-hint" }, say("keys_hint"));
    const [toolbar, ...others] = this.parts.map((part) => part.element);
    this.root.removeAttribute("role");
    this.root.replaceChildren(...[toolbar, this.help.element, ...others, this.footer.element,
      this.chooser?.element, hint, this.live.element].filter(Boolean));
    const { scale } = data.preferences;
    this.root.style.setProperty("--text-scale", scale ?? 1);
  }

  // What a crash or a dead server left on this device: newer than the server's, it is sent again.
  #takeLeft() {
    const left = leftovers.find(this.item);
    if (!left || this.data.is_locked) return;
    const isKnown = left.save_id === this.data.saved_id || isSame(left.annotation, this.annotation);
    if (isKnown) leftovers.drop(this.item);
    else if (left.revision >= this.data.revision) {
      this.annotation = left.annotation;
      this.saving.resume(left);
    } else this.root.prepend(offer(this, left));
  }

  #restore(annotation, said) {
    if (!annotation || this.isClosed) return true;
    this.annotation = annotation;
    this.saving.save(annotation);
    this.paint();
    this.live.say(this.say(said));
    return true;
  }

  #guardUnload() {
    const warn = (event) => {
      this.saving.flush();
      if (this.saving.isUnsaved) event.preventDefault();
    };
    window.addEventListener("beforeunload", warn, { signal: this.left });
    window.addEventListener("pagehide", () => this.saving.flush(), { signal: this.left });
  }

  // After Next the new item has the focus, at its beginning.
  #follow() {
    page.wentAt = 0;
    if (this.root.getBoundingClientRect().top < 0) this.root.scrollIntoView({ block: "start" });
    const ranks = this.texts.ranks[0];
    if (this.canMark) this.boxes[0].element.focus({ preventScroll: true });
    else if (ranks) ranks.focus();
    else (this.score?.radios?.[0].input ?? this.score?.input)?.focus({ preventScroll: true });
  }
}
