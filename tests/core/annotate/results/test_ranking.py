from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import find_preset
from core.annotate.results.ranking import SystemRanking, rank_systems
from core.annotate.results.scoring import segment_scores
from core.annotate.results.table import pair_rows, ranking_json, segment_rows, system_rows
from tests.core.annotate.results.judged import campaign, item, marked, scored, sqm

PRESET = find_preset("wmt23")


def random_ratings(*quality: float, num_segments: int = 80, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    hardness = rng.normal(0, 1, (num_segments, 1))
    return np.clip(
        np.round(np.array(quality) + hardness + rng.normal(0, 0.8, (num_segments, len(quality)))),
        0,
        6,
    )


def ranked(data: CampaignData, **values: int) -> SystemRanking:
    return rank_systems(data, PRESET, **{"num_samples": 200, **values})


@pytest.fixture(scope="module")
def ladder() -> CampaignData:
    """C is far better than A and B, which differ by chance only; eight segments a document."""
    names = [f"d{number // 8}" for number in range(80)]
    return sqm({"r": random_ratings(2.5, 2.5, 5).tolist()}, documents=names)


def test_a_line_is_drawn_where_all_above_beat_all_below(ladder: CampaignData) -> None:
    found = ranked(ladder).systems
    assert found[0].score.system == "C"
    assert [each.cluster for each in found] == [1, 2, 2]
    assert [each.ranks for each in found] == [(1, 1), (2, 3), (2, 3)]


def test_pairs_have_the_tests_of_scipy(ladder: CampaignData) -> None:
    found = ranked(ladder)
    values = segment_scores(ladder, PRESET).values
    columns = dict(zip("ABC", values.T, strict=True))
    assert [(pair.system, pair.other) for pair in found.pairs][0][0] == "C"
    for pair in found.pairs:
        x, y = columns[pair.system], columns[pair.other]
        assert pair.delta == pytest.approx(x.mean() - y.mean(), abs=1e-12)
        expected = stats.mannwhitneyu(x, y, alternative="greater", method="asymptotic")
        assert pair.p_rank_sum == pytest.approx(expected.pvalue, abs=1e-12)
        signed = stats.wilcoxon(x - y, method="asymptotic", zero_method="wilcox")
        assert pair.p_signed_rank == pytest.approx(signed.pvalue, abs=1e-12)
        permuted = stats.permutation_test(
            (x - y,), np.mean, permutation_type="samples", vectorized=True, n_resamples=20_000,
            rng=np.random.default_rng(3),
        )  # fmt: skip
        assert pair.p_permutation == pytest.approx(permuted.pvalue, abs=0.03)
    p = [pair.p_permutation or 0 for pair in found.pairs]
    assert [pair.is_separated for pair in found.pairs] == [True, True, False]
    assert found.pairs[0].p_permutation_corrected == pytest.approx(3 * min(p))


def test_intervals_are_wider_by_document_where_segments_of_a_document_are_alike() -> None:
    # Ten documents of ten equal segments: there are ten pieces of evidence, not a hundred.
    names = [f"d{number // 10}" for number in range(100)]
    rows = [[float(number // 10 % 7)] for number in range(100)]
    found = ranked(sqm({"r": rows}, documents=names), num_samples=2000).systems[0]
    assert found.by_segment and found.by_document
    assert (found.by_segment.num_units, found.by_document.num_units) == (100, 10)
    widths = [each.high - each.low for each in (found.by_segment, found.by_document)]
    spread = np.std(np.ravel(rows))
    assert widths[0] == pytest.approx(2 * 1.96 * spread / 10, rel=0.15)
    assert widths[1] == pytest.approx(widths[0] * math.sqrt(10), rel=0.15)


def test_without_names_of_documents_or_a_second_one_there_is_no_interval_by_document() -> None:
    rows = random_ratings(3, 4, num_segments=12).tolist()
    for documents in ((), ["only"] * 12):
        found = ranked(sqm({"r": rows}, documents=documents)).systems[0]
        assert found.by_document is None and found.by_segment is not None


def test_gaps_are_left_out_and_systems_without_ratings_stand_last() -> None:
    rows = random_ratings(2, 4, 3, num_segments=20)
    rows[:, 0] = np.nan
    rows[::2, 2] = np.nan
    given = [[None if math.isnan(each) else each for each in row] for row in rows.tolist()]
    found = ranked(sqm({"r": given}))
    assert [each.score.system for each in found.systems] == ["B", "C", "A"]
    last = found.systems[-1]
    assert (last.score.mean, last.cluster, last.by_segment, last.z_score) == (None,) * 4
    assert [pair.num_shared for pair in found.pairs] == [10]
    assert found.num_segments == 20


def test_systems_without_a_common_segment_are_compared_by_rank_sum_alone() -> None:
    rows = [[float(number % 5), None] for number in range(10)]
    rows += [[None, 6.0] for _ in range(10)]
    (pair,) = ranked(sqm({"r": rows})).pairs
    assert pair.num_shared == 0 and pair.hint.reason == "few"
    assert (pair.p_permutation, pair.p_signed_rank, pair.p_permutation_corrected) == (None,) * 3
    assert pair.p_rank_sum < 0.001 and not pair.is_separated


def test_few_segments_draw_no_line() -> None:
    rows = [[6.0, float(number % 2)] for number in range(5)]
    found = ranked(sqm({"r": rows}))
    assert found.pairs[0].p_rank_sum < 0.05
    assert [each.cluster for each in found.systems] == [1, 1]


def test_z_scores_are_those_of_each_rater_with_n_less_one() -> None:
    mild = [[6.0, 5.0], [5.0, 4.0], [6.0, None]]
    severe = [[2.0, None], [1.0, 0.0], [None, None]]
    found = ranked(sqm({"mild": mild, "severe": severe, "same": [[3.0, 3.0]] * 3}))
    m, s = (
        stats.zscore(np.array(rows, float), axis=None, ddof=1, nan_policy="omit")
        for rows in (mild, severe)
    )
    first = np.mean([(m[0, 0] + s[0, 0]) / 2, (m[1, 0] + s[1, 0]) / 2, m[2, 0]])
    second = np.mean([m[0, 1], (m[1, 1] + s[1, 1]) / 2])
    by_name = {each.score.system: each.z_score for each in found.systems}
    assert by_name["A"] == pytest.approx(first, abs=1e-12)
    assert by_name["B"] == pytest.approx(second, abs=1e-12)


def test_esa_ranks_by_the_score_and_tells_the_spans_beside() -> None:
    items = [item("r", row, 0, marked("major ", score=90)) for row in range(6)]
    items += [item("r", row, 1, marked(score=40 + row)) for row in range(6)]
    found = ranked(campaign(items, protocol="esa", num_segments=6))
    assert [(each.score.system, each.span_mean) for each in found.systems] == [("A", -5), ("B", 0)]


def test_an_empty_campaign_has_systems_and_nothing_more() -> None:
    found = ranked(campaign([]))
    assert [each.score.mean for each in found.systems] == [None, None]
    assert found.pairs == () and found.num_segments == 0


def test_the_same_seed_gives_the_same_ranking(ladder: CampaignData) -> None:
    assert ranked(ladder) == ranked(ladder) != ranked(ladder, seed=2)


def test_every_row_carries_scale_averaging_and_n(ladder: CampaignData) -> None:
    found = ranked(ladder)
    rows = [*system_rows(found), *pair_rows(found)]
    assert all(row["scale"] == "SQM, 0 to 6" and "plain mean" in row["averaging"] for row in rows)
    assert system_rows(found)[0]["n_segments"] == pair_rows(found)[0]["n_shared_segments"] == 80
    segments = list(segment_rows(ladder, segment_scores(ladder, PRESET)))
    assert len(segments) == 240 and segments[0]["n_ratings"] == 1
    value = json.loads(json.dumps(ranking_json(ladder, PRESET, found), allow_nan=False))
    assert value["mqm"] is None and value["systems"][0]["system"] == "C"
    as_mqm = campaign([item("r", 0, 0, marked("major"))])
    told = ranking_json(as_mqm, PRESET, ranked(as_mqm))["mqm"]
    assert told["preset"] == "wmt23" and told["weights"][0]["penalty"] == 0


def test_adjudicated_scores_rank_too() -> None:
    items = [item("r", row, column, scored(3)) for row in range(6) for column in range(2)]
    gold = {(row, 1): scored(5) for row in range(6)}
    data = campaign(items, protocol="sqm", num_segments=6, gold=gold)
    found = rank_systems(data, PRESET, uses_gold=True, num_samples=10)
    assert found.systems[0].score.system == "B" and found.num_adjudicated == 6
