from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.formats.campaign_table import read_csv, read_xlsx, write_csv, write_xlsx
from core.annotate.formats.table_cells import read_text, safe_text
from core.errors import DataError

Write = Callable[[CampaignData], bytes]
Read = Callable[[bytes, str], CampaignData]

TABLES = pytest.mark.parametrize(
    ("write", "read"), [(write_csv, read_csv), (write_xlsx, read_xlsx)], ids=["csv", "xlsx"]
)


def campaign(source: str = "Foinse", target: str = "Output", note: str = "") -> CampaignData:
    """Every kind of value: checks, ranks, marks of two sides, what is open and what is empty."""
    marks = (
        Mark("m1", "target", 0, 3, target[:3], "major", "Style/Awkward", note=note),
        Mark("m2", "source", 1, 2, source[1:2], "", output=1),
    )
    items = (
        JudgedItem("Áine", 0, (1, 0), Annotation(marks, ranks=(2, None), comment=note),
                   active_s=1.25, saved_at="2026-01-02T03:04:05.678+00:00", item_id="1",
                   warnings=("fast", "same")),
        JudgedItem("Áine", 1, (0,), Annotation(score=0.1, is_done=True), item_id="2", place=1),
        JudgedItem("Seán", 1, (0,), Annotation(is_non_translation=True, is_done=True),
                   kind="degraded", texts=("spoilt",), item_id="3", of_item="2"),
    )  # fmt: skip
    return CampaignData(
        name="c",
        protocol="ranking",
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        systems=(JudgedSystem("B"), JudgedSystem("A")),
        segments=(
            JudgedSegment(source, "d", "1", "01", 4, "reference"),
            JudgedSegment("", "d", "2", "02"),
        ),
        outputs={(0, 0): "", (0, 1): target, (1, 0): "x"},
        raters=("Áine", "Seán"),
        items=items,
        typology="wmt",
    )


def assert_same(found: CampaignData, data: CampaignData) -> None:
    assert (found.protocol, found.name, found.typology) == (data.protocol, data.name, data.typology)
    assert (found.src_lang, found.tgt_lang) == (data.src_lang, data.tgt_lang)
    assert (found.segments, found.raters) == (data.segments, data.raters)
    assert {(at, found.systems[system].name): text for (at, system), text
            in found.outputs.items()} == {
        (at, data.systems[system].name): text for (at, system), text in data.outputs.items()
    }  # fmt: skip
    names = [found.systems.index(JudgedSystem(each.name)) for each in data.systems]
    expected = [
        replace(item, systems=tuple(names[system] for system in item.systems))
        for item in data.items
    ]
    assert list(found.items) == expected


@TABLES
def test_a_table_is_read_as_it_was_written(write: Write, read: Read) -> None:
    data = campaign(note='=1+1, "so"\nand\tso')
    assert_same(read(write(data), "c.x"), data)


TEXT = st.text(
    st.one_of(
        st.sampled_from("=+-@'\"\t\r\n ,;_x0D\x01😀\u0301مकि"),
        st.characters(codec="utf-8", exclude_characters="\0"),
    ),
    min_size=3,
    max_size=9,
)


@given(TEXT, TEXT, TEXT)
@settings(max_examples=40)
def test_any_text_comes_back_from_csv(source: str, target: str, note: str) -> None:
    data = campaign(source, target, note)
    assert_same(read_csv(write_csv(data), "c.csv"), data)


def test_a_carriage_return_within_a_text_begins_no_row_in_csv() -> None:
    data = campaign("one\r=1+1", "two\rthree", "\rfour")
    assert_same(read_csv(write_csv(data), "c.csv"), data)


