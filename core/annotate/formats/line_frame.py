"""What a file of lines holds besides its rows, so that it can be written again byte by byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_MARK = "\ufeff"
_ALL = "all"


def frame_of(data: bytes) -> dict[str, Any]:
    """Gives header line, byte-order mark, line ends and blank lines of a file in UTF-8, as JSON.

    The lines between are rows, which know their number. What follows the last line feed counts as
    a line, so that a missing one at the end is kept.
    """
    text = data.decode("utf-8")
    lines = text.removeprefix(_MARK).split("\n")
    returns = [number for number, line in enumerate(lines, start=1) if line.endswith("\r")]
    plain = [line.removesuffix("\r") for line in lines]
    blank = [[at, line] for at, line in enumerate(plain, start=1) if at > 1 and not line.strip()]
    return {
        "header": plain[0],
        "has_byte_order_mark": text.startswith(_MARK),
        "returns": _ALL if returns == list(range(1, len(lines))) and returns else returns,
        "blank_lines": blank,
    }


def framed(frame: Mapping[str, Any], rows: Iterable[tuple[int | None, str]]) -> bytes:
    """Gives the file with a frame.

    Args:
        frame: As `frame_of` gives it.
        rows: Number of the line and line; those without a number follow the last that has one.
    """
    placed = [(1, 0, str(frame["header"]))]
    placed += [(int(number), 0, str(line)) for number, line in frame["blank_lines"]]
    new = []
    last = 1
    for number, line in rows:
        if number is None:
            new.append(line)
        else:
            placed.append((number, 0, line))
            last = max(last, number)
    placed += [(last, 1 + at, line) for at, line in enumerate(new)]
    placed.sort(key=lambda each: each[:2])
    returns = frame["returns"]
    numbers = () if returns == _ALL else frozenset(returns)
    ended = [
        f"{line}\r" if number in numbers or (returns == _ALL and at < len(placed)) else line
        for at, (number, _, line) in enumerate(placed, start=1)
    ]
    mark = _MARK if frame["has_byte_order_mark"] else ""
    return (mark + "\n".join(ended)).encode("utf-8")


def new_frame(header: Sequence[str]) -> dict[str, Any]:
    """Gives the frame of a new file of tab-separated lines, which ends in a line feed."""
    return {
        "header": "\t".join(header),
        "has_byte_order_mark": False,
        "returns": [],
        "blank_lines": [[2**31, ""]],
    }


def row_origin(number: int, raw: Sequence[str], usual: Sequence[str]) -> dict[str, Any]:
    """Gives what must be known of a row beyond its values to write it as it was, as JSON.

    Args:
        number: Of its line.
        raw: Its cells in the file.
        usual: Its cells as they would be written.
    """
    padded = [*usual, *[""] * (len(raw) - len(usual))]
    pairs = zip(padded, raw, strict=False)
    cells = {str(at): [own, cell] for at, (own, cell) in enumerate(pairs) if own != cell}
    origin: dict[str, Any] = {"row": number}
    if cells:
        origin["cells"] = cells
    if len(raw) != len(usual):
        origin["width"] = len(raw)
    return origin


def row_line(usual: Sequence[str], origin: Mapping[str, Any]) -> tuple[int | None, str]:
    """Gives number and line of a row; a value that was changed since is written as it is now."""
    cells = list(usual)
    width = int(origin.get("width", len(cells)))
    cells += [""] * (width - len(cells))
    for at, (own, raw) in origin.get("cells", {}).items():
        if cells[int(at)] == own:
            cells[int(at)] = raw
    return origin.get("row"), "\t".join(cells[:width])
