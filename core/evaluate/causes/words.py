"""The words of segments as they are counted: in lower case, and as numbers for quick counting."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import regex  # type: ignore[import-untyped]

from core.text.spans import UNSPACED

Integers: TypeAlias = npt.NDArray[np.integer[Any]]

_UNSPACED = regex.compile(UNSPACED)
# All writing without spaces is in here, and most other writing is not; found in a tenth of the time
# as Python's own expressions know no scripts.
_MAYBE_UNSPACED = re.compile("[\u0e00-\u1fff\u2e80-\U0010ffff]")

# The joiners stand inside words of Persian and of Indian scripts.
_SPACED_WORD = regex.compile(r"[\w\u200c\u200d]++")
# Unicode counts the long-vowel sign of kana to no script.
_WORD = regex.compile(rf"{UNSPACED}(?:\p{{M}}|ー)*+|(?:(?!{UNSPACED})[\w\u200c\u200d])++")


@dataclass(frozen=True, eq=False)
class NumberedWords:
    """The words of segments in one row.

    Attributes:
        ids: The number of each word, (words,).
        segments: The position of the segment of each word, (words,), ascending.
    """

    ids: Integers
    segments: Integers


@dataclass(frozen=True, eq=False)
class Occurrences:
    """How often things occur in segments.

    Attributes:
        keys: The number of a thing times the number of segments, plus the position of a segment in
            which it occurs, (occurrences,), ascending, each once.
        counts: How often it occurs there, (occurrences,), at least 1.
    """

    keys: Integers
    counts: Integers


def words_in(text: str) -> list[str]:
    """Gives the words of a text in lower case: letters, digits and marks; no punctuation.

    In writing without spaces between words each character counts as a word.
    """
    found: list[str] = _pattern(text).findall(unicodedata.normalize("NFC", text).lower())
    return found


def num_words(text: str) -> int:
    """Gives the number of words, as `words_in` sees them."""
    return len(_pattern(text).findall(text))


def is_mostly_unspaced(texts: Iterable[str]) -> bool:
    """Tells whether more than half of the words are characters of writing without spaces."""
    num_unspaced = num_all = 0
    for text in texts:
        num_all += num_words(text)
        if _has_unspaced(text):
            num_unspaced += sum(map(_is_unspaced, _WORD.findall(text)))
    return 2 * num_unspaced > num_all


def joined(words: Sequence[str]) -> str:
    """Gives words as a text for reading: with spaces, where their writing has any."""
    text = ""
    for word in words:
        is_close = not text or (_is_unspaced(word) and _is_unspaced(text[-1]))
        text += word if is_close else f" {word}"
    return text


def numbered(texts: Iterable[str], numbers: dict[str, int]) -> NumberedWords:
    """Gives the words of texts as numbers.

    Args:
        texts: One a segment.
        numbers: The number of each word known so far; new words are added.
    """
    ids, lengths = array("i"), array("i")
    for text in texts:
        words = words_in(text)
        lengths.append(len(words))
        ids.extend(numbers.setdefault(word, len(numbers)) for word in words)
    positions = np.arange(len(lengths), dtype=np.int32)
    return NumberedWords(np.array(ids, np.int32), np.repeat(positions, lengths))


def counted(ids: Integers, segments: Integers, num_segments: int) -> Occurrences:
    """Counts how often each number occurs in each segment.

    Args:
        ids: Numbers of things, (occurrences,).
        segments: The position of the segment of each, parallel to `ids`.
        num_segments: Of the whole test set.
    """
    keys, counts = np.unique(ids.astype(np.int64) * num_segments + segments, return_counts=True)
    return Occurrences(keys, counts)


def matched(hypotheses: Occurrences, references: Occurrences) -> Occurrences:
    """Gives what both have, as often as the one has it that has it less often."""
    keys, here, there = np.intersect1d(
        hypotheses.keys, references.keys, assume_unique=True, return_indices=True
    )
    return Occurrences(keys, np.minimum(hypotheses.counts[here], references.counts[there]))


def _pattern(text: str) -> regex.Pattern[str]:
    return _WORD if _has_unspaced(text) else _SPACED_WORD


def _has_unspaced(text: str) -> bool:
    if text.isascii() or not _MAYBE_UNSPACED.search(text):
        return False
    return bool(_UNSPACED.search(text))


def _is_unspaced(word: str) -> bool:
    return word == "ー" or bool(_UNSPACED.match(word))
