// The way in: one session for each place on the page and each item.

import { Session } from "./session.js";

const sessions = new WeakMap();

export function show(component) {
  const { parentElement, data } = component;
  const found = sessions.get(parentElement);
  if (found?.item === data.item) return found.arrived(component);
  found?.leave();
  sessions.set(parentElement, new Session(parentElement.querySelector(".annotator"), component));
}

export function leave(parentElement) {
  sessions.get(parentElement)?.leave();
  sessions.delete(parentElement);
}
