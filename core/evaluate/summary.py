"""From tests to plain values: scores, differences, ranks, and what a reader must know with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version

from core.evaluate.measuring import MeasuredMetric
from core.evaluate.results import (
    DifferenceResult,
    EvaluationResult,
    MetricResult,
    RankResult,
    ScoreResult,
    SystemResult,
)
from core.evaluate.scorers.scoring_results import failure_words
from core.evaluate.settings import SCORING, EvaluationSettings
from core.evaluate.texts import EvaluationTexts
from core.metrics.comparison import MIN_SEGMENTS, Comparison, Interval
from core.storage.files import utc_now
from core.storage.workspace import Workspace

SAMPLING_NOTE = (
    "Intervals and tests cover the sampling of the test set only: how the numbers would vary with "
    "other segments of the same kind. They do not cover training: another seed gives another "
    "model, and a difference between two trainings may be chance although it is significant here."
)
_LIBRARIES = ("sacrebleu", "numpy")


def summarize(
    workspace: Workspace,
    settings: EvaluationSettings,
    texts: EvaluationTexts,
    metrics: Sequence[MeasuredMetric],
    compared: Mapping[str, Comparison],
    excluded: Mapping[str, str],
    *,
    asked_for: str = "",
) -> EvaluationResult:
    """Puts together what was found about the systems of a test set.

    Args:
        workspace: Where translations and corpora are.
        settings: Of the systems that are scored, with their baseline.
        texts: Of all systems that were chosen.
        metrics: With the statistics of the systems that are scored.
        compared: What the tests found, by metric.
        excluded: Why some systems are not scored, by translation set.
        asked_for: The baseline that was chosen, which may be one that is not scored.
    """
    begun = _begun(settings, texts)
    by_key = compared.items()
    described = (
        _metric(workspace, each, compared.get(each.key), settings, texts) for each in metrics
    )
    return replace(
        begun,
        systems=tuple(_systems(workspace, texts, excluded)),
        metrics=tuple(described),
        scores=tuple(each for key, own in by_key for each in _scores(key, own)),
        differences=tuple(each for key, own in by_key for each in _differences(key, own, settings)),
        ranks=tuple(each for key, own in by_key for each in _ranks(key, own)),
        notes=_notes(texts, settings, begun.num_scored, asked_for),
        num_interval_samples=max((own.num_samples for own in compared.values()), default=0),
    )


def _begun(settings: EvaluationSettings, texts: EvaluationTexts) -> EvaluationResult:
    """Gives a result that says what is compared and how, and nothing yet of what was found."""
    first = next(iter(texts.sets.values()))
    return EvaluationResult(
        name="",
        test_set_hash=settings.test_set,
        test_set_name=first.corpus_name,
        split=first.split,
        src_lang=first.src_lang,
        tgt_lang=first.tgt_lang,
        num_segments=texts.num_segments,
        num_scored=len(texts.common_positions(settings.systems)),
        references=settings.references,
        baseline_id=settings.baseline_id,
        test=settings.test,
        num_samples=settings.samples,
        seed=settings.seed,
        alpha=settings.alpha,
        systems=(),
        metrics=(),
        scores=(),
        differences=(),
        ranks=(),
        leak="",
        notes=(),
        versions={library: version(library) for library in _LIBRARIES},
        made_at=utc_now(),
    )


def _systems(
    workspace: Workspace, texts: EvaluationTexts, excluded: Mapping[str, str]
) -> list[SystemResult]:
    found = []
    for set_id, record in texts.sets.items():
        counts = workspace.translation_sets.counts(set_id)
        pairs = zip(texts.hypotheses[set_id], texts.is_translated[set_id], strict=True)
        found.append(
            SystemResult(
                set_id=set_id,
                name=texts.names[set_id],
                system_id=record.system_id,
                num_translated=counts.num_done,
                num_failed=texts.num_segments - counts.num_done,
                num_empty=sum(bool(is_there) and not text.strip() for text, is_there in pairs),
                cost_usd=counts.cost_usd,
                provenance=record.provenance,
                created_at=record.created_at,
                excluded=excluded.get(set_id, ""),
            )
        )
    return found


def _metric(
    workspace: Workspace,
    metric: MeasuredMetric,
    compared: Comparison | None,
    settings: EvaluationSettings,
    texts: EvaluationTexts,
) -> MetricResult:
    measure = metric.measure
    notes = _metric_notes(compared, settings, texts)
    if metric.kind == "judge":
        scoring_id = metric.key.removeprefix(SCORING)
        notes.insert(0, failure_words(workspace, scoring_id, settings.systems))
    is_normalized = metric.kind == "lexical" and settings.is_normalized
    suffix = "|unicode:nfc" if is_normalized else ""
    return MetricResult(
        metric.key,
        measure.name,
        measure.signature + suffix,
        measure.is_lower_better,
        measure.beta,
        metric.kind,
        " ".join(notes),
        compared.signature + suffix if compared else "",
    )


def _metric_notes(
    compared: Comparison | None, settings: EvaluationSettings, texts: EvaluationTexts
) -> list[str]:
    """Says what a reader has to know of one metric's values, in sentences."""
    if compared is None:
        return ["No segment has a value of every system."]
    notes = []
    num_scored = len(texts.common_positions(settings.systems))
    if compared.num_segments < num_scored:
        notes.append(f"Only {compared.num_segments} of {num_scored} segments have a value.")
    if compared.baseline != settings.baseline_id:
        own, other = texts.names[settings.baseline_id], texts.names[compared.baseline]
        notes.append(f"{own} has no value; the others are compared with {other}.")
    if len(compared.systems) > 1 and not compared.can_separate:
        notes.append(inseparable_words(compared))
    return notes


