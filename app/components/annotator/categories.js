// The categories in the chooser: in their dimensions, each with its own letter.

import { element, key } from "./elements.js";
import { lettersFor } from "./wording.js";

// More than this are too many letters to find; then one chooses the dimension first.
const MAX_FLAT = 24;

export class Categories {
  constructor(session, pick, opened) {
    Object.assign(this, { session, pick, opened });
    this.all = session.typology.categories;
    this.isFlat = this.all.length <= MAX_FLAT;
    this.groups = grouped(this.all);
    this.group = null; // the dimension that is open, where they are not flat
    this.letters = this.#letters();
  }

  openFor(category) {
    this.group = this.isFlat ? null : (this.all.find(({ name }) => name === category)?.group ?? null);
  }

  // Gives whether the key meant one of them.
  press(pressed) {
    if (pressed === "Backspace" && this.group !== null) {
      this.group = null;
      this.opened();
      return true;
    }
    const has = (name) => this.letters.get(name) === pressed.toLowerCase();
    if (!this.isFlat && this.group === null) {
      const group = [...this.groups.keys()].find((name) => has(`group ${name}`));
      if (group) this.#open(group);
      return group !== undefined;
    }
    const some = this.isFlat ? this.all : this.groups.get(this.group);
    const category = some.find(({ name }) => has(name));
    if (category) this.pick(category.name);
    return category !== undefined;
  }

  nodes(chosen, side) {
    const groups = [...this.groups];
    if (!groups.length) return null;
    const body = element("div", { class: "categories" });
    if (this.isFlat) {
      const sorted = side === "source" ? sourceFirst(groups) : groups;
      body.append(...sorted.map(([name, some]) => this.#choices(name, some, chosen)));
      return body;
    }
    const label = this.session.say("dimension");
    body.append(element("div", { class: "choices", role: "group", "aria-label": label },
      ...groups.map(([name, some]) => this.#group(name, some, chosen))));
    if (this.group !== null) {
      body.append(this.#choices(this.group, this.groups.get(this.group), chosen));
    }
    return body;
  }

  #letters() {
    const letters = new Map();
    for (const some of this.isFlat ? [this.all] : this.groups.values()) {
      const found = lettersFor(some.map(({ label }) => label));
      some.forEach(({ name }, at) => letters.set(name, found[at]));
    }
    const names = [...this.groups.keys()];
    lettersFor(names).forEach((letter, at) => letters.set(`group ${names[at]}`, letter));
    return letters;
  }

  #open(name) {
    const some = this.groups.get(name);
    this.group = name;
    if (some.length === 1) this.pick(some[0].name);
    else this.opened();
  }

  #group(name, some, chosen) {
    const isChosen = some.some((each) => each.name === chosen);
    return choice(`group ${name}`, this.letters.get(`group ${name}`), name, () => this.#open(name), {
      "aria-expanded": some.length > 1 ? String(this.group === name) : null,
      "aria-pressed": some.length === 1 ? String(isChosen) : null,
    });
  }

  #choices(name, some, chosen) {
    const options = some.map((each) => choice(
      `category ${each.name}`, this.letters.get(each.name), each.label, () => this.pick(each.name),
      { "aria-pressed": String(each.name === chosen) },
    ));
    const isTitled = this.isFlat && name && some[0].label !== name;
    const title = isTitled ? element("div", { class: "choices-title" }, name) : null;
    const label = name || this.session.say("side.source");
    return element("div", { class: "choices", role: "group", "aria-label": label }, title, ...options);
  }
}

// One button of the chooser with the key that presses it.
export function choice(focus, letter, label, onclick, attributes, swatch = null) {
  return element("button", {
    type: "button",
    class: "choice",
    "data-focus": focus,
    "aria-keyshortcuts": letter || null,
    onclick,
    ...attributes,
  }, letter ? key(letter) : null, swatch, element("span", {}, label));
}

function grouped(categories) {
  const groups = new Map();
  for (const category of categories) {
    const name = category.group || category.label;
    groups.set(name, [...(groups.get(name) ?? []), category]);
  }
  return groups;
}

// What is missing in the translation can only be marked in the source.
function sourceFirst(groups) {
  const first = groups.flatMap(([, some]) => some).filter((each) => each.is_in_source);
  const rest = groups.map(([name, some]) => [name, some.filter((each) => !each.is_in_source)]);
  return [["", first], ...rest].filter(([, some]) => some.length);
}
