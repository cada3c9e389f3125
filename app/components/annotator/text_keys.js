// Marking by keyboard alone: arrows move, Shift extends, Enter opens the chooser.

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export function onTextKey(box, event) {
  const { session } = box;
  if (event.isComposing || !(isMove(box, event) || isAction(box, event))) return;
  event.preventDefault();
  event.stopPropagation();
  session.paint();
}

function isMove(box, event) {
  const { key, shiftKey, altKey, ctrlKey, metaKey } = event;
  const step = (STEPS[key] ?? 0) * (box.isRightToLeft ? -1 : 1);
  if (altKey && step) return box.session.marks.moveEdge(box, shiftKey ? "start" : "end", step);
  if (altKey || ctrlKey || metaKey) return (ctrlKey || metaKey) && key === "a" && selectAll(box);
  const last = box.units.length - 1;
  const goal = step ? box.head + step : {
    Home: () => 0,
    End: () => last,
    ArrowUp: () => lineAway(box, -1),
    ArrowDown: () => lineAway(box, 1),
  }[key]?.();
  if (goal === undefined) return false;
  box.session.makeCurrent(null);
  const head = Math.min(Math.max(goal, 0), last);
  box.select(shiftKey ? box.anchor : head, head);
  box.session.live.selection(box);
  return true;
}

function selectAll(box) {
  box.select(0, box.units.length - 1);
  box.session.live.selection(box);
  return true;
}

function isAction(box, event) {
  const { session } = box;
  // [ and ] may need AltGr, which counts as Ctrl and Alt.
  if (event.key === "[" || event.key === "]") return session.marks.step(event.key === "]" ? 1 : -1);
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  switch (event.key) {
    case "Enter":
    case " ":
      return session.openChooser(box);
    case "Delete":
    case "Backspace":
      return session.marks.remove(box);
    case "Escape":
      session.makeCurrent(null);
      box.select(box.head);
      return true;
    default:
      return false;
  }
}

// The unit on the line above or below that lies nearest to where one is.
function lineAway(box, direction) {
  const pieces = new Map(
    [...box.element.querySelectorAll("[data-start]")].map((each) => [Number(each.dataset.start), each]),
  );
  const centre = (unit) => {
    const rect = pieces.get(box.units[unit][0]).getBoundingClientRect();
    return { x: rect.left + rect.width / 2, y: rect.top + rect.height / 2, height: rect.height };
  };
  const here = centre(box.head);
  const others = box.units
    .map((_, unit) => ({ unit, ...centre(unit) }))
    .filter(({ y }) => (y - here.y) * direction > here.height / 2);
  if (!others.length) return box.head;
  const nearest = Math.min(...others.map(({ y }) => Math.abs(y - here.y)));
  const line = others.filter(({ y }) => Math.abs(y - here.y) < nearest + here.height / 2);
  const away = ({ x }) => Math.abs(x - here.x);
  return line.reduce((best, each) => (away(each) < away(best) ? each : best)).unit;
}
