"""Pages of a split for people to read, all of it or what holds some words.

Case does not count, nor whether an accent is a character of its own. Most lines that cannot hold
the words are passed over as bytes: a million rows take about a second.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import regex  # type: ignore[import-untyped]

from core.corpora.row_index import rows_between
from core.corpora.segments import Row
from core.errors import ConfigError

Side = Literal["both", "source", "target"]

MAX_COUNTED = 10_000
MAX_PATTERN_CHARS = 1000
ROW_LIMIT_S = 1.0
PATTERN_LIMIT_S = 10.0

_BLOCK_BYTES = 1 << 20
_ASCII = bytes(range(0x80))

# Beyond these planes no character is folded into another one.
_FOLDED_CODES = range(0x80, 0x30000)

_Test = Callable[[str, int], bool]


@dataclass(frozen=True)
class Page:
    """Rows of a split.

    Attributes:
        rows: Numbers, from 1, and the rows themselves.
        num_matching: Rows of the split that match, on this page and elsewhere.
        is_count_exact: False where the search ended early; then there may be more.
        num_searched: Rows that were looked at.
    """

    rows: tuple[tuple[int, Row], ...]
    num_matching: int
    is_count_exact: bool
    num_searched: int


def page(
    path: Path,
    *,
    search: str = "",
    in_side: Side = "both",
    is_pattern: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """Gives rows of a split, or of those that hold some words; no file means no rows.

    Counting ends at 10,000 matching rows, unless the page lies behind them.

    Args:
        path: The file of the split.
        search: What the rows must hold; empty for all rows.
        in_side: Where it must stand.
        is_pattern: Whether `search` is a regular expression.
        limit: Rows on a page.
        offset: Rows before it.

    Raises:
        ConfigError: The regular expression is none, or it takes too long.
    """
    offset, limit = max(0, offset), max(0, limit)
    if not search:
        lines, count = rows_between(path, offset, offset + limit)
        found = tuple(enumerate(map(_row, _parsed(lines)), start=offset + 1))
        return Page(found, count, True, count)
    test = _pattern_test(search) if is_pattern else _text_test(search)
    needles = None if is_pattern else _needles(_folded(search))
    return _searched(path, _on_sides(test, in_side), needles, limit, offset)


def _searched(
    path: Path,
    matches: Callable[[dict[str, str], int], bool],
    needles: Sequence[bytes] | None,
    limit: int,
    offset: int,
) -> Page:
    enough = max(MAX_COUNTED, offset + limit)
    rows: list[tuple[int, Row]] = []
    count = num_read = 0
    for numbers, lines, num_lines in _blocks(path, needles):
        for number, record in zip(numbers, _parsed(lines), strict=True):
            try:
                if not matches(record, number):
                    continue
            except _OutOfTimeError:
                return Page(tuple(rows), count, False, number - 1)
            count += 1
            if offset < count <= offset + limit:
                rows.append((number, _row(record)))
            if count > enough:
                return Page(tuple(rows), enough, False, number)
        num_read += num_lines
    return Page(tuple(rows), count, True, num_read)


def _blocks(
    path: Path, needles: Sequence[bytes] | None
) -> Iterator[tuple[Sequence[int], list[bytes], int]]:
    """Gives numbers and lines that may match, some thousand rows at a time.

    The third value is the number of rows among which they were found.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    count = 0
    with file:
        while block := file.read(_BLOCK_BYTES):
            block += file.readline()
            block = block.removesuffix(b"\n")
            num_lines = block.count(b"\n") + 1
            if needles is None:
                numbers: Sequence[int] = range(count + 1, count + 1 + num_lines)
                lines = block.split(b"\n")
            else:
                numbers, lines = _lines_with(needles, block, count + 1)
            count += num_lines
            yield numbers, lines, num_lines


