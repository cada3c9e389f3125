"""What is said of a file before it is imported."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from core.corpora.formats.choice import Choice
from core.corpora.formats.encodings import encoding_of
from core.corpora.formats.files import MemoryFile, local_file
from core.corpora.formats.looking import look, roles_of, texts_of, with_header, xml_roles_of
from core.corpora.formats.names import language_of_name, split_of_name, stem_of_name
from core.corpora.formats.reading import rows

FORMATS: list[tuple[str, bytes | str, str]] = [
    ("x.txt", '<?xml version="1.0"?><tmx version="1.4"><body/></tmx>', "tmx"),
    ("x.xml", "<!-- c --><xliff version='2.0'/>", "xliff"),
    ("x.mxliff", '<x:xliff xmlns:x="urn:x"/>', "xliff"),
    ("x.tsv", "a\tb\n", "tsv"),
    ("x", "a\tb\n\nc\td", "tsv"),
    ("x", "a\tb\n" * 30_000, "tsv"),
    ("x.txt", "a\tb\nc\n", "text"),
    ("train.en", "a\tb\nc\td\n", "text"),
    ("train.en", '{"a": 1}\n', "text"),
    ("train.en", "<tmx/>", "tmx"),
    ("x.txt", "[Music] a\n", "text"),
    ("en-ga.txt", "a\tb\nc\td\n", "tsv"),
    ("gle.txt", "a\tb\nc\n", "text"),
    ("train.en", "a\tb\nc\td\n", "text"),
    ("x.txt", "MZ is a code\n", "text"),
    ("x.txt", '<?xml version="1.0"?> is how XML begins\n', "text"),
    ("x.csv", "a,b\n", "csv"),
    ("x.tsv", '{"en": "a"}\n', "jsonl"),
    ("x.json", '{"en": "a"}\n', "jsonl"),
    ("x.json", '{\n "data": [{"en": "a"}]}', "json"),
    ("x.jsonl", '[{"en": "a"}]', "json"),
    ("x.jsonl", '{"en": "' + "a" * 100_000 + '"}', "jsonl"),
]


@pytest.mark.parametrize(("name", "content", "expected"), FORMATS)
def test_content_decides_before_the_ending(name: str, content: str, expected: str) -> None:
    assert look(MemoryFile(name, content.encode())).format == expected


def test_a_table_is_shown_with_columns_languages_and_rows() -> None:
    lines = "".join(f'"a {n}",b{n},d{n},{n}\n' for n in range(50))
    seen = look(MemoryFile("valid.csv", f"en-IE,ga,doc_id,id\n{lines}".encode()))
    assert seen.columns == ("en-IE", "ga", "doc_id", "id")
    assert seen.has_header
    assert seen.languages == {"en-IE": "eng_Latn", "ga": "gle_Latn"}
    assert (seen.split, seen.document_column, seen.encoding_label) == ("dev", "doc_id", "UTF-8")
    assert len(seen.sample) == 20
    assert seen.sample[1] == {"en-IE": "a 1", "ga": "b1", "doc_id": "d1", "id": "1"}
    assert roles_of(seen, "gle_Latn", "eng_Latn") == ("ga", "en-IE")
    assert roles_of(seen, "gle_Latn", "deu_Latn") == ("ga", "")
    assert seen.choice == Choice(document="doc_id", encoding="utf-8")


def test_source_and_target_are_no_languages() -> None:
    seen = look(MemoryFile("x.tsv", b"source\ttarget\na\tb\n"))
    assert seen.languages == {}
    assert roles_of(seen, "eng_Latn", "gle_Latn") == ("source", "target")
    plain = look(MemoryFile("x.tsv", b"a\tb\n"))
    assert (plain.columns, plain.has_header) == (("1", "2"), False)
    assert roles_of(plain, "eng_Latn", "gle_Latn") == ("1", "2")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"id": "7-a", "en": "a"}', {"en": "eng_Latn"}),
        ('{"id": "satu dua", "en": "a"}', {"id": "ind_Latn", "en": "eng_Latn"}),
    ],
)
def test_numbers_are_no_indonesian(content: str, expected: dict[str, str]) -> None:
    assert look(MemoryFile("x.jsonl", content.encode())).languages == expected


def test_json_with_nested_texts_is_shown() -> None:
    content = '[{"n": 1, "x": true, "translation": {"en": "a\\ud800", "ga": null}}, {"doc": "D"}]'
    seen = look(MemoryFile("x.json", content.replace("\\ud800", "").encode()))
    assert seen.columns == ("en", "ga", "n", "doc")
    assert seen.sample[0] == {"en": "a", "ga": "", "n": "1", "doc": ""}
    assert seen.document_column == "doc"


def test_parquet_is_shown() -> None:
    stream = io.BytesIO()
    table = {"n": [1], "score": [1.5], "translation": [{"en": "a", "ga": None}]}
    pq.write_table(pa.table(table), stream)
    seen = look(MemoryFile("x", stream.getvalue()))
    assert (seen.format, seen.encoding, seen.encoding_label) == ("parquet", "", "")
    assert seen.columns == ("n", "score", "en", "ga")
    assert seen.sample == ({"n": "1", "en": "a", "ga": ""},)


def test_xml_is_shown_with_its_languages() -> None:
    tu = '<tu><tuv xml:lang="{}"><seg>a</seg></tuv></tu>'
    body = "".join(map(tu.format, ["en-US", *["ga"] * 30, "xx"]))
    seen = look(MemoryFile("x.tmx", f"<tmx><body>{body}</body></tmx>".encode()))
    assert seen.columns == ("en-US", "ga", "xx")
    assert seen.languages == {"en-US": "eng_Latn", "ga": "gle_Latn"}
    assert seen.sample[:2] == ({"en-US": "a"}, {"ga": "a"})
    xliff = '<xliff version="1.2"><file source-language="en"><trans-unit><source>a</source>'
    seen = look(MemoryFile("x.xlf", f"{xliff}</trans-unit></file></xliff>".encode()))
    assert seen.columns == ("en", "target")
    assert seen.sample == ({"en": "a", "target": ""},)


def test_xml_roles_are_languages_with_all_their_variants() -> None:
    tu = '<tu><tuv xml:lang="{}"><seg>{}</seg></tuv><tuv xml:lang="ga-IE"><seg>b</seg></tuv></tu>'
    body = tu.format("en-GB", "a") + tu.format("en-US", "c")
    seen = look(MemoryFile("x.tmx", f"<tmx><body>{body}</body></tmx>".encode()))
    assert xml_roles_of(seen, "eng_Latn", "gle_Latn") == ("eng_Latn", "gle_Latn")
    assert xml_roles_of(seen, "eng_Latn", "deu_Latn") == ("eng_Latn", "")
    assert texts_of(seen, "eng_Latn") == ["a", "c"]
    assert texts_of(seen, "en-US") == ["", "c"]


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        ('source-language="en"', ("eng_Latn", "target")),
        ('source-language="ga"', ("target", "gle_Latn")),
        ('source-language="en" target-language="ga"', ("eng_Latn", "gle_Latn")),
    ],
)
def test_xliff_roles_may_be_languages_that_it_does_not_name(
    languages: str, expected: tuple[str, str]
) -> None:
    unit = "<trans-unit><source>a</source><target>b</target></trans-unit>"
    content = f'<xliff version="1.2"><file {languages}>{unit}</file></xliff>'
    file = MemoryFile("x.xlf", content.encode())
    assert xml_roles_of(look(file), "eng_Latn", "gle_Latn") == expected
    choice = Choice(source=expected[0], target=expected[1])
    assert len(list(rows(file, choice, "eng_Latn", "gle_Latn"))) == 1


def test_a_header_that_is_said_is_as_if_the_file_were_read_so() -> None:
    for content in (b"English\tIrish\tdoc\na\tb\td\n", b"a\tb\tc\nd\te\tf\n"):
        file = MemoryFile("x.tsv", content)
        seen = look(file)
        assert with_header(seen, "auto") is seen
        assert with_header(seen, "yes") == look(file, Choice(header="yes"))
        assert with_header(seen, "no") == look(file, Choice(header="no"))


def test_quoting_and_header_can_be_chosen_before_looking() -> None:
    file = MemoryFile("x.tsv", b'"a"\t"b"\n')
    assert look(file).sample == ({"1": "a", "2": "b"},)
    assert look(file, Choice(quoting="plain")).sample == ({"1": '"a"', "2": '"b"'},)
    assert look(file, Choice(header="yes")).columns == ("a", "b")


@pytest.mark.parametrize("name", ["x.tsv", "x.jsonl", "x.json", "x.tmx", "train.en"])
def test_looking_parses_only_the_start(name: str, tmp_path: Path) -> None:
    starts: dict[str, tuple[str, str]] = {
        "x.tsv": ("é\tb\n", "a\tb\n"),
        "x.jsonl": ("", '{"en": "é", "ga": "b"}\n'),
        "x.json": ("[", '{"en": "é", "ga": "b"},\n'),
        "x.tmx": ("<tmx><body>", "<tu><tuv xml:lang='en'><seg>é</seg></tuv></tu>\n"),
        "train.en": ("é\n", "a\n"),
    }
    start, line = starts[name]
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(start.encode() + line.encode() * 150_000)
        file.truncate(290_000_000)  # the rest is zero bytes, which no reader passes
    assert look(local_file(path)).sample


ENGLISH = "This is what it says in English.\t"
SAMPLES: dict[str, tuple[str, str]] = {
    "gle_Latn": ("cp1252", "Tá fáilte romhat anseo. Nígh do lámha go minic — “le gallúnach”."),
    "fra_Latn": ("cp1252", "L’été dernier, où étiez-vous allés ? Ça va très bien."),
    "deu_Latn": ("cp1252", "Die Größe der Übung überrascht die Gäste. Schöne Grüße aus Köln."),
    "pol_Latn": ("cp1250", "Zażółć gęślą jaźń. Wszyscy ludzie rodzą się wolni i równi."),
    "ces_Latn": ("cp1250", "Všichni lidé rodí se svobodní. Příliš žluťoučký kůň."),
    "rus_Cyrl": ("cp1251", "Все люди рождаются свободными и равными в достоинстве."),
    "ell_Grek": ("cp1253", "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι."),
    "tur_Latn": ("cp1254", "Bütün insanlar hür, haysiyet bakımından eşit doğarlar. İstanbul."),
    "heb_Hebr": ("cp1255", "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם."),
    "arb_Arab": ("cp1256", "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق."),
    "lit_Latn": ("cp1257", "Visi žmonės gimsta laisvi ir lygūs savo orumu. Ąžuolas šį."),
}
OLDER = {"pol_Latn": "iso8859-2", "rus_Cyrl": "iso8859-5", "ell_Grek": "iso8859-7"}


def encoded_texts() -> Iterator[tuple[str, str, str]]:
    for lang, (codec, text) in SAMPLES.items():
        yield lang, codec, text
    for lang, codec in OLDER.items():
        yield lang, codec, SAMPLES[lang][1]


@pytest.mark.parametrize(("lang", "codec", "text"), list(encoded_texts()))
def test_old_encodings_are_told_apart_by_the_language(lang: str, codec: str, text: str) -> None:
    content = "".join(f"{ENGLISH}{text}\n" for _ in range(20))
    for languages in ((lang,), ("eng_Latn", lang), (lang, "eng_Latn")):
        for sample in (content, f"{text}\n"):
            found = encoding_of(MemoryFile("x", sample.encode(codec)), languages)
            assert sample.encode(codec).decode(found.codec) == sample


@pytest.mark.parametrize("lang", ["gle_Latn", "fra_Latn", "deu_Latn", "pol_Latn", "rus_Cyrl",
                                  "ell_Grek", "arb_Arab"])  # fmt: skip
def test_the_most_usual_old_encodings_are_known_without_the_language(lang: str) -> None:
    codec, text = SAMPLES[lang]
    file = MemoryFile("x", f"{ENGLISH}{text}\n".encode(codec) * 20)
    assert encoding_of(file).codec == codec
    assert encoding_of(file) == encoding_of(file)


ENCODED: list[tuple[bytes, str, str]] = [
    (b"a\tb\n", "utf-8", "UTF-8"),
    ("é\tb\n".encode("utf-8-sig"), "utf-8", "UTF-8 with BOM"),
    ("é\tb\n".encode("utf-16"), "utf-16-le", "UTF-16 (little-endian) with BOM"),
    ("é\tb\n".encode("utf-16-le"), "utf-16-le", "UTF-16 (little-endian)"),
    ("हिन्दी x\tb\n".encode("utf-16-be"), "utf-16-be", "UTF-16 (big-endian)"),
    ("é\tb\n".encode("utf-32"), "utf-32-le", "UTF-32 (little-endian) with BOM"),
    (b"fianc\xe9\tb\n", "cp1252", "Windows-1252 (Western; holds all of Latin-1)"),
    (b"a\tb\n" * 600_000 + b"fianc\xe9\tb\n", "cp1252", "Windows-1252"),
]


@pytest.mark.parametrize(("content", "codec", "label"), ENCODED)
def test_the_encoding_is_shown(content: bytes, codec: str, label: str) -> None:
    seen: Any = look(MemoryFile("x.tsv", content))
    assert seen.encoding == codec
    assert seen.encoding_label.startswith(label)
    assert ("with BOM" in seen.encoding_label) == ("with BOM" in label)


NAMES = [
    ("train.en", "eng_Latn", "train", "train"),
    ("train.ga", "gle_Latn", "train", "train"),
    ("test.en2ga.ga", "gle_Latn", "test.en2ga", "test"),
    ("x.eng_Latn", "eng_Latn", "x", ""),
    ("corpus.zip/dev.mr", "mar_Deva", "corpus.zip/dev", "dev"),
    ("train.zip/valid.tsv", "", "train.zip/valid.tsv", "dev"),
    ("train.zip/a.tsv", "", "train.zip/a.tsv", "train"),
    ("c.zip/train/x.en", "eng_Latn", "c.zip/train/x", "train"),
    ("train.zip/dev/en.txt", "eng_Latn", "train.zip/dev/", "dev"),
    ("en.txt", "eng_Latn", "", ""),
    ("tune_ga.txt", "gle_Latn", "tune", "dev"),
    ("latest.tsv", "", "latest.tsv", ""),
    ("WMT-Test-2020.TMX", "", "WMT-Test-2020.TMX", "test"),
    ("flores.devtest", "", "flores.devtest", "test"),
    ("x.src", "", "x.src", ""),
    ("README.md", "", "README.md", ""),
]


@pytest.mark.parametrize(("name", "language", "stem", "split"), NAMES)
def test_names_tell_language_and_split(name: str, language: str, stem: str, split: str) -> None:
    assert (language_of_name(name), stem_of_name(name), split_of_name(name)) == (
        language, stem, split
    )  # fmt: skip


@pytest.mark.parametrize(
    "suffix",
    ["tsv", "tab", "csv", "json", "jsonl", "ndjson", "tmx", "xlf", "xliff", "xml", "txt", "gz"],
)
def test_endings_of_formats_are_no_languages(suffix: str) -> None:
    assert language_of_name(f"x.{suffix}") == ""
