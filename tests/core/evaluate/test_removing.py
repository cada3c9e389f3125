"""Taking translations and references away."""

from __future__ import annotations

import pytest

from core.errors import DataError
from core.evaluate.removing import delete_reference, delete_translations
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, REFERENCES, add_set

OTHER = "b" * 64


def test_the_last_translations_of_a_test_set_take_its_scorers_along(workspace: Workspace) -> None:
    for set_id, test_set in (("one", HASH), ("two", HASH), ("other", OTHER)):
        add_set(workspace, set_id, ["a"], test_set_hash=test_set)
    for name, test_set, set_id in (("mine", HASH, "two"), ("theirs", OTHER, "other")):
        scoring = Scoring(name, "human", name, test_set, "2024-01-01")
        workspace.scorings.add(scoring, [SegmentScore(name, set_id, 0, 1.0)])
    workspace.test_set_texts.store(HASH, "reference", "B", ["b"])
    delete_translations(workspace, "one")
    assert len(workspace.scorings.of_test_set(HASH)) == 1
    delete_translations(workspace, "two")
    assert workspace.scorings.of_test_set(HASH) == []
    assert [each.id for each in workspace.scorings.of_test_set(OTHER)] == ["theirs"]
    assert workspace.test_set_texts.names(HASH, "reference") == ["B"]


def test_a_further_reference_is_deleted_once(workspace: Workspace) -> None:
    add_set(workspace, "one", ["a"] * len(REFERENCES))
    for name in "BC":
        workspace.test_set_texts.store(HASH, "reference", name, ["x"] * len(REFERENCES))
    delete_reference(workspace, HASH, "B")
    assert workspace.test_set_texts.names(HASH, "reference") == ["C"]
    with pytest.raises(DataError, match="no further reference 'B'"):
        delete_reference(workspace, HASH, "B")
