// Shows a text exactly with marks of several raters under its words, and the marks in a list; text
// nodes only, so nothing in it is ever markup.

const SEVERITIES = ["critical", "major", "minor", "neutral"];

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".marked");
  const text = root.querySelector(".marked-text");
  const list = root.querySelector(".marked-list");
  const isEmpty = data.pieces.every((piece) => piece.text === "");
  root.classList.toggle("is-empty", isEmpty);
  text.lang = data.lang;
  text.dir = "auto";
  text.style.setProperty("--lanes", 1 + Math.max(-1, ...data.marks.map((mark) => mark.lane)));
  const labelled = new Set();
  text.replaceChildren(...data.pieces.map((piece) => pieceNode(piece, data.marks, labelled)));
  if (isEmpty) text.append(data.placeholder);
  list.replaceChildren(...data.marks.map((mark, number) => entry(mark, number, text, data.lang)));
}

// The lines of all marks over a piece, one span in the other; a label where a mark begins.
function pieceNode(piece, marks, labelled) {
  let node = document.createDocumentFragment();
  for (const number of piece.marks.filter((each) => !labelled.has(each))) {
    labelled.add(number);
    const label = element("span", `label hue-${marks[number].hue}`);
    label.dataset.label = marks[number].label;
    label.ariaHidden = "true";
    node.append(label);
  }
  node.append(piece.text);
  for (const number of piece.marks) {
    const span = element("span", `mark hue-${marks[number].hue} ${known(marks[number].severity)}`);
    span.style.setProperty("--lane", marks[number].lane);
    span.dataset.mark = number;
    span.append(node);
    node = span;
  }
  return node;
}

function entry(mark, number, text, lang) {
  const item = element("li", `entry hue-${mark.hue}`);
  const label = element("span", "entry-label");
  label.dataset.label = mark.label;
  const severity = element("span", "entry-severity");
  severity.append(element("span", `mark hue-${mark.hue} ${known(mark.severity)}`, mark.severity));
  item.append(label, severity);
  if (mark.category) item.append(isolated("entry-category", mark.category));
  if (mark.quote) {
    const quote = isolated("entry-quote", `“${mark.quote}”`);
    quote.lang = lang;
    item.append(quote);
  }
  if (mark.by) item.append(isolated("entry-by", `· ${mark.by}`));
  if (mark.note) item.append(isolated("entry-note", mark.note));
  item.onmouseenter = () => light(text, number, true);
  item.onmouseleave = () => light(text, number, false);
  return item;
}

function light(text, number, isLit) {
  for (const span of text.querySelectorAll(`[data-mark="${number}"]`)) {
    span.classList.toggle("is-lit", isLit);
  }
}

// Severities come from typologies of one's own, too; only known ones have a pattern.
function known(severity) {
  return SEVERITIES.includes(severity) ? severity : "other";
}

function isolated(name, text) {
  return element("bdi", name, text);
}

function element(tag, name, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.append(text);
  return made;
}
