/** The page: start, tabs, snippets, key form and footer around the two working tabs. */

import * as api from "./api.js";
import { DocumentsTab } from "./documents.js";
import { LanguagePair } from "./languages.js";
import { TextTab, copy } from "./text.js";

const PAIR_ITEM = "adaptmllm.pair";
const byId = (id) => document.getElementById(id);

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
  byId("start-message").hidden = false;
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
