from __future__ import annotations

from core.annotate.agreement.agreeing import agree
from core.annotate.agreement.remarks import remarks
from core.annotate.mqm_weights import find_preset
from tests.core.annotate.results.judged import campaign, item, marked


def said(first: str, second: str) -> str:
    """Gives the remarks on two raters; each letter is a segment, x with a major error."""
    items = [
        item(rater, row, 0, marked(*(["major"] if letter == "x" else [])))
        for rater, letters in (("ann", first), ("ben", second))
        for row, letter in enumerate(letters)
    ]
    data = campaign(items, num_segments=max(len(first), len(second), 1))
    return "\n".join(remarks(agree(data, find_preset("wmt23"))))


def test_good_agreement_on_enough_segments_needs_no_remark() -> None:
    assert said("x-x-x-x-x-x-", "x-x-x-x-x-xx") == ""


def test_few_shared_segments_and_agreement_below_chance_are_said() -> None:
    found = said("x-x-", "-x-x")
    assert "ann and ben share fewer than 10 outputs" in found
    assert "agree less than chance would" in found


def test_a_rare_answer_explains_a_low_kappa() -> None:
    found = said("x" + 20 * "-", 20 * "-" + "x")
    assert "less than chance" in found and "rare" not in found
    assert "one answer is rare" in said("xxx" + 37 * "-", "x" + 37 * "-" + "xx")


def test_constant_raters_and_no_overlap_are_said() -> None:
    assert "Kappa is undefined for ann and ben" in said(12 * "-", 12 * "-")
    assert "No two raters finished the same output" in said("x", "")
