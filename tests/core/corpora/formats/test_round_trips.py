"""What is exported is imported again as it was, whatever characters it holds."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.corpora.formats.aligned import aligned_rows
from core.corpora.formats.archives import unpacked
from core.corpora.formats.files import MemoryFile, uploaded_file
from core.corpora.formats.looking import look
from core.corpora.formats.names import language_of_name
from core.corpora.formats.reading import rows
from core.corpora.formats.writing import SUFFIXES, ExportFormat, write
from core.corpora.segments import Row
from core.errors import ConfigError, DataError
from core.language_tags import flores_code
from core.languages import all_languages, html_tag

SRC, TGT = "eng_Latn", "mar_Deva"

# Rare in what hypothesis draws by itself, frequent in corpora.
TRICKY = st.sampled_from(
    ["\t", "\n", "\r", "\r\n", '"', '""', "'", "\\", "\\n", "&amp;", "<b>", "]]>", "&#13;", " ",
     "\u2028", "\u2029", "\x85", "\u00a0", "\u200d", "\ufeff", "😀", "👩‍👧", "é", "हि",
     "العربية", "source", ",", ";", "|", "{", "[", "PK", "%PDF-", "=1+1"]
)  # fmt: skip


def texts(without: str = "") -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=["Cs"], exclude_characters=without)
    tricky = TRICKY.filter(lambda piece: not set(piece) & set(without))
    return st.lists(st.one_of(tricky, st.text(letters, max_size=4)), max_size=6).map("".join)


def row_lists(without: str = "") -> st.SearchStrategy[list[Row]]:
    text = texts(without)
    return st.lists(st.builds(Row, text, text, text), min_size=1, max_size=5)


XML_CANNOT = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]))
HARD = [
    Row('a\tb\n"q" \r x\r', "é😀\u2028 ", "d\n1"),
    Row(" leading", "हिन्दी"),
    Row('"', "العربية\r\n<x/>", "'"),
    Row("", ""),
    Row("\ufeffmark", "x"),
]


def exported(
    given_rows: list[Row], kind: ExportFormat, *, has_documents: bool = True
) -> MemoryFile:
    stream = io.BytesIO()
    count = write(stream, kind, given_rows, src_lang=SRC, tgt_lang=TGT, has_documents=has_documents)
    assert count == len(given_rows)
    return uploaded_file(f"x{SUFFIXES[kind]}", stream)


def imported(file: MemoryFile) -> list[Row]:
    return [row.row for row in rows(file, look(file).choice, SRC, TGT)]


@settings(max_examples=80, deadline=None)
@given(row_lists("\0"))
@example(HARD)
def test_tsv_comes_back_exactly(given_rows: list[Row]) -> None:
    assert imported(exported(given_rows, "tsv")) == given_rows


@settings(max_examples=80, deadline=None)
@given(row_lists())
@example([*HARD, Row("\0\x01\ufffe", "\x1b")])
def test_jsonl_comes_back_exactly(given_rows: list[Row]) -> None:
    assert imported(exported(given_rows, "jsonl")) == given_rows


@settings(max_examples=40, deadline=None)
@given(row_lists())
@example([*HARD, Row("\0\x01\ufffe", "\x1b")])
def test_parquet_comes_back_exactly(given_rows: list[Row]) -> None:
    assert imported(exported(given_rows, "parquet")) == given_rows


@settings(max_examples=80, deadline=None)
@given(row_lists(XML_CANNOT))
@example(HARD)
def test_tmx_comes_back_exactly(given_rows: list[Row]) -> None:
    assert imported(exported(given_rows, "tmx")) == given_rows


@settings(max_examples=80, deadline=None)
@given(row_lists("\0\n\r").filter(lambda given: "\ufeff" not in given[0][0][:1] + given[0][1][:1]))
@example([Row("a\tb", '"é"\u2028\x85\x0c'), Row("", ""), Row(" x ", "हि"), Row("x\ufeff", "")])
def test_moses_pairs_come_back_exactly(given_rows: list[Row]) -> None:
    packed = exported(given_rows, "moses")
    with tempfile.TemporaryDirectory() as folder:
        source, target = unpacked([packed], Path(folder))
        assert [source.name, target.name] == ["x.zip/corpus.en", "x.zip/corpus.mr"]
        pairs = [tuple(row[:2]) for row in aligned_rows(source, target, SRC, TGT)]
    assert pairs == [row[:2] for row in given_rows]


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "tmx", "parquet"])
def test_documents_can_be_left_out(kind: ExportFormat) -> None:
    file = exported([Row("a", "b", "d"), Row("c", "d")], kind, has_documents=False)
    assert imported(file) == [Row("a", "b"), Row("c", "d")]
    assert "document" not in look(file).columns


def test_tsv_for_other_tools_is_a_header_and_quoted_cells() -> None:
    file = exported([Row('a"b', "c\td")], "tsv", has_documents=False)
    assert file.data == b'"source"\t"target"\n"a""b"\t"c\td"\n'


@pytest.mark.parametrize("code", [language.code for language in all_languages()])
def test_tags_in_files_lead_back_to_the_language(code: str) -> None:
    assert flores_code(html_tag(code)) == code
    assert language_of_name(f"train.{html_tag(code)}") == code


REFUSED: list[tuple[ExportFormat, Row, str]] = [
    ("tmx", Row("a\x0bb", "c"), "Row 3 holds the character U+000B, which TMX cannot hold."),
    ("tmx", Row("a", "c\ufffe"), "Row 3 holds the character U+FFFE, which TMX cannot hold."),
    ("tmx", Row("a", "c", "\x01"), "Row 3 holds the character U+0001, which TMX cannot hold."),
    ("moses", Row("a\nb", "c"), "Row 3 holds a line break, which line-aligned files cannot hold."),
    ("moses", Row("a", "c\r"), "Row 3 holds a line break, which line-aligned files cannot hold."),
    ("moses", Row("a", "\0"), "Row 3 holds a zero character, which no text file can hold."),
    ("tsv", Row("a", "\0"), "Row 3 holds a zero character, which no text file can hold."),
    *(
        (kind, Row("a\ud83d", "c"), "Row 3 holds half a character (a lone surrogate).")
        for kind in SUFFIXES
    ),
]


@pytest.mark.parametrize(("kind", "row", "sentence"), REFUSED)
def test_what_a_format_cannot_hold_is_one_sentence_and_no_file(
    kind: ExportFormat, row: Row, sentence: str, tmp_path: Path
) -> None:
    given_rows = [Row("a", "b"), Row("a", "b"), row, Row("a", "b")]
    with pytest.raises(DataError) as caught:
        write(tmp_path / "x", kind, given_rows, src_lang=SRC, tgt_lang=TGT)
    assert caught.value.message == sentence
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_mark_at_the_start_of_a_text_file_is_refused() -> None:
    with pytest.raises(DataError, match="Row 1 holds a byte-order mark at its start"):
        exported([Row("a", "\ufeffb")], "moses")


def test_line_breaks_become_spaces_where_that_is_wanted(tmp_path: Path) -> None:
    packed = tmp_path / "x.zip"
    broken = [Row("a\nb\r\nc", "d\re")]
    write(packed, "moses", broken, src_lang=SRC, tgt_lang=TGT, line_breaks="space")
    files = unpacked([uploaded_file("x.zip", packed.read_bytes())], tmp_path)
    assert [row.row for row in aligned_rows(*files, SRC, TGT)] == [Row("a b c", "d e")]


def test_a_failing_row_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("old")
    with pytest.raises(DataError):
        write(path, "jsonl", [Row("\ud800", "")], src_lang=SRC, tgt_lang=TGT)
    assert [each.name for each in tmp_path.iterdir()] == ["x.jsonl"]
    assert path.read_text() == "old"


def test_unknown_formats_and_languages_are_named() -> None:
    with pytest.raises(ConfigError, match="There is no export format 'doc'"):
        write(io.BytesIO(), "doc", [], src_lang=SRC, tgt_lang=TGT)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="'gle' is not a FLORES-200 language code"):
        write(io.BytesIO(), "tsv", [], src_lang=SRC, tgt_lang="gle")


def test_documents_that_begin_late_come_back() -> None:
    given_rows = [Row(f"a {n}", f"b {n}", "late" if n > 250 else "") for n in range(300)]
    for kind in ("jsonl", "tsv", "parquet"):
        assert imported(exported(given_rows, kind)) == given_rows


@pytest.mark.parametrize("num_lines", [30, 3_000])
def test_segments_of_many_lines_come_back_from_tsv(num_lines: int) -> None:
    given_rows = [Row(f"line {n}\n" * num_lines, "x\n\ty") for n in range(100)]
    assert imported(exported(given_rows, "tsv")) == given_rows
