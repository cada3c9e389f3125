// What was not saved yet, kept on this device until the server has it.

const PREFIX = "adaptmllm.annotator.";
const KEPT_MS = 14 * 24 * 3600 * 1000;

export function keep(item, left) {
  // A full or forbidden storage leaves the page as safe as it was without.
  tried(() => localStorage.setItem(PREFIX + item, JSON.stringify({ ...left, at: Date.now() })));
}

export function find(item) {
  const left = tried(() => JSON.parse(localStorage.getItem(PREFIX + item)));
  const isWhole = left && typeof left.save_id === "string" && Array.isArray(left.annotation?.marks);
  return isWhole ? left : null;
}

export function drop(item) {
  tried(() => localStorage.removeItem(PREFIX + item));
}

// Takes away what the server has stored by now, and what nobody came back to.
export function tidy(acknowledged) {
  for (const name of tried(() => Object.keys(localStorage)) ?? []) {
    if (!name.startsWith(PREFIX)) continue;
    const item = name.slice(PREFIX.length);
    const left = find(item);
    const isOld = Date.now() - (left?.at ?? 0) > KEPT_MS;
    if (isOld || acknowledged.includes(left.save_id)) drop(item);
  }
}

function tried(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
