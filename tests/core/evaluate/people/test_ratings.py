"""Ratings of people: stored by rater, and compared with every metric."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from core.errors import AdaptMLLMError
from core.evaluate.evaluating import evaluate
from core.evaluate.people.ratings import (
    NUM_DISAGREEMENTS,
    add_ratings,
    compare_with_people,
    disagreements,
    metric_matrix,
    stored_ratings,
)
from core.evaluate.settings import EvaluationSettings
from core.evaluate.texts import EvaluationTexts, load_texts
from core.metrics.agreement.meta_evaluation import KENDALL, PEARSON, SPEARMAN
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, REFERENCES, add_set

ONE = ["Scríobhann an altra litir.", "Tá sé", "Maidin!", "bóthar"]
NAN = float("nan")
# By rater: segments and systems (one, two).
RATINGS: dict[str, list[list[float]]] = {
    "Áine": [[80, 90], [20, 95], [60, 85], [10, 99]],
    "Seán": [[70, 88], [NAN, 91], [NAN, 80], [40, NAN]],
}


def tsv(ratings: dict[str, list[list[float]]] = RATINGS, *, end: str = "") -> bytes:
    rows = [
        f"System {name}\t{at + 1}\t{rater}\t{value}"
        for rater, own in ratings.items()
        for at, pair in enumerate(own)
        for name, value in zip(("one", "two"), pair, strict=True)
        if value == value
    ]
    return "\n".join(["system\tsegment\trater\tscore", *rows, end]).encode()


@pytest.fixture
def ready(workspace: Workspace) -> Workspace:
    """Two systems on four segments."""
    add_set(workspace, "one", ONE)
    add_set(workspace, "two", REFERENCES)
    return workspace


def texts_of(workspace: Workspace, *set_ids: str) -> EvaluationTexts:
    return load_texts(workspace, HASH, set_ids or ("one", "two"))


def test_ratings_are_stored_for_each_rater_and_missing_ones_stay_missing(ready: Workspace) -> None:
    added = add_ratings(ready, tsv(), "ratings.tsv", texts_of(ready))
    assert added.joined.num_ratings == 13 and added.joined.num_left_out == 0
    (scoring,) = ready.scorings.of_test_set(HASH)
    assert scoring == added.scoring and (scoring.kind, scoring.name) == ("human", "Human score")
    assert scoring.settings["file"] == "ratings.tsv" and not scoring.is_lower_better
    assert ready.scorings.counts(scoring.id) == {"one": (6, 6), "two": (7, 7)}
    found = stored_ratings(ready, scoring, ("one", "two"), 4)
    assert found.set_ids == ("one", "two") and list(found.by_rater) == ["Seán", "Áine"]
    for rater, own in RATINGS.items():
        np.testing.assert_array_equal(found.by_rater[rater], own)
    means = np.nanmean([RATINGS["Áine"], RATINGS["Seán"]], axis=0)
    np.testing.assert_array_equal(found.human, means)


def test_only_systems_that_were_rated_are_columns(ready: Workspace) -> None:
    add_set(ready, "three", ONE[::-1])
    only_two: dict[str, list[list[float]]] = {"Áine": [[NAN, 5], [NAN, NAN], [NAN, 3], [NAN, NAN]]}
    texts = texts_of(ready, "one", "two", "three")
    scoring = add_ratings(ready, tsv(only_two), "r.tsv", texts, name="Mine").scoring
    assert scoring.name == "Mine"
    found = stored_ratings(ready, scoring, ("three", "two"), 4)
    assert found.set_ids == ("two",)
    np.testing.assert_array_equal(found.human, [[5], [NAN], [3], [NAN]])
    nobody = stored_ratings(ready, scoring, ("three",), 4)
    assert nobody.set_ids == () and nobody.human.shape == (4, 0)


def test_systems_of_other_names_are_matched_by_hand(ready: Workspace) -> None:
    data = tsv().replace(b"System one", b"online-A")
    scoring = add_ratings(
        ready, data, "r.tsv", texts_of(ready), system_names={"online-A": "one"}
    ).scoring  # fmt: skip
    assert ready.scorings.counts(scoring.id)["one"] == (6, 6)
    part = add_ratings(ready, data, "r.tsv", texts_of(ready))
    assert list(ready.scorings.counts(part.scoring.id)) == ["two"]
    assert part.joined.num_left_out == 6 and "'online-A'" in part.scoring.settings["notes"][0]


def test_systems_with_the_same_name_are_rated_apart(ready: Workspace) -> None:
    record = ready.translation_sets.get("one")
    twin = replace(record, id="twin")
    segments = [replace(s, set_id="twin") for s in ready.translation_sets.segments("one")]
    ready.translation_sets.add_whole([(twin, segments)])
    texts = texts_of(ready, "one", "twin")
    rows = "System one (1)\t1\tA\t5\nSystem one (2)\t1\tA\t7"
    data = f"system\tsegment\trater\tscore\n{rows}".encode()
    scoring = add_ratings(ready, data, "r.tsv", texts).scoring
    values = {each.set_id: each.value for each in ready.scorings.scores(scoring.id)}
    assert values == {"one": 5.0, "twin": 7.0}


def test_a_name_of_the_page_means_the_same_set_whichever_are_chosen(ready: Workspace) -> None:
    for set_id in ("second", "third"):
        twin = replace(ready.translation_sets.get("one"), id=set_id)
        segments = [replace(s, set_id=set_id) for s in ready.translation_sets.segments("one")]
        ready.translation_sets.add_whole([(twin, segments)])
    data = b"system\tsegment\trater\tscore\nSystem one (3)\t1\tA\t5\nSystem one (2)\t1\tA\t7"
    scoring = add_ratings(ready, data, "r.tsv", texts_of(ready, "second", "third")).scoring
    values = {each.set_id: each.value for each in ready.scorings.scores(scoring.id)}
    assert values == {"third": 5.0, "second": 7.0}
    plain = data.replace(b"System one (3)", b"System one")  # one of the texts can be meant
    scoring = add_ratings(ready, plain, "r.tsv", texts_of(ready, "third", "two")).scoring
    values = {each.set_id: each.value for each in ready.scorings.scores(scoring.id)}
    assert values == {"third": 5.0}
    with pytest.raises(AdaptMLLMError):  # either could be
        add_ratings(
            ready, plain.split(b"\nSystem one (2)")[0], "r.tsv", texts_of(ready, "second", "third")
        )


def test_ratings_that_are_sent_twice_are_added_once(ready: Workspace) -> None:
    first = add_ratings(ready, tsv(), "r.tsv", texts_of(ready), scoring_id="form 1")
    again = add_ratings(ready, tsv(), "r.tsv", texts_of(ready), scoring_id="form 1", name="New")
    assert first.scoring.id == "form 1" and again.scoring == first.scoring
    assert ready.scorings.of_test_set(HASH) == [first.scoring]
    assert ready.scorings.counts("form 1") == {"one": (6, 6), "two": (7, 7)}
    add_ratings(ready, tsv(), "r.tsv", texts_of(ready), scoring_id="form 2")
    assert len(ready.scorings.of_test_set(HASH)) == 2


def test_a_metric_without_a_value_of_what_was_rated_is_listed_apart(ready: Workspace) -> None:
    only_first: dict[str, list[list[float]]] = {"Áine": [[3, 5], [4, 2], [NAN, NAN], [NAN, NAN]]}
    scoring = add_ratings(ready, tsv(only_first), "r.tsv", texts_of(ready)).scoring
    judge = Scoring("j", "judge", "Judge", HASH, "2024-01-01")
    scores = [SegmentScore("j", each, at, 1.0) for each in ("one", "two") for at in (2, 3)]
    ready.scorings.add(judge, scores)
    given = {"test_set": HASH, "systems": ("one", "two"), "metrics": ("scoring:j", "chrf2")}
    found = evaluate(ready, EvaluationSettings.parse(given | {"num_samples": 20}))
    result = compare_with_people(found, stored_ratings(ready, scoring, ("one", "two"), 4), seed=1)
    assert result.unrelated == ("Judge",) and [e.key for e in result.metrics] == ["chrf2"]
    nobody = compare_with_people(found, stored_ratings(ready, scoring, (), 4), seed=1)
    assert nobody.unrelated == ("Judge", "chrF2") and nobody.metrics == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"system\tsegment\trater\tscore\n",
        b"system\tscore\nSystem one\t3\n",
        tsv(end="System one\t1\tSe\xc3\xa1n\tgood"),
        tsv(end="System one\t1\tSe\xc3\xa1n\tnan"),
        tsv(end="System one\t1"),
        tsv().replace(b"System", b"Nobody"),
        b"system\tsegment\trater\tscore\nSystem one\t77\tA\t5\n",
        b"\xff\xfe\x00",
    ],
)
def test_a_file_that_cannot_be_used_stores_nothing(data: bytes, ready: Workspace) -> None:
    with pytest.raises(AdaptMLLMError) as caught:
        add_ratings(ready, data, "ratings.tsv", texts_of(ready))
    assert "\n" not in str(caught.value)
    assert ready.scorings.of_test_set(HASH) == []


def test_an_unknown_preset_stores_nothing(ready: Workspace) -> None:
    header = "system\tdoc\tdoc_id\tseg_id\trater\tsource\ttarget\tcategory\tseverity"
    data = f"{header}\nSystem one\td\t1\t1\tA\t \t \tNo-error\tno-error".encode()
    with pytest.raises(AdaptMLLMError, match="wmt99"):
        add_ratings(ready, data, "mqm.tsv", texts_of(ready), preset="wmt99")
    assert ready.scorings.of_test_set(HASH) == []


def test_agreement_is_that_of_scipy_on_the_points_that_people_rated(ready: Workspace) -> None:
    scoring = add_ratings(ready, tsv(), "r.tsv", texts_of(ready)).scoring
    given = {"test_set": HASH, "systems": ("one", "two"), "num_samples": 20}
    metrics = ("chrf2", "ter", f"scoring:{scoring.id}")
    found = evaluate(ready, EvaluationSettings.parse(given | {"metrics": metrics}))
    ratings = stored_ratings(ready, scoring, ("one", "two"), 4)
    result = compare_with_people(found, ratings, seed=1)
    assert [each.key for each in result.metrics] == ["chrf2", "ter"]  # people are no metric
    assert result.num_rated == 4
    for agreement, metric in zip(result.metrics, found.metrics, strict=False):
        scores = metric_matrix(metric, ratings.set_ids, 4).ravel()
        sign = -1 if metric.key == "ter" else 1
        values = {each.name: each.value for each in agreement.found.segments}
        people = ratings.human.ravel()
        assert values[PEARSON] == pytest.approx(stats.pearsonr(sign * scores, people)[0])
        assert values[SPEARMAN] == pytest.approx(stats.spearmanr(sign * scores, people)[0])
        assert values[KENDALL] == pytest.approx(stats.kendalltau(sign * scores, people)[0])
        assert agreement.found.is_negated == (metric.key == "ter")
    assert result.raters is not None and result.raters.num_points == 5
    shared = np.isfinite(np.ravel(RATINGS["Seán"]))
    pair = [np.ravel(RATINGS[rater])[shared] for rater in ("Áine", "Seán")]
    assert result.raters.pearson == pytest.approx(stats.pearsonr(*pair)[0])
    assert result.raters_and_others is None  # there are but two raters


def test_disagreements_are_those_of_the_rated_systems(ready: Workspace) -> None:
    # The references are rated badly, the poor translations well.
    unfair: dict[str, list[list[float]]] = {"Áine": [[99, 1], [99, 1], [99, 1], [99, NAN]]}
    scoring = add_ratings(ready, tsv(unfair), "r.tsv", texts_of(ready)).scoring
    given = {"test_set": HASH, "systems": ("two", "one"), "metrics": ("chrf2",)}
    found = evaluate(ready, EvaluationSettings.parse(given | {"num_samples": 20}))
    ratings = stored_ratings(ready, scoring, ("two", "one"), 4)
    listed = disagreements(found, found.metrics[0], ratings)
    assert len(listed) == 7 <= NUM_DISAGREEMENTS
    assert (3, 0) not in {(each.segment, each.system) for each in listed}  # nobody rated it
