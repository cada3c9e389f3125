"""Rejected rows can be looked through in other programs."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest

from core.corpora.formats import rejected
from core.corpora.formats.choice import Choice
from core.corpora.formats.files import local_file
from core.corpora.formats.reading import rows
from core.corpora.formats.rejected import Rejected, RejectedFormat, write_rejected
from core.errors import ConfigError, DataError

ROWS = [
    Rejected("train", 7, "a\tb", 'c "d"\ne', ("empty", "too long")),
    Rejected("", 12, "=1+1", "@x", ("script",), "x\x0b.tsv, line 4"),
    Rejected("dev", 1, "a\x0b\x1b", "हि\ud800", ("control characters",)),
]


def written(path: Path, kind: RejectedFormat, given: list[Rejected] = ROWS) -> Path:
    count = write_rejected(path, kind, given, src_lang="eng_Latn", tgt_lang="gle_Latn")
    assert count == len(given)
    return path


def test_tsv_has_reasons_and_no_formulas(tmp_path: Path) -> None:
    with written(tmp_path / "x.tsv", "tsv").open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file, delimiter="\t", strict=True))
    assert table == [
        ["split", "number", "source", "target", "reasons", "details"],
        ["train", "7", "a\tb", 'c "d"\ne', "empty, too long", ""],
        ["", "12", "'=1+1", "'@x", "script", "x\x0b.tsv, line 4"],
        ["dev", "1", "a\x0b\x1b", "हि?", "control characters", ""],
    ]


def test_xlsx_holds_texts_and_no_formulas(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(tmp_path / "x.xlsx", "xlsx")).active
    assert sheet is not None
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert table == [
        ["split", "number", "source", "target", "reasons", "details"],
        ["train", 7, "a\tb", 'c "d"\ne', "empty, too long", None],
        [None, 12, "=1+1", "@x", "script", "x␋.tsv, line 4"],
        ["dev", 1, "a␋␛", "हि?", "control characters", None],
    ]
    formula = sheet["C3"]
    assert (formula.data_type, formula.quotePrefix) == ("s", True)
    assert not sheet["C2"].quotePrefix


def test_tmx_has_reasons_and_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / "x.tmx", "tmx")
    found = list(rows(local_file(path), Choice(), "eng_Latn", "gle_Latn"))
    assert [tuple(row[:2]) for row in found] == [
        ("a\tb", 'c "d"\ne'), ("=1+1", "@x"), ("a␋␛", "हि?")
    ]  # fmt: skip
    text = path.read_text(encoding="utf-8")
    assert text.count('<prop type="x-reason">') == 4
    assert text.count('<prop type="x-details">') == 1
    assert '<prop type="x-details">x␋.tsv, line 4</prop>' in text
    assert '<prop type="x-split">train</prop>\n<prop type="x-number">7</prop>' in text


def test_long_cells_are_cut_and_long_sheets_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = [Rejected("train", 1, "a" * 40_000, "b", ("too long",))]
    sheet = openpyxl.load_workbook(written(tmp_path / "x.xlsx", "xlsx", long)).active
    assert sheet is not None
    assert sheet["C2"].value == "a" * 32_766 + "…"
    monkeypatch.setattr(rejected, "MAX_SHEET_ROWS", 2)
    with pytest.raises(DataError, match="A sheet holds 2 rows, and more were rejected"):
        written(tmp_path / "y.xlsx", "xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["x.xlsx"]


def test_an_empty_list_is_a_header(tmp_path: Path) -> None:
    assert written(tmp_path / "x.tsv", "tsv", []).read_text() == (
        '"split"\t"number"\t"source"\t"target"\t"reasons"\t"details"\n'
    )


def test_unknown_formats_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no format 'doc' for rejected rows"):
        written(tmp_path / "x", "doc")  # type: ignore[arg-type]
