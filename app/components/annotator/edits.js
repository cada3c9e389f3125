// What can be done to an annotation. Nothing is changed in place, so that undo is a look back.

export function withMark(annotation, mark) {
  return { ...annotation, marks: [...annotation.marks, mark] };
}

export function withChangedMark(annotation, id, changes) {
  const marks = annotation.marks.map((mark) => (mark.id === id ? { ...mark, ...changes } : mark));
  return { ...annotation, marks };
}

export function withoutMark(annotation, id) {
  return { ...annotation, marks: annotation.marks.filter((mark) => mark.id !== id) };
}

export function withRank(annotation, output, rank, numOutputs) {
  const ranks = Array.from({ length: numOutputs }, (_, at) => annotation.ranks[at] ?? null);
  ranks[output] = rank;
  return { ...annotation, ranks };
}

// Marks in reading order: of the outputs, then of the source, each from its beginning.
export function inReadingOrder(marks) {
  const order = (mark) => [mark.side === "source" ? 1 : 0, mark.output, mark.start, mark.end];
  return [...marks].sort((a, b) => {
    const [left, right] = [order(a), order(b)];
    const at = left.findIndex((value, index) => value !== right[index]);
    return at < 0 ? 0 : left[at] - right[at];
  });
}

export function isSame(a, b) {
  return JSON.stringify(content(a)) === JSON.stringify(content(b));
}

export class History {
  past = [];
  future = [];

  remember(annotation) {
    this.past.push(annotation);
    this.future = [];
  }

  back(now) {
    return this.#step(this.past, this.future, now);
  }

  forward(now) {
    return this.#step(this.future, this.past, now);
  }

  #step(from, to, now) {
    if (!from.length) return null;
    to.push(now);
    // The comment has the browser's own undo; one step back in the marks must not lose it.
    return { ...from.pop(), comment: now.comment };
  }
}

function content({ marks, score, ranks, comment, is_non_translation }) {
  const plain = marks.map(({ id, side, output, start, end, severity, category, note }) => [
    id, side, output, start, end, severity, category, note,
  ]);
  return [plain, score, ranks.map((rank) => rank ?? null), comment, is_non_translation];
}
