"""The inline markup of Markdown, cut out of a block's text with its positions."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from markdown_it.common.utils import normalizeReference

from core.serving.documents.splicing import Slot, SplicedText, one_line

# Whatever is taken for markup without being it does no harm: it stays where it is, unchanged.
_MARKUP = re.compile(
    r"""(?P<escape>\\[!-/:-@\[-`{-~])
    |(?P<line_break>(?:(?<![ ])[ ]{2,}+|\\)\n)
    |(?P<ticks>`+)
    |(?P<note>\[(?:\^[^\]\s]+|[ xX])\])
    |(?P<reference>(?<!\])\[(?P<label>[^\[\]\\]{1,999})\](?:\[\])?(?![\[(:]))
    |(?P<image>!?\[)
    |(?P<target>\](?:\((?:[^()\\<>]|\\.|<[^<>\n]*>|\([^()]*\))*+\)|\[[^\[\]]*\])?)
    |(?P<tag><[a-zA-Z/!?][^<>]*>)
    |(?P<emphasis>(?<=\S)\*+|\*+(?=\S)|~~|(?<!\w)_+|_+(?!\w))
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|(&#?\w{1,40};)")
_SPECIAL = re.compile(r"[\\`*\[\]<|]|(?<!\w)_|_(?!\w)|~(?=~)|&(?=#?\w{1,40};)")
_BLOCK_START = re.compile(r"(\s*)(#{1,6}(?=\s|$)|[-+](?=\s|$)|[-=]+\s*$|>|~~~)")
_NUMBERED = re.compile(r"(\s*\d{1,9})([.)])(?=\s|$)")


def add_block(
    document: SplicedText,
    source: str,
    gaps: Sequence[str],
    references: frozenset[str],
    *,
    is_heading: bool,
) -> None:
    """Adds a block to `document`: its markup stays, its text is a unit.

    Args:
        document: Gets the pieces.
        source: The lines of the block, without what marks them as part of a quote or list.
        gaps: What stands in the file in place of each line break of `source`.
        references: The normalized labels that links may refer to.
        is_heading: Whether a number sign at the end would be lost.
    """
    remaining_gaps = iter(gaps)
    slots: list[Slot] = []
    emphasis: list[int] = []
    is_start = True
    for piece, is_markup in _pieces(source, references):
        raw = re.sub("\n", lambda _: next(remaining_gaps), piece)
        if is_markup:
            index = document.keep(raw)
            is_start = "\n" in piece
            if not piece.strip("*_~"):
                emphasis.append(index)
        else:
            escape = partial(_escape, is_start=is_start, is_heading=is_heading)
            slots.append(document.slot(raw, _unescape(piece), escape))
            is_start = False
    # Around nothing, it would be read as asterisks.
    document.unit(slots, is_flowing=True, drop_if_plain=emphasis)


def _pieces(source: str, references: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Gives the pieces of the source in order and whether each is markup; text may be empty."""
    closing = _tick_runs(source)
    position = start = 0
    while match := _MARKUP.search(source, position):
        position = match.end()
        end = _markup_end(match, closing, references)
        if end > match.start():
            yield source[start : match.start()], False
            yield source[match.start() : end], True
            position = start = end
        elif match.lastgroup == "reference":
            # Not one that is defined: its bracket alone is taken for markup.
            yield source[start : match.start()], False
            yield "[", True
            position = start = match.start() + 1
    yield source[start:], False


def _markup_end(
    match: re.Match[str], closing: dict[int, list[int]], references: frozenset[str]
) -> int:
    """Gives where the markup that starts at the match ends; 0 if it is none."""
    if match["escape"]:
        return 0
    if match["label"] and normalizeReference(match["label"]) not in references:
        return 0
    if not match["ticks"]:
        return match.end()
    length = len(match["ticks"])
    ends = closing[length]
    index = bisect_right(ends, match.start())
    return ends[index] + length if index < len(ends) else 0


def _tick_runs(source: str) -> dict[int, list[int]]:
    """Gives where the runs of backticks start, by their length."""
    runs: dict[int, list[int]] = defaultdict(list)
    for match in re.finditer("`+", source):
        runs[len(match[0])].append(match.start())
    return runs


def _unescape(piece: str) -> str:
    return _ESCAPED.sub(lambda match: match[1] or html.unescape(match[2]), piece)


def _escape(text: str, *, is_start: bool, is_heading: bool) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", one_line(text))
    if is_start:
        text = _BLOCK_START.sub(r"\1\\\2", text, count=1) if _BLOCK_START.match(text) else text
        text = _NUMBERED.sub(r"\1\\\2", text, count=1) if _NUMBERED.match(text) else text
    return re.sub(r"#(\s*)$", r"\\#\1", text) if is_heading else text
