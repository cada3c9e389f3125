"""Broken input gives one sentence that names the file, the place and the cause."""

from __future__ import annotations

import gzip
import io
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from core.corpora.formats import archives, parquet
from core.corpora.formats.aligned import aligned_rows
from core.corpora.formats.archives import unpacked
from core.corpora.formats.choice import Choice
from core.corpora.formats.files import (
    MAX_FILE_BYTES,
    LocalFile,
    MemoryFile,
    local_file,
    uploaded_file,
)
from core.corpora.formats.looking import look
from core.corpora.formats.reading import rows
from core.errors import AdaptMLLMError, ConfigError, DataError

LANGS = "eng_Latn", "gle_Latn"


def sentence_of(caught: pytest.ExceptionInfo[AdaptMLLMError]) -> str:
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value.message


def named(name: str, content: bytes | str) -> MemoryFile:
    return MemoryFile(name, content.encode() if isinstance(content, str) else content)


def parquet_bytes(**columns: list[object]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


DTD = '<?xml version="1.0"?>\n<!DOCTYPE tmx [\n{}]>\n<tmx><body><tu/></body></tmx>'
LAUGHS = "".join(f'<!ENTITY l{n} "&l{n - 1};&l{n - 1};">\n' for n in range(1, 30))
TU = '<tu><tuv xml:lang="{}"><seg>a</seg></tuv><tuv xml:lang="{}"><seg>b</seg></tuv></tu>'

BROKEN: list[tuple[str, bytes | str, str]] = [
    ("x.tsv", b"", "'x.tsv' is empty."),
    ("x.tsv", "\n\n", "'x.tsv' holds no segment."),
    ("x.tsv", "source\ttarget\n", "'x.tsv' holds no segment."),
    ("x.csv", "source,target\n", "'x.csv' holds no segment."),
    ("x.tmx", "<tmx><body/></tmx>", "'x.tmx' holds no segment."),
    ("x.xlf", '<xliff version="2.0"/>', "'x.xlf' holds no segment."),
    ("x.parquet", parquet_bytes(en=[], ga=[]), "'x.parquet' holds no segment."),
    ("x.json", "[]", "'x.json' holds no array of JSON objects."),
    ("x.jsonl", '{"en": "a", "ga": null}',
     "'x.jsonl' holds no segment in both English and Irish; 1 lack a translation."),
    # Binary files.
    ("x.tsv", b"\x89PNG\r\n\x1a\n\0\0", "'x.tsv' is a PNG picture, not a text file."),
    ("x.txt", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "'x.txt' is a PDF document, not a text file."),
    ("x.csv", b"MZ\x90\0\3\0", "'x.csv' is a program, not a text file."),
    ("x.tmx", b"PK\x03\x04\0\0", "'x.tmx' is a zip archive or an office document, not a text"),
    ("x.tsv", b"a\tb\na\0b\tc\0\n\0\0",
     "'x.tsv' is a binary file, not text: line 2 holds a zero byte."),
    ("x.tsv", b"a\tb\n" * 20_000 + b"\0\tc\n", "'x.tsv' line 20,001 holds a zero byte: it is"),
    # Encodings.
    ("x.tsv", "é\té\n".encode() + b"\n\xff\tc\n",
     "'x.tsv' is not UTF-8: line 3 holds the byte 0xff."),
    ("x.tsv", b"a\tb\n" * 99_999 + "é\té\n".encode() * 70_000 + b"\xe9\tb\n",
     "'x.tsv' is not UTF-8: line 170,000 holds the byte 0xe9."),
    ("x.tsv", b"a\tb\n\x01\x02\xff\xfe\x80\tc\n",
     "'x.tsv' is not UTF-8: line 2 holds the byte 0xff."),
    ("x.tsv", "a\tb\na\tc\n".encode("utf-16")[:-1],
     "'x.tsv' is not UTF-16: line 2 holds the byte 0x0a."),
    # Tables.
    ("x.tsv", "a\tb\nc\td\te\n", "'x.tsv' line 2 has 3 tab-separated columns, not 2."),
    ("x.tsv", "a\tb\n\nc\n", "'x.tsv' line 3 has 1 tab-separated columns, not 2."),
    ("x.tsv", "a\n", "'x.tsv' line 1 has 1 tab-separated columns; source and target need 2."),
    ("x.tsv", "a\tb\tc\n", "'x.tsv' does not say which column is the source, English (eng_Latn); "
     "it has '1', '2', '3'."),
    ("x.csv", 'en,ga\n"a\n1",b\nc\n', "'x.csv' line 4 has 1 columns, not 2."),
    ("x.csv", 'en,ga\na,b\n"c,d\ne,f\n',
     "'x.csv' line 3 is no row of a table: a quotation mark is opened and never closed."),
    ("x.csv", 'en,ga\na,b\n"c"d,e\n', "'x.csv' line 3 is no row of a table: ',' expected after"),
    ("x.csv", "en,ga,en\na,b,c\n", "'x.csv' has 2 columns named 'en'."),
    ("x.tsv", "source\ttarget\tsource\n", "'x.tsv' has 2 columns named 'source'."),
    ("x.csv", "en,de\na,b\n", "'x.csv' does not say which column is the target, Irish (gle_Latn); "
     "it has 'en', 'de'."),
    # JSON.
    ("x.jsonl", '{"en": "a", "ga": "b"}\n{"en": \n',
     "'x.jsonl' line 2 is not JSON: Expecting value."),
    ("x.jsonl", "[" * 100_000, "'x.jsonl' line 1 is not JSON: maximum recursion depth exceeded"),
    ("x.jsonl", f'{{"n": {"9" * 5000}}}', "'x.jsonl' line 1 is not JSON: Exceeds the limit"),
    ("x.jsonl", '\n["a"]', "'x.jsonl' line 2 is no JSON object but a list."),
    ("x.jsonl", '{"en": "a", "de": "b"}', "'x.jsonl' does not say which column is the target"),
    ("x.jsonl", "{}", "'x.jsonl' does not say which column is the source, English (eng_Latn); it "
     "has none."),
    ("x.jsonl", '{"en": "a", "ga": "b"}\n{"en": 5, "ga": "b"}',
     "'x.jsonl' line 2 has no text as 'en' but a number."),
    ("x.jsonl", '{"en": "a", "ga": "b", "en": "c"}', "'x.jsonl' line 1 names 'en' twice."),
    ("x.jsonl", '{"translation": {"ga": "a", "ga": "b", "en": "c"}}',
     "'x.jsonl' line 1 names 'ga' twice."),
    ("x.jsonl", '{"en": "a\\ud83d", "ga": "b"}',
     "'x.jsonl' line 1 holds half a character (a lone surrogate)."),
    ("x.json", '[{"en": "a", "ga": "b"},\n{"en": "\\ude00", "ga": "b"}]',
     "'x.json' line 2 holds half a character (a lone surrogate)."),
    ("x.json", '[{"en": "a", "ga": "b", "en": "c"}]', "'x.json' object 1 names 'en' twice."),
    ("x.json", '[{"en": "a", "ga": "b"}, {"en"',
     "'x.json' is not JSON behind object 1: parse error: premature EOF."),
    ("x.json", '{"en": ["a"],\n"ga": ["b"]}', "'x.json' holds no array of JSON objects."),
    ("x.json", '[{"en": "a", "ga": "b"}, 5]', "'x.json' object 2 is no JSON object."),
    ("x.json", "x", "'x.json' is not JSON at its start: lexical error"),
    # Parquet.
    ("x.parquet", parquet_bytes(en=["a"], ga=["b"])[:-9], "'x.parquet' is a damaged Parquet file"),
    ("x.parquet", parquet_bytes(en=["a"], ga=[1.5]), "The column 'ga' of 'x.parquet' holds double"),
    ("x.parquet", parquet_bytes(en=["a"], translation=[{"en": "a", "ga": "b"}]),
     "'x.parquet' has 2 columns named 'en'."),
    # XML.
    ("x.tmx", DTD.format('<!ENTITY e SYSTEM "file:///etc/passwd">'),
     "'x.tmx' line 3 holds a declaration of the external entity 'e'."),
    ("x.tmx", DTD.format(f'<!ENTITY l0 "lol">\n{LAUGHS}'),
     "'x.tmx' line 3 holds a declaration of the entity 'l0'."),
    ("x.tmx", DTD.format('<!ENTITY % p SYSTEM "http://localhost/x.dtd">%p;'),
     "'x.tmx' line 3 holds a declaration of the external entity 'p'."),
    ("x.xlf", DTD.format('<!ENTITY e "x">').replace("tmx", "xliff"),
     "'x.xlf' line 3 holds a declaration of the entity 'e'."),
    ("x.tmx", "<tmx><body><tu><tuv xml:lang='en'><seg>&nbsp;</seg></tuv></tu></body></tmx>",
     "'x.tmx' line 1 is not well-formed XML: undefined entity"),
    ("x.tmx", "<tmx><body>\n<tu>", "'x.tmx' line 2 is not well-formed XML: no element found."),
    ("x.tmx", f"<tmx><body>{TU.format('en', 'de')}{TU.format('fr', 'de')}</body></tmx>",
     "'x.tmx' has no unit in both English (eng_Latn) and Irish (gle_Latn); its languages are "
     "'en', 'de', 'fr'."),
    ("x.tmx", "<html/>", "'x.tmx' is XML with the root <html>; translation memories have the"),
    ("x.tmx", "a\tb\n", "'x.tmx' is no XML; translation memories have the root"),
    ("x.tmx", b"<?xml version='1.0' encoding='x-none'?><tmx/>", "'x.tmx' cannot be read as XML:"),
    ("x.tmx", f"<tmx a='{'x' * 5_000_000}'/>", "'x.tmx' line 1 holds a tag of more than"),
    ("x.xlf", '<xliff version="2.0" srcLang="en" trgLang="de"><file><unit><segment>'
     "<source>a</source><target>b</target></segment></unit></file></xliff>",
     "'x.xlf' does not translate between English (eng_Latn) and Irish (gle_Latn); its languages "
     "are 'en', 'de'."),
    ("x.txt", "a\n", "'x.txt' alone is not a parallel corpus."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "sentence"), BROKEN, ids=[row[2] for row in BROKEN])
def test_a_broken_file_is_one_sentence(name: str, content: bytes | str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        list(rows(named(name, content), Choice(), *LANGS))
    assert sentence_of(caught).startswith(sentence)


@pytest.mark.parametrize(("name", "content"), [row[:2] for row in BROKEN])
def test_looking_at_a_broken_file_gives_at_most_a_sentence(name: str, content: bytes | str) -> None:
    try:
        look(named(name, content))
    except DataError as error:
        assert repr(name) in error.message


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"source": "x"}, "'x.csv' has no column 'x'; it has 'en', 'ga'."),
        ({"document": "x"}, "'x.csv' has no column 'x'; it has 'en', 'ga'."),
        ({"source": "ga"}, "Source and target of 'x.csv' are both the column 'ga'."),
    ],
)
def test_a_wrong_choice_is_one_sentence(choice: dict[str, str], sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        list(rows(named("x.csv", "en,ga\na,b\n"), Choice(**choice), *LANGS))
    assert sentence_of(caught) == sentence


def test_an_unknown_encoding_is_one_sentence() -> None:
    with pytest.raises(ConfigError) as caught:
        list(rows(named("x.tsv", "a\tb\n"), Choice(encoding="klingon"), *LANGS))
    assert sentence_of(caught) == "There is no encoding 'klingon'."


WHOLE = [
    ("x.tsv", b'"source"\t"target"\n"a\nb"\t"c""d"\n"e"\t"\xc3\xa9"\n'),
    ("x.csv", b"en;ga\na;b\n'c;\xe9\n"),
    ("x.jsonl", b'{"en": "a", "translation": {"en": "\\ud83d\\ude00", "ga": "b"}, "n": [1]}\n' * 2),
    ("x.json", b'{"v": [1], "data": [{"en": "a", "ga": "b"}, {"en": null, "ga": "\\\\"}]}'),
    ("x.parquet", parquet_bytes(en=["a", None], translation=[{"fr": "a", "ga": "b"}] * 2)),
    ("x.tmx", f"<?xml version='1.0'?><tmx><body>{TU.format('en', 'ga')}</body></tmx>".encode()),
    ("x.xlf", b'<xliff srcLang="en" trgLang="ga"><file id="1"><unit><segment><source>a<cp hex="1"/>'
              b"<mrk mtype='seg' mid='1'>a</mrk></source><target>b</target></segment></unit></file>"
              b"</xliff>"),
    ("x.zip", zipped(("a.tsv", b"a\tb\n"), ("b.jsonl", b'{"en": "a", "ga": "b"}'))),
    ("x.gz", gzip.compress(b"a\tb\n")),
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_a_file_damaged_anywhere_is_read_or_gives_one_sentence(
    whole: tuple[str, bytes], data: st.DataObject
) -> None:
    name, content = whole
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(start + 20, len(content))))
    piece = data.draw(st.one_of(st.just(b""), st.just(content[start:end] * 2), st.binary()))
    file = named(name, content[:start] + piece + content[end:])
    with tempfile.TemporaryDirectory() as folder:
        try:
            for each in unpacked([file], Path(folder)):
                list(rows(each, look(each).choice, *LANGS))
        except AdaptMLLMError as error:
            assert "\n" not in str(error)
            assert error.hint


