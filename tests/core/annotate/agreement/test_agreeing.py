from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from core.annotate.agreement.agreeing import agree
from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.mqm_weights import find_preset
from core.errors import ConfigError
from tests.core.annotate.results.judged import campaign, item, mark, marked, scored, sqm

PRESET = find_preset("wmt23")
NAN = float("nan")
RATERS = ("ann", "ben", "cem")


def mqm_with_gaps(seed: int = 7) -> CampaignData:
    """Three raters, 20 segments of two systems, a fifth of the judgements missing."""
    generator = np.random.default_rng(seed)
    items = []
    for row in range(20):
        for column in range(2):
            is_bad = generator.random() < 0.4
            for rater in RATERS:
                sees_it = generator.random() < (0.7 if is_bad else 0.15)
                errors = [*(["major"] if sees_it else []), *["minor"] * generator.integers(0, 3)]
                if generator.random() > 0.2:
                    items.append(item(rater, row, column, marked(*errors)))
    return campaign(items, num_segments=20)


def majors(data: CampaignData) -> dict[str, dict[tuple[int, int], int]]:
    found: dict[str, dict[tuple[int, int], int]] = {rater: {} for rater in RATERS}
    for each in data.items:
        severities = {mark.severity for mark in each.annotation.marks}
        found[each.rater][each.segment, each.systems[0]] = int("major" in severities)
    return found


def test_kappa_of_pairs_and_alpha_equal_the_libraries_on_data_with_gaps() -> None:
    data = mqm_with_gaps()
    result = agree(data, PRESET)
    own = majors(data)
    for pair, (first, second) in zip(result.pairs, combinations(RATERS, 2), strict=True):
        shared = sorted(own[first].keys() & own[second].keys())
        one, two = [own[first][key] for key in shared], [own[second][key] for key in shared]
        assert (pair.first, pair.second, pair.num_shared) == (first, second, len(shared))
        assert pair.kappa == pytest.approx(cohen_kappa_score(one, two), abs=1e-12)
        assert pair.shares[1] == pytest.approx(np.mean(one + two))
        assert pair.agreement == pytest.approx(np.mean(np.equal(one, two)))
    assert result.mean_kappa == pytest.approx(np.mean([pair.kappa for pair in result.pairs]))
    places = sorted({key for rater in own.values() for key in rater})
    matrix = np.array([[own[rater].get(key, NAN) for key in places] for rater in RATERS])
    nominal = krippendorff.alpha(matrix, level_of_measurement="nominal")
    assert result.alpha_nominal == pytest.approx(nominal, abs=1e-12)
    assert result.fleiss is None and "shared have 2 to 3" in result.fleiss_note
    assert "about 0.4" in result.yardstick


def test_the_whole_table_is_one_row_a_class_of_the_first_rater() -> None:
    data = campaign(
        [
            item("ann", 0, 0, marked("major")),
            item("ben", 0, 0, marked("minor")),
            item("ann", 0, 1, marked("critical")),
            item("ben", 0, 1, marked("major")),
            item("ann", 1, 0, Annotation(is_non_translation=True, is_done=True)),
            item("ben", 1, 0, marked()),
        ]
    )
    (pair,) = agree(data, find_preset("mqm-core")).pairs
    assert pair.table == ((0, 0), (2, 1))
    assert pair.kappa == 0 and pair.agreement == pytest.approx(1 / 3)


def test_alpha_of_penalties_follows_the_preset() -> None:
    data = mqm_with_gaps()
    found = {}
    for name in ("wmt23", "adaptmllm"):
        preset = find_preset(name)
        scores = np.full((3, 40), NAN)
        for each in data.items:
            severities = [mark.severity for mark in each.annotation.marks]
            weight = 5 if name == "wmt23" else 10
            points = severities.count("minor") + weight * severities.count("major")
            scores[RATERS.index(each.rater), each.segment * 2 + each.systems[0]] = -points
        result = agree(data, preset)
        expected = krippendorff.alpha(scores, level_of_measurement="interval")
        assert result.alpha_interval == pytest.approx(expected, abs=1e-9)
        assert result.scale == name
        found[name] = result
    assert found["wmt23"].alpha_interval != pytest.approx(found["adaptmllm"].alpha_interval)
    assert found["wmt23"].mean_kappa == found["adaptmllm"].mean_kappa


def test_sqm_has_quadratic_kappa_ordinal_alpha_and_fleiss() -> None:
    generator = np.random.default_rng(3)
    truth = generator.integers(0, 7, size=(30, 1))
    rows = np.clip(truth + generator.integers(-1, 2, size=(30, 3)), 0, 6)
    data = sqm({name: [[float(row[n])] for row in rows] for n, name in enumerate(RATERS)})
    result = agree(data, PRESET)
    kappas = [
        cohen_kappa_score(rows[:, one], rows[:, two], weights="quadratic", labels=range(7))
        for one, two in combinations(range(3), 2)
    ]
    assert [pair.kappa for pair in result.pairs] == pytest.approx(kappas)
    ordinal = krippendorff.alpha(rows.T.astype(float), level_of_measurement="ordinal")
    assert result.alpha_ordinal == pytest.approx(ordinal)
    table, _ = aggregate_raters(rows, n_cat=7)
    assert result.fleiss == pytest.approx(fleiss_kappa(table)) and result.fleiss_note == ""
    assert result.is_weighted and result.labels == tuple("0123456")
    assert result.spans is None and result.yardstick == ""


