"""What going on lacks, and what looks like a slip."""

from dataclasses import replace
from typing import Any

import pytest

from core.annotate.annotation import Annotation, Mark
from core.annotate.arriving import Question
from core.annotate.doubts import contradictions, missing
from core.annotate.typologies import find_typology

TYPOLOGY = find_typology("adaptmllm")
MQM = Question("i", "mqm", "a b", ("c d",), TYPOLOGY, asks_score=False)
MQM_SQM = replace(MQM, asks_score=True)
ESA = Question("i", "esa", "a b", ("c d",), TYPOLOGY)
SQM = Question("i", "sqm", "a b", ("c d",))
RANKING = Question("i", "ranking", "a b", ("c d", "e f"))


def mark(severity: str = "minor", category: str = "Fluency/Grammar") -> Mark:
    return Mark("m1", "target", 0, 1, "c", severity, category)


@pytest.mark.parametrize(
    ("question", "annotation", "lacks"),
    [
        (MQM, Annotation(), []),
        (MQM, Annotation(marks=(mark(),)), []),
        (MQM, Annotation(marks=(mark("", ""),)), ["severity", "category"]),
        (MQM_SQM, Annotation(), ["score"]),
        (MQM_SQM, Annotation(score=0), []),
        (ESA, Annotation(marks=(mark(category=""),)), ["score"]),
        (ESA, Annotation(marks=(mark("", ""),), score=0), ["severity"]),
        (SQM, Annotation(), ["score"]),
        (SQM, Annotation(score=0), []),
        (RANKING, Annotation(ranks=(1, None)), ["ranks"]),
        (RANKING, Annotation(ranks=(1, 1)), []),
    ],
)
def test_next_lacks(question: Question, annotation: Annotation, lacks: list[str]) -> None:
    assert missing(question, annotation) == lacks


@pytest.mark.parametrize(
    ("question", "annotation", "active_s", "doubts"),
    [
        (MQM_SQM, Annotation(marks=(mark("major"),), score=6), 9, ["high_score_with_grave_error"]),
        (MQM_SQM, Annotation(marks=(mark("minor"),), score=6), 9, []),
        (MQM_SQM, Annotation(score=1), 9, ["low_score_without_error"]),
        (MQM_SQM, Annotation(is_non_translation=True, score=0), 9, []),
        (ESA, Annotation(score=65), 9, ["low_score_without_error"]),
        (ESA, Annotation(score=66), 9, []),
        (ESA, Annotation(marks=(mark("major"),), score=95), 9, ["high_score_with_grave_error"]),
        (SQM, Annotation(score=0), 9, []),
        (SQM, Annotation(score=6), 1.0, ["very_fast"]),
        (
            MQM,
            Annotation(marks=(mark(),), is_non_translation=True),
            9,
            ["marks_beside_non_translation"],
        ),
    ],
)
def test_a_slip_is_told(
    question: Question, annotation: Annotation, active_s: float, doubts: list[str]
) -> None:
    assert contradictions(question, annotation, active_s=active_s) == doubts


@pytest.mark.parametrize(("before", "is_told"), [([4] * 14, True), ([4] * 13, False)])
def test_the_same_score_fifteen_times_is_told(before: list[Any], is_told: bool) -> None:
    found = contradictions(SQM, Annotation(score=4), active_s=9, scores_before=before)
    assert ("same_score_again" in found) is is_told
    broken = [*before[:-1], 3]
    assert not contradictions(SQM, Annotation(score=4), active_s=9, scores_before=broken)
