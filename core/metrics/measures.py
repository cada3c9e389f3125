"""What turns statistics of segments into a value: sacreBLEU's metrics, and means of scores.

Every measure works on rows of numbers, one row a segment. The rows of any selection of segments
are summed, and a formula makes a value of the sum: a corpus score, that of a bucket, or that of
one resample of a significance test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import DataError
from core.metrics import formulas
from core.metrics.formulas import Floats
from core.metrics.lexical import Family, MetricSpec, Score, sacrebleu_metric

Rows: TypeAlias = npt.NDArray[np.float64]

# References of each segment; for segments with more and less of them, as in sacreBLEU's signature.
VARYING = -1


@dataclass(frozen=True)
class Measure:
    """A metric as a function of summed statistics.

    Attributes:
        name: What people see, such as `BLEU lowercased`.
        signature: How to compute the value again.
        family: Which formula: sacreBLEU's three, or the mean of segment scores.
        is_lower_better: Whether a smaller value is a better one.
        beta: chrF's weight of recall; None for the others.
    """

    name: str
    signature: str
    family: Family | Literal["mean"]
    is_lower_better: bool = False
    beta: int | None = None

    def values(
        self, sums: Floats, num_segments: npt.ArrayLike, *, is_segments: bool = False
    ) -> Floats:
        """Gives the value of each row of sums, (rows,).

        Args:
            sums: Statistics summed over segments, (rows, k). sacreBLEU's formulas compute in the
                precision of these numbers.
            num_segments: How many segments each row is the sum of, (rows,) or one number.
            is_segments: Whether each row is one segment: BLEU then leaves out orders of n-grams
                that the segment is too short for.
        """
        if self.family == "bleu":
            return formulas.bleu(sums, effective_order=is_segments)
        if self.family == "chrf":
            return formulas.chrf(sums, beta=self.beta or 2)
        if self.family == "ter":
            return formulas.ter(sums)
        means: Floats = sums[:, 0] / np.asarray(num_segments)
        return means

    def resampled_values(self, sums: Rows, num_segments: int) -> Floats:
        """Gives the value of each resample, in single precision where sacreBLEU uses that."""
        if self.family == "mean":
            return self.values(sums, num_segments)
        return self.values(sums.astype(np.float32), num_segments)


def lexical_measure(spec: MetricSpec, *, num_references: int = 1) -> Measure:
    """Gives sacreBLEU's metric as a measure, with the signature that sacreBLEU prints.

    Args:
        spec: The metric.
        num_references: References of each segment, or `VARYING`.
    """
    metric = sacrebleu_metric(spec)
    metric.num_refs = num_references
    signature = f"{spec.signed_name}|{metric.get_signature()}"
    return Measure(spec.name, signature, spec.family, spec.is_lower_better, spec.beta)


def mean_measure(name: str, signature: str, *, is_lower_better: bool = False) -> Measure:
    """Gives the mean of segment scores as a measure: of an external scorer, a judge, people."""
    return Measure(name, signature, "mean", is_lower_better)


def mean_rows(scores: Sequence[float] | npt.NDArray[Any], *, name: str = "scores") -> Rows:
    """Makes statistics of segment scores, (segments, 1).

    Raises:
        DataError: There are none, or one of them is no finite number.
    """
    rows = np.asarray(scores, dtype=np.float64).reshape(-1, 1)
    if not len(rows):
        raise DataError(f"There are no {name} to take the mean of.")
    wrong = np.flatnonzero(~np.isfinite(rows[:, 0]))
    if len(wrong):
        raise DataError(
            f"Segment {wrong[0] + 1} of the {name} has the value {rows[wrong[0], 0]}; "
            f"{len(wrong)} of {len(rows)} are no finite numbers.",
            hint="Give every segment a score, or leave the segment out for all systems.",
        )
    return rows


def corpus_value(measure: Measure, rows: Rows) -> float:
    """Gives the value for all segments together, that of sacreBLEU's `corpus_score` exactly.

    Args:
        measure: What to compute.
        rows: Statistics of the segments, (segments, k); any selection of segments will do.

    Raises:
        DataError: There are no segments.
    """
    if not len(rows):
        raise DataError("There are no segments to score.")
    # One after the other as sacreBLEU adds them; `sum` does so only in some layouts of memory.
    sums = np.cumsum(rows, axis=0)[-1:]
    return float(measure.values(sums, len(rows))[0])


def segment_values(measure: Measure, rows: Rows) -> Rows:
    """Gives each segment's own value, that of sacreBLEU's `sentence_score`, (segments,)."""
    return measure.values(rows, 1, is_segments=True).astype(np.float64)


def score_of(measure: Measure, rows: Rows) -> Score:
    """Gives the value for all segments, not rounded, with signature and number of segments."""
    value = corpus_value(measure, rows)
    return Score(measure.name, value, measure.signature, len(rows), measure.beta)
