// The scores: SQM's levels with their words, and ESA's scale that says nothing until it is touched.

import { element, key } from "./elements.js";

export class SqmLevels {
  constructor(session) {
    this.session = session;
    this.radios = session.data.anchors.map(({ value, label }) => this.#radio(value, label));
    const labels = this.radios.map(({ label }) => label);
    this.element = element("fieldset", { class: "part levels" },
      element("legend", {}, session.say("score")), ...labels);
  }

  // Gives whether the key was one of the levels.
  press(pressed) {
    const found = this.radios.find(({ value }) => String(value) === pressed);
    if (found) this.#choose(found.value);
    return found !== undefined;
  }

  paint() {
    const { annotation, data } = this.session;
    for (const { value, input, label } of this.radios) {
      input.checked = annotation.score === value;
      input.disabled = data.is_locked;
      label.classList.toggle("is-chosen", input.checked);
    }
  }

  #radio(value, words) {
    const name = `score-${this.session.item}`;
    const onchange = () => this.#choose(value);
    const input = element("input", { type: "radio", name, value, onchange });
    const number = element("span", { class: "level", "aria-hidden": "true" }, String(value));
    const spoken = element("span", { class: "unseen" }, `${value}: `);
    return { value, input, label: element("label", {}, input, number, spoken, element("span", {}, words)) };
  }

  #choose(score) {
    this.session.edit({ ...this.session.annotation, score });
  }
}

export class EsaScale {
  constructor(session) {
    this.session = session;
    this.input = element("input", { type: "range", min: "0", max: "100", step: "1",
      "aria-label": session.say("score"), "aria-describedby": "esa-anchors" });
    this.number = element("output", { class: "scale-number" });
    const anchors = session.data.anchors.map(({ value, label }) => {
      const anchor = element("li", {}, element("b", {}, String(value)), " ", label);
      anchor.style.setProperty("--at", value / 100);
      return anchor;
    });
    this.element = element("fieldset", { class: "part scale" },
      element("legend", {}, session.say("score")),
      element("div", { class: "scale-row" }, this.input, this.number),
      element("ol", { class: "anchors", id: "esa-anchors" }, ...anchors));
    this.input.oninput = () => this.#take({ isTyped: true });
    this.input.onchange = () => session.saving.flush();
    // Where the handle already stands a click changes nothing, and yet it is a choice.
    this.input.onpointerup = () => this.#takeFirst();
    this.input.onkeydown = (event) => {
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) this.#takeFirst();
    };
  }

  press() {
    return false;
  }

  paint() {
    const { annotation: { score }, data, say } = this.session;
    const isUnset = score === null;
    this.input.disabled = data.is_locked;
    this.element.classList.toggle("is-unset", isUnset);
    this.input.value = String(score ?? 50);
    this.input.style.setProperty("--share", (score ?? 50) / 100);
    this.number.textContent = isUnset ? "–" : String(score);
    this.input.setAttribute("aria-valuetext", isUnset ? say("unset") : String(score));
  }

  #take(options) {
    const isFirst = this.session.annotation.score === null;
    const score = Number(this.input.value);
    this.session.edit({ ...this.session.annotation, score }, isFirst ? {} : options);
  }

  #takeFirst() {
    if (this.session.annotation.score === null && !this.input.disabled) this.#take({});
  }
}

export class Ranks {
  constructor(session, output) {
    Object.assign(this, { session, output });
    const { outputs } = session.data;
    this.radios = outputs.map((_, at) => this.#radio(at + 1));
    this.element = element("fieldset", { class: "ranks" },
      element("legend", {}, session.say("rank_of", { label: outputs[output].label })),
      ...this.radios.map(({ label }) => label));
    this.element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (!this.press(event.key)) return;
      session.texts.ranks[output + 1]?.focus();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  press(pressed) {
    const found = this.radios.find(({ rank }) => String(rank) === pressed);
    if (found) this.session.rank(this.output, found.rank);
    return found !== undefined;
  }

  focus() {
    (this.radios.find(({ input }) => input.checked) ?? this.radios[0]).input.focus();
  }

  paint() {
    const rank = this.session.annotation.ranks[this.output] ?? null;
    for (const { rank: own, input, label } of this.radios) {
      input.checked = rank === own;
      input.disabled = this.session.data.is_locked;
      label.classList.toggle("is-chosen", input.checked);
    }
  }

  #radio(rank) {
    const name = `rank-${this.session.item}-${this.output}`;
    const onchange = () => this.session.rank(this.output, rank);
    const input = element("input", { type: "radio", name, value: rank, onchange });
    return { rank, input, label: element("label", {}, input, key(String(rank)),
      element("span", { class: "unseen" }, String(rank))) };
  }
}
