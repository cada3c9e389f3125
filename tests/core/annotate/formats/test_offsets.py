from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.annotate.formats.offsets import (
    code_point_units,
    from_inclusive,
    to_inclusive,
    token_units,
    utf16_units,
)
from core.errors import DataError

# Astral, combining, right to left, joined, with modifiers, surrounded by what is plain.
PIECES = [
    "a",
    " ",
    "é",
    "e\u0301",
    "😀",
    "👩\u200d🚀",
    "👍🏽",
    "שלום",
    "عربي",
    "क्षि",
    "語",
    "\n",
    "𝒜",
]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, int, int]:
    text = draw(TEXTS)
    start = draw(st.integers(0, len(text) - 1))
    return text, start, draw(st.integers(start + 1, len(text)))


def javascript_split(text: str) -> list[str]:
    data = text.encode("utf-16-le")
    return [data[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(data), 2)]


@settings(max_examples=60)
@given(marked())
def test_utf16_places_cut_what_javascript_would_cut(found: tuple[str, int, int]) -> None:
    text, start, end = found
    first, last = to_inclusive(utf16_units(text), start, end)
    cut = "".join(javascript_split(text)[first : last + 1])
    assert cut.encode("utf-16-le", "surrogatepass").decode("utf-16-le") == text[start:end]


@settings(max_examples=60)
@given(marked())
def test_code_points_and_utf16_come_back_as_they_were(found: tuple[str, int, int]) -> None:
    text, start, end = found
    for units in (code_point_units(text), utf16_units(text)):
        assert from_inclusive(units, *to_inclusive(units, start, end)) == (start, end)


@settings(max_examples=60)
@given(marked())
def test_tokens_come_back_whole_and_cover_what_was_marked(found: tuple[str, int, int]) -> None:
    text, start, end = found
    tokens = [token for part in text.split(" ") for token in (part, " ")][:-1]
    units = token_units(tokens)
    first, last = to_inclusive(units, start, end)
    widened = from_inclusive(units, first, last)
    assert widened[0] <= start < end <= widened[1]
    assert text[widened[0] : widened[1]] == "".join(tokens[first : last + 1])
    assert to_inclusive(units, *widened) == (first, last)


@settings(max_examples=60)
@given(marked())
def test_hidden_characters_are_not_counted(found: tuple[str, int, int]) -> None:
    text, start, end = found
    units = utf16_units(text, hidden="\n")
    assert len(units) == len(javascript_split(text.replace("\n", "")))
    if text[start:end].strip("\n") == text[start:end]:
        assert from_inclusive(units, *to_inclusive(units, start, end)) == (start, end)


def test_half_a_character_becomes_the_whole_one() -> None:
    units = utf16_units("a😀b")
    assert from_inclusive(units, 1, 1) == from_inclusive(units, 2, 2) == (1, 2)


@pytest.mark.parametrize(("first", "last"), [(0, 3), (-1, 1), (2, 1), (4, 4)])
def test_places_outside_the_text_are_refused_with_the_values(first: int, last: int) -> None:
    with pytest.raises(DataError, match=f"line 7: the mark from {first} to {last} .* 0 to 2"):
        from_inclusive(utf16_units("abc"), first, last, where="line 7")


@pytest.mark.parametrize(("start", "end"), [(0, 0), (1, 2), (3, 9), (-1, 1)])
def test_what_touches_no_unit_is_refused(start: int, end: int) -> None:
    with pytest.raises(DataError, match="covers nothing of the text"):
        to_inclusive(utf16_units("a\nb", hidden="\n"), start, end)
