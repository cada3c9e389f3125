"""What a bench found, and how it is printed and kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Measure:
    """One measured value.

    Attributes:
        name: What was measured.
        value: The figure.
        unit: What it counts; `%` and `x` stand close behind the figure.
        limit: What the project requires of it; None for what is told without a requirement.
        sense: Whether the value may be at most or must be at least the limit.
        spread: Smallest and largest of the repeats, where there were some.
    """

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    sense: Literal["at most", "at least"] = "at most"
    spread: tuple[float, float] | None = None

    @property
    def verdict(self) -> str:
        """`met` or `missed`; empty without a requirement."""
        if self.limit is None:
            return ""
        fits = self.value <= self.limit if self.sense == "at most" else self.value >= self.limit
        return "met" if fits else "missed"

    @property
    def shown(self) -> str:
        """The value with its unit and spread."""
        text = _figure(self.value, self.unit)
        if self.spread:
            low, high = self.spread
            text += f" ({_figure(low, '')} to {_figure(high, '')})"
        return text

    @property
    def requirement(self) -> str:
        """The requirement in words."""
        return "" if self.limit is None else f"{self.sense} {_figure(self.limit, self.unit)}"


@dataclass
class Result:
    """What one bench found.

    Attributes:
        name: The bench.
        measures: Its rows in the final table.
        lines: What is said on the terminal beside the table.
        details: The raw figures, for the results file.
        skipped: Why nothing was measured; empty when something was.
    """

    name: str
    measures: list[Measure] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    skipped: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Gives plain values with the verdicts."""
        values = asdict(self)
        for row, measure in zip(values["measures"], self.measures, strict=True):
            row["verdict"] = measure.verdict
        return values


def repeated(
    name: str,
    values: Sequence[float],
    unit: str = "",
    limit: float | None = None,
    sense: Literal["at most", "at least"] = "at most",
) -> Measure:
    """Gives the median of some repeats as a measure with its spread."""
    spread = (min(values), max(values))
    return Measure(name, median(values), unit, limit, sense, spread)


def say(text: str) -> None:
    """Writes a line at once, so that one sees how far a long bench is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(results: Sequence[Result]) -> str:
    """Gives the final table: measure, value, requirement, met or missed."""
    rows = [("measure", "value", "requirement", "")]
    for result in results:
        if result.skipped:
            rows.append((f"{result.name}: not measured", result.skipped, "", ""))
        for measure in result.measures:
            name = f"{result.name}: {measure.name}"
            rows.append((name, measure.shown, measure.requirement, measure.verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        " | ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    ]
    lines.insert(1, "-|-".join("-" * width for width in [*widths, 6]))
    return "\n".join(line.rstrip() for line in lines)


def keep(folder: Path, time: str, host: dict[str, Any], results: Sequence[Result]) -> Path:
    """Writes all figures to `folder` and gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time}.json"
    values = {"time": time, "host": host, "results": [result.as_dict() for result in results]}
    path.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def _figure(value: float, unit: str) -> str:
    is_round = float(value).is_integer() or abs(value) >= 100
    number = f"{value:,.{0 if is_round else 1 if abs(value) >= 10 else 2}f}"
    return f"{number}{unit}" if unit in ("x", "") else f"{number} {unit}"