def test_texts_with_control_characters_come_back_from_a_spreadsheet() -> None:
    data = campaign("_x0041_\r\n\x01", "\x0b=_x", "\ufffe_x00e9_")
    assert_same(read_xlsx(write_xlsx(data), "c.xlsx"), data)


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\t=", "＝1", "'=1", "''", "'a", "a=", ""]
)
def test_no_cell_is_a_formula_and_each_is_read_as_it_was(text: str) -> None:
    assert not safe_text(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    assert read_text(safe_text(text)) == text


def test_a_formula_in_a_comment_is_guarded_in_both_tables() -> None:
    data = campaign(note="=HYPERLINK(0)")
    row = next(csv.DictReader(io.StringIO(write_csv(data).decode())))
    assert row["comment"] == "'=HYPERLINK(0)"
    assert b"<f>" not in write_xlsx(data)


def test_a_spreadsheet_refuses_a_text_that_it_would_cut() -> None:
    with pytest.raises(DataError, match="Row 2 has a text of 32,768 characters"):
        write_xlsx(campaign(source="a" * 32_768))


def changed(**cells: str) -> bytes:
    rows = list(csv.DictReader(io.StringIO(write_csv(campaign()).decode(), newline="")))
    rows[0] |= cells
    output = io.StringIO()
    table = csv.DictWriter(output, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return output.getvalue().encode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"a,b\n1,2\n", "lacks the columns protocol, system"),
        (b"", "lacks the columns protocol"),
        (changed(quote="Outpux"), "line 2 quotes 'Outpux', but characters 0 to 3 of the target"),
        (changed(end="99"), "line 2 quotes"),
        (changed(score="good"), "line 2 has 'good' as score, which is no number"),
        (changed(start="-1"), "line 2 has '-1' as start, which is no whole number"),
        (changed(kind="odd"), "line 2 has 'odd' as kind"),
        (changed(protocol="da"), "line 2 has 'da' as protocol"),
        (changed(side="left"), "line 2 has 'left' as side"),
        (changed(rater=""), "line 2 has no rater"),
        (changed(rank="3"), "line 2 has '3' as rank, which is not from 1 to 2"),
        (changed(place="9999999999"), "line 2 has '9999999999' as place, which is above"),
        (changed(active_s="-1"), "line 2 has '-1' as active_s, which is not from 0"),
        (changed(saved_at="yesterday"), "line 2 has 'yesterday' as saved_at, which is no time"),
        (changed(src_lang="ga"), "line 2, src_lang: 'ga' is not a FLORES-200"),
        (changed(protocol="mqm"), "line 3 has another protocol than the first row, mqm"),
        (changed(output="1"), "line 3 has another segment or system than the rows before"),
        (changed(system="B"), "line 2: an item shows a system twice"),
        (changed(document="e"), "line 3 has another segment or system than the rows before"),
        (changed(source="Other"), "has another source than the rows before"),
        (write_csv(campaign()).split(b"\n")[0] + b"\n", "holds no ratings"),
        (write_csv(campaign()) + b"x,y\n", "line 6 has 2 cells where the header has 36"),
        (write_csv(campaign()) + b'"x', "is no CSV"),
        (write_csv(campaign()) + b"\xff", "is not UTF-8"),
    ],
)
def test_faulty_tables_are_refused_with_line_and_cause(data: bytes, sentence: str) -> None:
    with pytest.raises(DataError) as refused:
        read_csv(data, "c.csv")
    assert sentence in refused.value.message
    assert refused.value.hint


def test_semicolons_of_a_spreadsheet_program_are_read_as_well() -> None:
    rows = list(csv.reader(io.StringIO(write_csv(campaign()).decode(), newline="")))
    output = io.StringIO()
    csv.writer(output, delimiter=";").writerows(rows)
    assert_same(read_csv(output.getvalue().encode("utf-8-sig"), "c.csv"), campaign())


def sqm_table(**cells: str) -> bytes:
    row = {"protocol": "sqm", "system": "A", "segment": "1", "source": "s", "target": "text",
           "rater": "r", "item": "1", "is_done": "yes", "score": "3", **cells}  # fmt: skip
    return f"{','.join(row)}\n{','.join(row.values())}\n".encode()


@pytest.mark.parametrize("score", ["6.5", "-1", "500"])
def test_a_score_that_the_protocol_does_not_have_is_refused(score: str) -> None:
    assert read_csv(sqm_table(), "c.csv").items[0].annotation.score == 3
    with pytest.raises(DataError, match=f"has '{score}' as score, which is not from 0 to 6"):
        read_csv(sqm_table(score=score), "c.csv")


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2026-01-31T18:30:00+02:00", "2026-01-31T16:30:00.000+00:00"),
        ("2026-01-31T18:30:00Z", "2026-01-31T18:30:00.000+00:00"),
        ("2026-01-31 18:30:00", "2026-01-31T18:30:00.000+00:00"),
        ("", ""),
    ],
)
def test_times_of_any_zone_become_utc_so_that_the_latest_can_be_told(cell: str, time: str) -> None:
    assert read_csv(sqm_table(saved_at=cell), "c.csv").items[0].saved_at == time


def test_a_mark_counts_for_its_output_however_outputs_are_numbered() -> None:
    about = {"output": "7", "side": "target", "start": "0", "end": "4", "quote": "text"}
    table = sqm_table(protocol="mqm", score="", severity="Major", **about)
    annotation = read_csv(table, "c.csv").items[0].annotation
    assert annotation.errors() == [("major", "")]
