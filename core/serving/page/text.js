/** The text tab: translates while the user types, and takes better translations. */

import { ServiceError, patiently, suggest, translate } from "./api.js";

const NUM_ALTERNATIVES = 2;
const byId = (id) => document.getElementById(id);

export class TextTab {
  #controller = new AbortController();
  #timer = 0;
  #shown = null; // {q, source, target, hypothesis, text, alternatives} of the visible translation
  #isRetryDue = false;

  /**
   * @param pair the chosen languages, see `LanguagePair` in languages.js
   * @param settings what /frontend/settings gives
   */
  constructor(pair, settings) {
    this.pair = pair;
    this.settings = settings;
    this.source = byId("source-text");
    this.output = byId("target-text");
    this.suggestion = byId("suggestion");
    byId("suggest").hidden = !settings.suggestions;
    this.#listen();
    this.#count();
    this.#dress();
  }

  /** Puts `text` in as if it had been typed. */
  fill(text) {
    this.source.value = text;
    this.#typed();
  }

  /** Translates what is there now; an earlier request still under way is given up. */
  async translate() {
    this.#controller.abort();
    clearTimeout(this.#timer);
    this.#dress();
    this.#isRetryDue = false;
    const { signal } = (this.#controller = new AbortController());
    const q = this.source.value;
    this.output.ariaBusy = "false";
    if (!q.trim()) return this.#show(null);
    if (this.#isTooLong()) return this.#say(this.#tooLongSentence(), true);
    this.output.ariaBusy = "true";
    const { source, target } = this.pair;
    const request = { q, source, target, format: "text", alternatives: NUM_ALTERNATIVES };
    try {
      const onWait = (waitS) => this.#say(waitS ? "The service is busy, trying again" : "", false, waitS);
      const answer = await patiently(() => translate(request, signal), signal, onWait);
      if (!signal.aborted) this.#accept(request, answer);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
    if (!signal.aborted) this.output.ariaBusy = "false";
  }

  /** Translates again after a change of the languages; what was detected before may be outdated. */
  languagesChanged() {
    this.#closeSuggestion();
    this.output.classList.add("stale");
    this.translate();
  }

  #listen() {
    const onEnter = (event, action) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      action();
    };
    this.source.addEventListener("input", () => this.#typed());
    this.source.addEventListener("keydown", (event) => onEnter(event, () => this.translate()));
    byId("clear").addEventListener("click", () => { this.fill(""); this.translate(); this.source.focus(); });
    byId("copy").addEventListener("click", (event) => copy(this.output, event.currentTarget));
    byId("swap").addEventListener("click", () => this.#swap());
    byId("suggest").addEventListener("click", () => this.#openSuggestion());
    byId("suggestion-cancel").addEventListener("click", () => this.#closeSuggestion(true));
    this.suggestion.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#closeSuggestion(true);
      onEnter(event, () => this.suggestion.form.requestSubmit());
    });
    this.suggestion.form.addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    window.addEventListener("online", () => { if (this.#isRetryDue) this.translate(); });
  }

  #typed() {
    this.#closeSuggestion();
    this.#count();
    this.output.classList.add("stale");
    // The answer under way belongs to a text that is no longer there.
    this.#controller.abort();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.translate(), this.settings.frontendTimeout);
  }

  #accept(request, answer) {
    const detected = answer.detectedLanguage;
    if (detected) this.pair.detected = detected.language;
    byId("detected").textContent = detected
      ? `Detected: ${this.pair.name(detected.language)} (${Math.round(detected.confidence)} %)`
      : "";
    const text = answer.translatedText;
    const alternatives = new Set(answer.alternatives ?? []);
    alternatives.delete(text);
    alternatives.delete("");
    this.#show({
      ...request,
      source: detected?.language ?? request.source,
      hypothesis: text,
      text,
      alternatives: [...alternatives],
      warnings: answer.warnings ?? [],
    });
  }

  #show(shown) {
    this.#shown = shown;
    this.output.textContent = shown?.text ?? "";
    this.output.classList.remove("stale");
    for (const id of ["copy", "suggest"]) byId(id).disabled = !shown?.text;
    if (!shown) this.pair.detected = byId("detected").textContent = "";
    fillList("warnings", shown?.warnings ?? [], (text) => text);
    fillList("alternatives", shown?.alternatives ?? [], (text, index) => this.#alternative(text, index));
    this.#dress();
    this.#say("");
  }

  #alternative(text, index) {
    const button = document.createElement("button");
    const words = document.createElement("span");
    button.type = "button";
    words.textContent = text;
    Object.assign(words, this.pair.attributes(this.#shown.target));
    button.append(words);
    button.addEventListener("click", () => {
      const { text: former, alternatives } = this.#shown;
      this.#show({ ...this.#shown, text, alternatives: alternatives.with(index, former) });
      byId("alternatives").querySelectorAll("button")[index].focus();
    });
    return button;
  }

  #fail(error) {
    if (!(error instanceof ServiceError)) throw error;
    this.#isRetryDue = error.status === 0;
    const hint = this.#isRetryDue ? " It is tried again as soon as you type on." : "";
    this.#say(error.message + hint, true);
  }

  #swap() {
    const reason = this.pair.swapRefusal();
    if (reason) return this.#say(reason, true);
    this.#closeSuggestion();
    // A translation of an earlier text must not replace what was typed since.
    const isCurrent = this.#shown?.q === this.source.value;
    this.pair.swap();
    if (isCurrent) this.fill(this.#shown.text);
    this.languagesChanged();
  }

  #openSuggestion() {
    this.#edit(true);
    this.suggestion.value = this.#shown.text;
    Object.assign(this.suggestion, this.pair.attributes(this.#shown.target));
    this.suggestion.focus();
  }

  #closeSuggestion(isFocusKept = false) {
    this.#edit(false);
    if (isFocusKept) byId("suggest").focus();
  }

  #edit(isEditing) {
    this.suggestion.form.hidden = !isEditing;
    this.output.hidden = byId("target-tools").hidden = isEditing;
    // The suggestion belongs to this source; it must not change under the user's hands.
    this.source.readOnly = isEditing;
  }

  async #send() {
    const { q, source, target, hypothesis } = this.#shown;
    const text = this.suggestion.value;
    if (!text.trim() || text === hypothesis) {
      return this.#say("Change the translation before you send it, or cancel.", true);
    }
    const button = this.suggestion.form.querySelector("[type=submit]");
    button.disabled = true;
    try {
      await suggest({ q, s: text, source, target, hypothesis });
      this.#show({ ...this.#shown, text });
      this.#closeSuggestion(true);
      this.#say("Thank you: your translation is kept for the next fine-tuning.");
    } catch (error) {
      this.#fail(error);
    } finally {
      button.disabled = false;
    }
  }

  /** Gives both texts the direction and the language of their select. */
  #dress() {
    Object.assign(this.source, this.pair.attributes(this.pair.source));
    Object.assign(this.output, this.pair.attributes(this.#shown?.target ?? this.pair.target));
  }

  #count() {
    const { charLimit } = this.settings;
    this.length = numCharacters(this.source.value);
    const length = this.length.toLocaleString("en");
    byId("counter").textContent = charLimit > 0 ? `${length} / ${charLimit.toLocaleString("en")}` : length;
    byId("counter").classList.toggle("error", this.#isTooLong());
    byId("clear").disabled = !this.source.value;
  }

  #isTooLong() {
    return this.settings.charLimit > 0 && this.length > this.settings.charLimit;
  }

  #tooLongSentence() {
    const [length, limit] = [this.length, this.settings.charLimit].map((n) => n.toLocaleString("en"));
    return `The text has ${length} characters, the limit is ${limit}: shorten it, or translate it as a document.`;
  }

  #say(message, isError = false, waitS = 0) {
    const [words, countdown] = byId("text-status").children;
    if (words.textContent !== message) words.textContent = message;
    // Seconds are outside of what a screen reader announces, or it would speak every second.
    countdown.textContent = waitS ? ` in ${waitS} s…` : "";
    byId("text-status").classList.toggle("error", isError);
  }
}

/** Copies the text of `element`; the button says so for a moment. */
export async function copy(element, button) {
  try {
    await navigator.clipboard.writeText(element.textContent);
  } catch {
    // The clipboard interface exists on https and localhost only; services of a lab are often plain http.
    getSelection().selectAllChildren(element);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

/** Counts code points, as the service does: an emoji is one character. */
function numCharacters(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function fillList(id, items, content) {
  const section = byId(id);
  section.hidden = items.length === 0;
  section.querySelector("ul").replaceChildren(...items.map((item, index) => {
    const row = document.createElement("li");
    row.append(content(item, index));
    return row;
  }));
}
