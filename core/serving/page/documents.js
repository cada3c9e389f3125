/** The documents tab: files go to the service one after the other, each a row of the list. */

import * as api from "./api.js";

const POLL_MS = 1000;
const MB = 1e6;
const byId = (id) => document.getElementById(id);

export class DocumentsTab {
  #rows = [];
  #isWorking = false;

  /**
   * @param pair the chosen languages, see `LanguagePair` in languages.js
   * @param settings what /frontend/settings gives
   */
  constructor(pair, settings) {
    this.pair = pair;
    this.settings = settings;
    const formats = settings.supportedFilesFormat;
    byId("files").accept = formats.join(",");
    this.formats = formats.map((format) => format.slice(1)).join(", ");
    this.limit = size(settings.fileSizeLimit, Math.floor);
    byId("file-rules").textContent = `${this.formats}; at most ${this.limit} each`;
    this.#listen();
  }

  /** Takes files for translation between the languages that are chosen now. */
  add(files) {
    const { source, target } = this.pair;
    const languages = `${this.pair.name(source)} → ${this.pair.name(target)}`;
    for (const file of files) {
      const row = new DocumentRow(file, { source, target }, languages, {
        onAgain: () => this.#work(),
        onRemove: () => this.#remove(row),
      });
      const refusal = this.#refusal(file);
      if (refusal) row.fail(refusal, false);
      this.#rows.push(row);
      byId("documents").append(row.element);
    }
    this.#tidy();
    this.#work();
  }

  #listen() {
    const zone = byId("drop-zone");
    byId("files").addEventListener("change", ({ currentTarget }) => {
      this.add([...currentTarget.files]);
      currentTarget.value = ""; // The same file may be chosen again.
    });
    const isFiles = (event) => event.dataTransfer?.types.includes("Files");
    const isOver = (event) => isFiles(event) && zone.contains(event.target);
    window.addEventListener("dragover", (event) => {
      // Without this the browser leaves the page for a file dropped beside the zone.
      if (isFiles(event)) event.preventDefault();
      zone.classList.toggle("over", Boolean(isOver(event)));
    });
    window.addEventListener("dragleave", () => zone.classList.remove("over"));
    window.addEventListener("drop", (event) => {
      zone.classList.remove("over");
      if (isFiles(event)) event.preventDefault();
      if (isOver(event)) this.add([...event.dataTransfer.files]);
    });
    window.addEventListener("beforeunload", (event) => { if (this.#isWorking) event.preventDefault(); });
  }

  #refusal(file) {
    const isKnown = this.settings.supportedFilesFormat.some((format) => file.name.toLowerCase().endsWith(format));
    if (!isKnown) return `The format is not among ${this.formats}.`;
    if (file.size === 0) return "The file is empty.";
    if (file.size <= this.settings.fileSizeLimit) return "";
    return `The file has ${size(file.size)}, the limit is ${this.limit}.`;
  }

  async #work() {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      let row;
      while ((row = this.#rows.find((candidate) => candidate.isWaiting))) await row.translate();
    } finally {
      this.#isWorking = false;
    }
  }

  #remove(row) {
    this.#rows.splice(this.#rows.indexOf(row), 1);
    row.element.remove();
    this.#tidy();
    byId("files").focus();
  }

  #tidy() {
    byId("documents-empty").hidden = this.#rows.length > 0;
  }
}

/** One file on its way: waiting, uploading, translating, then finished, failed or cancelled. */
class DocumentRow {
  #controller = new AbortController();
  #id = "";
  isWaiting = true;

  constructor(file, pair, languages, { onAgain, onRemove }) {
    this.file = file;
    this.pair = pair;
    this.element = byId("document-row").content.cloneNode(true).firstElementChild;
    this.#part(".name").textContent = file.name;
    this.#part(".pair").textContent = languages;
    this.#part(".again").addEventListener("click", () => { this.#await(); onAgain(); });
    this.#part(".remove").addEventListener("click", () => { this.#drop(); onRemove(); });
    this.#part(".download").addEventListener("click", (event) => this.#download(event));
    this.#await();
  }