def _lines_with(
    needles: Sequence[bytes], block: bytes, first_number: int
) -> tuple[list[int], list[bytes]]:
    """Gives numbers and lines that hold one of the needles; ASCII letters in any case."""
    lowered = block.lower()
    # Most needles are rare characters, which are quickly ruled out in what is not ASCII.
    rest = block.translate(None, _ASCII)
    present = [
        needle for needle in needles if needle.isascii() or needle.translate(None, _ASCII) in rest
    ]
    starts: set[int] = set()
    for needle in present:
        at = lowered.find(needle)
        while at >= 0:
            starts.add(lowered.rfind(b"\n", 0, at) + 1)
            end = lowered.find(b"\n", at)
            at = lowered.find(needle, end) if end >= 0 else -1
    numbers, lines = [], []
    number, last = first_number, 0
    for start in sorted(starts):
        number += block.count(b"\n", last, start)
        last = start
        end = block.find(b"\n", start)
        numbers.append(number)
        lines.append(block[start : end if end >= 0 else len(block)])
    return numbers, lines


def _parsed(lines: Sequence[bytes]) -> list[Any]:
    # One parse of many lines is twice as fast as one a line.
    found: list[Any] = json.loads(b"[" + b",".join(lines) + b"]")
    return found


def _row(record: dict[str, str]) -> Row:
    return Row(record["source"], record["target"], record.get("document", ""))


def _on_sides(test: _Test, in_side: Side) -> Callable[[dict[str, str], int], bool]:
    sides = ("source", "target") if in_side == "both" else (in_side,)
    return lambda record, number: any(test(record[side], number) for side in sides)


def _text_test(search: str) -> _Test:
    wanted = _folded(search)
    return lambda text, _: wanted in _folded(text)


class _OutOfTimeError(Exception):
    """A search by pattern has used up its time."""


def _pattern_test(search: str) -> _Test:
    if len(search) > MAX_PATTERN_CHARS:
        raise ConfigError(
            f"The regular expression has {len(search):,} characters, more than the "
            f"{MAX_PATTERN_CHARS:,} allowed.",
            hint="Search for less.",
        )
    try:
        pattern = regex.compile(unicodedata.normalize("NFC", search), regex.IGNORECASE)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise ConfigError(
            f"{search[:100]!r} is no regular expression: {error}.",
            hint=r"Put a backslash before ( ) [ ] { } . * + ? ^ $ | \ to find the sign itself.",
        ) from None
    end = monotonic() + PATTERN_LIMIT_S

    def test(text: str, number: int) -> bool:
        if monotonic() > end:
            raise _OutOfTimeError
        try:
            # Other threads of the page server go on meanwhile.
            found = pattern.search(
                unicodedata.normalize("NFC", text), timeout=ROW_LIMIT_S, concurrent=True
            )
        except TimeoutError:
            raise ConfigError(
                f"The regular expression {search[:100]!r} takes more than {ROW_LIMIT_S:g} s on row "
                f"{number:,}.",
                hint="Avoid a repetition inside of a repetition, such as (a+)+.",
            ) from None
        return found is not None

    return test


def _folded(text: str) -> str:
    """Gives a text in which case and the form of accents make no difference."""
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", composed.casefold())


def _needles(wanted: str) -> list[bytes] | None:
    """Gives bytes of which a line that holds a folded text has at least one; None if unknown.

    ASCII letters in them stand for either case.
    """
    runs = "".join(char if _is_literal(char) else "\n" for char in wanted).split("\n")
    longest = max((run.encode() for run in runs), key=len)
    if not longest:
        return None
    origins = {origin for char in longest.decode() for origin in _origins().get(char, ())}
    # An escape of JSON can stand for any character.
    return [longest, rb"\u", *(origin.encode() for origin in sorted(origins))]


def _is_literal(char: str) -> bool:
    """Tells whether a line has a folded character as it is or as one of its `_origins`.

    A letter with an accent may stand there as two characters, a quotation mark escaped.
    """
    if not char.isprintable() or char in '"\\':
        return False
    if char.isascii():
        return True
    return unicodedata.normalize("NFD", char) == char and not unicodedata.combining(char)


@cache
def _origins() -> dict[str, set[str]]:
    """Gives the characters beyond ASCII that are folded into others, such as K, ß and ﬁ."""
    found: dict[str, set[str]] = {}
    for code in _FOLDED_CODES:
        char = chr(code)
        folded = _folded(char)
        if folded != char:
            for part in folded:
                found.setdefault(part, set()).add(char)
    return found
