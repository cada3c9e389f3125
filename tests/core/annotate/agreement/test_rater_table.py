from __future__ import annotations

from dataclasses import replace

import pytest

from core.annotate.agreement.attention_checks import CheckResults, DegradedCheck, GoldCheck
from core.annotate.agreement.rater_table import RaterQuality, rater_table
from core.annotate.agreement.suspicions import Pace, SameAnswers, suspicions
from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import find_preset
from tests.core.annotate.results.judged import campaign, item, marked, sqm

PRESET = find_preset("wmt23")
NOTHING = CheckResults()


def quality(data: CampaignData, rater: str = "ann") -> RaterQuality:
    return next(each for each in rater_table(data, PRESET) if each.rater == rater)


def test_bias_is_the_mean_difference_to_the_mean_of_the_others_on_shared_outputs() -> None:
    rows: dict[str, list[list[float | None]]] = {
        "ann": [[2.0], [3.0], [6.0]],
        "ben": [[4.0], [4.0], [None]],
        "cem": [[6.0], [None], [None]],
    }
    data = sqm(rows)
    assert quality(data).bias == pytest.approx(((2 - 5) + (3 - 4)) / 2)
    assert quality(data).num_shared == 2
    assert quality(data, "cem").bias == pytest.approx(6 - 3)


def test_errors_are_counted_by_severity_in_items_that_are_no_checks() -> None:
    items = [
        item("ann", 0, 0, marked("minor", "minor", "major")),
        item("ann", 0, 1, Annotation(is_non_translation=True, is_done=True)),
        item("ann", 1, 0, marked("no-error No-error")),
        item("ann", 1, 1, marked()),
        item("ann", 0, 0, marked("major"), kind="repeat"),
    ]
    found = quality(campaign(items))
    assert list(found.errors_per_item.items()) == [
        ("non-translation", 0.25),
        ("major", 0.25),
        ("minor", 0.5),
    ]
    assert (found.num_items, found.num_checks, found.bias) == (5, 1, None)


def test_speed_counts_timed_items_and_the_words_that_were_read() -> None:
    items = [
        item("ann", 0, 0, marked(), active_s=10.0),
        item("ann", 0, 1, marked(), active_s=20.0, warnings=("very_fast",)),
        item("ann", 1, 0, marked(), active_s=60.0),
        item("ann", 1, 1, marked()),
    ]
    found = quality(campaign(items))  # nine words an output
    assert found.median_active_s == 20
    assert found.words_per_h == pytest.approx(27 / 90 * 3600)
    assert found.warnings_share == 0.25
    unspaced = replace(campaign(items), tgt_lang="jpn_Jpan")
    assert quality(unspaced).words_per_h is None
    assert quality(campaign(items[3:])).median_active_s is None


def test_raters_without_a_finished_item_are_left_out() -> None:
    items = [item("ann", 0, 0, marked()), item("ben", 0, 0, Annotation())]
    assert [each.rater for each in rater_table(campaign(items), PRESET)] == ["ann"]


def test_careful_work_is_not_suspicious() -> None:
    assert not quality(sqm({"ann": [[2.0], [3.0]], "ben": [[2.0], [5.0]]})).is_suspicious


def test_a_rater_who_sees_no_spoilt_output_is_suspicious() -> None:
    items = []
    for row in range(6):
        items.append(item("ann", row, 0, marked("minor")))
        items.append(item("ann", row, 0, marked("minor"), kind="degraded", texts=("spoilt",)))
    found = quality(campaign(items, num_segments=6))
    assert found.is_suspicious and found.checks.num_failed == 6
    assert "Scored 6 of 6 spoilt outputs no lower" in found.suspicions[0]
    assert "p = 1.00" in found.suspicions[0]


def test_one_score_for_everything_is_suspicious_where_others_differ() -> None:
    rows: dict[str, list[list[float | None]]] = {
        "ann": [[6.0]] * 15,
        "ben": [[float(row % 7)] for row in range(15)],
    }
    assert "the same score to all 15 shared outputs" in quality(sqm(rows)).suspicions[0]
    assert not quality(sqm({**rows, "ben": [[6.0]] * 15})).is_suspicious


@pytest.mark.parametrize(
    ("checks", "pace", "same", "words"),
    [
        (CheckResults(degraded=DegradedCheck(5, 1, 0.06)), None, None, ""),
        (CheckResults(degraded=DegradedCheck(5, 2, 0.2)), None, None, "Scored 2 of 5"),
        (CheckResults(degraded=DegradedCheck(12, 4, 0.01)), None, None, ""),
        (CheckResults(degraded=DegradedCheck(2, 2, 1.0)), None, None, ""),
        (CheckResults(degraded=DegradedCheck(3, 2, 0.5)), None, None, "Scored 2 of 3"),
        (CheckResults(gold=GoldCheck(4, 1)), None, None, "only 1 of 4 hidden gold"),
        (CheckResults(gold=GoldCheck(2, 0)), None, None, ""),
        (NOTHING, Pace(10, 1.3), None, "median of 1.3 s"),
        (NOTHING, Pace(9, 1.3), None, ""),
        (NOTHING, None, SameAnswers(20, 9), ""),
        (NOTHING, None, SameAnswers(20, 11), "others scored 11"),
    ],
)
def test_reasons_need_enough_items(
    checks: CheckResults, pace: Pace | None, same: SameAnswers | None, words: str
) -> None:
    found = " ".join(suspicions(checks, pace, same))
    assert words in found and bool(found) == bool(words)
