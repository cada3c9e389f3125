// The texts of an item in the middle of their document: source beside translation, row by row.

import { directionOf, element } from "./elements.js";
import { Ranks } from "./scores.js";
import { TextBox } from "./text_box.js";

export class Texts {
  constructor(session) {
    this.session = session;
    const { data } = session;
    const source = new TextBox(session, data.source, "source", 0);
    this.outputs = data.outputs.map((shown, at) => new TextBox(session, shown, "target", at));
    this.boxes = [...this.outputs, source];
    this.ranks = data.protocol === "ranking"
      ? data.outputs.map((_, at) => new Ranks(session, at)) : [];
    const isPair = data.outputs.length === 1;
    const cards = [
      this.#card(source, data.source, null),
      ...this.outputs.map((box, at) => this.#card(box, data.outputs[at], this.ranks[at])),
    ];
    const { before, after } = data.context;
    this.element = element("div", { class: `document ${isPair ? "is-pair" : "is-many"}` },
      this.#context(before, "before"),
      element("div", { class: "row now" }, ...cards),
      this.#context(after, "after"));
  }

  paint() {
    for (const box of this.boxes) box.paint();
    for (const ranks of this.ranks) ranks.paint();
  }

  #card(box, shown, ranks) {
    const label = element("div", { class: "card-label" },
      shown.label ? element("b", { class: "card-letter" }, shown.label) : null,
      element("span", {}, this.session.say(`side.${box.side}`)),
      shown.name ? element("span", { class: "language" }, shown.name) : null);
    return element("div", { class: `card ${box.side}` }, label, box.element, ranks?.element);
  }

  #context(segments, where) {
    if (!segments.length) return null;
    const { data, say } = this.session;
    const text = (shown, words) => element("div", { class: "context-text",
      lang: shown.lang || null, dir: directionOf(shown) }, words);
    const rows = segments.map(({ source, outputs }) => element("div", { class: "row" },
      text(data.source, source), ...outputs.map((words) => text(data.outputs[0], words))));
    const title = say(`context.${where}`, { count: segments.length });
    const isOpen = !matchMedia("(max-width: 640px)").matches;
    return element("details", { class: "context", open: isOpen },
      element("summary", {}, title), ...rows);
  }
}
