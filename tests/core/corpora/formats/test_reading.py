"""Every format gives its rows, with the place of each."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from core.corpora.formats.aligned import aligned_rows
from core.corpora.formats.choice import Choice
from core.corpora.formats.files import MemoryFile, local_file
from core.corpora.formats.located import NO_TRANSLATION, Located
from core.corpora.formats.reading import rows


def named(name: str, content: bytes | str) -> MemoryFile:
    return MemoryFile(name, content.encode() if isinstance(content, str) else content)


def read(name: str, content: bytes | str, **choice: Any) -> list[tuple[Any, ...]]:
    """The rows without what is empty at their end."""
    found = rows(named(name, content), Choice(**choice), "eng_Latn", "gle_Latn")
    return [_short(row) for row in found]


def _short(row: Located) -> tuple[Any, ...]:
    return tuple(row) if row.fault else tuple(row[:4]) if row.document else (*row[:2], row.where)


def parquet(table: dict[str, Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(table), stream, **options)
    return stream.getvalue()


def tmx(body: str, before: str = '<?xml version="1.0"?>\n') -> str:
    return f'{before}<tmx version="1.4"><header srclang="*all*"/><body>\n{body}</body></tmx>'


def tu(english: str, irish: str, before: str = "", langs: tuple[str, str] = ("en", "ga")) -> str:
    return (
        f'<tu>{before}<tuv xml:lang="{langs[0]}"><seg>{english}</seg></tuv>'
        f'<tuv xml:lang="{langs[1]}"><seg>{irish}</seg></tuv></tu>\n'
    )


def xliff1(units: str, languages: str = 'source-language="en-US" target-language="ga"') -> str:
    return (
        '<?xml version="1.0"?><xliff version="1.2" '
        'xmlns="urn:oasis:names:tc:xliff:document:1.2">'
        f'<file original="f.html" {languages}><body>{units}</body></file></xliff>'
    )


def xliff2(units: str, languages: str = 'srcLang="en" trgLang="ga"') -> str:
    return (
        f'<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" {languages}>'
        f'<file id="f1">{units}</file></xliff>'
    )


AB = [("a", "b", 1), ("c", "d", 2)]
BELOW = [("a", "b", 2), ("c", "d", 3)]

TABLES: list[tuple[str, bytes | str, list[tuple[Any, ...]]]] = [
    ("x.tsv", "a\tb\nc\td\n", AB),
    ("x.TAB", "\ufeffa\tb\r\nc\td\r\n", AB),
    ("x.tsv", "a\tb\n\nc\td", [("a", "b", 1), ("c", "d", 3)]),
    ("x.txt", "a\tb\nc\td\n", AB),
    ("x.tsv", "source\ttarget\na\tb\nc\td\n", BELOW),
    ("x.tsv", "Target\tSource\nb\ta\nd\tc\n", BELOW),
    ("x.tsv", "ga\ten-IE\tnote\nb\ta\tx\nd\tc\ty\n", BELOW),
    ("x.tsv", "gle_Latn\teng_Latn\nb\ta\nd\tc\n", BELOW),
    ("x.tsv", "English\tIRISH\na\tb\nc\td\n", BELOW),
    ("x.tsv", "English\tword\n", [("English", "word", 1)]),
    ("x.csv", "id,Irish,English\n1,b,a\n2,d,c\n", BELOW),
    # Quotation marks are text, unless the first cells all stand in them.
    ("x.tsv", '"a\t""b""\n\'c\td"\n', [('"a', '""b""', 1), ("'c", 'd"', 2)]),
    ("x.tsv", '"a"\t"b"\nc\td\n', [('"a"', '"b"', 1), ("c", "d", 2)]),
    ("x.tsv", '"a"\t"b\n"\r\n"c"\t"""d"""', [("a", "b\n", 1), ("c", '"d"', 3)]),
    ("x.tsv", "a\u2028\x0c\x85\tb\rb\n", [("a\u2028\x0c\x85", "b\rb", 1)]),
    ("x.tsv", "\tb\nis\tit\n", [("", "b", 1), ("is", "it", 2)]),
    ("x.csv", "source,target\na,b\nc,d\n", BELOW),
    ("x.csv", "source;target\r\na, x;b\r\nc;d\r\n", [("a, x", "b", 2), ("c", "d", 3)]),
    ("x.csv", "en|ga\na|b\nc|d\n", BELOW),
    ("x.csv", "en\tga\na\tb\nc\td\n", BELOW),
    ("x.csv", 'ga,en\n"b\n""q""","a,;"\n\nd,c\n', [("a,;", 'b\n"q"', 2), ("c", "d", 5)]),
    ("x.csv", "en,ga\n" + "a" * 200_000 + ",b\n", [("a" * 200_000, "b", 2)]),
]

