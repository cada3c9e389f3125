"""Typing errors and noise in some words of a segment, drawn from a generator.

Characters as people see them (Unicode's grapheme clusters) are moved, dropped and doubled whole.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby

import regex  # type: ignore[import-untyped]

ONE_WORD_OF = 10

_CLUSTER = regex.compile(r"\X")
_LETTER = regex.compile(r"\p{L}")
_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
# These scripts set no spaces between words: two characters stand for a word.
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
)

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_STRAY = ("~", "^", "|", "\\", "*", "_", "#", "=", "+")
_EMOJI = ("😀", "😂", "👍", "🔥", "🎉", "🤔")
_ENTITIES = ("&nbsp;", "&amp;", "&quot;", "&#39;", "&lt;br&gt;")

_Change = Callable[[list[str], random.Random], list[str]]


def with_typos(source: str, generator: random.Random) -> str:
    """Gives a segment with a typing error in one word of ten, at least in one."""
    return _with_changed_words(source, _LETTER, _with_typo, generator)


def with_noise(source: str, generator: random.Random) -> str:
    """Gives a segment with something strange in or after one word or number of ten."""
    return _with_changed_words(source, _LETTER_OR_DIGIT, _with_noise, generator)


def _with_changed_words(
    source: str, letter: regex.Pattern[str], change: _Change, generator: random.Random
) -> str:
    """Changes one word of ten, at least one, drawn without replacement."""
    clusters = list(source) if source.isascii() else _CLUSTER.findall(source)
    words = _words(clusters, letter)
    # The parts of "p.m." and the t of "don't" are no words to err in, unless there are no others.
    words = [(start, end) for start, end in words if end - start > 1] or words
    num_wanted = max(1, round(len(words) / ONE_WORD_OF))
    chosen = sorted(words, key=lambda _: generator.random())[:num_wanted]
    for start, end in sorted(chosen, reverse=True):
        clusters[start:end] = change(clusters[start:end], generator)
    return "".join(clusters)


def _words(clusters: Sequence[str], letter: regex.Pattern[str]) -> list[tuple[int, int]]:
    """Gives the words as (start, end); in scripts without spaces, every two characters."""
    words, start = [], 0
    for kind, group in groupby(clusters, key=lambda cluster: _kind(cluster, letter)):
        end = start + len(list(group))
        if kind == "word":
            words.append((start, end))
        elif kind == "unspaced":
            words += [(at, min(at + 2, end)) for at in range(start, end, 2)]
        start = end
    return words


@lru_cache(maxsize=10_000)
def _kind(cluster: str, letter: regex.Pattern[str]) -> str:
    if _UNSPACED.match(cluster) and letter.match(cluster):
        return "unspaced"
    return "word" if letter.match(cluster) else ""


def _with_typo(word: list[str], generator: random.Random) -> list[str]:
    """Swaps, drops, doubles or replaces one character of a word; it keeps at least one."""
    at = _draw(generator, len(word))
    neighbours = _neighbours(word[at])
    typos = [[*word[: at + 1], *word[at:]]]
    if len(word) > 1:
        typos.append(word[:at] + word[at + 1 :])
    if at + 1 < len(word) and word[at] != word[at + 1]:
        typos.append([*word[:at], word[at + 1], word[at], *word[at + 2 :]])
    if neighbours:
        other = neighbours[_draw(generator, len(neighbours))]
        typos.append([*word[:at], other, *word[at + 1 :]])
    return typos[_draw(generator, len(typos))]


def _neighbours(letter: str) -> str:
    """Gives the letters beside and below or above on a QWERTY keyboard, in the same case."""
    for number, row in enumerate(_ROWS):
        at = row.find(letter.lower()) if len(letter) == 1 else -1
        if at < 0:
            continue
        found = row[max(0, at - 1) : at] + row[at + 1 : at + 2]
        if number > 0:
            found += _ROWS[number - 1][at : at + 2]
        if number + 1 < len(_ROWS):
            found += _ROWS[number + 1][max(0, at - 1) : at + 1]
        return found.upper() if letter.isupper() else found
    return ""


def _with_noise(word: list[str], generator: random.Random) -> list[str]:
    """Adds what does not belong there, in a word (a stray character) or after it."""
    kind = _draw(generator, 4)
    if kind == 0:
        at = _draw(generator, len(word)) + 1
        return [*word[:at], _STRAY[_draw(generator, len(_STRAY))], *word[at:]]
    if kind == 1:
        return [*word, " "]
    if kind == 2:
        return [*word, f" {_EMOJI[_draw(generator, len(_EMOJI))]}"]
    return [*word, _ENTITIES[_draw(generator, len(_ENTITIES))]]


def _draw(generator: random.Random, count: int) -> int:
    """Draws a number below `count`; Python promises the same `random()` in later versions only."""
    return int(generator.random() * count)
