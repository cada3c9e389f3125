"""Records of Evaluate: scores, saved evaluations, further texts, and sets that come whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from core.errors import DataError
from core.storage.evaluation_records import Evaluation
from core.storage.job_records import WAITING, Job
from core.storage.scoring_records import PAGE, Scoring, SegmentScore
from core.storage.test_set_text_records import Kind
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace

NOW = "2024-03-04T05:06:07.123+00:00"
HASH, OTHER_HASH = "a" * 64, "b" * 64
HOSTILE = "e\u0301 שלום नमस्ते 👩🏽‍🔬 '; DROP TABLE scorings;-- \u2028 <b>\r\n\t"

SCORING = Scoring(
    id="c1",
    kind="external",
    name=f"COMET {HOSTILE}",
    test_set_hash=HASH,
    created_at=NOW,
    is_lower_better=True,
    settings={"command": "score --model x", "translation_sets": ["one"], "note": HOSTILE},
)
JOB = Job("c1", "core.evaluate.scorers.external.external_job", "scorings/c1", "score", WAITING, NOW)

EVALUATION = Evaluation("e1", "Three systems", HASH, NOW, {"systems": ["one"], "note": HOSTILE})

SET = TranslationSet(
    "one", None, "upload:A", "A", "", "Small", "test", "eng_Latn", "gle_Latn", HASH, 3, NOW
)  # fmt: skip


def score(position: int, value: float | None = 0.5, **values: str) -> SegmentScore:
    given = {"scoring_id": "c1", "set_id": "one", "rater": ""} | values
    failure = "" if value is not None else "The judge gave no number."
    details = {"spans": [[0, 2]], "answer": HOSTILE}
    return SegmentScore(position=position, value=value, failure=failure, details=details, **given)


def segments(set_id: str, num: int = 3) -> list[Hypothesis]:
    return [Hypothesis(set_id, at, f"source {at}", f"reference {at}", "text") for at in range(num)]


# Scorings


def test_other_settings_take_the_place_of_those_of_one_scoring(workspace: Workspace) -> None:
    other = replace(SCORING, id="c2")
    for each in (SCORING, other):
        workspace.scorings.add(each)
    workspace.scorings.change_settings("c1", {"budget_usd": 2.5, "note": HOSTILE})
    found = workspace.scorings.get("c1")
    assert found == replace(SCORING, settings={"budget_usd": 2.5, "note": HOSTILE})
    assert workspace.scorings.get("c2") == other


def test_scoring_comes_back_with_its_scores_and_its_job(workspace: Workspace) -> None:
    scores = [score(0), score(1, None), score(2, -1.25)]
    workspace.scorings.add(SCORING, scores, job=JOB)
    assert workspace.scorings.get("c1") == SCORING
    assert list(workspace.scorings.scores("c1")) == scores
    assert workspace.jobs.get("c1") == JOB


def test_scoring_whose_scores_cannot_be_stored_leaves_nothing(workspace: Workspace) -> None:
    with pytest.raises(IntegrityError):
        workspace.scorings.add(SCORING, [score(0), score(1), score(0)], job=JOB)
    assert workspace.scorings.of_test_set(HASH) == []
    assert list(workspace.scorings.scores("c1")) == []
    assert workspace.jobs.get("c1") is None


def test_scorings_of_a_test_set_are_given_the_oldest_first(workspace: Workspace) -> None:
    later = replace(SCORING, id="c2", created_at=NOW.replace("2024", "2025"))
    for each in (later, SCORING, replace(SCORING, id="c3", test_set_hash=OTHER_HASH)):
        workspace.scorings.add(each)
    assert workspace.scorings.of_test_set(HASH) == [SCORING, later]


def test_unknown_scoring_is_one_sentence(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="There is no scoring 'c1'"):
        workspace.scorings.get("c1")


def test_stored_scores_replace_those_of_the_same_segment_set_and_rater_only(
    workspace: Workspace,
) -> None:
    first = [
        score(at, 1.0, set_id=set_id, rater=rater)
        for set_id in ("one", "two")
        for rater in ("Áine", "Seán")
        for at in (0, 1)
    ]
    workspace.scorings.add(SCORING, first)
    # Crosswise: neither rater gives the other's segment anew.
    new = [score(0, 2.0, rater="Áine"), score(1, 3.0, rater="Seán")]
    workspace.scorings.store(new)
    found = {(s.set_id, s.rater, s.position): s.value for s in workspace.scorings.scores("c1")}
    wanted = {(s.set_id, s.rater, s.position): s.value for s in [*first, *new]}
    assert found == wanted and len(found) == 8


def test_store_replaces_more_scores_than_one_statement_holds(workspace: Workspace) -> None:
    num = 1203
    workspace.scorings.add(SCORING, [score(at, 0.0) for at in range(num)])
    workspace.scorings.store([score(at, 1.0) for at in range(1, num)])
    values = [each.value for each in workspace.scorings.scores("c1")]
    assert values == [0.0, *[1.0] * (num - 1)]


def test_scores_that_cannot_be_stored_leave_the_earlier_ones(workspace: Workspace) -> None:
    workspace.scorings.add(SCORING, [score(0, 0.0)])
    with pytest.raises(IntegrityError):
        workspace.scorings.store([score(0, 1.0), score(1), score(1)])
    assert [each.value for each in workspace.scorings.scores("c1")] == [0.0]


@pytest.mark.parametrize("num", [PAGE // 4, PAGE // 4 + 50])
def test_scores_are_given_by_set_rater_and_position_across_pages(
    num: int, workspace: Workspace
) -> None:
    scores = [
        SegmentScore("c1", set_id, at, at / 7, rater=rater)
        for set_id in ("one", "two")
        for rater in ("", "Áine")
        for at in range(num)
    ]
    workspace.scorings.add(SCORING, scores[::-1])
    assert list(workspace.scorings.scores("c1")) == scores
    assert list(workspace.scorings.scores("c1", "two")) == scores[2 * num :]
    assert workspace.scorings.counts("c1") == {"one": (2 * num, 2 * num), "two": (2 * num, 2 * num)}


def test_counts_tell_scores_from_values(workspace: Workspace) -> None:
    workspace.scorings.add(SCORING, [score(0), score(1, None), score(0, None, set_id="two")])
    assert workspace.scorings.counts("c1") == {"one": (2, 1), "two": (1, 0)}
    assert workspace.scorings.counts("c2") == {}


def test_digest_of_scores_changes_with_any_value(workspace: Workspace) -> None:
    workspace.scorings.add(SCORING, [score(0, 0.1), score(1, None)])
    workspace.scorings.add(replace(SCORING, id="c2"), [score(0, 0.1, scoring_id="c2")])
    before, of_other = workspace.scorings.digest("c1"), workspace.scorings.digest("c2")
    assert before not in (of_other, workspace.scorings.digest("c3"))
    workspace.scorings.store([score(0, 0.1)])
    assert workspace.scorings.digest("c1") == before
    workspace.scorings.store([score(0, 0.1 + 2e-17)])
    assert workspace.scorings.digest("c1") != before
    assert workspace.scorings.digest("c2") == of_other


def test_deleted_scoring_is_gone_with_its_scores_and_its_job(workspace: Workspace) -> None:
    workspace.scorings.add(SCORING, [score(0)], job=JOB)
    other = replace(SCORING, id="c2")
    kept = [score(0, scoring_id="c2")]
    workspace.scorings.add(other, kept)
    workspace.scorings.delete("c1")
    assert workspace.scorings.of_test_set(HASH) == [other]
    assert list(workspace.scorings.scores("c1")) == [] and workspace.jobs.get("c1") is None
    assert list(workspace.scorings.scores("c2")) == kept


def test_replaced_scoring_has_the_new_scores_only_and_none_change_where_one_is_refused(
    workspace: Workspace,
) -> None:
    workspace.scorings.replace(SCORING, [score(0), score(1)])
    new = replace(SCORING, name="anew")
    with pytest.raises(IntegrityError):
        workspace.scorings.replace(new, [score(2), score(2)])
    assert workspace.scorings.get("c1") == SCORING
    assert list(workspace.scorings.scores("c1")) == [score(0), score(1)]
    workspace.scorings.replace(new, [score(2)])
    assert workspace.scorings.of_test_set(HASH) == [new]
    assert list(workspace.scorings.scores("c1")) == [score(2)]


# Evaluations


def test_evaluation_is_found_by_its_name_and_its_id(workspace: Workspace) -> None:
    assert workspace.evaluations.save(EVALUATION) == EVALUATION
    assert workspace.evaluations.find("Three systems") == EVALUATION
    assert workspace.evaluations.find("e1") == EVALUATION


def test_evaluation_of_a_known_name_is_replaced_and_keeps_its_id(workspace: Workspace) -> None:
    workspace.evaluations.save(EVALUATION)
    other = replace(EVALUATION, id="e3", name="Another", created_at=NOW.replace("2024", "2023"))
    workspace.evaluations.save(other)
    new = replace(EVALUATION, id="e2", test_set_hash=OTHER_HASH, settings={"systems": ["two"]})
    assert workspace.evaluations.save(new) == replace(new, id="e1")
    assert workspace.evaluations.all() == [replace(new, id="e1"), other]


def test_unknown_evaluation_is_told_with_the_names_that_there_are(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="There is no evaluation 'Mine'. Save one"):
        workspace.evaluations.find("Mine")
    workspace.evaluations.save(EVALUATION)
    workspace.evaluations.save(replace(EVALUATION, id="e2", name="Two's"))
    with pytest.raises(DataError) as caught:
        workspace.evaluations.find("Mine")
    assert "'Three systems'" in caught.value.hint and '"Two\'s"' in caught.value.hint


def test_deleted_evaluation_is_gone(workspace: Workspace) -> None:
    workspace.evaluations.save(EVALUATION)
    workspace.evaluations.save(replace(EVALUATION, id="e2", name="Another"))
    workspace.evaluations.delete("e1")
    assert [each.name for each in workspace.evaluations.all()] == ["Another"]


def test_scores_of_one_segment_come_by_rater(workspace: Workspace) -> None:
    workspace.scorings.add(
        replace(SCORING, id="s1"),
        [
            score(0, 1.0, scoring_id="s1", rater="b"),
            score(0, 2.0, scoring_id="s1", rater="a"),
            score(1, 3.0, scoring_id="s1", rater="a"),
        ],
    )
    found = workspace.scorings.scores_at("s1", score(0, 0.0).set_id, 0)
    assert [(each.rater, each.value) for each in found] == [("a", 2.0), ("b", 1.0)]
    assert workspace.scorings.scores_at("s1", "nowhere", 0) == []


# Further references and tags


def test_texts_of_a_test_set_come_back_with_their_gaps(workspace: Workspace) -> None:
    records = workspace.test_set_texts
    texts = [HOSTILE, None, "", *["x"] * 1200]
    records.store(HASH, "reference", HOSTILE[:80], texts)
    records.store(HASH, "reference", "A", ["other"])
    records.store(HASH, "tag", "tag", ["news"])
    records.store(OTHER_HASH, "reference", "A", ["elsewhere"])
    assert records.texts(HASH, "reference", HOSTILE[:80]) == texts
    assert records.names(HASH, "reference") == ["A", HOSTILE[:80]]
    assert records.texts(HASH, "document", "document") == []


def test_texts_of_a_known_name_are_replaced_whole(workspace: Workspace) -> None:
    records = workspace.test_set_texts
    records.store(HASH, "reference", "A", ["one", "two", "three"])
    records.store(HASH, "reference", "B", ["kept"])
    records.store(HASH, "reference", "A", ["new"])
    assert records.texts(HASH, "reference", "A") == ["new"]
    records.delete(HASH, "reference", "A")
    assert records.names(HASH, "reference") == ["B"]
    assert records.texts(HASH, "reference", "A") == []


def test_several_texts_are_stored_together_or_not_at_all(workspace: Workspace) -> None:
    records = workspace.test_set_texts
    records.store(HASH, "tag", "tag", ["news"])
    texts: dict[tuple[Kind, str], list[str | None]]
    texts = {("tag", "tag"): ["health"], ("reference", "A"): ["half a character: \ud800"]}
    with pytest.raises(UnicodeEncodeError):
        records.store_all(HASH, texts)
    assert records.texts(HASH, "tag", "tag") == ["news"]
    assert records.names(HASH, "reference") == []
    records.store_all(HASH, texts | {("reference", "A"): ["a"]})
    assert records.texts(HASH, "tag", "tag") == ["health"]
    assert records.texts(HASH, "reference", "A") == ["a"]


def test_digest_of_texts_tells_none_from_an_empty_one(workspace: Workspace) -> None:
    digests = {workspace.test_set_texts.digest(HASH)}
    for texts in (["a", None], ["a", ""], ["a"], ["", "a"], ["a, None"]):
        workspace.test_set_texts.store(HASH, "reference", "A", texts)
        digests.add(workspace.test_set_texts.digest(HASH))
    workspace.test_set_texts.store(HASH, "tag", "tag", ["a"])
    digests.add(workspace.test_set_texts.digest(HASH))
    assert len(digests) == 7


# Translation sets that come whole, and go with their scores


def test_sets_and_texts_are_stored_together(workspace: Workspace) -> None:
    two = replace(SET, id="two", num_segments=1203)
    whole = [(SET, segments("one")), (two, segments("two", 1203))]
    workspace.translation_sets.add_whole(whole, {("reference", "B"): ["b", None, ""]})
    assert workspace.translation_sets.of_test_set(HASH) == [SET, two]
    assert list(workspace.translation_sets.segments("two")) == segments("two", 1203)
    assert workspace.test_set_texts.texts(HASH, "reference", "B") == ["b", None, ""]


@pytest.mark.parametrize(
    ("of_second", "texts"),
    [(segments("two") + segments("two", 1), ["b"]), (segments("two"), ["\ud800"])],
)
def test_a_set_that_cannot_be_stored_keeps_all_of_them_out(
    of_second: list[Hypothesis], texts: list[str | None], workspace: Workspace
) -> None:
    whole = [(SET, segments("one")), (replace(SET, id="two"), of_second)]
    with pytest.raises((IntegrityError, UnicodeEncodeError)):
        workspace.translation_sets.add_whole(whole, {("reference", "B"): texts})
    assert workspace.translation_sets.all() == []
    assert list(workspace.translation_sets.segments("one")) == []
    assert workspace.test_set_texts.names(HASH, "reference") == []


def test_digest_of_a_set_changes_with_any_hypothesis(workspace: Workspace) -> None:
    workspace.translation_sets.add_whole([(SET, segments("one"))])
    digests = {workspace.translation_sets.digest("one")}
    for hypothesis in ("text", "texT", "", None):
        changed = Hypothesis("one", 2, "source 2", "reference 2", hypothesis)
        workspace.translation_sets.store([changed])
        digests.add(workspace.translation_sets.digest("one"))
    assert len(digests) == 4  # "text" is what it was


def test_deleted_set_takes_the_scores_of_its_segments_with_it(workspace: Workspace) -> None:
    two = replace(SET, id="two")
    workspace.translation_sets.add_whole([(SET, segments("one")), (two, segments("two"))])
    kept = score(0, set_id="two")
    workspace.scorings.add(SCORING, [score(0), score(1, rater="Áine"), kept])
    workspace.translation_sets.delete("one")
    assert list(workspace.scorings.scores("c1")) == [kept]
    assert workspace.translation_sets.all() == [two]
    assert list(workspace.translation_sets.segments("one")) == []
