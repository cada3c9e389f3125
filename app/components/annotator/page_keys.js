// The keys that work wherever one is in the item: undo, scores, the way on.

export function listenToKeys(session) {
  const { root, left } = session;
  root.addEventListener("keydown", (event) => {
    const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (handled(session, event)) event.preventDefault();
    // The page around has keys of its own, and takes a field in here for no field.
    else if (!isPlain || event.key.length > 1) return;
    event.stopPropagation();
  }, { signal: left });
  // Where nothing has the focus yet, the keys work all the same.
  document.addEventListener("keydown", (event) => {
    if (event.target !== document.body || !handled(session, event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true, signal: left });
}

function handled(session, event) {
  const target = event.composedPath()[0];
  const isTyping = target.matches?.("textarea, input[type=text]");
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key === "Enter") return session.go("next");
  if (event.isComposing || isTyping) return false;
  if (isCommand && !event.altKey) return handledCommand(session, event);
  if ("[]".includes(event.key) && session.canMark) return session.marks.step(event.key === "]" ? 1 : -1);
  if (event.altKey || isCommand) return false;
  return handledLetter(session, event);
}

function handledCommand(session, { key, shiftKey }) {
  const letter = key.toLowerCase();
  if (letter === "z") return shiftKey ? session.redo() : session.undo();
  return letter === "y" ? session.redo() : false;
}

function handledLetter(session, { key }) {
  switch (key) {
    case "u":
      return session.undo();
    case "U":
      return session.redo();
    case "c":
      return session.canMark && session.toggleUnit();
    case "?":
      session.help.toggle();
      return true;
    default:
      return scored(session, key);
  }
}

function scored(session, key) {
  const { ranks } = session.texts;
  if (!ranks.length) return session.score?.press(key) ?? false;
  const open = ranks.findIndex((_, at) => (session.annotation.ranks[at] ?? null) === null);
  return open >= 0 && ranks[open].press(key);
}
