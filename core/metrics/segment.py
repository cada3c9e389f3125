"""chrF and TER of a single segment, for looking at one translation at a time."""

from __future__ import annotations

from functools import cache
from typing import Any

from core.metrics.lexical import Score


def score_segment(hypothesis: str, reference: str) -> tuple[Score, Score]:
    """Gives chrF2 and TER of one hypothesis against one reference.

    A single segment says little about a system; these values are for reading it.
    """
    found = []
    for name, metric in zip(("chrF2", "TER"), _metrics(), strict=True):
        value = metric.sentence_score(hypothesis, [reference]).score
        signature = f"{name}|{metric.get_signature()}"
        found.append(Score(name, round(float(value), 2), signature, 1))
    return found[0], found[1]


@cache
def _metrics() -> tuple[Any, Any]:
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER

    return CHRF(), TER()
