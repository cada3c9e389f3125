// Sends every change at once and again until the server has it: nothing counts as saved before.
// One save is under way at a time, as the server may finish a second one before the first and
// would then keep the older state; what comes meanwhile follows as soon as it is answered.

import { newId } from "./ids.js";
import * as leftovers from "./leftovers.js";

const TYPING_MS = 400;
const PATIENCE_MS = 5000;
const MAX_PATIENCE_MS = 60_000;

export class Saving {
  // component: the newest arguments of the call; changed: told whenever the state changes.
  constructor(component, changed) {
    this.component = component;
    this.changed = changed;
    this.revision = component.data.revision;
    this.savedAt = Date.parse(component.data.saved_at) || null;
    this.pending = null; // the newest state, while the server has not said that it is stored
    this.sent = null; // what is under way: { save_id, at }
    this.attempt = 0;
    this.isGoing = false;
    this.clock = setInterval(() => this.#tick(), 1000);
    leftovers.tidy(component.data.acknowledged);
  }

  get isUnsaved() {
    return this.pending !== null;
  }

  get isFailing() {
    return this.isUnsaved && this.attempt > 0;
  }

  save(annotation) {
    this.#pend({ state: "annotation", annotation });
    this.#send();
  }

  // For what is typed: sent after a rest, but kept on this device with every key.
  saveSoon(annotation) {
    this.#pend({ state: "annotation", annotation });
    this.typing = setTimeout(() => this.flush(), TYPING_MS);
  }

  flush() {
    if (this.typing) this.#send();
  }

  go(to, annotation, confirmed) {
    const { data, setTriggerValue } = this.component;
    if (data.is_locked) {
      setTriggerValue("go", { item: data.item, save_id: newId(), annotation, to, confirmed });
      return;
    }
    this.isGoing = true;
    this.#pend({ state: "go", annotation, to, confirmed });
    this.#send();
  }

  resume({ save_id, annotation }) {
    this.#pend({ state: "annotation", annotation, save_id });
    this.#send();
  }

  // Gives the annotation that the server has and this page does not; else null.
  arrived(component) {
    this.component = component;
    const { data } = component;
    const isNews = !this.pending && data.revision > this.revision;
    this.revision = Math.max(this.revision, data.revision);
    if (isNews) this.savedAt = Date.parse(data.saved_at) || Date.now();
    const stored = [data.saved_id, ...data.acknowledged];
    if (this.sent && stored.includes(this.sent.save_id)) this.#answered();
    this.changed();
    return isNews ? data.annotation : null;
  }

  // What was not answered yet is sent once more: nobody can wait for the answer any longer.
  stop() {
    if (this.pending && this.pending.save_id !== this.sent?.save_id) this.#send(true);
    clearInterval(this.clock);
    clearTimeout(this.typing);
  }

  #answered() {
    const isNewest = this.sent.save_id === this.pending?.save_id;
    this.sent = null;
    this.attempt = 0;
    if (!isNewest) {
      if (this.pending && !this.typing) this.#send();
      return;
    }
    this.pending = null;
    this.isGoing = false;
    this.savedAt = Date.now();
    leftovers.drop(this.component.data.item);
  }

  #pend(what) {
    clearTimeout(this.typing);
    this.typing = null;
    this.pending = { save_id: newId(), ...what };
    if (what.state !== "go") this.isGoing = false;
    const { save_id, annotation } = this.pending;
    const { item } = this.component.data;
    leftovers.keep(item, { save_id, annotation, revision: this.revision });
    this.changed();
  }

  #send(isLast = false) {
    clearTimeout(this.typing);
    this.typing = null;
    if (this.sent && !isLast) return;
    const { state, save_id, annotation, to, confirmed } = this.pending;
    this.sent = { save_id, at: Date.now() };
    const { data, setStateValue, setTriggerValue } = this.component;
    // A value that is the same as before calls nothing on the server: the attempt makes it new.
    const value = { item: data.item, save_id, annotation, attempt: this.attempt };
    if (state === "go") setTriggerValue("go", { ...value, to, confirmed });
    else setStateValue("annotation", value);
  }

  #tick() {
    const patience = Math.min(PATIENCE_MS * 2 ** this.attempt, MAX_PATIENCE_MS);
    if (this.sent && Date.now() - this.sent.at > patience) {
      this.attempt++;
      this.isGoing = false;
      this.sent = null;
      this.#send();
    }
    this.changed();
  }
}
