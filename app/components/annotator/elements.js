// Makes elements. What is appended as a string becomes a text node, so it is never markup.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A text of a segment inside a sentence: whatever its direction, it stays one piece.
export function quoted(text, lang) {
  return element("bdi", { class: "quote", lang: lang || null }, text);
}

export function button(label, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, label);
}

export function key(name) {
  return element("kbd", { "aria-hidden": "true" }, name);
}

// The base direction of a text, which is its language's: a first word in another script is none.
export function directionOf({ lang, direction }) {
  if (direction !== "auto" || !lang) return direction;
  try {
    const locale = new Intl.Locale(lang);
    return (locale.getTextInfo?.() ?? locale.textInfo)?.direction ?? "auto";
  } catch {
    return "auto";
  }
}
