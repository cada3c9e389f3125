// The lower edge: whether all is saved, what is missing, and the way on.

import { button, element, key } from "./elements.js";

export class Footer {
  constructor(session) {
    this.session = session;
    const { say } = session;
    this.status = element("span", { class: "status", "aria-hidden": "true" });
    this.spoken = element("span", { class: "unseen", role: "status" });
    this.notes = element("div", { class: "notes", role: "status" });
    this.previous = button(say("previous"), () => session.go("previous"), { class: "previous" });
    this.next = element("button", { type: "button", class: "primary next",
      "aria-keyshortcuts": "Control+Enter", onclick: () => session.go("next") },
    say("next"), key("Ctrl ⏎"));
    this.element = element("footer", {}, this.notes,
      element("div", { class: "footer-row" }, this.status, this.spoken, this.previous, this.next));
  }

  paint() {
    const { session } = this;
    this.previous.disabled = session.data.place === 0;
    this.element.classList.toggle("is-going", session.saving.isGoing);
    this.paintStatus();
    this.#paintNotes();
  }

  paintStatus() {
    const { saving, say, data } = this.session;
    const state = data.is_locked ? "locked" : saving.isFailing ? "failing"
      : saving.isUnsaved ? "saving" : saving.savedAt ? "saved" : "fresh";
    const sentence = state === "saved" ? age(saving.savedAt, say) : say(`status.${state}`);
    if (this.status.textContent !== sentence) this.status.textContent = sentence;
    this.status.dataset.state = state;
    // The clock is not read out, only trouble and its end.
    if (state === "failing") this.spoken.textContent = say("status.failing");
    else if (state === "saved" && this.spoken.textContent) this.spoken.textContent = say("status.again");
  }

  #paintNotes() {
    const { session } = this;
    const { missing, warnings } = session.data;
    const state = JSON.stringify([missing, warnings, session.isDismissed]);
    if (state === this.painted) return;
    this.painted = state;
    const parts = [];
    if (missing.length) parts.push(this.#note("missing", missing));
    else if (warnings.length && !session.isDismissed) parts.push(this.#warning(warnings));
    this.notes.replaceChildren(...parts);
  }

  #note(kind, sentences, ...more) {
    const list = element("ul", {}, ...sentences.map((each) => element("li", {}, each)));
    const title = element("strong", {}, this.session.say(kind));
    return element("div", { class: `note is-${kind}` }, title, list, ...more);
  }

  #warning(warnings) {
    const { session } = this;
    const codes = warnings.map(({ code }) => code);
    const on = button(session.say("go_on_anyway"), () => session.go("next", codes), { class: "primary" });
    const back = button(session.say("back"), () => session.dismiss());
    const texts = warnings.map(({ text }) => text);
    return this.#note("warning", texts, element("div", { class: "note-row" }, on, back));
  }
}

function age(savedAt, say) {
  const seconds = Math.max(0, Math.round((Date.now() - savedAt) / 1000));
  if (seconds < 2) return say("status.saved_now");
  if (seconds < 60) return say("status.saved_s", { count: seconds < 10 ? seconds : seconds - (seconds % 10) });
  if (seconds < 3600) return say("status.saved_min", { count: Math.floor(seconds / 60) });
  return say("status.saved");
}
