// The sentences of the interface, in the rater's language, and the letters of severities.

const LETTERS = { critical: "C", major: "M", minor: "m", neutral: "N" };

export function speaker(messages) {
  return (key, values = {}) =>
    (messages[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

export function severityLetter({ name, label }) {
  return LETTERS[name] ?? [...label][0]?.toUpperCase() ?? "?";
}

// One key for each label: the first free letter of its words' beginnings, then of the whole, then
// of the alphabet. More than 26 labels leave some without.
export function lettersFor(labels) {
  const used = new Set();
  return labels.map((label) => {
    const plain = label.normalize("NFD").toLowerCase();
    const wanted = [
      ...(plain.match(/\b[a-z]/g) ?? []),
      ...(plain.match(/[a-z]/g) ?? []),
      ..."abcdefghijklmnopqrstuvwxyz",
    ];
    const letter = wanted.find((each) => !used.has(each)) ?? "";
    used.add(letter);
    return letter;
  });
}
