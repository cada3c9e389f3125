"""What a report shows beside the scores: segments, buckets, checks, what was published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from core.evaluate.causes.buckets import by_length
from core.evaluate.causes.checks import CHECKS, Finding
from core.evaluate.causes.segment_view import SegmentOrder, SegmentTable, select_segments
from core.evaluate.evaluating import Evaluated
from core.evaluate.measuring import MeasuredMetric, segment_scores, subset_scores
from core.evaluate.published import published_scores
from core.evaluate.report.table import Cell, Supplement, Table

NUM_SHOWN = 200


def supplement_of(
    found: Evaluated, findings: Mapping[str, Mapping[str, Finding]] | None = None
) -> Supplement:
    """Gives the tables that go with an evaluation.

    Args:
        found: The evaluation.
        findings: What checks found, by translation set and check; None leaves them out.
    """
    result = found.result
    return Supplement(
        segments=_segments(found),
        buckets=(_lengths(found),),
        checks=() if findings is None else (_checks(found, findings),),
        published=tuple(published_scores(result.src_lang, result.tgt_lang)),
    )


def _leading(found: Evaluated) -> MeasuredMetric:
    """Gives the metric by which segments are compared: chrF suits single ones best."""
    by_key = {each.key: each for each in found.metrics}
    preferred = (by_key[key] for key in ("chrf2", "chrf++") if key in by_key)
    return next(preferred, found.metrics[0])


def _rival(found: Evaluated, metric: MeasuredMetric) -> str:
    """Gives the best system beside the baseline; the baseline itself where it is alone."""
    result = found.result
    others = [each for each in result.scored if each.set_id != result.baseline_id]
    scores = {each.set_id: result.score(each.set_id, metric.key) for each in others}
    values = {set_id: score.value for set_id, score in scores.items() if score is not None}
    sign = -1 if metric.measure.is_lower_better else 1
    return max(values, key=lambda each: sign * values[each], default=result.baseline_id)


def _segments(found: Evaluated) -> Table:
    metric = _leading(found)
    rival, base = _rival(found, metric), found.result.baseline_id
    texts, names = found.texts, {each.set_id: each.name for each in found.result.scored}
    scores = segment_scores(metric)
    table = SegmentTable(
        texts.sources,
        texts.first_reference,
        {each: texts.hypotheses[each] for each in names},
        scores,
    )
    order = SegmentOrder()
    if rival != base and rival in scores and base in scores:
        descending = not metric.measure.is_lower_better
        order = SegmentOrder("difference", rival, base, is_descending=descending)
    counting = set(found.positions.tolist())
    chosen = [at for at in select_segments(table, None, order).tolist() if at in counting]
    header = ["Segment", "Source", "Reference", *names.values(), f"Δ {metric.measure.name}"]
    rows: list[tuple[Cell, ...]] = [
        (
            at + 1,
            texts.sources[at],
            texts.first_reference[at],
            *(texts.hypotheses[each][at] for each in names),
            _difference(scores, rival, base, at),
        )
        for at in chosen[:NUM_SHOWN]
    ]
    note = f"Sorted by {metric.measure.name} of {names[rival]} minus that of {names[base]}."
    return Table("Segments", tuple(header), tuple(rows), note if rival != base else "")


def _difference(
    scores: Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
    rival: str,
    base: str,
    at: int,
) -> float | None:
    if rival == base or rival not in scores or base not in scores:
        return None
    difference = float(scores[rival][at] - scores[base][at])
    return difference if np.isfinite(difference) else None


def _lengths(found: Evaluated) -> Table:
    metric = found.metrics[0]
    names = {each.set_id: each.name for each in found.result.scored}
    rows: list[tuple[Cell, ...]] = []
    for bucket in by_length(found.texts.sources):
        positions = np.intersect1d(bucket.positions, found.positions)
        if len(positions):
            scores = subset_scores(metric, positions)
            rows.append((bucket.label, len(positions), *(scores.get(each) for each in names)))
    header = ("Length of the source", "Segments", *names.values())
    note = "A score of few segments is uncertain."
    return Table(f"{metric.measure.name} by length", header, tuple(rows), note)


def _checks(found: Evaluated, findings: Mapping[str, Mapping[str, Finding]]) -> Table:
    names = {each.set_id: each.name for each in found.result.scored if each.set_id in findings}
    rows: list[tuple[Cell, ...]] = [
        (check.name, *(findings[each][check.key].percent for each in names), check.description)
        for check in CHECKS
        if any(findings[each][check.key].num_applicable for each in names)
    ]
    header = ("Check (% of segments)", *names.values(), "What counts")
    return Table("Checks", header, tuple(rows), "A program sees these; look at the segments.")


def segment_rows(found: Evaluated) -> Iterator[Sequence[Cell]]:
    """Gives every segment with all texts and all segment scores; the first row is the header."""
    texts, scored = found.texts, found.result.scored
    scores = {metric.key: segment_scores(metric) for metric in found.metrics}
    columns = [
        (metric, each)
        for metric in found.metrics
        for each in scored
        if each.set_id in scores[metric.key]
    ]
    yield (
        "segment",
        "source",
        *texts.references,
        *(each.name for each in scored),
        *(f"{metric.measure.name} · {each.name}" for metric, each in columns),
    )
    for at in found.positions.tolist():
        values = (float(scores[metric.key][each.set_id][at]) for metric, each in columns)
        yield (
            at + 1,
            texts.sources[at],
            *(references[at] for references in texts.references.values()),
            *(texts.hypotheses[each.set_id][at] for each in scored),
            *(value if np.isfinite(value) else None for value in values),
        )
