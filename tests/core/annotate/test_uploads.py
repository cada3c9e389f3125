from __future__ import annotations

import io
import json
import zipfile

import pytest

from core.annotate.uploads import UploadedTexts, read_texts
from core.corpora.formats.files import MemoryFile
from core.errors import DataError


def texts(name: str, content: str | bytes, *others: tuple[str, str]) -> UploadedTexts:
    files = [(name, content), *others]
    return read_texts(
        [MemoryFile(name, data.encode() if isinstance(data, str) else data) for name, data in files]
    )


def found(upload: UploadedTexts) -> list[tuple[str, str, str, dict[str, str]]]:
    names = [system.name for system in upload.systems]
    return [
        (
            segment.document,
            segment.label,
            segment.source,
            {
                name: upload.outputs[number, system]
                for system, name in enumerate(names)
                if (number, system) in upload.outputs
            },
        )
        for number, segment in enumerate(upload.segments)
    ]


EXPECTED = [
    ("a", "1", "Tá sé fuar.", {"A": "It is cold.", "B": "He is cold."}),
    ("a", "3", "Slán.", {"A": "Bye.", "B": "Health."}),
    ("b", "2", "Maith.", {"B": "Good."}),
]
TSV = (
    "document\tsource\tA\tB\n"
    "a\tTá sé fuar.\tIt is cold.\tHe is cold.\n"
    "b\tMaith.\t\tGood.\n"
    "a\tSlán.\tBye.\tHealth.\n"
)


def xlsx(rows: list[list[str]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("texts.tsv", TSV),
        ("texts.csv", TSV.replace("\t", ",")),
        ("texts.csv", TSV.replace("\t", ";").replace("\n", "\r\n")),
        ("texts.xlsx", xlsx([line.split("\t") for line in TSV.splitlines()])),
    ],
)
def test_tables_give_the_same_texts_and_documents_stand_together(
    name: str, content: str | bytes
) -> None:
    assert found(texts(name, content)) == EXPECTED


def test_json_lines_hold_all_outputs_of_a_segment_or_one_each() -> None:
    whole = [
        {"source": "a", "outputs": {"A": "1", "B": "2"}, "reference": "r"},
        {"source": "b", "outputs": {"B": "4"}},
    ]
    single = [
        {"source": "a", "system": "A", "hypothesis": "1", "reference": "r"},
        {"source": "a", "system": "B", "hypothesis": "2"},
        {"source": "b", "system": "B", "hypothesis": "4"},
    ]
    uploads = [
        texts("x.jsonl", "\n".join(json.dumps(row) for row in rows)) for rows in (whole, single)
    ]
    assert uploads[0] == uploads[1]
    assert uploads[0].outputs == {(0, 0): "1", (0, 1): "2", (1, 1): "4"}
    assert uploads[0].segments[0].reference == "r"


def test_equal_sources_of_json_lines_stay_segments_of_their_own() -> None:
    rows = [
        {"source": "Yes.", "system": system, "output": f"{system}{number}"}
        for system in "AB"
        for number in range(2)
    ]
    upload = texts("x.jsonl", "\n".join(map(json.dumps, rows)))
    assert upload.outputs == {(0, 0): "A0", (0, 1): "B0", (1, 0): "A1", (1, 1): "B1"}


def test_plain_files_are_parallel_and_named_after_systems() -> None:
    upload = texts("../../etc/nllb.txt", "one\n\n", ("source.txt", "a\nb\n"), ("ref.txt", "x\ny\n"))
    assert [system.name for system in upload.systems] == ["nllb"]
    assert [(each.source, each.reference) for each in upload.segments] == [("a", "x"), ("b", "y")]
    assert upload.outputs == {(0, 0): "one"}