JSON: list[tuple[str, bytes | str, list[tuple[Any, ...]]]] = [
    ("x.jsonl", '{"source": "a", "target": "b", "id": 7}\n\n{"source":"c","target":"d"}',
     [("a", "b", 1), ("c", "d", 3)]),
    ("x.ndjson", '{"eng_Latn": "a", "gle_Latn": "b"}', AB[:1]),
    ("x.jsonl", '\ufeff{"ga": "b", "en": "a"}\r\n', AB[:1]),
    ("x", '{"translation": {"en": "a", "ga": "b"}}\n', AB[:1]),
    ("x.json", '{"translation": {"en": "a", "ga": "b"}}\n', AB[:1]),
    ("x.json", '{"en": "a", "ga": "b"}\n{"en": "c", "ga": "d"}\n', AB),
    ("x.jsonl", '{"source": "a\u2028\\nb", "target": "\\ud83d\\ude00"}', [("a\u2028\nb", "😀", 1)]),
    ("x.jsonl", '{"en": "a", "ga": null}\n{"en": "c", "ga": "d"}\n{"ga": "f"}',
     [("a", "", "", 1, NO_TRANSLATION), ("c", "d", 2), ("", "f", "", 3, NO_TRANSLATION)]),
    ("x.json", '[\n{"en": "a", "ga": "b"}, {"ga": "d",\n "en": "c"}]', AB),
    ("x.txt", '[{"translation": {"en": "a", "ga": "b"}}]', AB[:1]),
    ("x.json", '{"version": [1.5], "data": [{"en": "a", "ga": "b"}, {"en": "c", "ga": "d"}]}', AB),
    ("x.json", '[{"en": "\\\\ud83d \\ud83d\\ude00", "ga": "b"}]', [("\\ud83d 😀", "b", 1)]),
    ("x.json", '[{"en": "é\\u0000", "ga": "b"}]'.encode("utf-16"), [("é\0", "b", 1)]),
]  # fmt: skip

