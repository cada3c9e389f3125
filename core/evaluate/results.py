"""What an evaluation found: plain values that tables, charts, reports and JSON are made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from core.corpora.leak_notes import NoteBadge


@dataclass(frozen=True)
class SystemResult:
    """A system of the comparison.

    Attributes:
        set_id: Its translation set.
        name: A name that no other system of the comparison has.
        system_id: Who translated.
        num_translated: Segments with a hypothesis.
        num_failed: Segments without one.
        num_empty: Hypotheses without any text; they count as they are.
        cost_usd: What its calls cost.
        provenance: Model, revision, prompt, parameters, file.
        created_at: UTC ISO-8601.
        excluded: Why it was not scored, in one sentence; empty if it was.
    """

    set_id: str
    name: str
    system_id: str
    num_translated: int
    num_failed: int
    num_empty: int
    cost_usd: float
    provenance: dict[str, Any]
    created_at: str
    excluded: str = ""


@dataclass(frozen=True)
class MetricResult:
    """A metric of the comparison.

    Attributes:
        key: Such as `bleu`, or `scoring:ID`.
        name: Such as `BLEU lowercased`.
        signature: Enough to compute the values again.
        is_lower_better: Whether a small value is a good one.
        beta: chrF's weight of recall, which its signature omits; None for others.
        kind: `lexical`, `external`, `judge` or `human`.
        note: What a reader has to know, such as missing values; may be empty.
        test_signature: The same with test, draws and seed; empty where nothing was compared.
    """

    key: str
    name: str
    signature: str
    is_lower_better: bool
    beta: int | None = None
    kind: str = "lexical"
    note: str = ""
    test_signature: str = ""


@dataclass(frozen=True)
class ScoreResult:
    """The score of one system by one metric.

    Attributes:
        set_id, metric: Whose, by what.
        value: The score of all segments that count.
        mean, half_width: Mean of the resamples, and half of their 95 % interval, as sacreBLEU
            prints them; None where nothing can be resampled.
        low, high: The bounds of that interval.
        num_segments: Segments that count.
    """

    set_id: str
    metric: str
    value: float
    mean: float | None
    half_width: float | None
    low: float | None
    high: float | None
    num_segments: int


@dataclass(frozen=True)
class DifferenceResult:
    """A system against the baseline by one metric.

    Attributes:
        set_id, baseline_id, metric: Who against whom, by what.
        delta: Score minus the baseline's.
        low, high: 95 % interval of the delta, from the same resamples of both systems.
        p_value: Of the paired test.
        p_corrected: After Holm, over all systems that are compared by this metric.
        is_significant: Whether `p_corrected` is below the chosen level.
        is_better: Whether the system is the better one, whatever that takes of the metric's sign.
    """

    set_id: str
    baseline_id: str
    metric: str
    delta: float
    low: float | None
    high: float | None
    p_value: float
    p_corrected: float
    is_significant: bool
    is_better: bool


@dataclass(frozen=True)
class RankResult:
    """The place of a system by one metric.

    Attributes:
        set_id, metric: Who, by what.
        cluster: 1 for the best group; between groups everybody differs significantly.
        best_rank, worst_rank: The ranks that the pairwise tests leave open.
    """

    set_id: str
    metric: str
    cluster: int
    best_rank: int
    worst_rank: int


@dataclass(frozen=True)
class EvaluationResult:
    """Everything that was found about the systems of one test set.

    Attributes:
        name: The evaluation's; empty while it has none.
        test_set_hash, test_set_name, split: What was translated.
        src_lang, tgt_lang: FLORES-200 codes.
        num_segments: Segments of the test set.
        num_scored: Segments that count.
        references: Names of the references that count.
        baseline_id: The translation set that the others are compared with.
        test: `bs` or `ar`.
        num_samples, seed, alpha: Of the test.
        systems, metrics: In the order chosen.
        scores, differences, ranks: One a system and metric.
        leak: What is known of the test set and of what the systems learnt from, in words; empty
            until it was looked up, which is done whenever a result is given.
        notes: Sentences that belong below every table made from this.
        versions: Of the program's libraries that decide the numbers.
        made_at: UTC ISO-8601.
        num_interval_samples: Resamples that the intervals are of; 0 where there are none. Those of
            approximate randomisation are fewer than the trials of its test.
        leak_badge: The worst of what `leak` says, in one word.
    """

    name: str
    test_set_hash: str
    test_set_name: str
    split: str
    src_lang: str
    tgt_lang: str
    num_segments: int
    num_scored: int
    references: tuple[str, ...]
    baseline_id: str
    test: str
    num_samples: int
    seed: int
    alpha: float
    systems: tuple[SystemResult, ...]
    metrics: tuple[MetricResult, ...]
    scores: tuple[ScoreResult, ...]
    differences: tuple[DifferenceResult, ...]
    ranks: tuple[RankResult, ...]
    leak: str
    notes: tuple[str, ...]
    versions: dict[str, str]
    made_at: str
    num_interval_samples: int = 0
    leak_badge: NoteBadge = "unknown"

    @property
    def scored(self) -> list[SystemResult]:
        """The systems that were scored, in the order chosen."""
        return [system for system in self.systems if not system.excluded]

    def score(self, set_id: str, metric: str) -> ScoreResult | None:
        """Gives a system's score by a metric, if there is one."""
        found = (e for e in self.scores if (e.set_id, e.metric) == (set_id, metric))
        return next(found, None)

    def difference(self, set_id: str, metric: str) -> DifferenceResult | None:
        """Gives a system's difference from the baseline by a metric, if there is one."""
        found = (e for e in self.differences if (e.set_id, e.metric) == (set_id, metric))
        return next(found, None)

    def rank(self, set_id: str, metric: str) -> RankResult | None:
        """Gives a system's place by a metric, if it has one."""
        found = (e for e in self.ranks if (e.set_id, e.metric) == (set_id, metric))
        return next(found, None)

    def as_dict(self) -> dict[str, Any]:
        """Gives the plain values for JSON."""
        return asdict(self)
