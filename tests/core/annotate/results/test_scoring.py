from __future__ import annotations

import math

import numpy as np
import pytest

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.mqm_weights import Preset, find_preset
from core.annotate.results.scoring import (
    item_score,
    segment_scores,
    span_scores,
    system_scores,
)
from core.errors import ConfigError
from tests.core.annotate.results.judged import campaign, item, marked, scored, sqm

WMT21, WMT23 = find_preset("wmt21"), find_preset("wmt23")
PUNCTUATION = "minor Fluency/Punctuation"


def means(data: CampaignData, preset: Preset = WMT21, **values: bool) -> list[float | None]:
    return [each.mean for each in system_scores(segment_scores(data, preset, **values))]


def test_the_order_is_sum_by_rater_then_mean_of_raters_then_mean_of_rated_segments() -> None:
    data = campaign(
        [
            item("r1", 0, 0, marked("major", "minor")),
            item("r2", 0, 0, marked(PUNCTUATION)),
            item("r3", 0, 0, marked()),
            item("r1", 1, 0, marked("minor", PUNCTUATION)),
            item("r1", 0, 1, marked("no-error")),
        ],
        num_segments=3,
    )
    found = segment_scores(data, WMT21)
    expected = [[-6.1 / 3, 0.0], [-1.1, math.nan], [math.nan, math.nan]]
    np.testing.assert_allclose(found.values, expected, rtol=0, atol=1e-12)
    a, b = system_scores(found)
    # Pooling the four ratings would give -1.8.
    assert a.mean == pytest.approx((-6.1 / 3 - 1.1) / 2, abs=1e-12)
    assert (a.num_segments, a.num_ratings, b.mean, b.num_segments) == (2, 4, 0.0, 1)
    assert math.copysign(1, b.mean or 0) == 1
    assert "mean over its raters" in found.averaging and found.scale == "wmt21"


def test_the_worked_example_of_wmts_format_scores_minus_2_55() -> None:
    data = campaign(
        [
            item("rater1", 0, 0, marked("Major Accuracy/Mistranslation")),
            item("rater2", 0, 0, marked("Minor Fluency/Punctuation")),
            item("rater1", 0, 1, marked("No-error No-error")),
        ]
    )
    assert means(data) == pytest.approx([-2.55, 0.0], abs=1e-12)


@pytest.mark.parametrize(
    ("preset", "annotation", "expected"),
    [
        ("wmt21", marked("major Source error"), -5),
        ("wmt23", marked("major Source error"), 0),
        ("wmt21", marked("minor", is_non_translation=True), -25),
        ("adaptmllm", marked("minor", is_non_translation=True), 100 * (1 - 25 / 9)),
        ("adaptmllm", marked("major", "minor"), 100 * (1 - 11 / 9)),
        ("adaptmllm", marked(), 100),
        ("mqm-core", marked("critical", "neutral"), -25),
        ("wmt21", marked("HOTW-test Major"), 0),
        ("wmt21", marked(" "), 0),
    ],
)
def test_presets_weigh_what_raters_marked(
    preset: str, annotation: Annotation, expected: float
) -> None:
    data = campaign([item("r", 0, 0, annotation)])
    found = item_score(data, data.items[0], 0, find_preset(preset))
    assert found == pytest.approx(expected, abs=1e-12)


def test_words_are_those_of_the_text_that_was_shown() -> None:
    shown = item("r", 0, 0, marked("minor"), kind="degraded", texts=("only four words here",))
    found = item_score(campaign([shown]), shown, 0, find_preset("adaptmllm"))
    assert found == pytest.approx(75, abs=1e-12)


def test_a_severity_without_weight_is_told_with_the_presets_that_weigh_it() -> None:
    data = campaign([item("r", 0, 0, marked("critical Style"))])
    with pytest.raises(ConfigError, match="wmt21 does not weigh the severity 'critical'") as error:
        segment_scores(data, WMT21)
    assert "wmt23, mqm-core do" in error.value.hint


def test_only_finished_main_items_count_and_of_two_the_one_saved_last() -> None:
    data = campaign(
        [
            item("r", 0, 0, scored(3), saved_at="2026-01-01T10:00:00.000+00:00"),
            item("r", 0, 0, scored(5), saved_at="2026-01-01T09:00:00.000+00:00"),
            item("r", 1, 0, Annotation(score=1)),
            item("r", 1, 0, scored(0), kind="calibration"),
            item("r", 1, 1, scored(None)),
        ],
        protocol="sqm",
    )
    assert means(data) == [3.0, None]


def test_esa_is_the_score_that_was_given_and_spans_stand_beside() -> None:
    annotation = marked("major ", "minor ", score=66)
    data = campaign([item("r", 0, 0, annotation)], protocol="esa")
    assert means(data) == [66.0, None]
    spans = span_scores(data, WMT23)
    assert system_scores(spans)[0].mean == -6 and spans.scale == "spans by wmt23"


def test_ranking_is_the_share_of_other_outputs_ranked_behind() -> None:
    shown = JudgedItem("r", 0, (2, 0, 1), Annotation(ranks=(1, 2, 2), is_done=True))
    data = campaign([shown], protocol="ranking", systems=("A", "B", "C"))
    assert means(data) == [0.25, 0.25, 1.0]


def test_adjudicated_annotations_replace_those_of_all_raters() -> None:
    data = campaign(
        [item("r1", 0, 0, marked("major")), item("r2", 0, 0, marked()), item("r1", 1, 0, marked())],
        gold={(0, 0): marked("minor"), (1, 1): marked("major")},
    )
    assert means(data) == pytest.approx([-1.25, None])
    assert means(data, uses_gold=True) == [-0.5, -5.0]
    found = segment_scores(data, WMT21, uses_gold=True)
    assert found.num_adjudicated == 2 and found.num_ratings.tolist() == [[1, 0], [1, 1]]
    assert np.isnan(found.by_rater["r2"]).all() and found.by_rater["r1"][1, 0] == 0


def test_gold_without_a_score_leaves_the_raters_scores_as_they_are() -> None:
    data = campaign(
        [item("r1", 0, 0, marked("minor ", score=70)), item("r2", 0, 0, marked(score=90))],
        protocol="esa",
        gold={(0, 0): marked("major ")},
    )
    assert means(data, uses_gold=True) == means(data) == [80.0, None]
    decided = campaign(list(data.items), protocol="esa", gold={(0, 0): marked(score=60)})
    assert means(decided, uses_gold=True) == [60.0, None]


def test_systems_are_averaged_without_rounding() -> None:
    tenths = [[0.1]] * 10
    assert means(sqm({"r": tenths}))[0] == 0.1
    assert sum([0.1] * 10) / 10 != 0.1
