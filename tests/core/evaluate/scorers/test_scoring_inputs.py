from __future__ import annotations

import pytest

from core.errors import DataError
from core.evaluate.scorers.scoring_inputs import scoring_input
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, REFERENCES, add_set


def test_segments_come_position_by_position_with_every_reference(workspace: Workspace) -> None:
    add_set(workspace, "one", ["a", None, ""])
    add_set(workspace, "two", ["d", "e", "f"])
    workspace.test_set_texts.store(HASH, "reference", "B", ["Litir.", None, " "])
    given = scoring_input(workspace, ["two", "one"])
    found = [(each.position, each.set_id, each.hypothesis) for each in given.translated()]
    assert found == [
        (0, "two", "d"), (0, "one", "a"), (1, "two", "e"), (2, "two", "f"), (2, "one", ""),
    ]  # fmt: skip
    assert [each.references for each in given.translated([0, 2])] == [
        (REFERENCES[0], "Litir."), (REFERENCES[0], "Litir."), (REFERENCES[2],), (REFERENCES[2],),
    ]  # fmt: skip


def test_second_reference_stands_in_for_a_first_one_that_is_missing(workspace: Workspace) -> None:
    add_set(workspace, "one", ["a", "b"], references=["", "There."])
    with pytest.raises(DataError, match="1 of 2 segments .* the first is segment 1"):
        scoring_input(workspace, ["one"]).check_references()
    scoring_input(workspace, ["one"]).check_references([1])
    workspace.test_set_texts.store(HASH, "reference", "B", ["Another.", None])
    scoring_input(workspace, ["one"]).check_references()
