/** What the page asks the service: its requests, the API key, and patience while it is busy. */

const KEY_ITEM = "adaptmllm.apiKey";
const BUSY = [429, 503];
const DEFAULT_RETRY_S = 5;
const POST_JSON = { method: "POST", headers: { "Content-Type": "application/json" } };

/** A refusal in one sentence for the user; `status` is 0 where the service was not reached. */
export class ServiceError extends Error {
  constructor(message, status = 0, retryAfterS = 0) {
    super(message);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

let apiKey = recall("sessionStorage", KEY_ITEM);
let isKeyRequired = false;
let freeAtMs = 0;

export const hasKey = () => apiKey !== "";
export const demandKey = (isRequired) => { isKeyRequired = isRequired; };

/** Uses `key` from now on; "" forgets it. */
export function setKey(key) {
  apiKey = key;
  freeAtMs = 0;
  remember("sessionStorage", KEY_ITEM, key);
}

export const languages = () => answer("languages");
export const settings = () => answer("frontend/settings");
export const translate = (request, signal) => answer("translate", json(request, signal));
export const suggest = (request) => answer("suggest", json(request));
export const documentState = (id, signal) => answer(documentPath(id), { signal });
export const dropDocument = (id) => answer(documentPath(id), { method: "DELETE" });
export const downloadUrl = (id) => `download_file/${encodeURIComponent(id)}`;

/** Fetches a translated file with the name that the service gives it. */
export async function download(id) {
  const response = await call(downloadUrl(id));
  return { blob: await response.blob(), name: fileName(response) };
}

/** Sends `file`; gives the state of the document, whose `id` names it from then on. */
export function upload(file, pair, signal) {
  const body = new FormData();
  body.append("source", pair.source);
  body.append("target", pair.target);
  body.append("file", file);
  return answer("documents", { method: "POST", body, signal });
}

/**
 * Gives what `action` gives, however often the service says it is busy.
 * @param {(waitS: number) => void} onWait told every second how long the wait still is, 0 at its end
 */
export async function patiently(action, signal, onWait) {
  for (;;) {
    // Shared by all callers: typing on must not shorten the pause that the service asked for.
    while (performance.now() < freeAtMs) {
      onWait(Math.ceil((freeAtMs - performance.now()) / 1000));
      await pause(Math.min(1000, freeAtMs - performance.now()), signal);
      if (performance.now() >= freeAtMs) onWait(0);
    }
    try {
      return await action();
    } catch (error) {
      if (!error.retryAfterS) throw error;
      freeAtMs = performance.now() + error.retryAfterS * 1000;
    }
  }
}

/** Waits; rejects as soon as `signal` aborts. */
export function pause(durationMs, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, durationMs);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}

/** Reads an item of a browser storage, "" without one. */
export function recall(area, item) {
  try {
    return window[area].getItem(item) ?? "";
  } catch {
    return ""; // Storage may be forbidden in this browser; the page works without it.
  }
}

/** Writes an item of a browser storage; "" removes it. */
export function remember(area, item, value) {
  try {
    if (value) window[area].setItem(item, value);
    else window[area].removeItem(item);
  } catch {
    // As in `recall`; a full storage is no reason to stop translating either.
  }
}

const documentPath = (id) => `documents/${encodeURIComponent(id)}`;
const json = (body, signal) => ({ ...POST_JSON, signal, body: JSON.stringify(body) });
const answer = async (path, options) => (await call(path, options)).json();

async function call(path, options = {}) {
  if (isKeyRequired && !apiKey) throw refused("Enter your API key to translate.");
  const headers = { ...options.headers, ...(apiKey && { Authorization: `Bearer ${apiKey}` }) };
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ServiceError("The service cannot be reached.");
  }
  if (response.ok) return response;
  const message = await sentence(response);
  if (response.status === 403) throw refused(message);
  throw new ServiceError(message, response.status, retryAfterS(response));
}

function refused(message) {
  document.dispatchEvent(new CustomEvent("keywanted", { detail: message }));
  return new ServiceError(message, 403);
}

async function sentence(response) {
  const body = await response.json().catch(() => null);
  if (typeof body?.error === "string") return body.error;
  return `The service answered with status ${response.status}.`;
}

function fileName(response) {
  const header = response.headers.get("Content-Disposition") ?? "";
  const [, encoded] = header.match(/filename\*=utf-8''([^;]+)/i) ?? [];
  if (encoded) return decodeURIComponent(encoded);
  return header.match(/filename="([^"]+)"/i)?.[1] ?? "";
}

function retryAfterS(response) {
  if (!BUSY.includes(response.status)) return 0;
  return Math.max(1, Number(response.headers.get("Retry-After")) || DEFAULT_RETRY_S);
}