  /** Brings the file to the service and waits for the end; shows every failure, throws none. */
  async translate() {
    const { signal } = this.#controller;
    this.isWaiting = false;
    const onWait = (waitS) => {
      this.#say(waitS ? "The service is busy, trying again…" : "");
      this.#part(".count").textContent = waitS ? `In ${waitS} s` : "";
    };
    try {
      this.#say("Uploading…");
      this.#progress();
      await this.#checkReadable();
      let state = await api.patiently(() => api.upload(this.file, this.pair, signal), signal, onWait);
      this.#id = state.id;
      while (state.state === "queued" || state.state === "translating") {
        this.#showState(state);
        await api.pause(POLL_MS, signal);
        state = await api.patiently(() => this.#nextState(state, signal), signal, onWait);
      }
      this.#end(state);
    } catch (error) {
      if (signal.aborted) return; // The user removed the row.
      if (!(error instanceof api.ServiceError)) throw error;
      this.fail(error.message, true);
    }
  }

  /** Shows why the file was not translated. */
  fail(message, isWorthRetry) {
    this.#stop();
    this.#part(".again").hidden = !isWorthRetry;
    this.#say(message, true);
  }

  #stop() {
    this.isWaiting = false;
    this.#part("progress").hidden = true;
    this.#part(".count").textContent = "";
    this.#part(".remove").textContent = "Remove";
  }

  #await() {
    this.isWaiting = true;
    this.#part(".again").hidden = true;
    this.#part(".remove").textContent = "Cancel";
    this.#say("Waiting");
  }

  async #checkReadable() {
    try {
      await this.file.slice(0, 1).arrayBuffer();
    } catch {
      throw new api.ServiceError("The file cannot be read: it is a folder, or it was moved or changed.");
    }
  }

  /** The next state; the last one while the network is away, since the service goes on without us. */
  async #nextState(last, signal) {
    try {
      return await api.documentState(this.#id, signal);
    } catch (error) {
      if (signal.aborted || error.status !== 0) throw error;
      return { ...last, isUnreached: true };
    }
  }

  #showState({ state, done, total, seconds_left: secondsLeft, isUnreached }) {
    const words = state === "queued" ? "Waiting for its turn at the service" : "Translating…";
    this.#say(isUnreached ? "The service cannot be reached, trying again…" : words);
    this.#progress(done, total);
    const left = secondsLeft === null ? "" : ` · about ${duration(secondsLeft)} left`;
    this.#part(".count").textContent = total > 0 ? `${done} of ${total}${left}` : "";
  }

  #end({ state, error, warnings, total }) {
    if (state !== "finished") return this.fail(error || "The translation was cancelled.", true);
    this.#stop();
    this.#say(`Translated${total ? `, ${total} ${total === 1 ? "segment" : "segments"}` : ""}.`);
    this.#part(".download").hidden = false;
    this.#part(".download").href = api.downloadUrl(this.#id);
    this.#part(".download").ariaLabel = `Download the translation of ${this.file.name}`;
    this.#part(".warnings").replaceChildren(...warnings.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }));
  }

  /** A link cannot carry the key: with one, the file is fetched first and saved from memory. */
  async #download(event) {
    if (!api.hasKey() || event.currentTarget.href.startsWith("blob:")) return;
    event.preventDefault();
    const link = event.currentTarget;
    try {
      const { blob, name } = await api.download(this.#id);
      link.href = URL.createObjectURL(blob);
      link.download = name || this.file.name;
      link.click();
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #drop() {
    this.#controller.abort();
    this.isWaiting = false;
    if (this.#part(".download").href.startsWith("blob:")) URL.revokeObjectURL(this.#part(".download").href);
    // The row is gone in any case; the service forgets the file by itself later if this fails.
    if (this.#id) api.dropDocument(this.#id).catch(() => {});
  }

  #progress(done = 0, total = 0) {
    const bar = this.#part("progress");
    bar.hidden = false;
    bar.removeAttribute("value"); // Indeterminate as long as nothing is known.
    if (total > 0) Object.assign(bar, { max: total, value: done });
  }

  #say(message, isError = false) {
    const status = this.#part(".status");
    if (status.textContent !== message) status.textContent = message;
    status.classList.toggle("error", isError);
  }

  #part(selector) {
    return this.element.querySelector(selector);
  }
}

/** Gives a size in words; a limit is rounded down, so that no file over it seems to have its size. */
function size(bytes, round = Math.ceil) {
  return bytes < MB ? `${round(bytes / 1000)} kB` : `${round(bytes / (MB / 10)) / 10} MB`;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
