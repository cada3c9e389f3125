"""What a command answers: plain values for programs, text for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """The result of a command.

    Attributes:
        text: For people.
        values: The same for programs, as one JSON object.
        status: Exit status.
    """

    text: str
    values: dict[str, Any] = field(default_factory=dict)
    status: int = 0


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Gives an aligned text table."""
    cells = [list(header), *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in lines)
