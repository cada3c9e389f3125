from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.annotate.annotation import NON_TRANSLATION, Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.formats.campaign_table import write_csv
from core.annotate.formats.wmt_mqm import read_wmt_mqm, write_wmt_mqm
from core.errors import DataError
from tests.core.annotate.formats.wmt_files import EARLIER, LATER, big_file, tsv

CAT = "Tá an cat dubh."
ROWS = [
    ["sysA", "talk.9", "1", "1", "rater1", CAT, "The <v>dog</v> is black.",
     "Accuracy/Mistranslation", "Major"],
    ["sysA", "talk.9", "1", "1", "rater2", CAT, "The dog is black<v>.</v>", "Fluency/Punctuation",
     "Minor"],
    ["sysB", "talk.9", "1", "1", "rater1", CAT, "The cat is black.", "No-error", "No-error"],
]  # fmt: skip


def row(*, target: str = "The dog.", source: str = CAT, **other: str) -> list[str]:
    cells = {
        "system": "sysA", "doc": "talk.9", "doc_id": "1", "seg_id": "1", "rater": "rater1",
        "source": source, "target": target, "category": "Accuracy/Addition", "severity": "Major",
    }  # fmt: skip
    return list({**cells, **other}.values())


def only_mark(*rows: list[str]) -> Mark:
    (item,) = read_wmt_mqm(tsv(rows), "a.tsv").items
    (mark,) = item.annotation.marks
    return mark


def test_a_file_becomes_a_campaign_with_marks_at_code_points() -> None:
    data = read_wmt_mqm(tsv(ROWS), "folder/mqm.ga-en.tsv")
    assert (data.name, data.protocol, data.typology) == ("mqm.ga-en", "mqm", "wmt")
    assert [each.name for each in data.systems] == ["sysA", "sysB"]
    assert data.raters == ("rater1", "rater2")
    assert data.segments == (JudgedSegment(CAT, "talk.9", "1", "1"),)
    assert data.outputs == {(0, 0): "The dog is black.", (0, 1): "The cat is black."}
    first, second, third = data.items
    assert [(each.rater, each.systems, each.place) for each in data.items] == [
        ("rater1", (0,), 0),
        ("rater1", (1,), 1),
        ("rater2", (0,), 0),
    ]
    (mark,) = first.annotation.marks
    assert (mark.side, mark.start, mark.end, mark.quote) == ("target", 4, 7, "dog")
    assert (mark.severity, mark.category) == ("major", "Accuracy/Mistranslation")
    assert (second.annotation.marks, second.annotation.is_done) == ((), True)
    assert third.annotation.marks[0].quote == "."


@pytest.mark.parametrize(
    "data",
    [
        tsv(ROWS),
        tsv(ROWS).removesuffix(b"\n"),
        tsv(ROWS).replace(b"\n", b"\r\n"),
        tsv(ROWS).replace(b"\n", b"\r\n").removesuffix(b"\r\n"),
        tsv(ROWS).replace(b"black.\t", b"black.\t", 1).replace(b"Major\n", b"Major\r\n"),
        b"\xef\xbb\xbf" + tsv(ROWS),
        tsv(ROWS) + b"\n  \n\n",
        tsv([*ROWS, row(rater=" rater3 ", severity="no-error", category="")]),
        tsv([row(target="<v>The</v> dog."), row(target='"The" <v>""dog""</v>.', rater="r2")]),
        tsv([row(target="The <v>dog."), row(target="The dog</v>.")]),
        tsv([row(target="<v>The</v> <v>dog</v>."), row(target="The<v></v> dog.")]),
        tsv([row(target="The  <v>dog</v>."), row(target="The dog.", severity="HOTW-test")]),
        tsv([row(category="style/made UP"), row(category="Style/Made_up"), row(rater="r2")]),
        tsv([row(category="Accuracy/Omission (Translation 2)", source="Tá <v>an</v> cat dubh.")]),
        tsv([row(severity="Major "), row(severity="trivial"), row(severity="")]),
        tsv([[*row(), "a comment"], [*row(), ""], row()], header=[*EARLIER, "comment"]),
        tsv([[*row(), '{"note": "hm", "deleted_errors": [1]}'], row()], header=LATER),
        tsv([[*row(), "no { JSON"], [*row(), "[1, 2]"], [*row(), '"x"']], header=LATER),
        tsv([row(seg_id="7", doc_id="3"), row(), row(rater="r2"), row(rater="r3", seg_id="7")]),
        tsv([row(target=""), row(source="", target="\u200f")]),
        big_file(120),
    ],
)  # fmt: skip
def test_a_file_is_written_again_byte_by_byte(data: bytes) -> None:
    assert write_wmt_mqm(read_wmt_mqm(data, "a.tsv")) == data


