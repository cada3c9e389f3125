"""Published scores: beside ours, by direction, never among them."""

from __future__ import annotations

import pytest

from core.evaluate.evaluating import evaluate
from core.evaluate.published import published_scores
from core.evaluate.settings import EvaluationSettings
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, add_set

DIRECTIONS = {
    ("eng_Latn", "gle_Latn"): (41.2, 36.0, 25.8, 13.5),
    ("gle_Latn", "eng_Latn"): (75.1, 34.6, 21.3),
    ("eng_Latn", "mar_Deva"): (24.2, 22.2, 12.2, 11.8, 5.1),
    ("mar_Deva", "eng_Latn"): (52.6, 31.3, 17.9, 17.2, 14.6, 5.1),
}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_scores_of_a_direction_are_given_the_best_first(direction: tuple[str, str]) -> None:
    found = published_scores(*direction)
    assert tuple(each.bleu for each in found) == DIRECTIONS[direction]
    assert {(each.src_lang, each.tgt_lang) for each in found} == {direction}
    assert all(each.source and each.caveat for each in found)


def test_other_directions_have_none() -> None:
    assert published_scores("eng_Latn", "fra_Latn") == []


def test_only_the_papers_notebook_tells_its_casing() -> None:
    found = [each for direction in DIRECTIONS for each in published_scores(*direction)]
    known = [each for each in found if each.casing != "unknown"]
    assert [(each.system, each.bleu, each.casing) for each in known] == [
        ("adaptMLLM", 41.2, "lowercased")
    ]
    derived = [each.bleu for each in found if each.status == "derived"]
    assert derived == [75.1, 52.6]


def test_the_gains_of_the_abstract_are_those_over_the_best_of_the_shared_task() -> None:
    gains = {("eng_Latn", "gle_Latn"): 5.2, ("gle_Latn", "eng_Latn"): 40.5,
             ("mar_Deva", "eng_Latn"): 21.3}  # fmt: skip
    for direction, gain in gains.items():
        ours, best = published_scores(*direction)[:2]
        assert (ours.system, best.system != "adaptMLLM") == ("adaptMLLM", True)
        assert ours.bleu - best.bleu == pytest.approx(gain)


def test_a_result_holds_no_published_score(workspace: Workspace) -> None:
    add_set(workspace, "one", ["a", "b", "c", "d"])
    settings = EvaluationSettings.parse(
        {"test_set": HASH, "systems": ("one",), "metrics": ["bleu"]}
    )
    result = evaluate(workspace, settings).result
    assert (result.src_lang, result.tgt_lang) == ("eng_Latn", "gle_Latn")
    assert [each.set_id for each in result.systems] == ["one"]
    assert {each.set_id for each in result.scores} == {"one"}
    assert {each.set_id for each in result.ranks} == {"one"}
    told = str(result.as_dict())
    published = published_scores(result.src_lang, result.tgt_lang)
    assert not any(each.system in told or each.source in told for each in published)