OTHER: list[tuple[str, bytes | str, list[tuple[Any, ...]]]] = [
    ("x.parquet", parquet({"en": ["a", "c"], "ga": ["b", "d"], "n": [1.5, 2]}), AB),
    ("x", parquet({"translation": [{"en": "a", "ga": "b"}, {"en": "c", "ga": None}]}),
     [("a", "b", 1), ("c", "", "", 2, NO_TRANSLATION)]),
    ("x.parquet", parquet({"source": pa.array(["a", "a"]).dictionary_encode(),
                           "target": pa.array(["b", ""], pa.large_string())}),
     [("a", "b", 1), ("a", "", 2)]),
    ("x.tmx", tmx(tu("a", "b") + tu("c", "d")), AB),
    ("x.txt", tmx(tu("a", "b"), before=""), AB[:1]),
    ("x.tmx", tmx(tu("a", "b"), before='<?xml version="1.0"?>\n<!-- x --><!DOCTYPE tmx SYSTEM '
                                       '"tmx14.dtd">\n'), AB[:1]),
    ("x.tmx", tmx(tu("a", "b", langs=("EN-ie", "ga_IE"))), AB[:1]),
    ("x.tmx", tmx(tu("a", "b")).replace("xml:lang", "lang"), AB[:1]),
    ("x.tmx", tmx(tu("a", "b", '<prop type="x-document">D &amp;\n</prop><note>n</note>')),
     [("a", "b", "D &\n", 1)]),
    ("x.tmx", tmx(tu("a\n b&#13;", " &lt;b&gt;&amp; ")), [("a\n b\r", " <b>& ", 1)]),
    ("x.tmx", tmx(tu('a<bpt i="1">&lt;b&gt;</bpt>b<ept i="1">x</ept><ph>y<sub>sub</sub>z</ph>'
                     '<it pos="begin">z</it><ut>u</ut>c', "<hi>x<hi>y</hi></hi>z")),
     [("absubc", "xyz", 1)]),
    ("x.tmx", tmx(tu("a", "b") + tu("a", "x", langs=("en", "de")) + tu("c", "d")),
     [("a", "b", 1), ("a", "", "", 2, NO_TRANSLATION), ("c", "d", 3)]),
    ("x.tmx", tmx(tu("é", "“b”")).replace("?>", ' encoding="windows-1252"?>').encode("cp1252"),
     [("é", "“b”", 1)]),
    *(("x.tmx", tmx(tu("é", "b")).encode(codec), [("é", "b", 1)])
      for codec in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")),
    ("x.xlf", xliff1('<trans-unit id="1"><source>a <g id="1">g</g><ph id="2">code</ph></source>'
                     "<target>b</target><alt-trans><source>x</source><target>y</target>"
                     '</alt-trans></trans-unit><trans-unit id="2"><source>c</source></trans-unit>'),
     [("a g", "b", "f.html", 1), ("c", "", "f.html", 2, NO_TRANSLATION)]),
    ("x.xlf", xliff1('<trans-unit id="1"><source>A. B.</source><seg-source>'
                     '<mrk mtype="seg" mid="1">A.</mrk> <mrk mtype="seg" mid="2">B<x/>.</mrk>'
                     '</seg-source><target><mrk mtype="seg" mid="2">2.</mrk> '
                     '<mrk mtype="seg" mid="1">1.</mrk></target></trans-unit>'),
     [("A.", "1.", "f.html", 1), ("B.", "2.", "f.html", 2)]),
    ("x.xlf", xliff1('<trans-unit id="1"><source>A. B.</source><seg-source>'
                     '<mrk mtype="seg" mid="1">A.</mrk> <mrk mtype="seg" mid="2">B.</mrk>'
                     '</seg-source><target><mrk mtype="seg" mid="1">1. 2.</mrk></target>'
                     "</trans-unit>"),
     [("A. B.", "1. 2.", "f.html", 1)]),
    ("x.xlf", xliff1('<trans-unit id="1"><source>b</source><target>a</target></trans-unit>',
                     'source-language="ga" target-language="en"'),
     [("a", "b", "f.html", 1)]),
    ("x.xliff", xliff2('<unit id="u"><segment><source>a<cp hex="0001"/><pc id="1">p</pc></source>'
                       "<target>b</target></segment><ignorable><source> </source></ignorable>"
                       "<segment><source>c</source></segment></unit>"),
     [("a\x01p", "b", "f1", 1), ("c", "", "f1", 2, NO_TRANSLATION)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "expected"), TABLES + JSON + OTHER)
def test_rows_are_read_exactly(
    name: str, content: bytes | str, expected: list[tuple[Any, ...]]
) -> None:
    assert read(name, content) == expected


CHOSEN: list[tuple[str, bytes | str, dict[str, Any], list[tuple[Any, ...]]]] = [
    ("x.tsv", "x\tb\ta\n", {"source": "3", "target": "2"}, [("a", "b", 1)]),
    ("x.tsv", "x\tb\ta\n", {"source": "3", "target": "2", "document": "1"}, [("a", "b", "x", 1)]),
    ("x.tsv", 'source\ttarget\n"a\tx"\tb\n', {"quoting": "quoted"}, [("a\tx", "b", 2)]),
    ("x.tsv", '"a"\t"b"\n', {"quoting": "plain"}, [('"a"', '"b"', 1)]),
    ("x.tsv", "source\ttarget\n", {"header": "no"}, [("source", "target", 1)]),
    ("x.csv", "a,b\n", {"header": "no"}, [("a", "b", 1)]),
    ("x.tsv", "a\tb\nc\td\n", {"header": "yes", "source": "a", "target": "b"}, [("c", "d", 2)]),
    ("x.tsv", b"\xe9\tb\n", {"encoding": "cp1250"}, [("é", "b", 1)]),
    ("x.tsv", b"\xe9\tb\n", {"encoding": "ISO-8859-5"}, [("щ", "b", 1)]),
    ("x.jsonl", '{"l": "a", "r": "b", "n": 4}', {"source": "l", "target": "r", "document": "n"},
     [("a", "b", "4", 1)]),
    ("x.jsonl", '{"doc": "D", "translation": {"en": "a", "ga": "b"}}', {"document": "doc"},
     [("a", "b", "D", 1)]),
    ("x.parquet", parquet({"l": ["a"], "r": ["b"], "n": [4]}),
     {"source": "l", "target": "r", "document": "n"}, [("a", "b", "4", 1)]),
    ("x.tmx", tmx(tu("a", "b", langs=("en-US", "ga")) + tu("c", "d", langs=("en-GB", "ga"))),
     {"source": "en-GB"}, AB),
    *(("x.tmx", tmx(tu("a", "b", langs=("en-US", "ga-IE"))), {"source": english, "target": "gle"},
       AB[:1]) for english in ("en-GB", "EN", "eng", "eng_Latn", "English")),
    ("x.tmx", tmx(tu("x", "b", '<tuv xml:lang="en-GB"><seg>a</seg></tuv>', ("en-US", "ga"))
                  + tu("c", "d", '<tuv xml:lang="en-US"><seg>x</seg></tuv>', ("en-GB", "ga"))),
     {"source": "en-GB"}, [("a", "b", 1), ("c", "d", 2)]),
    ("x.tmx", tmx(tu("x", "b", '<tuv xml:lang="en-GB"><seg>a</seg></tuv>', ("en-US", "ga"))),
     {"source": "eng_Latn"}, [("a", "b", 1)]),
    ("x.tmx", tmx(tu("a", "b", langs=("en-US", "en-GB"))), {"source": "en-US", "target": "en-GB"},
     AB[:1]),
    ("x.xlf", xliff1('<trans-unit id="1"><source>a</source><target>b</target></trans-unit>'
                     '</body></file><file original="g.html" source-language="en-GB" '
                     'target-language="ga-IE"><body><trans-unit id="2"><source>c</source>'
                     "<target>d</target></trans-unit>"),
     {"source": "en-GB", "target": "ga-IE"},
     [("a", "b", "f.html", 1), ("c", "d", "g.html", 2)]),
    ("x.xlf", xliff1('<trans-unit id="1"><source>a</source><target>b</target></trans-unit>',
                     'source-language="en"'),
     {"target": "target"}, [("a", "b", "f.html", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "choice", "expected"), CHOSEN)
def test_what_is_chosen_is_read(
    name: str, content: bytes | str, choice: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    assert read(name, content, **choice) == expected


ALIGNED: list[tuple[bytes | str, bytes | str, list[tuple[Any, ...]]]] = [
    ("a\nc\n", "b\nd\n", AB),
    ("a\nc", "b\nd\n", AB),
    ("a\r\nc\r\n", "b\nd\n", AB),
    ("\ufeffa\nc\n", "b\nd\n", AB),
    ("a\n\n", "b\n\n", [("a", "b", 1), ("", "", 2)]),
    ("a\u2028b\x0cc\x85\x1d\n", "d\re\n", [("a\u2028b\x0cc\x85\x1d", "d\re", 1)]),
    ('{"a": 1}\n', '"x"\ty\n', [('{"a": 1}', '"x"\ty', 1)]),
    ("a\nc\n".encode("utf-16"), b"b\nd\xe1\n", [("a", "b", 1), ("c", "dá", 2)]),
]


@pytest.mark.parametrize(("source", "target", "expected"), ALIGNED)
def test_aligned_lines_are_read_exactly(
    source: bytes | str, target: bytes | str, expected: list[tuple[Any, ...]]
) -> None:
    files = named("x.en", source), named("x.ga", target)
    assert [_short(row) for row in aligned_rows(*files, "eng_Latn", "gle_Latn")] == expected


def test_long_files_are_read_across_their_pieces() -> None:
    """Pieces of 256 kB end in lines, in characters and between the two ends of a line."""
    expected = [
        (f"é{number}\u2028" * 3, "x" * (number % 91), number) for number in range(1, 30_000)
    ]
    text = "".join(f"{source}\t{target}\r\n" for source, target, _ in expected)
    for codec in ("utf-8", "utf-16"):
        assert read("x.tsv", text.encode(codec)) == expected
    records = [{"en": source, "ga": target} for source, target, _ in expected]
    assert read("x.json", json.dumps(records)) == expected
    assert read("x.tmx", tmx("".join(tu(*row[:2]) for row in expected))) == expected


def test_loresmt_has_its_published_counts(loresmt: Path) -> None:
    counts = []
    for stem in ("train", "dev", "test.en2ga"):
        files = [local_file(loresmt / f"{stem}.{side}") for side in ("en", "ga")]
        found = list(aligned_rows(*files, "eng_Latn", "gle_Latn"))
        lines = (loresmt / f"{stem}.ga").read_text(encoding="utf-8").split("\n")[:-1]
        assert [row.target for row in found] == lines
        counts.append(len(found))
    assert counts == [8112, 502, 500]
