"""Sentences of a text, and parts of a sentence that is too long for the model."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]
import sentencex  # type: ignore[import-untyped]

from core.languages import language
from core.text.spans import Span, body_of, has_letters, is_mark, spans_in

# Stops inside a sentence, each with the white space that follows; those of writing without spaces
# need none.
_STOP = regex.compile(r"(?:[;:,.!?–—،؛؟۔।॥]['\"”’»)\]]*\s+|[，；：、。！？።၊။།។]\s*)")
_SPACE = regex.compile(r"\s+")
_SURROGATE = regex.compile("[\ud800-\udfff]")
_GRAPHEME = regex.compile(r"\X")

# Graphemes are looked at so far behind a limit, to know whether one ends there.
_LOOKAHEAD_CHARS = 64


@dataclass(frozen=True)
class Piece:
    """A part of a text; all pieces joined give the text.

    Attributes:
        text: The characters, never empty.
        is_translatable: False for white space and for what has no letters.
    """

    text: str
    is_translatable: bool


def split_text(text: str, lang: str) -> list[Piece]:
    """Splits a text into sentences and what stands between them.

    A line is a paragraph: no sentence goes across its end. The white space around a sentence,
    line ends and parts without any letter are pieces that are not translated; two of them never
    follow each other.

    Args:
        text: Any text.
        lang: FLORES-200 code; where a language's rules are not known, the common ones are used.

    Raises:
        ConfigError: `lang` is no FLORES-200 code.
    """
    iso = language(lang).iso
    pieces: list[Piece] = []
    kept: list[str] = []  # what stays as it is, since the last sentence
    for line in text.splitlines(keepends=True):
        for sentence in _sentences(line, iso):
            start, end = body_of(sentence)
            if not has_letters(sentence):
                kept.append(sentence)
                continue
            kept.append(sentence[:start])
            pieces += _untranslated(kept)
            pieces.append(Piece(sentence[start:end], True))
            kept = [sentence[end:]]
    return pieces + _untranslated(kept)


def split_long(sentence: str, num_tokens: Callable[[str], int], max_tokens: int) -> list[str]:
    """Splits a sentence into parts that the model can read; joined they give the sentence.

    Cuts behind a stop such as `;` or `,`, else behind white space, else between two characters as
    a reader sees them, and not inside a placeholder, a tag or a link unless it is too long itself.

    Args:
        sentence: Any text.
        num_tokens: Gives the number of tokens of a text.
        max_tokens: No part has more, but for a single character that alone has more.
    """
    fits = _Measure(sentence, num_tokens, max_tokens)
    spans = spans_in(sentence)
    parts: list[str] = []
    start, guess = 0, max(2 * max_tokens, 1)
    while start < len(sentence):
        limit = _farthest_end(fits, start, len(sentence), guess)
        end = _cut(sentence, start, limit, spans)
        while end > start + 1 and not fits(start, end):
            # A shorter text can have more tokens than a longer one; then less is tried.
            end = _cut(sentence, start, start + max(1, (end - start) * 3 // 4), spans)
        parts.append(sentence[start:end])
        guess = max(end - start, 1)
        start = end
    return parts


def _sentences(line: str, iso: str) -> Sequence[str]:
    """Gives the sentences of a line, each with the white space behind it."""
    # Marks hide the end of a sentence, and sentencex refuses lone surrogates.
    offsets = [offset for offset, char in enumerate(line) if not is_mark(char)]
    plain = "".join(line[offset] for offset in offsets)
    plain = _SURROGATE.sub("\ufffd", plain)
    found: list[str] = sentencex.segment(iso, plain)
    if "".join(found) != plain:
        return [line]
    sentences = []
    start = length = 0
    for sentence in found[:-1]:
        length += len(sentence)
        end = offsets[length - 1] + 1
        # A mark that touches the sentence before it belongs to it, as a closing tag does.
        while not line[end - 1].isspace() and is_mark(line[end]):
            end += 1
        sentences.append(line[start:end])
        start = end
    return [*sentences, line[start:]]


def _untranslated(texts: Iterable[str]) -> list[Piece]:
    joined = "".join(texts)
    return [Piece(joined, False)] if joined else []


@dataclass(frozen=True)
class _Measure:
    """Tells whether a part of the sentence has few enough tokens."""

    sentence: str
    num_tokens: Callable[[str], int]
    max_tokens: int

    def __call__(self, start: int, end: int) -> bool:
        return self.num_tokens(self.sentence[start:end]) <= self.max_tokens


def _farthest_end(fits: _Measure, start: int, length: int, guess: int) -> int:
    """Gives about the last end that still fits, in a logarithmic number of measurements."""
    low, high = start, min(start + guess, length)
    while fits(start, high):
        if high == length:
            return length
        low, high = high, min(high + (high - start), length)
    while high - low > max(1, (low - start) // 16):
        middle = (low + high) // 2
        low, high = (middle, high) if fits(start, middle) else (low, middle)
    return max(low, start + 1)


def _cut(sentence: str, start: int, limit: int, spans: Sequence[Span]) -> int:
    """Gives the best place to cut behind `start` and not behind `limit`."""
    if limit >= len(sentence):
        return len(sentence)
    far_enough = start + (limit - start) // 3
    for pattern, lowest in ((_STOP, far_enough), (_SPACE, start)):
        ends = [match.end() for match in pattern.finditer(sentence, start, limit)]
        for end in reversed(ends):
            if end <= lowest:
                break
            if _is_free(sentence, end, spans):
                return int(end)
    ends = [match.end() for match in _GRAPHEME.finditer(sentence, start, limit + _LOOKAHEAD_CHARS)]
    whole = [end for end in ends if end <= limit]
    for end in reversed(whole):
        if _is_free(sentence, end, spans):
            return int(end)
    return int(whole[-1]) if whole else limit


def _is_free(sentence: str, end: int, spans: Sequence[Span]) -> bool:
    """Tells whether a cut takes apart neither a protected part nor a mark from its word."""
    before = bisect_left(spans, end, key=lambda span: span.start) - 1
    if before >= 0 and end < spans[before].end:
        return False
    left, right = sentence[end - 1], sentence[end : end + 1]
    return left.isspace() or is_mark(left) == is_mark(right or " ")
