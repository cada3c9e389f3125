from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.serving.documents.document import MARK_FIRST, MARK_LAST
from core.serving.documents.units import Units

TEXT = st.text(st.sampled_from("ab \n\t1.\ue000\ue001\ue002é"), max_size=8)


def units(slots: list[str], *, is_flowing: bool = False) -> Units[int]:
    made: Units[int] = Units("a.txt")
    made.add(list(enumerate(slots)), is_flowing=is_flowing)
    return made


def filled(made: Units[int], translations: list[str]) -> list[tuple[int, str]]:
    return [(place, text) for place, text, _ in made.filled(translations)]


@pytest.mark.parametrize(
    ("slots", "texts"),
    [
        (["Hello ", "big", " world"], ["Hello \ue000big\ue001 world"]),
        (["", " Hello ", ""], ["Hello"]),
        (["\ue000a", "b\ue002"], ["\ue000a\ue001b\ue002"]),
        (["12 ", "(3)"], []),
        (["", ""], []),
        (["a\n  b", "\nc"], ["a b\ue000 c"]),
        (["x\ud800"], ["x\ufffd"]),
    ],
)
def test_text_has_one_free_mark_between_two_slots(slots: list[str], texts: list[str]) -> None:
    assert units(slots, is_flowing=True).texts == texts


@given(st.lists(TEXT, max_size=6), st.booleans())
def test_unchanged_text_gives_the_slots_back(slots: list[str], is_flowing: bool) -> None:
    made = units(slots, is_flowing=is_flowing)
    for place, text in filled(made, made.texts):
        assert text == slots[place]


@given(st.lists(TEXT, min_size=1, max_size=6), st.text(st.sampled_from("xy \ue000\ue001\ue002")))
def test_no_translation_loses_a_letter_or_the_white_space_around(
    slots: list[str], translation: str
) -> None:
    made = units(slots)
    if not made.texts or not any(char.isalpha() for char in translation):
        return
    new = dict(filled(made, [translation]))
    letters = [char for char in translation if char.isalpha()]
    assert [char for char in "".join(new.values()) if char.isalpha()] == letters
    first, last = slots[min(new)], slots[max(new)]
    assert new[min(new)].startswith(first[: len(first) - len(first.lstrip())])
    assert new[max(new)].endswith(last[len(last.rstrip()) :])


@pytest.mark.parametrize("translation", ["", "  ", "\ue000\ue001", "\x00"])
def test_empty_translation_leaves_the_text_as_it_was(translation: str) -> None:
    slots = ["Hello ", "big", " world"]
    assert filled(units(slots), [translation]) == list(enumerate(slots))


def test_long_markup_is_cut_into_several_units() -> None:
    slots = ["a"] * 10_000
    made = units(slots)
    assert len(made.texts) == 50
    assert filled(made, made.texts) == list(enumerate(slots))


def test_text_with_every_private_use_character_is_not_offered_with_marks() -> None:
    every = "".join(map(chr, range(MARK_FIRST, MARK_LAST + 1)))
    made = units([every + "a", "b"])
    assert filled(made, made.texts) in ([], [(0, every + "a"), (1, "b")])


def test_other_number_of_translations_is_a_defect() -> None:
    with pytest.raises(ValueError, match="zip"):
        list(units(["a"]).filled([]))
