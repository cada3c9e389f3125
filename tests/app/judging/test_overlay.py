from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.judging.marked_text import overlay_data
from app.judging.overlay import ShownMark, labels, lanes, marks_of, pieces
from core.annotate.annotation import NON_TRANSLATION, Annotation, Mark

TEXT = "Is é an cat dubh é 👩‍👩‍👧."


def shown(start: int, end: int, by: str = "a") -> ShownMark:
    return ShownMark(start, end, "minor", by=by)


@given(
    text=st.text(max_size=30),
    spans=st.lists(st.tuples(st.integers(-2, 35), st.integers(-2, 35)), max_size=8),
)
def test_pieces_are_the_text_and_each_mark_covers_its_words(
    text: str, spans: list[tuple[int, int]]
) -> None:
    marks = [shown(*span) for span in spans]
    found = pieces(text, marks)
    assert "".join(piece.text for piece in found) == text
    for number, mark in enumerate(marks):
        under = "".join(piece.text for piece in found if number in piece.marks)
        assert under == text[max(mark.start, 0) : max(mark.start, mark.end, 0)]
        assert any(number in piece.marks for piece in found)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9), st.sampled_from("abc")), max_size=12)
)
def test_marks_that_overlap_have_lines_of_their_own_and_raters_share_none(
    drawn: list[tuple[int, int, str]],
) -> None:
    marks = [shown(start, start + size, by) for start, size, by in drawn]
    found = lanes(marks)
    for number, mark in enumerate(marks):
        for other in range(number):
            is_apart = mark.end <= marks[other].start or marks[other].end <= mark.start
            if mark.by != marks[other].by or not is_apart:
                is_same_place = (mark.start, mark.end) == (marks[other].start, marks[other].end)
                is_empty = mark.start == mark.end and marks[other].start == marks[other].end
                assert found[number] != found[other] or (
                    mark.by == marks[other].by and is_empty and is_same_place
                )


def test_labels_tell_rater_and_number() -> None:
    marks = [shown(0, 1, "Áine"), shown(2, 3, "Áine"), shown(0, 2, "gold"), shown(5, 6, "Áine")]
    assert labels(marks) == ["A1", "A2", "B1", "A3"]
    assert labels([shown(0, 1, str(number)) for number in range(28)])[-2:] == ["AA1", "AB1"]


def test_an_omission_without_words_stays_visible_where_it_is() -> None:
    assert [(piece.text, piece.marks) for piece in pieces("ab", [shown(1, 1), shown(0, 2)])] == [
        ("a", (1,)),
        ("", (0,)),
        ("b", (1,)),
    ]


def test_what_is_no_translation_is_marked_whole_and_only_in_the_target() -> None:
    mark = Mark("m", "source", 0, 2, "Is", "minor", "Accuracy/Omission")
    annotation = Annotation(marks=(mark,), is_non_translation=True)
    (whole,) = marks_of(annotation, "r", TEXT)
    assert (whole.start, whole.end, whole.category) == (0, len(TEXT), NON_TRANSLATION)
    (in_source,) = marks_of(annotation, "r", TEXT, side="source")
    assert in_source.category == "Accuracy/Omission"
    assert marks_of(Annotation(marks=(mark,)), "r", TEXT) == []


def test_the_list_quotes_the_words_and_names_an_undecided_severity() -> None:
    marks = [ShownMark(8, 11, "", by="r", note="<b>")]
    data = overlay_data(TEXT, marks, lang="gle_Latn", placeholder="")
    assert data["lang"] == "ga" and data["marks"][0]["quote"] == "cat"
    assert data["marks"][0]["severity"] == "undecided" and data["marks"][0]["note"] == "<b>"
