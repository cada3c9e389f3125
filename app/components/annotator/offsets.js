// Places in a text. The browser counts UTF-16 units, what is stored counts code points; a mark
// begins and ends at the border of a grapheme, in word mode at that of a word.

export function codePoints(text, index) {
  let points = 0;
  for (let at = 0; at < index; points++) at += width(text, at);
  return points;
}

export function utf16(text, points) {
  let at = 0;
  for (let point = 0; point < points && at < text.length; point++) at += width(text, at);
  return at;
}

// The [start, end) of each piece that a key moves by: words and signs, or graphemes.
export function unitsOf(text, lang, unit) {
  const isWord = unit === "word";
  const segmenter = new Intl.Segmenter(knownTag(lang), { granularity: isWord ? "word" : "grapheme" });
  return [...segmenter.segment(text)]
    .filter(({ segment }) => !isWord || /\S/u.test(segment))
    .map(({ index, segment }) => [index, index + segment.length]);
}

// The smallest range of whole units that holds every one the given range touches.
export function snapped(units, start, end) {
  const touched = units.filter(([from, to]) => from < end && to > start);
  return touched.length ? { start: touched[0][0], end: touched.at(-1)[1] } : null;
}

// The number of the unit at a place, or of the nearest one before it.
export function unitAt(units, index) {
  const behind = units.findIndex(([, end]) => end > index);
  return behind < 0 ? Math.max(units.length - 1, 0) : behind;
}

function width(text, at) {
  return text.codePointAt(at) > 0xffff ? 2 : 1;
}

function knownTag(lang) {
  try {
    return Intl.getCanonicalLocales(lang || [])[0];
  } catch {
    return undefined;
  }
}