def test_scripts_directions_and_line_separators_stay_in_the_texts() -> None:
    nasty = "<script>alert(1)</script> \u202eabc\u202c =1+1 \u2028 e\u0301 👩\u200d🚀"
    upload = texts("t.tsv", f'source\t<b>A</b>\n{nasty}\t"{nasty}\n')
    assert upload.segments[0].source == nasty
    assert upload.outputs[0, 0] == f'"{nasty}'
    assert upload.systems[0].name == "<b>A</b>"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.tsv", "A\tB\n1\t2\n", "has no column 'source'"),
        ("t.tsv", "source\tdocument\n1\t2\n", "has no column of a system"),
        ("t.tsv", "source\tA\tA\n1\t2\t3\n", "two columns 'A'"),
        ("t.tsv", "source\tA\n1\t2\t3\n", "'t.tsv' row 2 has 3 cells, the header 2"),
        ("t.tsv", "source\tA\n \t2\n", "row 2 has no source"),
        ("t.tsv", "source\tA\n", "holds 0 segments"),
        ("t.tsv", b"source\tA\n\xff\t2\n", "not UTF-8: line 2"),
        ("t.tsv", "source\tA\nx\ty" + "y" * 20_000, "row 2 holds a text of 20,001 characters"),
        ("t.tsv", "source\tsegment\tA\nx\t" + "7" * 65 + "\ty", "its segment with 65 characters"),
        ("t.csv", 'source,A\n"x,y\n', "is no CSV"),
        ("t.jsonl", '{"source": "a", "outputs": {"A": 7}}\n[1]', "line 2 holds \\[1\\]"),
        ("t.jsonl", '{"source": "a"}', "line 1 names no output"),
        ("t.jsonl", '{"source": "\\ud83d", "outputs": {"A": "x"}}', "half a character"),
        ("t.jsonl", "[" * 100_000, "is not JSON"),
        ("t.txt", "a\nb\n", "alone holds no system's output"),
        ("t.txt", "a\0b\n", "holds zero bytes"),
        ("t.xlsx", b"PK\x03\x04 broken", "is a damaged archive"),
        ("t.xlsx", b"no archive", "is a damaged archive"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(
    name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        texts(name, content)


def test_plain_files_of_unequal_length_are_refused_with_both_numbers() -> None:
    with pytest.raises(DataError, match=r"'A.txt' has 1 lines and 'source.txt' 2"):
        texts("source.txt", "a\nb\n", ("A.txt", "x\n"))


def test_a_table_is_read_alone() -> None:
    with pytest.raises(DataError, match="'t.tsv' is a table, which is read alone"):
        texts("t.tsv", TSV, ("A.txt", "x\n"))


def packed(**files: bytes) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return output.getvalue()


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(DataError, match="unpacks to .* times its size"):
        texts("t.xlsx", packed(bomb=bytes(30_000_000)))


def with_sheet(sheet: str) -> bytes:
    """A workbook whose first sheet was replaced."""
    output = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx([["source", "A"], ["x", "y"]]))) as old,
        zipfile.ZipFile(output, "w") as new,
    ):
        for name in old.namelist():
            is_sheet = name == "xl/worksheets/sheet1.xml"
            new.writestr(name, sheet.encode() if is_sheet else old.read(name))
    return output.getvalue()


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("<worksheet", "damaged xlsx file"),
        (
            '<!DOCTYPE w [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>'
            f"<worksheet {MAIN}><sheetData><row><c><v>&c;</v></c></row></sheetData></worksheet>",
            "damaged xlsx file",
        ),
        (
            f'<worksheet {MAIN}><sheetData><row r="99999999"><c r="A99999999"><v>1</v></c></row>'
            "</sheetData></worksheet>",
            "rows behind more than 20,000 empty ones",
        ),
    ],
)
def test_hostile_sheets_are_refused(sheet: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        texts("t.xlsx", with_sheet(sheet))


def test_formulas_are_never_computed() -> None:
    cells = "".join(f'<c r="{place}"><f>1+1</f></c>' for place in ("A2", "B2"))
    header = "".join(
        f'<c r="{place}" t="inlineStr"><is><t>{name}</t></is></c>'
        for place, name in (("A1", "source"), ("B1", "A"))
    )
    rows = f'<row r="1">{header}</row><row r="2">{cells}</row>'
    sheet = f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>"
    with pytest.raises(DataError, match="holds 0 segments"):
        texts("t.xlsx", with_sheet(sheet))