def inseparable_words(compared: Comparison) -> str:
    """Says why no two of the systems could come out as different, and what to do."""
    if compared.num_segments < MIN_SEGMENTS:
        return (
            f"With fewer than {MIN_SEGMENTS} segments, here {compared.num_segments}, no systems "
            "can come out as different: use a larger test set."
        )
    num_draws, level = compared.num_draws, compared.level
    return (
        f"With {len(compared.systems)} systems and only {num_draws:,} resamples no two systems can "
        f"be ranked as different at the level {level:g}: draw at least "
        f"{compared.num_draws_needed:,} resamples, or compare fewer systems."
    )


def _scores(key: str, compared: Comparison) -> list[ScoreResult]:
    return [
        ScoreResult(
            each.system,
            key,
            each.value,
            each.interval.mean if each.interval else None,
            each.interval.half_width if each.interval else None,
            *_bounds(each.interval),
            compared.num_segments,
        )
        for each in compared.systems
    ]


def _differences(
    key: str, compared: Comparison, settings: EvaluationSettings
) -> list[DifferenceResult]:
    return [
        DifferenceResult(
            each.system,
            each.other,
            key,
            each.delta,
            *_bounds(each.interval),
            each.p,
            each.p_corrected,
            each.is_significant(settings.alpha),
            bool(each.is_better),
        )
        for each in compared.against_baseline
    ]


def _bounds(interval: Interval | None) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval else (None, None)


def _ranks(key: str, compared: Comparison) -> list[RankResult]:
    return [RankResult(each.system, key, each.cluster, *each.ranks) for each in compared.systems]


def _notes(
    texts: EvaluationTexts, settings: EvaluationSettings, num_scored: int, asked_for: str
) -> tuple[str, ...]:
    notes = [SAMPLING_NOTE]
    if asked_for not in ("", settings.baseline_id):
        own, other = texts.names[asked_for], texts.names[settings.baseline_id]
        notes.append(f"The baseline {own} is not scored; the others are compared with {other}.")
    if num_scored < texts.num_segments:
        notes.append(
            f"Only the {num_scored} of {texts.num_segments} segments that every system translated "
            "count."
        )
    num_references = len(settings.references)
    if num_references > 1:
        notes.append(f"Each hypothesis is compared with {num_references} references.")
    return tuple(notes)
