from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from core.annotate.annotation import NON_TRANSLATION, Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, JudgedSystem
from core.annotate.formats.annotator_sheet import (
    read_annotator_sheet,
    read_annotator_sheets,
    write_annotator_sheet,
)
from core.annotate.formats.workbook import read_sheets
from core.errors import ConfigError, DataError


def sheet(*rows: dict[str, Any], cells: dict[str, Any] | None = None) -> bytes:
    """A file whose sentences stand from row 3 on, each given by its columns."""
    import openpyxl

    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Sheet1"
    for number, row in enumerate(rows, start=3):
        for column, value in row.items():
            page[f"{column}{number}"] = value
    for place, value in (cells or {}).items():
        page[place] = value
    book.create_sheet("Sheet2")["A1"] = "Accuracy"
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def counts(annotation: Annotation) -> list[tuple[str, str]]:
    return [(mark.severity, mark.category) for mark in annotation.marks]


def test_counts_become_marks_without_a_place() -> None:
    rows: list[dict[str, Any]] = [
        {"A": "Tá an cat dubh.", "B": 4, "C": 0, "D": 1, "F": 0, "G": 2, "W": 1},
        {"A": "Níl.", "B": 0, "C": "x"},
        {"A": "Slán.", "B": "3,5"},
        {"A": "Unrated."},
    ]
    data = read_annotator_sheet(sheet(*rows), "C:\\work\\ann.xlsx")
    assert (data.protocol, data.typology, data.raters) == ("mqm", "adaptmllm", ("ann",))
    assert data.outputs[3, 0] == "Unrated."
    first, second, third = (item.annotation for item in data.items)
    assert counts(first) == [
        ("major", "Accuracy/Addition"), ("minor", "Accuracy/Omission"),
        ("minor", "Accuracy/Omission"), ("minor", "Fluency/Character encoding"),
    ]  # fmt: skip
    assert first.marks[0] == Mark("1", "target", 0, 0, "", "major", "Accuracy/Addition",
                                  origin={"count": True})  # fmt: skip
    assert (first.score, second.errors()) == (4, [("major", NON_TRANSLATION)])
    assert (third.score, third.marks) == (3.5, ())
    assert "3 SQM scores" in data.origin["notes"][-1]


def test_files_of_several_raters_and_systems_stand_for_the_same_segments() -> None:
    files = [
        (f"{at}.xlsx", sheet({"A": f"{system} 1", "B": at}, {"A": f"{system} 2"}), rater, system)
        for at, (rater, system) in enumerate([("ann", "X"), ("bob", "X"), ("ann", "Y")])
    ]
    data = read_annotator_sheets(files)
    assert (data.protocol, data.raters) == ("sqm", ("ann", "bob"))
    assert data.outputs == {(0, 0): "X 1", (1, 0): "X 2", (0, 1): "Y 1", (1, 1): "Y 2"}
    assert [
        (each.rater, each.segment, each.systems, each.annotation.score) for each in data.items
    ] == [("ann", 0, (0,), 0), ("bob", 0, (0,), 1), ("ann", 0, (1,), 2)]


DEFECTS = {
    "X3": '=LEN(TRIM(A3))-LEN(SUBSTITUTE(A3," ",""))+1',
    "Y3": "=$AE$3*(D3+F3)+$AF$3*(E3+G3)",
    "AB2": "Fluency Errors", "AB3": "=SUM(D3:K4)",
    "AC2": "Accuracy Errors", "AC3": "=SUM(L3:W4)",
    "AD3": "=SUM(B3:B4)/AG3", "AE3": 10, "AF3": 1, "AG3": 2,
}  # fmt: skip


def test_the_defects_of_the_formulas_are_told() -> None:
    data = read_annotator_sheet(
        sheet({"A": "a", "B": 0}, {"A": "b", "C": 1}, cells=DEFECTS), "x.xlsx"
    )
    notes = "\n".join(data.origin["notes"])
    assert "never charge a non-translation; 1 sentences were called so" in notes
    assert "'Fluency' sums the columns D to K" in notes
    assert "a blank counts as 0" in notes
    assert "1 sentences have SQM 0 and no error" in notes
    assert "weights" not in notes


def test_other_weights_are_told() -> None:
    data = read_annotator_sheet(sheet({"A": "a", "B": 1}, cells=DEFECTS | {"AE3": 5}), "x.xlsx")
    assert any("major and minor are 5 and 1" in note for note in data.origin["notes"])


def mark(severity: str, category: str) -> Mark:
    return Mark("1", "target", 0, 1, "a", severity, category)


