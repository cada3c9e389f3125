from __future__ import annotations

import pytest

from core.annotate.agreement.disagreements import disagreements
from core.annotate.annotation import Annotation
from core.annotate.campaign_data import JudgedItem
from core.annotate.mqm_weights import find_preset
from tests.core.annotate.results.judged import campaign, item, mark, marked, sqm

PRESET = find_preset("wmt23")
WHOLE = Annotation(is_non_translation=True, is_done=True)


def kinds(first: Annotation, second: Annotation) -> tuple[str, ...]:
    items = [item("ann", 0, 0, first), item("ben", 0, 0, second)]
    return next((each.kinds for each in disagreements(campaign(items), PRESET)), ())


def with_marks(*marks: tuple[str, str, int, int]) -> Annotation:
    made = [mark(severity, name, start=start, end=end) for severity, name, start, end in marks]
    return Annotation(marks=tuple(made), is_done=True)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (marked("minor"), marked("minor"), ()),
        (marked(), marked("no-error No-error"), ()),
        (marked("major"), marked("minor"), ("only one of 2 marked a major error",
                                            "the same words with another severity")),
        (marked(), marked("minor"), ("only one of 2 marked any error",)),
        (WHOLE, marked(), ("only one of 2 called it no translation",
                           "only one of 2 marked a major error",
                           "only one of 2 marked any error")),
        (WHOLE, marked("major"), ("only one of 2 called it no translation",)),
        (with_marks(("minor", "Style", 0, 3)), with_marks(("minor", "Style", 3, 6)),
         ("marks in different places",)),
        (with_marks(("minor", "Style", 0, 3)), with_marks(("minor", "Fluency", 2, 6)),
         ("the same words in another category",)),
        (with_marks(("minor", "Style", 0, 0)), with_marks(("minor", "Style", 0, 0)), ()),
    ],
)  # fmt: skip
def test_kinds_of_disagreement_are_told_gravest_first(
    first: Annotation, second: Annotation, expected: tuple[str, ...]
) -> None:
    assert kinds(first, second) == expected


def test_the_greatest_difference_comes_first_and_equal_ones_in_order() -> None:
    data = sqm({"ann": [[6.0, 3.0], [2.0, 5.0]], "ben": [[5.0, 3.0], [6.0, 4.0]]})
    found = disagreements(data, PRESET)
    places = [(each.segment, each.system, each.difference) for each in found]
    assert places == [(1, 0, 4), (0, 0, 1), (1, 1, 1)]
    assert found[0].kinds == ("scores 4 points apart",)
    assert found[0].raters == ("ann", "ben") and found[0].scores == (2, 6)
    assert [each.annotation.score for each in found[0].items] == [2, 6]
    assert disagreements(data, PRESET, limit=1) == found[:1]


def test_differences_follow_the_preset_and_decided_outputs_say_so() -> None:
    items = [item("ann", 0, 0, marked("major")), item("ben", 0, 0, marked())]
    items += [item("cem", 0, 0, marked("minor"))]
    data = campaign(items, gold={(0, 0): marked("major")})
    (found,) = disagreements(data, PRESET)
    assert found.difference == 5 and found.is_decided
    assert found.kinds == ("only one of 3 marked a major error", "only 2 of 3 marked any error")
    assert disagreements(data, find_preset("adaptmllm"))[0].difference == pytest.approx(1000 / 9)


def test_outputs_side_by_side_are_compared_by_system() -> None:
    def ranked(rater: str, systems: tuple[int, ...], *ranks: int) -> JudgedItem:
        return JudgedItem(rater, 0, systems, Annotation(ranks=ranks, is_done=True))

    items = [ranked("ann", (0, 1), 1, 2), ranked("ben", (1, 0), 1, 2)]
    found = disagreements(campaign(items, protocol="ranking"), PRESET)
    assert [(each.system, each.difference) for each in found] == [(0, 1), (1, 1)]
    assert found[0].outputs == (0, 1)
    assert found[0].kinds == ("the best for one, the worst for another",)


def test_what_one_rater_judged_is_no_disagreement() -> None:
    assert disagreements(campaign([item("ann", 0, 0, marked("major"))]), PRESET) == ()
