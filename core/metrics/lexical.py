"""BLEU, TER and chrF by sacreBLEU, each with its signature and the number of segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import DataError


@dataclass(frozen=True)
class Score:
    """One metric's value for one system on one test set.

    Attributes:
        name: Such as `BLEU` or `chrF++`.
        value: 0 to 100; TER may exceed 100. Lower is better for TER only.
        signature: sacreBLEU's signature, enough to compute the value again.
        num_segments: Segments that were scored.
    """

    name: str
    value: float
    signature: str
    num_segments: int

    def as_dict(self) -> dict[str, Any]:
        """Gives the plain values for JSON."""
        return asdict(self)


def score_system(
    hypotheses: Sequence[str], references: Sequence[str], *, names: Sequence[str] = ()
) -> list[Score]:
    """Scores hypotheses against one reference each.

    Args:
        hypotheses: One a segment.
        references: Parallel to `hypotheses`.
        names: The metrics wanted, out of `METRICS`; none means all.

    Raises:
        DataError: The two differ in length, or there is nothing to score.
    """
    if len(hypotheses) != len(references):
        raise DataError(
            f"{len(hypotheses)} hypotheses cannot be scored against {len(references)} references.",
            hint="Give exactly one hypothesis a reference, in the same order.",
        )
    if not hypotheses:
        raise DataError("There are no segments to score.")
    metrics = _metrics()
    scores = []
    for name in names or METRICS:
        metric = metrics[name]
        value = metric.corpus_score(list(hypotheses), [list(references)]).score
        signature = f"{name}|{metric.get_signature()}"
        scores.append(Score(name, round(float(value), 2), signature, len(hypotheses)))
    return scores


METRICS = ("BLEU", "BLEU lowercased", "TER", "chrF1", "chrF3", "chrF++")


def _metrics() -> dict[str, Any]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    return {
        "BLEU": BLEU(),
        "BLEU lowercased": BLEU(lowercase=True),
        "TER": TER(),
        "chrF1": CHRF(beta=1),
        "chrF3": CHRF(beta=3),
        "chrF2": CHRF(),
        "chrF++": CHRF(word_order=2),
    }
