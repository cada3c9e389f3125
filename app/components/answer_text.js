// Shows a text exactly, with the words marked that differ from another one; text nodes only, so
// nothing in it is ever markup. While it grows, the same nodes are kept.

const REACHABLE = { tabindex: "0", role: "region", "aria-label": "Text" };
const watched = new WeakSet();
const SIGNS = { added: "+", removed: "−" };

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".answer");
  const text = root.querySelector(".answer-text");
  text.lang = data.lang;
  text.dir = "auto";
  root.classList.toggle("is-empty", data.parts.length === 0);
  if (data.parts.length === 1 && text.childNodes.length === 1 && text.firstChild.nodeType === 3) {
    text.firstChild.nodeValue = data.parts[0].text;
  } else {
    text.replaceChildren(...data.parts.map(node));
  }
  if (data.parts.length === 0) text.textContent = data.placeholder;
  const button = root.querySelector(".answer-copy");
  button.hidden = data.copy === "";
  button.onclick = () => copy(data.copy, button);
  makeReachable(root);
  if (!watched.has(root)) {
    watched.add(root);
    new ResizeObserver(() => makeReachable(root)).observe(text);
  }
}

// A text that is higher than its place can be scrolled by keys, too; others are no stop for Tab.
function makeReachable(root) {
  const isLong = root.scrollHeight > root.clientHeight + 1;
  for (const [name, value] of Object.entries(REACHABLE)) {
    if (isLong) root.setAttribute(name, value);
    else root.removeAttribute(name);
  }
}

function node({ text, kind }) {
  if (kind === "same") return document.createTextNode(text);
  const mark = document.createElement(kind === "added" ? "ins" : "del");
  mark.title = kind === "added" ? "only here" : "only in the other text";
  mark.dataset.sign = SIGNS[kind];
  mark.append(text);
  return mark;
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https the clipboard's own API is closed; a selection can still be copied.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 1500);
}
