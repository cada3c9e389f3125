// Sends every change at once and again until the server has it: nothing counts as saved before.

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
    this.pending = null;
    this.isGoing = false;
    this.clock = setInterval(() => this.#tick(), 1000);
    leftovers.tidy(component.data.acknowledged);
  }

  get isUnsaved() {
    return this.pending !== null;
  }

  get isFailing() {
    return (this.pending?.attempt ?? 0) > 0;
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
    const isAnswer = this.pending?.save_id === data.saved_id ||
      data.acknowledged.includes(this.pending?.save_id);
    const isNews = !this.pending && data.revision > this.revision;
    this.revision = Math.max(this.revision, data.revision);
    if (this.pending && isAnswer) {
      this.pending = null;
      this.isGoing = false;
      this.savedAt = Date.now();
      leftovers.drop(data.item);
    } else if (isNews) {
      this.savedAt = Date.parse(data.saved_at) || Date.now();
    }
    this.changed();
    return isNews ? data.annotation : null;
  }

  stop() {
    this.flush();
    clearInterval(this.clock);
  }

  #pend(what) {
    clearTimeout(this.typing);
    this.typing = null;
    this.pending = { save_id: newId(), attempt: 0, sentAt: null, ...what };
    if (what.state !== "go") this.isGoing = false;
    const { save_id, annotation } = this.pending;
    const { item } = this.component.data;
    leftovers.keep(item, { save_id, annotation, revision: this.revision });
    this.changed();
  }

  #send() {
    clearTimeout(this.typing);
    this.typing = null;
    const { state, save_id, annotation, to, confirmed, attempt } = this.pending;
    this.pending.sentAt = Date.now();
    const { data, setStateValue, setTriggerValue } = this.component;
    // A value that is the same as before calls nothing on the server: the attempt makes it new.
    const value = { item: data.item, save_id, annotation, attempt };
    if (state === "go") setTriggerValue("go", { ...value, to, confirmed });
    else setStateValue("annotation", value);
  }

  #tick() {
    const waited = Date.now() - (this.pending?.sentAt ?? Infinity);
    const patience = Math.min(PATIENCE_MS * 2 ** (this.pending?.attempt ?? 0), MAX_PATIENCE_MS);
    if (waited > patience) {
      this.pending.attempt++;
      this.isGoing = false;
      this.#send();
    }
    this.changed();
  }
}