UNEQUAL: list[tuple[bytes | str, bytes | str, str]] = [
    ("a\nb\nc\n", "a\n", "'x.en' has 3 lines and 'x.ga' has 1; 'x.en' is longer by 2."),
    ("a\n", "a\nb\n", "'x.en' has 1 lines and 'x.ga' has 2; 'x.ga' is longer by 1."),
    ("a\n" * 400, "a\n" * 399, "'x.en' has 400 lines and 'x.ga' has 399; 'x.en' is longer by 1."),
    ("a\n", b"", "'x.ga' is empty."),
    ("a\n", b"\xff\xd8\xff\xe0\0", "'x.ga' is a JPEG picture, not a text file."),
    ("<tmx/>", "a\n", "'x.en' is TMX, not a text with one segment a line."),
    ("a\n", "é\n\n".encode() + b"\xff\n", "'x.ga' is not UTF-8: line 3 holds the byte 0xff."),
    (
        "a\rb\rc\r",
        "a\n",
        "'x.en' would be one line: its lines end with carriage returns alone, as on old Macs.",
    ),
    ("a" * 12_000_000, "a\n", "'x.en' line 1 is longer than 10,000,000 characters."),
]


@pytest.mark.parametrize(("source", "target", "sentence"), UNEQUAL, ids=[row[2] for row in UNEQUAL])
def test_files_that_are_not_aligned_are_one_sentence(
    source: bytes | str, target: bytes | str, sentence: str
) -> None:
    with pytest.raises(DataError) as caught:
        list(aligned_rows(named("x.en", source), named("x.ga", target), *LANGS))
    assert sentence_of(caught) == sentence


