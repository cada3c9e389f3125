"""The texts of an evaluation: parallel, with gaps told from empty hypotheses."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.evaluate.settings import FIRST_REFERENCE
from core.evaluate.texts import display_names, load_texts, normalized
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, REFERENCES, SOURCES, add_set

SET = TranslationSet("", None, "", "", "", "", "", "eng_Latn", "gle_Latn", HASH, 1, "2024-01-01")


def test_texts_are_parallel_and_gaps_are_no_empty_hypotheses(workspace: Workspace) -> None:
    add_set(workspace, "one", ["a", None, "", "d"])
    add_set(workspace, "two", ["e", "f", "g", "h"])
    texts = load_texts(workspace, HASH, ["two", "one"])
    assert list(texts.sets) == ["two", "one"] and texts.num_segments == 4
    assert texts.sources == list(SOURCES) and texts.first_reference == list(REFERENCES)
    assert texts.references == {FIRST_REFERENCE: list(REFERENCES)}
    assert texts.hypotheses == {"two": ["e", "f", "g", "h"], "one": ["a", "", "", "d"]}
    assert texts.is_translated["one"].tolist() == [True, False, True, True]
    assert [bool(texts.is_translated[each].all()) for each in ("one", "two")] == [False, True]
    np.testing.assert_array_equal(texts.common_positions(["one", "two"]), [0, 2, 3])
    assert texts.tags == texts.documents == []


def test_a_segment_that_one_set_has_not_come_to_has_the_source_of_another(
    workspace: Workspace,
) -> None:
    add_set(workspace, "one", ["a", "b", "c", "d"])
    begun = replace(workspace.translation_sets.get("one"), id="begun")
    workspace.translation_sets.add_whole([(begun, [])])
    texts = load_texts(workspace, HASH, ["one", "begun"])
    assert texts.sources == list(SOURCES) and texts.first_reference == list(REFERENCES)
    assert not texts.is_translated["begun"].any()


def test_sets_of_other_test_sets_are_refused(workspace: Workspace) -> None:
    add_set(workspace, "one", ["a"])
    add_set(workspace, "other", ["a"], test_set_hash="b" * 64)
    with pytest.raises(DataError, match="'System other' are of another test set"):
        load_texts(workspace, HASH, ["one", "other"])
    with pytest.raises(DataError, match="no translations to compare"):
        load_texts(workspace, HASH, [])
    with pytest.raises(DataError, match="There is no translation set 'gone'"):
        load_texts(workspace, HASH, ["one", "gone"])


def test_texts_are_normalised_to_their_composed_form() -> None:
    assert normalized(["e\u0301", "ﬁ", "क\u093c"]) == [
        "é",
        "ﬁ",
        unicodedata.normalize("NFC", "क\u093c"),
    ]


def test_systems_of_one_name_are_numbered() -> None:
    sets = [replace(SET, id=str(at), system_name=name) for at, name in enumerate("ABA")]
    assert display_names(sets) == {"0": "A (1)", "1": "B", "2": "A (2)"}


@given(st.lists(st.sampled_from(["A", "A (1)", "A (2)", "A (1) (1)", ""]), max_size=8))
def test_no_two_systems_have_the_same_name(names: list[str]) -> None:
    sets = [replace(SET, id=str(at), system_name=name) for at, name in enumerate(names)]
    found = display_names(sets)
    assert len(set(found.values())) == len(names) == len(found)
    assert all(found[str(at)].startswith(name) for at, name in enumerate(names))


def _twin(workspace: Workspace, set_id: str, created_at: str) -> None:
    add_set(workspace, set_id, REFERENCES)
    record = replace(workspace.translation_sets.get(set_id), system_name="base")
    segments = list(workspace.translation_sets.segments(set_id))
    workspace.translation_sets.delete(set_id)
    workspace.translation_sets.add_whole([(replace(record, created_at=created_at), segments)])


def test_a_set_has_one_name_whichever_others_are_chosen(workspace: Workspace) -> None:
    for set_id, created_at in (("a", "2024-03-01"), ("b", "2024-02-01"), ("c", "2024-01-01")):
        _twin(workspace, set_id, created_at)
    names = {"c": "base (1)", "b": "base (2)", "a": "base (3)"}
    for chosen in (["a", "b", "c"], ["a", "b"], ["b"]):
        assert load_texts(workspace, HASH, chosen).names == names


def test_the_order_of_sets_does_not_decide_their_numbers() -> None:
    sets = [replace(SET, id=str(at), system_name="A", created_at=str(9 - at)) for at in range(3)]
    assert display_names(sets) == display_names(sets[::-1]) == {
        "0": "A (3)", "1": "A (2)", "2": "A (1)",
    }  # fmt: skip
