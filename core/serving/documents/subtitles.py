"""Subtitles as SRT: a unit a cue; times, numbers and tags stay."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator
from functools import partial

from core.errors import DataError
from core.serving.documents.decoding import decoded
from core.serving.documents.document import Document, Upload
from core.serving.documents.splicing import SplicedText, one_line

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_TIME = r"\d{1,9}:\d{1,9}:\d{1,9}(?:[,.:]\d{0,9})?"
_TIMING = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}")
_NUMBER = re.compile(r"[ \t]*\d{1,18}[ \t]*[\r\n]*")
_TAG = re.compile(r"(<[^<>\r\n]{1,200}>|\{\\[^{}\r\n]{1,200}\})")
_SPEAKER = re.compile(r"[ \t]*[-\u2013\u2014][ \t]*")


def read_subtitles(file: Upload) -> Document:
    """Reads subtitles; the lines of a cue are one unit, unless each is said by another speaker.

    The `srt` package is not used: its search takes quadratic time on blank lines and gives no
    positions, with which all but the text stays the same by bytes.

    Raises:
        DataError: The file is no text in UTF-8 or UTF-16, or has text without a time.
    """
    text = decoded(file)
    document = SplicedText(file.name, text)
    lines = [match[0] for match in _LINE.finditer(text.text)]
    cues = [index for index, line in enumerate(lines) if _TIMING.match(line)]
    starts = [_start(lines, cue) for cue in cues] + [len(lines)]
    for number, line in enumerate(lines[: starts[0]], 1):
        if line.strip():
            raise DataError(
                f"Line {number:,} of '{file.name}' comes without a time.",
                hint="A cue starts with a line such as 00:00:01,000 --> 00:00:03,500.",
            )
    document.keep("".join(lines[: starts[0]]))
    for cue, start, end in zip(cues, starts, starts[1:], strict=False):
        document.keep("".join(lines[start : cue + 1]))
        for group in _groups(lines[cue + 1 : end]):
            _add(document, group)
    return document


def _start(lines: list[str], cue: int) -> int:
    """Gives the line on which the cue starts: its number, if it has one."""
    has_number = cue > 0 and _NUMBER.fullmatch(lines[cue - 1])
    return cue - 1 if has_number else cue


def _groups(lines: list[str]) -> Iterator[str]:
    """Gives the lines that make one unit, joined."""
    group: list[str] = []
    for line in lines:
        if group and (not line.strip() or not group[-1].strip() or _SPEAKER.match(line)):
            yield "".join(group)
            group = []
        group.append(line)
    yield "".join(group)


def _add(document: SplicedText, group: str) -> None:
    speaker = _SPEAKER.match(group)
    if speaker:
        document.keep(speaker[0])
        group = group[speaker.end() :]
    slots = []
    for position, piece in enumerate(_TAG.split(group)):
        if position % 2:
            document.keep(piece)
        else:
            slots.append(document.slot(piece, piece, partial(_wrapped, piece)))
    document.unit(slots, is_flowing=True)


def _wrapped(old: str, text: str) -> str:
    """Gives `text` on about as many lines of like length as `old` has."""
    line_end = re.search(r"\r\n|\r|\n", old.strip())
    lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    core = one_line(text.strip())
    if line_end:
        num_lines = len(old.strip().splitlines())
        width = max(1, math.ceil(len(core) / num_lines))
        lines = _lines(core, width)
        while len(lines) > num_lines and width < len(core):
            width += 1 + width // 10
            lines = _lines(core, width)
        core = line_end[0].join(lines)
    return lead + core + trail


def _lines(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
