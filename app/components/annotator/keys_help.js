// The list of keys, one key away.

import { button, element, key } from "./elements.js";

const MARKING = [
  ["← → ↑ ↓", "keys.move"], ["⇧ + ← →", "keys.extend"], ["⏎", "keys.open"],
  ["1 2 … · A B …", "keys.choose"], ["[ ]", "keys.step"], ["Alt + ← →", "keys.end"],
  ["Alt + ⇧ + ← →", "keys.start"], ["Delete", "keys.delete"], ["C", "keys.unit"],
];
const ALWAYS = [
  ["U · Ctrl Z", "keys.undo"], ["⇧ U · Ctrl Y", "keys.redo"],
  ["Ctrl ⏎", "keys.next"], ["Esc", "keys.close"], ["?", "keys.help"],
];

export class KeysHelp {
  constructor(session) {
    const { say, data } = session;
    const { anchors, outputs, protocol } = data;
    const scoring = protocol === "ranking" ? [[`1 – ${outputs.length}`, "keys.rank"]]
      : anchors.length && protocol !== "esa" ? [["0 – 6", "keys.score"]] : [];
    const keys = [...(session.canMark ? MARKING : []), ...scoring, ...ALWAYS];
    const rows = keys.map(([names, message]) => element("div", {},
      element("dt", {}, key(names), element("span", { class: "unseen" }, names)),
      element("dd", {}, say(message))));
    this.element = element("div", { class: "keys", role: "dialog", "aria-label": say("keys"),
      tabindex: "-1", hidden: true },
    element("div", { class: "chooser-head" }, element("h3", {}, say("keys")),
      button("×", () => this.toggle(), { class: "plain", "aria-label": say("close") })),
    element("dl", {}, ...rows));
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.toggle();
      event.stopPropagation();
    });
  }

  toggle() {
    const { element: panel } = this;
    panel.hidden = !panel.hidden;
    if (!panel.hidden) {
      this.before = panel.getRootNode().activeElement;
      panel.focus();
    } else this.before?.focus();
  }
}