def test_esa_compares_major_errors_and_the_scores_of_the_slider() -> None:
    scores = np.array([[90.0, 20.0, 55.0, 70.0], [80.0, 30.0, 60.0, 40.0]])
    items = []
    for rater, row in zip(("ann", "ben"), scores, strict=True):
        for segment, score in enumerate(row):
            errors = ["major "] if score < 50 else []
            items.append(item(rater, segment, 0, replace(marked(*errors), score=float(score))))
    result = agree(campaign(items, protocol="esa", num_segments=4), PRESET)
    expected = krippendorff.alpha(scores, level_of_measurement="interval")
    assert result.alpha_interval == pytest.approx(expected)
    (pair,) = result.pairs
    assert pair.score_alpha == pytest.approx(expected)
    assert pair.score_difference == pytest.approx(scores[0].mean() - scores[1].mean())
    assert pair.table == ((2, 1), (0, 1)) and result.scale.startswith("ESA")
    assert pair.spans is not None and pair.spans.category is None


def ranked(rater: str, segment: int, systems: tuple[int, ...], *ranks: int | None) -> JudgedItem:
    return JudgedItem(rater, segment, systems, Annotation(ranks=ranks, is_done=True))


def test_rankings_are_compared_pair_by_pair_whatever_the_order_shown() -> None:
    items = [
        ranked("ann", 0, (0, 1, 2), 1, 2, 2),
        ranked("ben", 0, (2, 1, 0), 3, 2, 1),  # 0 < 1, 0 < 2, 1 < 2
        ranked("ann", 1, (1, 0), 1, 2),
        ranked("ben", 1, (0, 1), 1, None),
    ]
    data = campaign(items, protocol="ranking", systems=("A", "B", "C"))
    result = agree(data, PRESET)
    (pair,) = result.pairs
    assert (result.unit, pair.num_shared) == ("comparison", 3)
    assert pair.table == ((2, 0, 0), (1, 0, 0), (0, 0, 0))
    assert pair.kappa == 0 and pair.agreement == pytest.approx(2 / 3)
    assert pair.score_alpha is None and result.alpha_interval is None


def test_only_finished_main_and_calibration_items_count_and_the_last_save() -> None:
    items = [
        item("ann", 0, 0, marked("major"), saved_at="2026-01-02T00:00:00+00:00"),
        item("ann", 0, 0, marked(), saved_at="2026-01-01T00:00:00+00:00"),
        item("ben", 0, 0, marked("major"), kind="calibration"),
        item("ann", 0, 1, replace(marked("major"), is_done=False)),
        item("ben", 0, 1, marked("major")),
        item("ann", 1, 0, marked("major"), kind="repeat"),
        item("ben", 1, 0, marked("major")),
    ]
    (pair,) = agree(campaign(items), PRESET).pairs
    assert pair.num_shared == 1 and pair.table == ((0, 0), (0, 1))


def test_raters_who_always_say_the_same_have_no_kappa_and_the_reason() -> None:
    items = [item(rater, row, 0, marked()) for rater in ("ann", "ben") for row in range(2)]
    result = agree(campaign(items), PRESET)
    assert result.pairs[0].kappa is None
    assert result.pairs[0].note == "Both always answered 'no major error'."
    assert (result.mean_kappa, result.num_kappas, result.alpha_nominal) == (None, 0, None)
    assert result.fleiss is None and result.fleiss_note == "All answers are the same."


def test_fleiss_kappa_leaves_out_what_only_one_rater_judged() -> None:
    rows: dict[str, list[list[float | None]]] = {
        "ann": [[0.0], [3.0], [6.0], [1.0]],
        "ben": [[0.0], [2.0], [6.0], [None]],
    }
    result = agree(sqm(rows), PRESET)
    table, _ = aggregate_raters(np.array([[0, 0], [3, 2], [6, 6]]), n_cat=7)
    assert result.fleiss == pytest.approx(fleiss_kappa(table))


def test_nothing_shared_gives_nothing_but_the_reason() -> None:
    result = agree(campaign([item("ann", 0, 0, marked()), item("ben", 1, 0, marked())]), PRESET)
    assert result.pairs == () and result.num_shared == 0 and result.shares == ()
    assert result.raters == ("ann", "ben")
    assert "No two raters answered for the same output" in result.fleiss_note
    assert agree(campaign([]), PRESET).pairs == ()


def test_marks_are_compared_by_place_severity_and_category_on_both_sides() -> None:
    dog = {"start": 4, "end": 7}
    ann = (mark("minor", "Fluency/Grammar", **dog), mark("major", side="source", start=0, end=2))
    ben = (mark("major", "fluency/grammar", **dog), mark("major", side="target", start=8, end=12))
    items = [
        item("ann", 0, 0, Annotation(marks=ann, is_done=True)),
        item("ben", 0, 0, Annotation(marks=ben, is_done=True)),
    ]
    (pair,) = agree(campaign(items), PRESET).pairs
    assert pair.spans is not None
    assert pair.spans.position == pytest.approx(2 * 3 / (5 + 7))
    assert pair.spans.severity == 0
    assert pair.spans.category == pytest.approx(2 * 3 / (5 + 7))


def test_what_is_no_translation_is_one_error_over_the_whole_output() -> None:
    whole = Annotation(is_non_translation=True, is_done=True)
    items = [item("ann", 0, 0, whole), item("ben", 0, 0, whole)]
    (pair,) = agree(campaign(items), PRESET).pairs
    assert pair.spans is not None and pair.spans.category == 1


def test_a_severity_that_the_preset_does_not_weigh_is_said() -> None:
    data = campaign([item("ann", 0, 0, marked("critical")), item("ben", 0, 0, scored(None))])
    with pytest.raises(ConfigError, match="wmt21 does not weigh the severity 'critical'"):
        agree(data, find_preset("wmt21"))
