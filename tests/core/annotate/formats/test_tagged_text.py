from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.annotate.formats.tagged_text import TaggedText, carried_over, read_tagged, write_tagged

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="<"), max_size=15)


@given(TEXT, st.data())
def test_tags_are_read_where_they_were_written(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert read_tagged(write_tagged(text, start, end)) == TaggedText(text, (start, end), 2)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("no tag", TaggedText("no tag")),
        ("a <v>b", TaggedText("a b", None, 1)),
        ("a </v>b<v>", TaggedText("a b", None, 2)),
        ("</v>a<v>b</v>", TaggedText("ab", (1, 2), 3)),
        ("<v>a</v><v>b</v>", TaggedText("ab", (0, 1), 4)),
        ("<v>a<v>b</v>c</v>", TaggedText("abc", (0, 2), 4)),
        ("<V>a</V> < v>", TaggedText("<V>a</V> < v>")),
    ],
)
def test_the_first_whole_pair_of_tags_counts(cell: str, expected: TaggedText) -> None:
    assert read_tagged(cell) == expected


@pytest.mark.parametrize(
    ("span", "text", "other", "expected"),
    [
        ((2, 5), "a bcd e", "a bcd e", (2, 5)),
        ((1, 5), "a bcd e", "a  bcd\u00a0e", (3, 6)),
        ((1, 2), "a bcd", "a  bcd", None),
        ((2, 5), "a bcd e", "xx bcd", (3, 6)),
        ((2, 5), "a bcd e", "bcd bcd", None),
        ((2, 5), "a bcd e", "another", None),
        ((2, 2), "a bcd e", "another", None),
    ],
)
def test_a_span_is_carried_over_where_its_words_are_found(
    span: tuple[int, int], text: str, other: str, expected: tuple[int, int] | None
) -> None:
    assert carried_over(span, text, other) == expected
