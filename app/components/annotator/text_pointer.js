// Marking by mouse and by finger: drag or double-click, tap a word and then the last one.

export function listenToPointer(box) {
  const { element, session } = box;
  element.addEventListener("pointerdown", (event) => {
    box.pointer = event.pointerType;
    if (event.pointerType === "touch") return;
    // The button may be let go outside of the text.
    const done = () => setTimeout(() => takeSelection(box));
    document.addEventListener("pointerup", done, { once: true, signal: session.left });
  });
  element.addEventListener("click", (event) => {
    const range = selectedRange(box);
    if (range && box.pointer !== "touch") return;
    const piece = event.target.closest?.("[data-start]");
    if (piece) clicked(box, Number(piece.dataset.start), Number(piece.dataset.end));
  });
}

// A finger selects by a long press and by the handles; every change of the selection is told.
export function listenToTouchSelection(session, boxes) {
  let timer = null;
  document.addEventListener("selectionchange", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const box = boxes.find((each) => each.pointer === "touch" && selectedRange(each));
      if (box) session.openChooser(box, selectedRange(box));
    }, 350);
  }, { signal: session.left });
}

function takeSelection(box) {
  const range = selectedRange(box);
  if (!range) return;
  document.getSelection()?.removeAllRanges();
  box.session.openChooser(box, range);
}

function clicked(box, start, end) {
  const { session } = box;
  const unit = box.snapped(start, Math.max(end, start + 1));
  const marks = box.marksAt(start);
  if (session.chooser.extendsTo(box, unit)) return;
  if (marks.length) return void session.openMark(box, shortest(marks).id);
  if (unit && box.pointer === "touch") return void session.openChooser(box, unit);
  session.closeChooser();
  session.makeCurrent(null);
  if (unit) box.selectAt(unit.start);
  session.paint();
}

function shortest(marks) {
  return marks.reduce((best, mark) => (mark.end - mark.start < best.end - best.start ? mark : best));
}

// What is selected in this text, in whole units and without blanks around; null if nothing is.
function selectedRange(box) {
  const range = composedRange(box.element.getRootNode());
  if (!range || !holds(box, range.startContainer) && !holds(box, range.endContainer)) return null;
  const start = holds(box, range.startContainer)
    ? indexOf(box, range.startContainer, range.startOffset) : 0;
  const end = holds(box, range.endContainer)
    ? indexOf(box, range.endContainer, range.endOffset) : box.text.length;
  return start < end ? box.snapped(start, end) : null;
}

function composedRange(root) {
  const selection = root.getSelection?.() ?? document.getSelection();
  if (!selection?.rangeCount) return null;
  if (!selection.getComposedRanges || root === document) return selection.getRangeAt(0);
  return selection.getComposedRanges({ shadowRoots: [root] })[0] ?? null;
}

function holds(box, node) {
  return box.element.contains(node);
}

function indexOf(box, node, offset) {
  if (node.nodeType === Node.TEXT_NODE) return Number(node.parentElement.dataset.start) + offset;
  const child = node.childNodes[offset];
  if (child?.nodeType === Node.TEXT_NODE) return indexOf(box, child, 0);
  const pieces = [...node.querySelectorAll("[data-start]")];
  if (!child) return Number((pieces.at(-1) ?? node).dataset.end ?? box.text.length);
  const piece = child.matches("[data-start]") ? child : child.querySelector("[data-start]");
  return Number(piece?.dataset.start ?? 0);
}
