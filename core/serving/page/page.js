/** The page: languages, tabs, snippets, key form and footer around the two working tabs. */

import * as api from "./api.js";
import { DocumentsTab } from "./documents.js";
import { TextTab, copy } from "./text.js";

const PAIR_ITEM = "adaptmllm.pair";
const AUTO = "auto";
const byId = (id) => document.getElementById(id);

/** The two selects and the swap button: which pair is chosen, and which may be. */
class LanguagePair {
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

async function start() {
  showStart("Loading languages…");
  const { signal } = new AbortController();
  const onWait = (waitS) => showStart(waitS ? "The service is busy, trying again…" : "Loading languages…");
  try {
    const load = () => Promise.all([api.settings(), api.languages()]);
    begin(...await api.patiently(load, signal, onWait));
  } catch (error) {
    if (!(error instanceof api.ServiceError)) throw error;
    showStart(error.message, true);
  }
}

function showStart(message, isOver = false) {
  byId("start-message").firstElementChild.textContent = message;
  byId("start-again").hidden = !isOver;
}

function begin(settings, languages) {
  const pair = new LanguagePair(languages, settings.languageDetection);
  const { source, target } = settings.language;
  pair.choose(source.code, target.code);
  pair.choose(...api.recall("localStorage", PAIR_ITEM).split(" "));
  showModel(settings);
  api.demandKey(settings.keyRequired);
  if (settings.keyRequired && !api.hasKey()) askForKey("This service asks for an API key.");
  byId("key-open").hidden = !settings.apiKeys;
  byId("start-message").hidden = true;
  byId("workplace").hidden = false;
  const text = new TextTab(pair, settings);
  new DocumentsTab(pair, settings);
  followLanguages(pair, text, settings);
  followHash(pair, text);
}

function followLanguages(pair, text, settings) {
  const templates = [...document.querySelectorAll(".snippet code")].map((code) => [code, code.textContent]);
  const remember = () => {
    api.remember("localStorage", PAIR_ITEM, `${pair.source} ${pair.target}`);
    fillSnippets(templates, pair, settings);
  };
  const changed = () => { remember(); text.languagesChanged(); };
  byId("source-language").addEventListener("change", () => { pair.sourceChanged(); changed(); });
  byId("target-language").addEventListener("change", () => { pair.choose(pair.source, pair.target); changed(); });
  byId("swap").addEventListener("click", remember);
  document.addEventListener("keychange", () => text.translate());
  document.addEventListener("hashread", changed);
  fillSnippets(templates, pair, settings);
}

/** Takes `#source=en&target=ga&q=…`, then drops it: a text must not stay in the address. */
function followHash(pair, text) {
  const read = () => {
    const fields = new URLSearchParams(location.hash.slice(1));
    if (!["source", "target", "q"].some((field) => fields.has(field))) return;
    pair.choose(fields.get("source") ?? pair.source, fields.get("target") ?? pair.target);
    if (fields.has("q")) text.fill(fields.get("q"));
    history.replaceState(null, "", location.pathname + location.search);
    document.dispatchEvent(new Event("hashread"));
  };
  window.addEventListener("hashchange", read);
  read();
}

function fillSnippets(templates, pair, settings) {
  const url = new URL(".", document.baseURI).href.replace(/\/$/, "");
  const values = { url, source: pair.source, target: pair.target };
  for (const [code, template] of templates) {
    const lines = template.split("\n").filter((line) => settings.keyRequired || !line.includes("YOUR_KEY"));
    code.textContent = lines.join("\n").replace(/\{(url|source|target)\}/g, (_, field) => values[field]);
  }
}

function showModel({ model, version }) {
  const engine = [model.engine, model.quantization].filter(Boolean).join(", ");
  const licence = model.licence && `licence ${model.licence}`;
  const parts = [`Model ${model.name}`, engine, licence, version && `adaptMLLM ${version}`];
  byId("model").textContent = parts.filter(Boolean).join(" · ");
  byId("licence-notice").textContent = model.notice;
  byId("licence-notice").hidden = !model.notice;
}

function askForKey(message) {
  byId("key-message").textContent = message;
  byId("key-forget").hidden = !api.hasKey();
  byId("key-form").hidden = false;
  byId("key-form").scrollIntoView({ block: "nearest" });
}

function useKey(key) {
  api.setKey(key);
  byId("key").value = "";
  byId("key-form").hidden = true;
  if (byId("workplace").hidden) start();
  else document.dispatchEvent(new Event("keychange"));
}

function listenForKey() {
  document.addEventListener("keywanted", (event) => askForKey(event.detail));
  byId("key-open").addEventListener("click", () => {
    askForKey(api.hasKey() ? "A key is in use." : "A key may allow longer texts and more requests.");
    byId("key").focus();
  });
  byId("key-form").addEventListener("submit", (event) => { event.preventDefault(); useKey(byId("key").value); });
  byId("key-forget").addEventListener("click", () => useKey(""));
}

function listenForTabs() {
  const tabs = [...byId("tabs").children];
  const steps = { ArrowRight: 1, ArrowLeft: -1 };
  const ends = { Home: 0, End: tabs.length - 1 };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => selectTab(tabs, tab));
    tab.addEventListener("keydown", ({ key }) => {
      const next = ends[key] ?? (key in steps ? (index + steps[key] + tabs.length) % tabs.length : index);
      if (next === index) return;
      selectTab(tabs, tabs[next]);
      tabs[next].focus();
    });
  });
}

function selectTab(tabs, selected) {
  for (const tab of tabs) {
    tab.ariaSelected = String(tab === selected);
    tab.tabIndex = tab === selected ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = tab !== selected;
  }
}

function listenForSnippets() {
  for (const snippet of document.querySelectorAll(".snippet")) {
    const button = snippet.querySelector("button");
    button.addEventListener("click", () => copy(snippet.querySelector("code"), button));
  }
}

byId("start-again").addEventListener("click", start);
listenForKey();
listenForTabs();
listenForSnippets();
start();