CELL = st.lists(
    st.one_of(
        st.sampled_from(
            ["<v>", "</v>", "ab", " ", '"', "é", "\u0301", "😀", "\u200d", "ש", "कि", "\u00a0"]
        ),
        st.characters(codec="utf-8", exclude_characters="\t\n\r\0"),
    ),
    max_size=10,
).map("".join)
NAME = st.sampled_from(["a", " b", "c d", "é"])


@given(
    st.lists(
        st.tuples(
            NAME,
            NAME,
            st.sampled_from(["1", "2", "x"]),
            st.sampled_from(["1", "2", "10"]),
            NAME,
            CELL,
            CELL,
            st.sampled_from(["A/B", "a/b", "Non-translation!", "No-error", ""]),
            st.sampled_from(["Major", "minor", "No-error", "hotw-test", "Neutral ", ""]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([b"\n", b"\r\n"]),
)
@settings(max_examples=70)
def test_any_file_is_written_again_byte_by_byte_with_quotes_where_they_stand(
    rows: list[tuple[str, ...]], end: bytes
) -> None:
    data = tsv(rows).replace(b"\n", end)
    found = read_wmt_mqm(data, "a.tsv")
    assert write_wmt_mqm(found) == data
    check_quotes(found)


def check_quotes(data: CampaignData) -> None:
    for item in data.items:
        for mark in item.annotation.marks:
            text = data.segments[item.segment].source
            if mark.side == "target":
                text = data.shown_text(item)
            assert text[mark.start : mark.end] == mark.quote


@st.composite
def own_campaigns(draw: st.DrawFn) -> CampaignData:
    """Campaigns made here: one rater, errors on both sides, any text that holds no tag."""
    texts = st.text(
        st.one_of(
            st.sampled_from('ab "é\u0301👩\u200d👧مर्क\u05e9'),
            st.characters(codec="utf-8", exclude_characters="\t\n\r\0<"),
        ),
        min_size=1,
        max_size=20,
    )
    source, target = draw(texts), draw(texts)
    marks = []
    for number in range(draw(st.integers(0, 3))):
        side: Any = draw(st.sampled_from(["target", "source"]))
        text = target if side == "target" else source
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        severity = draw(st.sampled_from(["minor", "major"]))
        note = draw(st.sampled_from(["", "why 'so'?\n\"because\""]))
        category = "Accuracy/Omission" if side == "source" else "Style/Awkward"
        marks.append(
            Mark(f"m{number}", side, start, end, text[start:end], severity, category, note=note)
        )
    return CampaignData(
        name="own",
        protocol="mqm",
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        systems=(JudgedSystem("A"),),
        segments=(JudgedSegment(source, "d", "1", "1"),),
        outputs={(0, 0): target},
        raters=("Máire",),
        items=(JudgedItem("Máire", 0, (0,), Annotation(tuple(marks), is_done=True)),),
    )


@given(own_campaigns())
@settings(max_examples=50)
def test_marks_of_a_campaign_made_here_are_read_as_they_were_written(data: CampaignData) -> None:
    found = read_wmt_mqm(write_wmt_mqm(data), "own.tsv")
    assert (found.segments, found.outputs, found.raters) == (
        data.segments,
        data.outputs,
        data.raters,
    )
    assert stripped(found.items[0].annotation) == stripped(data.items[0].annotation)


def stripped(annotation: Annotation) -> Annotation:
    marks = (replace(mark, id="", origin={}) for mark in annotation.marks)
    return replace(annotation, marks=tuple(marks))


def test_errors_in_the_source_are_marked_there() -> None:
    mark = only_mark(row(source="Tá <v>an cat</v> dubh.", category="Accuracy/Omission"))
    assert (mark.side, mark.start, mark.end, mark.quote) == ("source", 3, 9, "an cat")


def test_offsets_count_code_points_of_emoji_and_combining_marks() -> None:
    mark = only_mark(row(target="👩\u200d👧 cafe\u0301 <v>क्षि</v>!"))
    assert (mark.start, mark.end, mark.quote) == (10, 14, "क्षि")


@pytest.mark.parametrize(
    ("target", "place", "note"),
    [
        ("The <v>dog.", (0, 0), "1 errors lack one <v> and one </v>"),
        ("The dog.", (0, 0), "1 errors lack one <v> and one </v>"),
        ("<v>The</v> <v>dog</v>.", (0, 3), "1 errors have more than one pair"),
    ],
)
def test_errors_with_lost_or_many_tags_count_and_are_told(
    target: str, place: tuple[int, int], note: str
) -> None:
    data = read_wmt_mqm(tsv([row(target=target)]), "a.tsv")
    (mark,) = data.items[0].annotation.marks
    assert ((mark.start, mark.end), mark.severity) == (place, "major")
    assert any(each.startswith(note) for each in data.origin["notes"])


def test_a_target_that_differs_in_white_space_is_the_same_output() -> None:
    rows = [row(target="The old  dog."), row(target="The\u00a0old <v>dog</v>.", rater="r2")]
    data = read_wmt_mqm(tsv(rows), "a.tsv")
    (mark,) = data.items[1].annotation.marks
    assert data.outputs == {(0, 0): "The old  dog."}
    assert (mark.start, mark.end, mark.quote) == (9, 12, "dog")
    assert data.items[1].texts == ()
    assert data.origin["notes"] == [
        "1 rows differ from others of their segment in white space alone.",
        "1 errors lack one <v> and one </v>; they count, but have no place.",
    ]


def test_another_text_than_the_output_is_kept_with_the_item() -> None:
    rows = [row(), row(target="A <v>wolf</v>.", rater="r2")]
    data = read_wmt_mqm(tsv(rows), "a.tsv")
    assert data.items[1].texts == ("A wolf.",)
    assert data.items[1].annotation.marks[0].quote == "wolf"
    assert data.origin["notes"][0].startswith("1 rows hold other texts")


def test_a_checks_injected_error_is_neither_output_nor_error() -> None:
    rows = [row(target="The xyzzy.", severity="HOTW-test", category="Found"), row(rater="r2")]
    data = read_wmt_mqm(tsv(rows), "a.tsv")
    assert data.outputs == {(0, 0): "The dog."}
    assert (data.items[0].annotation, data.items[0].texts) == (Annotation(is_done=True), ())


def test_categories_that_differ_in_case_alone_are_one() -> None:
    rows = [
        row(category="accuracy/ADDITION"),
        row(category="Made_up/Thing"),
        row(category="made up/thing"),
    ]
    marks = read_wmt_mqm(tsv(rows), "a.tsv").items[0].annotation.marks
    assert [mark.category for mark in marks] == [
        "Accuracy/Addition",
        "Made_up/Thing",
        "Made_up/Thing",
    ]


@pytest.mark.parametrize(
    ("rows", "is_whole"),
    [
        ([row(category="non-translation!")], True),
        ([row(category=NON_TRANSLATION, severity="Minor")], False),
        ([row(category=NON_TRANSLATION), row()], False),
        ([row()], False),
    ],
)
def test_only_a_major_non_translation_by_itself_is_one_of_the_whole_segment(
    rows: list[list[str]], is_whole: bool
) -> None:
    (item,) = read_wmt_mqm(tsv(rows), "a.tsv").items
    assert item.annotation.is_non_translation is is_whole
    assert len(item.annotation.marks) == len(rows)


def test_notes_and_times_come_out_of_the_metadata() -> None:
    metadata = json.dumps({"note": "Sic!", "timestamp": 1_700_000_000_123})
    (item,) = read_wmt_mqm(tsv([[*row(), metadata]], header=LATER), "a.tsv").items
    assert item.annotation.marks[0].note == "Sic!"
    assert item.saved_at == "2023-11-14T22:13:20.123+00:00"


def test_half_a_character_and_zero_bytes_in_a_note_are_kept_in_no_export() -> None:
    written = tsv([[*row(), '{"note": "a\\ud83d\\u0000b"}']], header=LATER)
    data = read_wmt_mqm(written, "a.tsv")
    assert data.items[0].annotation.marks[0].note == "a?b"
    assert "a?b" in write_csv(data).decode()
    assert write_wmt_mqm(data) == written


def test_segments_stand_by_document_and_number_whatever_the_order_of_rows() -> None:
    rows = [
        row(doc="b", doc_id="10", seg_id="12"),
        row(doc="a", doc_id="1", seg_id="1"),
        row(doc="b", doc_id="9", seg_id="11"),
    ]
    data = read_wmt_mqm(tsv(rows), "a.tsv")
    assert [(each.document, each.label) for each in data.segments] == [
        ("b", "11"),
        ("b", "12"),
        ("a", "1"),
    ]


def test_gaps_in_a_documents_numbers_are_told_not_refused() -> None:
    data = read_wmt_mqm(tsv([row(), row(doc_id="3", seg_id="3")]), "a.tsv")
    assert data.origin["notes"][0].startswith("In 1 documents of a system there are gaps")


def test_what_was_changed_since_is_written_as_it_is_now() -> None:
    data = read_wmt_mqm(tsv([row(severity="MAJOR", target="The <v>dog</v>.")]), "a.tsv")
    (item,) = data.items
    mark = replace(item.annotation.marks[0], severity="minor")
    changed = replace(item, annotation=replace(item.annotation, marks=(mark,)))
    written = write_wmt_mqm(replace(data, items=(changed,)))
    assert written == tsv([row(severity="Minor", target="The <v>dog</v>.")])


def test_checks_and_unfinished_items_are_not_written() -> None:
    data = read_wmt_mqm(tsv([row(), row(rater="r2"), row(rater="r3")]), "a.tsv")
    first, second, third = data.items
    open_item = replace(second, annotation=replace(second.annotation, is_done=False))
    spoilt = replace(third, kind="degraded")
    written = write_wmt_mqm(replace(data, items=(first, open_item, spoilt)))
    assert written == tsv([row()])


def test_texts_with_tabs_and_line_breaks_are_written_on_one_line() -> None:
    data = CampaignData(
        name="own",
        protocol="mqm",
        src_lang="",
        tgt_lang="",
        systems=(JudgedSystem("A"),),
        segments=(JudgedSegment("a\tb\nc"),),
        outputs={(0, 0): "x\r\ny"},
        raters=("r",),
        items=(JudgedItem("r", 0, (0,), Annotation(is_done=True, is_non_translation=True)),),
    )
    header, line, end = write_wmt_mqm(data).decode().split("\n")
    assert header.startswith("system\tdoc\tdocSegId\tglobalSegId\trater")
    assert line == "A\t\t\t1\tr\ta b c\t<v>x  y</v>\tNon-translation!\tMajor\t"
    assert end == ""


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "'a.tsv' holds no ratings; a header line and one line a rating were expected."),
        (tsv([]), "holds no ratings"),
        (tsv([row()]).replace(b"The dog", b"\xe9"), "is not UTF-8: line 2 holds the byte 0xe9"),
        (tsv([["a", "b"]]), "line 2 has 2 tab-separated cells where the header has 9"),
        (tsv([row(), row(rater=" ")]), "line 3 has no rater"),
        (tsv([[*row(), ""]]), "line 2 has 10 tab-separated cells"),
        (tsv([row()]).replace(b"severity\n", b"\n"), "line 1 lacks the column severity"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_are_refused_with_line_and_cause(
    data: bytes, sentence: str
) -> None:
    with pytest.raises(DataError) as refused:
        read_wmt_mqm(data, "a.tsv")
    assert sentence in refused.value.message
    assert refused.value.hint
