from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.annotate.agreement.attention_checks import CheckResults, check_raters
from core.annotate.agreement.rated_outputs import rated_outputs
from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.mqm_weights import find_preset
from tests.core.annotate.results.judged import campaign, item, marked, scored

PRESET = find_preset("wmt23")


def checks_of(data: CampaignData) -> CheckResults:
    return check_raters(data, rated_outputs(data, PRESET), PRESET)["ann"]


def sqm(originals: list[float], checks: list[float], kind: str = "degraded") -> CampaignData:
    items = [
        item("ann", row, 0, scored(score), item_id=f"i{row}") for row, score in enumerate(originals)
    ]
    items += [
        item("ann", row, 0, scored(score), kind=kind, texts=("spoilt",), of_item=f"i{row}")
        for row, score in enumerate(checks)
    ]
    return campaign(items, protocol="sqm", num_segments=len(originals))


@pytest.mark.parametrize("num", [5, 12, 25, 60])
def test_p_of_spoilt_outputs_is_the_one_sided_signed_rank_test_of_scipy(num: int) -> None:
    generator = np.random.default_rng(num)
    # Without ties scipy counts all assignments exactly, as is done here up to 25 pairs.
    steps = generator.permutation(np.arange(1, num + 1)) * np.where(
        generator.random(num) < 0.7, 1, -1
    )
    low = np.full(num, 10.0)
    data = sqm((low + steps).tolist(), low.tolist())
    expected = stats.wilcoxon(
        steps, alternative="greater", method="exact" if num <= 25 else "asymptotic"
    )
    degraded = checks_of(data).degraded
    assert degraded is not None
    assert degraded.p == pytest.approx(expected.pvalue, abs=1e-12)
    assert (degraded.num, degraded.num_not_lower) == (num, np.count_nonzero(steps < 0))


def test_scoring_spoilt_outputs_higher_or_the_same_gives_a_great_p() -> None:
    higher = checks_of(sqm([1, 2, 1, 2, 1, 2], [4, 4, 5, 5, 6, 6])).degraded
    same = checks_of(sqm([3, 3, 3], [3, 3, 3])).degraded
    assert higher is not None and higher.p > 0.9
    assert same is not None and same.p == 1 and same.num_not_lower == 3


def test_spoilt_outputs_are_scored_by_the_preset_in_mqm() -> None:
    items = [
        item("ann", 0, 0, marked("minor")),
        item("ann", 0, 0, marked("major"), kind="degraded", texts=("spoilt",)),
        item("ann", 1, 0, marked("minor")),
        item("ann", 1, 0, marked(), kind="degraded", texts=("spoilt",)),
    ]
    degraded = checks_of(campaign(items)).degraded
    assert degraded is not None and (degraded.num, degraded.num_not_lower) == (2, 1)


def test_a_check_without_a_finished_original_says_nothing() -> None:
    items = [item("ann", 0, 0, scored(1), kind="degraded", texts=("spoilt",), of_item="i0")]
    items += [item("ben", 0, 0, scored(5), item_id="i0")]
    assert checks_of(campaign(items, protocol="sqm")) == CheckResults()


def test_repeats_tell_how_steady_a_rater_is_and_cannot_be_failed() -> None:
    found = checks_of(sqm([6, 4, 2, 0], [6, 5, 2, 3], kind="repeat"))
    assert found.repeats is not None
    assert (found.repeats.num, found.repeats.mean_distance, found.repeats.share_same) == (4, 1, 0.5)
    assert found.num_failed == 0 and found.degraded is None


def test_repeats_of_mqm_are_the_same_with_the_same_answer_on_major_errors() -> None:
    items = [
        item("ann", 0, 0, marked("minor")),
        item("ann", 0, 0, marked("minor", "minor"), kind="repeat"),
        item("ann", 1, 0, marked("major")),
        item("ann", 1, 0, marked(), kind="repeat"),
    ]
    repeats = checks_of(campaign(items)).repeats
    assert repeats is not None
    assert (repeats.mean_distance, repeats.share_same) == (3, 0.5)


def test_repeats_of_rankings_compare_preferences_in_any_order() -> None:
    def ranked(systems: tuple[int, ...], *ranks: int, kind: str = "main") -> JudgedItem:
        annotation = Annotation(ranks=ranks, is_done=True)
        return JudgedItem("ann", 0, systems, annotation, kind=kind)  # type: ignore[arg-type]

    items = [ranked((0, 1), 1, 2), ranked((1, 0), 3, 1, kind="repeat")]
    repeats = checks_of(campaign(items, protocol="ranking")).repeats
    assert repeats is not None and (repeats.num, repeats.share_same) == (1, 1)


@pytest.mark.parametrize(
    ("protocol", "right", "wrong", "decided"),
    [
        ("sqm", scored(3), scored(1), scored(4)),
        ("esa", scored(50), scored(49), scored(70)),
        ("mqm", marked("critical"), marked("minor"), marked("major")),
    ],
)
def test_hidden_gold_asks_for_about_what_was_decided(
    protocol: str, right: Annotation, wrong: Annotation, decided: Annotation
) -> None:
    items = [
        item("ann", 0, 0, right, kind="gold"),
        item("ann", 0, 1, wrong, kind="gold"),
        item("ann", 1, 0, right, kind="gold"),  # nothing was decided
    ]
    gold = {(0, 0): decided, (0, 1): decided}
    data = campaign(items, protocol=protocol, gold=gold)  # type: ignore[arg-type]
    preset = find_preset("mqm-core")
    found = check_raters(data, rated_outputs(data, preset), preset)["ann"]
    assert found.gold is not None
    assert (found.gold.num, found.gold.num_agreed, found.num_failed) == (2, 1, 1)
