"""The words in which two texts differ, for reading one beside the other."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile
from typing import Literal

import regex  # type: ignore[import-untyped]
from rapidfuzz.distance import Indel

from core.text.spans import UNSPACED

Kind = Literal["same", "added", "removed"]

# A word, white space, or one character as the reader sees it: a mark, or any in writing without
# spaces.
_TOKEN = regex.compile(rf"(?:(?!{UNSPACED})[\w\u200c\u200d])++|\s++|\X")

# The search takes a bit of memory for each pair of tokens between the equal ends: 50 MB. That is
# 10,000 words with the spaces between them against as many.
_MAX_CELLS = 400_000_000


@dataclass(frozen=True)
class Part:
    """A piece of one text or of both.

    Attributes:
        text: Never empty.
        kind: In both texts ("same"), only in the first ("added") or only in the other ("removed").
    """

    text: str
    kind: Kind


def diff_words(text: str, other: str) -> list[Part]:
    """Gives what must be removed from and added to `other` to make it `text`.

    The parts "same" and "added" together are `text` exactly. "Same" and "removed" are `other`, but
    for words in canonically equivalent spellings (é as one character or as two): these are the
    same, in the spelling of `text`. Changes with only spaces between them are one, and what is
    removed comes first. Of texts with more than some 10,000 words only the equal ends are found.
    """
    parts = []
    for block in _without_gaps(_blocks(text, other)):
        if block.is_same:
            parts.append(Part(block.text, "same"))
            continue
        if block.other:
            parts.append(Part(block.other, "removed"))
        if block.text:
            parts.append(Part(block.text, "added"))
    return parts


@dataclass(frozen=True)
class _Block:
    """What stands at one place in both texts; one of the two may be empty."""

    text: str
    other: str
    is_same: bool


def _blocks(text: str, other: str) -> list[_Block]:
    tokens, other_tokens = _TOKEN.findall(text), _TOKEN.findall(other)
    opcodes = _opcodes(_normalized(tokens), _normalized(other_tokens))
    return _joined(
        _Block("".join(tokens[start:end]), "".join(other_tokens[first:last]), tag == "equal")
        for tag, first, last, start, end in opcodes
    )


def _without_gaps(blocks: list[_Block]) -> list[_Block]:
    """Counts spaces between two changes as changed, unless both only add or only remove."""
    closed = list(blocks)
    for place in range(1, len(blocks) - 1):
        block, before, after = blocks[place], blocks[place - 1], blocks[place + 1]
        is_gap = block.is_same and block.text.isspace() and "\n" not in block.text
        if is_gap and (before.text or after.text) and (before.other or after.other):
            closed[place] = replace(block, is_same=False)
    return _joined(closed)


def _joined(blocks: Iterable[_Block]) -> list[_Block]:
    """Makes one of neighbours of a kind, so that same and changed blocks take turns."""
    joined = []
    for is_same, group in groupby(blocks, key=lambda block: block.is_same):
        of_kind = list(group)
        text = "".join(block.text for block in of_kind)
        joined.append(_Block(text, "".join(block.other for block in of_kind), is_same))
    return joined


def _opcodes(
    tokens: Sequence[str], other_tokens: Sequence[str]
) -> Iterator[tuple[str, int, int, int, int]]:
    """Gives the steps from the other tokens to the tokens: (tag, start, end, start, end)."""
    start = _num_equal(tokens, other_tokens)
    rest, other_rest = tokens[start:], other_tokens[start:]
    num_last = _num_equal(rest[::-1], other_rest[::-1])
    end, other_end = len(tokens) - num_last, len(other_tokens) - num_last
    if (end - start) * (other_end - start) <= _MAX_CELLS:
        yield from map(tuple, Indel.opcodes(other_tokens, tokens))
        return
    if start:
        yield "equal", 0, start, 0, start
    yield "replace", start, other_end, start, end
    if num_last:
        yield "equal", other_end, len(other_tokens), end, len(tokens)


def _num_equal(tokens: Sequence[str], other_tokens: Sequence[str]) -> int:
    """Gives the number of equal tokens at the start."""
    pairs = zip(tokens, other_tokens, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _normalized(tokens: Sequence[str]) -> list[str]:
    return [unicodedata.normalize("NFC", token) for token in tokens]
