"""What a command answers: plain values for programs, text for people."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.settings import Settings

INTERRUPTED = 130  # exit status after Ctrl-C, as shells give it


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


def given_options(model: type[Settings], chosen: argparse.Namespace) -> dict[str, Any]:
    """Gives the options of a settings model that were given."""
    values = {name: getattr(chosen, name, None) for name in model.model_fields}
    return {name: value for name, value in values.items() if value is not None}