def campaign(*annotations: tuple[str, int, int, Annotation]) -> CampaignData:
    items = tuple(
        JudgedItem(rater, segment, (system,), replace(annotation, is_done=True))
        for rater, segment, system, annotation in annotations
    )
    return CampaignData(
        name="c", protocol="mqm", src_lang="eng_Latn", tgt_lang="gle_Latn",
        systems=(JudgedSystem("X"), JudgedSystem("=Y")),
        segments=(JudgedSegment("s1"), JudgedSegment("s2")),
        outputs={(at, system): text for system in (0, 1)
                 for at, text in enumerate(["a b c d", "=HYPERLINK(\"x\")"])},
        raters=("ann", "=bob"), items=items,
    )  # fmt: skip


JUDGED = campaign(
    ("ann", 0, 0, Annotation((mark("major", "Fluency/Grammar"), mark("minor", "Fluency/Grammar")))),
    ("ann", 1, 0, Annotation(is_non_translation=True, score=2)),
    ("=bob", 1, 1, Annotation((mark("critical", "Style/Awkward"),))),
)


def test_a_campaign_comes_back_but_for_places() -> None:
    data = read_annotator_sheet(write_annotator_sheet(JUDGED), "x.xlsx")
    assert (data.raters, [each.name for each in data.systems]) == (("ann", "=bob"), ["X", "=Y"])
    assert data.outputs == JUDGED.outputs
    found = [(each.rater, each.segment, each.systems) for each in data.items]
    assert found == [(each.rater, each.segment, each.systems) for each in JUDGED.items]
    first, second, third = (each.annotation for each in data.items)
    assert counts(first) == counts(JUDGED.items[0].annotation)
    assert (second.is_non_translation, second.score, third.marks) == (True, 2, ())
    assert not any("file" in note or "SQM 0" in note for note in data.origin["notes"][:-1])


def test_what_the_sheet_has_no_column_for_is_counted() -> None:
    rows = read_sheets(write_annotator_sheet(JUDGED), "x.xlsx")["Left out"]
    assert rows[1] == ("critical", "Style/Awkward", 1)


def test_formulas_charge_non_translation_and_texts_are_none() -> None:
    rows = read_sheets(write_annotator_sheet(JUDGED), "x.xlsx", is_with_formulas=True)["Sheet1"]
    assert rows[2][24].startswith("=IF(C3>0,25,$AE$3*(D3+F3+")
    assert (rows[1][27], rows[2][27]) == ("Accuracy errors", "=SUM(D3:K4)")
    assert (rows[1][28], rows[2][28]) == ("Fluency errors", "=SUM(L3:W4)")

    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(write_annotator_sheet(JUDGED)))
    cells = [book["Sheet1"]["A4"], book["Sheet2"]["AI1"], book["Sheet2"]["AI2"]]
    assert [(cell.data_type, cell.quotePrefix) for cell in cells] == [("s", True)] * 3


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"A": "a", "B": 7}, r"'x.xlsx' row 3 column B \(SQM\) holds '7'"),
        ({"A": "a", "D": -1}, "row 3 column D holds '-1'"),
        ({"A": "a", "W": 1.5}, "row 3 column W counts 1.5 errors"),
        ({"A": "a", "C": "maybe"}, r"column C \(non-translation\) holds 'maybe'"),
        ({"A": "a"}, "holds no rated sentence"),
        ({}, "holds no sentences from row 3 on"),
    ],
)
def test_bad_cells_are_refused_by_row_and_column(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_annotator_sheet(sheet(row), "x.xlsx")


def test_sheets_that_do_not_fit_together_are_refused() -> None:
    one, two = sheet({"A": "a", "B": 1}), sheet({"A": "other", "B": 1})
    with pytest.raises(DataError, match="row 3 holds another sentence of the system 'X'"):
        read_annotator_sheets([("1.xlsx", one, "ann", "X"), ("2.xlsx", two, "bob", "X")])
    with pytest.raises(DataError, match="a second sheet of the rater 'ann'"):
        read_annotator_sheets([("1.xlsx", one, "ann", "X"), ("2.xlsx", one, "ann", "X")])
    with pytest.raises(DataError, match="No file was given"):
        read_annotator_sheets([])


def test_what_is_no_sheet_of_counts_cannot_be_written() -> None:
    with pytest.raises(ConfigError, match="no ESA"):
        write_annotator_sheet(replace(JUDGED, protocol="esa"))
    with pytest.raises(ConfigError, match="Nothing is finished in 'c'"):
        write_annotator_sheet(replace(JUDGED, items=()))