def test_a_file_over_the_limit_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    for use in (look, lambda each: next(rows(each, Choice(), *LANGS)),
                lambda each: unpacked([each], tmp_path)):  # fmt: skip
        with pytest.raises(DataError) as caught:
            use(local_file(path))
        assert sentence_of(caught) == "'x.tsv' has 300 MB; at most 300 MB are read."


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone.tsv' does not exist"):
        local_file(tmp_path / "gone.tsv")
    with pytest.raises(DataError, match="is a folder, not a file"):
        local_file(tmp_path)
    with pytest.raises(DataError, match="'x.tsv' cannot be read: No such file"):
        LocalFile("x.tsv", tmp_path / "gone.tsv").open()


def test_a_parquet_file_that_would_fill_the_memory_is_refused_by_its_description(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bomb = io.BytesIO()
    table = pa.table({"en": ["a" * 12_000_000], "ga": ["b"]})
    pq.write_table(table, bomb, compression="zstd", use_dictionary=False, write_statistics=False)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", None)  # nothing is read
    with pytest.raises(DataError, match=r"'x\.parquet' holds 12 MB of unpacked columns, more"):
        list(rows(named("x.parquet", bomb.getvalue()), Choice(), *LANGS))
    monkeypatch.setattr(parquet, "MAX_GROUP_BYTES", 50)
    with pytest.raises(DataError, match=r"holds a row group of 0 MB, more than is read"):
        list(rows(named("x", parquet_bytes(en=["a" * 99], ga=["b"])), Choice(), *LANGS))


def test_a_text_that_a_parquet_file_holds_once_and_shows_often_is_counted_first() -> None:
    """4,096 rows of 900,000 characters: a few kilobytes in the file, 3.7 GB as texts."""
    often = pa.DictionaryArray.from_arrays(pa.array([0] * 4096, pa.int32()), ["a" * 900_000])
    bomb = io.BytesIO()
    table = pa.table({"en": often, "ga": pa.array(["b"] * 4096)})
    pq.write_table(table, bomb, compression="zstd", store_schema=False)
    file = named("x.parquet", bomb.getvalue())
    with pytest.raises(DataError, match=r"holds at least 3,686 MB of text, more than is read"):
        list(rows(file, Choice(), *LANGS))
    tracemalloc.start()
    look(file)
    assert tracemalloc.get_traced_memory()[1] < 300_000_000
    tracemalloc.stop()


# Archives.


def encrypted(content: bytes) -> bytes:
    """Sets the flag of encryption in both headers of the only member."""
    data = bytearray(content)
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def damaged(content: bytes) -> bytes:
    data = bytearray(content)
    data[60] ^= 0xFF
    return bytes(data)


NOISE = bytes(range(256)).hex().encode() * 40
GOOD = zipped(("a.tsv", NOISE))
ARCHIVES: list[tuple[str, bytes, str]] = [
    ("x.zip", GOOD[:-30], "'x.zip' is a damaged or truncated archive: File is not a zip file."),
    ("x.zip", GOOD[: len(GOOD) // 2], "'x.zip' is a damaged or truncated archive: File is not"),
    ("x.zip", damaged(GOOD), "'x.zip' is a damaged or truncated archive: "),
    ("x.tsv.gz", gzip.compress(NOISE)[:-9], "'x.tsv.gz' is a damaged or truncated archive: Compre"),
    ("x.gz", damaged(gzip.compress(NOISE)), "'x.gz' is a damaged or truncated archive: "),
    ("x.zip", encrypted(zipped(("d/a.tsv", NOISE))), "'x.zip/a.tsv' is encrypted."),
    ("x.zip", zipped(("a.tsv", bytes(11_000_000))),
     "'x.zip/a.tsv' unpacks to more than 200 times the size of the archive, as no text does."),
    ("x.zip", zipped(("a.tsv", bytes(6_000_000)), ("b.tsv", bytes(6_000_000))),
     "'x.zip' unpacks to more than 200 times its size, as no text does."),
    ("x.gz", gzip.compress(bytes(11_000_000)), "'x.gz' unpacks to more than 200 times the size"),
    ("x.zip", zipped(("a.zip", GOOD)), "'x.zip/a.zip' is an archive within an archive."),
    ("x.tsv.gz", gzip.compress(GOOD), "'x.tsv.gz' is an archive within an archive."),
    ("x.tar.gz", gzip.compress(bytes(257) + b"ustar\0"), "'x.tar.gz' is an archive within an arch"),
    ("x.zip", zipped(("a.tsv", NOISE), method=zipfile.ZIP_BZIP2),
     "'x.zip/a.tsv' is packed by a method that is not read."),
    ("x.zip", zipped(*((f"{number}.tsv", b"a") for number in range(1001))),
     "'x.zip' holds 1,001 files; at most 1,000 are read."),
    ("x.zip", zipped(), "'x.zip' holds no files."),
    ("x.xlsx", zipped(("[Content_Types].xml", b"")), "'x.xlsx' is an office document, not a"),
    ("x.zip", b"", "'x.zip' is empty."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "sentence"), ARCHIVES, ids=[a[2] for a in ARCHIVES])
def test_a_broken_archive_is_one_sentence_and_leaves_nothing(
    name: str, content: bytes, sentence: str, tmp_path: Path
) -> None:
    good = uploaded_file("good.zip", zipped(("a.tsv", b"a\tb\n")))
    with pytest.raises(DataError) as caught:
        unpacked([good, uploaded_file(name, content)], tmp_path)
    assert sentence_of(caught).startswith(sentence)
    assert list(tmp_path.iterdir()) == []


def test_all_members_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 3_000_000)
    files = [
        uploaded_file(f"{name}.zip", zipped((f"{name}.tsv", bytes(2_000_000)))) for name in "ab"
    ]
    with pytest.raises(DataError, match=r"'b\.zip' unpacks to more than 3 MB\."):
        unpacked(files, tmp_path)
    assert list(tmp_path.iterdir()) == []
