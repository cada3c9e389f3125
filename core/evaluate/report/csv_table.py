"""An evaluation as CSV for spreadsheets, R and pandas: unrounded, and no cell is a formula."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from core.evaluate.report.figures import system_name
from core.evaluate.report.table import Cell
from core.evaluate.results import EvaluationResult, MetricResult, SystemResult
from core.storage.cells import csv_line

_TEST_SET_COLUMNS = (
    "baseline", "test", "samples", "seed", "alpha", "references", "test_set", "split",
    "test_set_hash", "src_lang", "tgt_lang", "leak_badge", "leak", "made_at",
)  # fmt: skip
_METRIC_COLUMNS = ("metric", "metric_name", "kind", "lower_is_better", "signature", "beta")
_DIFFERENCE_COLUMNS = (
    "delta", "delta_low", "delta_high", "p", "p_corrected", "significant", "better",
)  # fmt: skip

SCORE_COLUMNS = (
    "system", "set_id", "system_id", *_METRIC_COLUMNS, "value", "low", "high", "mean",
    "half_width", "n", *_DIFFERENCE_COLUMNS, "cluster", "best_rank", "worst_rank",
    "num_translated", "num_failed", "num_empty", "excluded", "note", *_TEST_SET_COLUMNS,
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "system", "set_id", *_METRIC_COLUMNS, *_DIFFERENCE_COLUMNS, "n", *_TEST_SET_COLUMNS,
)  # fmt: skip


def scores_csv(result: EvaluationResult) -> Iterator[str]:
    """Gives a line for each system and metric, with its difference from the baseline and its rank.

    A system that was not scored has lines too, with the reason in place of values.
    """
    return csv_lines(_lines(SCORE_COLUMNS, _score_rows(result)))


def differences_csv(result: EvaluationResult) -> Iterator[str]:
    """Gives a line for each system and metric that was compared with the baseline."""
    rows = (row for row in _score_rows(result) if row["delta"] is not None)
    return csv_lines(_lines(DIFFERENCE_COLUMNS, rows))


def csv_lines(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Gives rows as lines of CSV, one by one.

    Numbers are written so that reading them gives the same bits; what is unknown is empty. Texts
    that a spreadsheet would take for a formula get an apostrophe before them.

    Args:
        rows: The header first.
    """
    for row in rows:
        yield csv_line(_known(cell) for cell in row)


def _known(cell: Cell) -> Cell:
    is_unknown = isinstance(cell, float) and not math.isfinite(cell)
    return None if is_unknown else cell


def _lines(columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> Iterator[Sequence[Cell]]:
    yield columns
    for row in rows:
        yield [row[column] for column in columns]


def _score_rows(result: EvaluationResult) -> Iterator[dict[str, Any]]:
    about_test_set = {
        **vars(result),
        "baseline": system_name(result, result.baseline_id),
        "samples": result.num_samples,
        "references": " | ".join(result.references),
        "test_set": result.test_set_name,
    }
    for system in result.systems:
        for metric in result.metrics:
            row = _score_row(result, system, metric)
            yield {**dict.fromkeys(SCORE_COLUMNS), **about_test_set, **row}


def _score_row(
    result: EvaluationResult, system: SystemResult, metric: MetricResult
) -> dict[str, Any]:
    row = {
        **asdict(system),
        **asdict(metric),
        "system": system.name,
        "metric": metric.key,
        "metric_name": metric.name,
        "lower_is_better": metric.is_lower_better,
    }
    for each in (
        result.score(system.set_id, metric.key),
        result.rank(system.set_id, metric.key),
    ):
        row |= vars(each) if each else {}
    row["n"] = row.get("num_segments")
    difference = result.difference(system.set_id, metric.key)
    if difference:
        row |= {
            "delta": difference.delta,
            "delta_low": difference.low,
            "delta_high": difference.high,
            "p": difference.p_value,
            "p_corrected": difference.p_corrected,
            "significant": difference.is_significant,
            "better": difference.is_better,
        }
    return row
