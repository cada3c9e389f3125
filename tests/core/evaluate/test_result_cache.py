"""Results kept on disk: given again as they were, and never when anything behind them changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import DataError
from core.evaluate.evaluating import evaluate
from core.evaluate.result_cache import result_key, store_result, stored_result
from core.evaluate.results import EvaluationResult
from core.evaluate.settings import EvaluationSettings
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.translation_set_records import Hypothesis
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, REFERENCES, SOURCES, add_set
from tests.leak_statuses import LEAKS, UNCHECKED, stored, told, untold

SETTINGS = EvaluationSettings.parse(
    {
        "test_set": HASH,
        "systems": ("one", "two"),
        "metrics": ("bleu", "scoring:c1"),
        "references": ("reference", "B"),
        "num_samples": 20,
    }
)


@pytest.fixture
def ready(workspace: Workspace) -> Workspace:
    """Two systems with a further reference, tags and a scoring."""
    add_set(workspace, "one", ["a", "b", "", "Bóthar fada."])
    add_set(workspace, "two", REFERENCES)
    workspace.test_set_texts.store(HASH, "reference", "B", ["w", None, "y", "z"])
    workspace.test_set_texts.store(HASH, "tag", "tag", ["t"] * 4)
    scoring = Scoring("c1", "external", "COMET", HASH, "2024-01-01", settings={"command": "c"})
    scores = [SegmentScore("c1", name, at, at / 3) for name in ("one", "two") for at in range(4)]
    workspace.scorings.add(scoring, scores)
    return workspace


def the_file(workspace: Workspace) -> Path:
    (path,) = (workspace.statistics_folder / "results").iterdir()
    return path


def _without_leaks(result: EvaluationResult) -> EvaluationResult:
    """Gives what is kept: leaks are looked up each time."""
    return replace(result, leak="", leak_badge="unknown")


def test_a_stored_result_comes_back_as_it_was(ready: Workspace) -> None:
    first = evaluate(ready, SETTINGS).result
    key = result_key(ready, SETTINGS)
    assert first.leak and stored_result(ready, key) == _without_leaks(first)
    again = evaluate(ready, SETTINGS)
    assert again.result == first  # made_at as well: nothing was compared anew
    assert the_file(ready).stem == key


def test_a_result_without_values_comes_back_as_it_was(ready: Workspace) -> None:
    found = replace(evaluate(ready, SETTINGS).result, name="'; é \u2028", differences=())
    score = replace(found.scores[0], mean=None, low=None, value=float("inf"))
    changed = replace(found, scores=(score,))
    store_result(ready, "k", changed)
    assert stored_result(ready, "k") == changed


def _hypothesis(workspace: Workspace, text: str | None) -> None:
    changed = Hypothesis("one", 1, SOURCES[1], REFERENCES[1], text)
    workspace.translation_sets.store([changed])


def _rename(workspace: Workspace) -> None:
    record = replace(workspace.translation_sets.get("one"), system_name="New")
    segments = list(workspace.translation_sets.segments("one"))
    workspace.translation_sets.delete("one")
    workspace.translation_sets.add_whole([(record, segments)])


def _add_twin(workspace: Workspace) -> None:
    twin = replace(workspace.translation_sets.get("one"), id="twin")
    workspace.translation_sets.add_whole([(twin, [])])


CHANGES: dict[str, Callable[[Workspace], None]] = {
    "a hypothesis": lambda w: _hypothesis(w, "B"),
    "a failure": lambda w: _hypothesis(w, None),
    "a score": lambda w: w.scorings.store([SegmentScore("c1", "one", 1, 0.9)]),
    "a missing score": lambda w: w.scorings.store([SegmentScore("c1", "one", 1, None)]),
    "a further rater": lambda w: w.scorings.store([SegmentScore("c1", "one", 1, 1.0, rater="B")]),
    "a reference": lambda w: w.test_set_texts.store(HASH, "reference", "B", ["w", "x", "y", "z"]),
    "a tag": lambda w: w.test_set_texts.store(HASH, "tag", "tag", ["t", "t", "t", "u"]),
    "a name": _rename,
    "another system of the name": lambda w: _add_twin(w),
    "an older scorer of the name": lambda w: w.scorings.add(
        Scoring("c0", "external", "COMET", HASH, "2023-01-01")
    ),
    "the origin": lambda w: w.translation_sets.describe("one", {"version": "v2"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_makes_another_key(change: str, ready: Workspace) -> None:
    before = result_key(ready, SETTINGS)
    assert result_key(ready, SETTINGS) == before
    CHANGES[change](ready)
    assert result_key(ready, SETTINGS) != before


def test_a_changed_hypothesis_and_a_changed_score_are_seen(ready: Workspace) -> None:
    evaluate(ready, SETTINGS)
    _hypothesis(ready, REFERENCES[1])
    ready.scorings.store([SegmentScore("c1", "one", 0, 4.0)])
    scores = {each.metric: each.value for each in evaluate(ready, SETTINGS).result.scores[::2]}
    assert scores["scoring:c1"] == (4 + 1 / 3 + 2 / 3 + 1) / 4
    plain = SETTINGS.changed(metrics=("bleu",))
    before = replace(evaluate(ready, plain).result, made_at="")
    _hypothesis(ready, "b")
    assert replace(evaluate(ready, plain).result, made_at="") != before


def test_every_setting_makes_another_key(ready: Workspace) -> None:
    changes: list[dict[str, Any]] = [
        {"systems": ("two", "one")}, {"baseline": "two"}, {"metrics": ("bleu",)}, {"seed": 1},
        {"references": ("reference",)}, {"tokenizer": "intl"}, {"test": "ar"}, {"alpha": 0.01},
        {"num_samples": 21}, {"only_common": True}, {"is_normalized": True},
    ]  # fmt: skip
    keys = {result_key(ready, SETTINGS.changed(**each)) for each in changes}
    assert len(keys | {result_key(ready, SETTINGS)}) == len(changes) + 1


def test_leaks_that_are_found_later_are_told_with_the_kept_result(ready: Workspace) -> None:
    corpus = stored(ready, "Letters")
    untold(ready, corpus.id)
    of_corpus = replace(ready.translation_sets.get("two"), id="three", corpus_id=corpus.id)
    segments = [replace(each, set_id="three") for each in ready.translation_sets.segments("two")]
    ready.translation_sets.add_whole([(of_corpus, segments)])
    settings = SETTINGS.changed(systems=("three", "two"), metrics=("bleu",))
    before = evaluate(ready, settings).result
    assert (before.leak_badge, before.leak) == ("unchecked", UNCHECKED.format("test"))
    told(ready, corpus.id, test=3)
    after = evaluate(ready, settings).result
    assert after.leak_badge == "leaks"
    assert after.leak == f"{LEAKS.format(3, 'test', 3)}."
    assert after.made_at == before.made_at  # nothing was compared anew


def test_a_set_or_scoring_that_is_gone_is_one_sentence(ready: Workspace) -> None:
    ready.scorings.delete("c1")
    with pytest.raises(DataError, match="There is no scoring 'c1'"):
        result_key(ready, SETTINGS)
    ready.translation_sets.delete("two")
    with pytest.raises(DataError, match="There is no translation set 'two'"):
        result_key(ready, SETTINGS)


def _with(values: dict[str, Any], **changes: Any) -> str:
    return json.dumps(values | changes)


HOSTILE: dict[str, Callable[[dict[str, Any]], str]] = {
    "empty": lambda values: "",
    "cut": lambda values: json.dumps(values)[:-40],
    "nested": lambda values: "[" * 100_000,
    "no object": lambda values: "[]",
    "another version": lambda values: json.dumps({k: v for k, v in values.items() if k != "leak"}),
    "a script for a number": lambda values: _with(
        values, scores=[values["scores"][0] | {"value": "<script>alert(1)</script>"}]
    ),
    "nothing for a number": lambda values: _with(
        values, scores=[values["scores"][0] | {"value": None}]
    ),
    "a text for a list": lambda values: _with(values, systems="abc"),
    "a number for a text": lambda values: _with(values, leak=3),
    "another word for a badge": lambda values: _with(values, leak_badge="<b>"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_damaged_or_hostile_file_is_computed_again(kind: str, ready: Workspace) -> None:
    first = evaluate(ready, SETTINGS).result
    path = the_file(ready)
    path.write_text(HOSTILE[kind](json.loads(path.read_text())))
    assert stored_result(ready, path.stem) is None
    again = evaluate(ready, SETTINGS).result
    assert replace(again, made_at="") == replace(first, made_at="")
    assert stored_result(ready, path.stem) == _without_leaks(again)


def test_a_result_that_cannot_be_written_is_given_all_the_same(ready: Workspace) -> None:
    (ready.statistics_folder).mkdir()
    (ready.statistics_folder / "results").write_text("a file where the folder should be")
    found = evaluate(ready, SETTINGS).result
    assert len(found.scores) == 4
    assert stored_result(ready, result_key(ready, SETTINGS)) is None
