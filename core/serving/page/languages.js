/** The chosen languages: the two selects and the button that swaps them. */

const AUTO = "auto";
const byId = (id) => document.getElementById(id);

/** Which pair is chosen, and which may be. */
export class LanguagePair {
  #languages;
  #detected = "";

  /** @param languages what /languages gives: [{code, name, targets, flores, rtl, source}] */
  constructor(languages, isDetecting) {
    this.#languages = languages;
    const sources = languages.filter((item) => item.source);
    const auto = isDetecting ? [new Option("Detect language", AUTO)] : [];
    byId("source-language").replaceChildren(...auto, ...sources.map(option));
    this.#offerTargets();
  }

  get source() { return byId("source-language").value; }
  get target() { return byId("target-language").value; }

  /** The code that was found for the present text, "" without one. */
  set detected(code) {
    this.#detected = code;
    this.#offerSwap();
  }

  name(code) { return code === AUTO ? "Detected language" : this.#find(code)?.name ?? code; }

  /** `lang` and `dir` of an element with text in the language. */
  attributes(code) {
    const found = this.#find(code);
    return found ? { lang: found.code, dir: found.rtl ? "rtl" : "ltr" } : { lang: "", dir: "auto" };
  }

  /** Chooses a pair by BCP 47 or FLORES-200 codes; what is unknown or impossible stays as it was. */
  choose(source, target) {
    setValue(byId("source-language"), source === AUTO ? AUTO : this.#find(source)?.code);
    this.#offerTargets();
    setValue(byId("target-language"), this.#find(target)?.code);
    this.#offerSwap();
  }

  /** Gives the sentence why the pair cannot be swapped, "" where it can. */
  swapRefusal() {
    const source = this.#spoken();
    if (!source) return "To swap, choose a source language or let one be detected.";
    if (this.#find(this.target)?.targets.includes(source)) return "";
    return `This model does not translate from ${this.name(this.target)} to ${this.name(source)}.`;
  }

  swap() {
    this.choose(this.target, this.#spoken());
  }

  /** Follows a change of the source select. */
  sourceChanged() {
    this.#detected = "";
    this.#offerTargets();
  }

  #find(code) { return this.#languages.find((item) => item.code === code || item.flores === code); }
  #spoken() { return this.source === AUTO ? this.#detected : this.source; }

  #offerTargets() {
    const select = byId("target-language");
    const sources = this.#languages.filter((item) => this.source === AUTO || item.code === this.source);
    const codes = new Set(sources.flatMap((item) => item.targets));
    if (this.source !== AUTO) codes.delete(this.source);
    const former = select.value;
    select.replaceChildren(...this.#languages.filter((item) => codes.has(item.code)).map(option));
    setValue(select, former);
    this.#offerSwap();
  }

  #offerSwap() {
    const reason = this.swapRefusal();
    // Not `disabled`: the button stays in reach of the keyboard and can say why.
    byId("swap").setAttribute("aria-disabled", String(reason !== ""));
    byId("swap").title = reason || "Swap languages";
  }
}

const option = (item) => new Option(item.name, item.code);

/** Chooses an option of a select, if it is there. */
function setValue(select, value) {
  if ([...select.options].some((item) => item.value === value)) select.value = value;
}
