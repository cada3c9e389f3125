from __future__ import annotations

import pytest

from core.corpora import reading
from core.corpora.reading import NamedFile, read_pairs
from core.corpora.segments import Pair
from core.errors import DataError


def read(*files: tuple[str, bytes | str]) -> list[Pair]:
    named = [
        NamedFile(name, data.encode() if isinstance(data, str) else data) for name, data in files
    ]
    return read_pairs(named, "eng_Latn", "gle_Latn")


A, B = [("A", "B")], [("a", "b"), ("c", "d")]

GOOD: list[tuple[list[tuple[str, bytes | str]], list[Pair]]] = [
    ([("x.en", "a\nc\n"), ("x.ga", "b\nd\n")], B),
    ([("x.en", "a\nc"), ("x.ga", "b\nd\n")], B),  # the last line may lack its end
    ([("x.en", "a\r\nc\r\n"), ("x.ga", "b\nd\n")], B),
    ([("x.en", "\ufeffa\nc\n"), ("x.ga", "b\nd\n")], B),
    ([("x.en", "a\n\n"), ("x.ga", "b\n\n")], [("a", "b"), ("", "")]),
    # Only a line feed ends a line; everything else that looks like an end is text.
    (
        [("x.en", "a\u2028b\x0cc\x85\x1d\n"), ("x.ga", "d\re\n")],
        [("a\u2028b\x0cc\x85\x1d", "d\re")],
    ),
    ([("x.TSV", "a\tb\nc\td\n")], B),
    ([("x.tab", "\ufeffa\tb\r\nc\td\r\n")], B),
    ([("x.tsv", "source\ttarget\na\tb\nc\td\n")], B),
    ([("x.tsv", "a\tb\n\nc\td")], B),
    ([("x.tsv", '"a\t""b""\n\'c\td"\n')], [('"a', '""b""'), ("'c", 'd"')]),
    ([("x.tsv", "a\u2028\x0c\x85\tb\rb\n")], [("a\u2028\x0c\x85", "b\rb")]),
    ([("x.tsv", "\tb\n")], [("", "b")]),
    ([("x.jsonl", '{"source": "A", "target": "B", "id": 7}\n\n')], A),
    ([("x.ndjson", '{"eng_Latn": "A", "gle_Latn": "B"}')], A),
    ([("x.jsonl", '\ufeff{"ga": "B", "en": "A"}\r\n')], A),
    ([("x.jsonl", '{"translation": {"en": "A", "ga": "B"}}\n')], A),
    (
        [("x.jsonl", '{"source": "a\u2028\\nb", "target": "\\ud83d\\ude00"}')],
        [("a\u2028\nb", "😀")],
    ),
    ([("../../x", "a\nc\n"), ("C:\\y", "b\nd\n")], B),
]


@pytest.mark.parametrize(("files", "pairs"), GOOD)
def test_text_is_read_exactly(files: list[tuple[str, bytes | str]], pairs: list[Pair]) -> None:
    assert read(*files) == pairs


BROKEN: list[tuple[list[tuple[str, bytes | str]], str]] = [
    (
        [("x.en", "a\nb\nc\n"), ("x.ga", "a\n")],
        "'x.en' has 3 lines and 'x.ga' has 1; 'x.en' is longer by 2.",
    ),
    (
        [("x.en", "a\n"), ("x.ga", "a\nb\n")],
        "'x.en' has 1 lines and 'x.ga' has 2; 'x.ga' is longer by 1.",
    ),
    ([("x.en", b""), ("x.ga", "a\n")], "'x.en' is empty."),
    ([("x.tsv", b"")], "'x.tsv' is empty."),
    ([("x.tsv", b"a\0b\tc\n")], "'x.tsv' is not a UTF-8 text file: it holds zero bytes."),
    (
        [("x.tsv", "a\tb\n".encode("utf-16"))],
        "'x.tsv' is not a UTF-8 text file: it holds zero bytes.",
    ),
    ([("x.jsonl", b"PK\x03\x04\0\0")], "'x.jsonl' is not a UTF-8 text file: it holds zero bytes."),
    (
        [("x.tsv", b"a\tb\nc\td\nfianc\xe9\tx\n")],
        "'x.tsv' is not UTF-8: line 3 holds the byte 0xe9.",
    ),
    (
        [("x.en", "a\n"), ("x.ga", b"\xff\n")],
        "'x.ga' is not UTF-8: line 1 holds the byte 0xff.",
    ),
    ([("x.tsv", "a\tb\nc\td\te\n")], "'x.tsv' line 2 has 3 tab-separated columns, not 2."),
    ([("x.tsv", "a\tb\n\nc\n")], "'x.tsv' line 3 has 1 tab-separated columns, not 2."),
    (
        [("x.jsonl", '{"source": "a", "target": "b"}\n{"source": \n')],
        "'x.jsonl' line 2 is not JSON: Expecting value.",
    ),
    (
        [("x.jsonl", "[" * 100_000)],
        "'x.jsonl' line 1 is not JSON: maximum recursion depth exceeded",
    ),
    ([("x.jsonl", f'{{"n": {"9" * 5000}}}')], "'x.jsonl' line 1 is not JSON: Exceeds the limit"),
    (
        [("x.jsonl", '{"en": "a", "de": "b"}')],
        "'x.jsonl' line 1 lacks the texts: it holds 'en', 'de'.",
    ),
    ([("x.jsonl", '\n["a", "b"]')], "'x.jsonl' line 2 lacks the texts: it holds list."),
    (
        [("x.jsonl", '{"source": "a", "target": null}')],
        "'x.jsonl' line 1 lacks the texts: it holds 'source', 'target'.",
    ),
    (
        [("x.jsonl", '{"source": "a\\ud83d", "target": "b"}')],
        "'x.jsonl' line 1 holds half a character (a lone surrogate).",
    ),
    ([("x.txt", "a\n")], "'x.txt' alone is not a parallel corpus."),
    ([("../../x", "a\n")], "'../../x' alone is not a parallel corpus."),
    ([], "0 files were given for one split."),
    ([("a", "a"), ("b", "b"), ("c", "c")], "3 files were given for one split."),
]


@pytest.mark.parametrize(("files", "sentence"), BROKEN, ids=[row[1] for row in BROKEN])
def test_broken_input_gives_one_sentence_and_a_hint(
    files: list[tuple[str, bytes | str]], sentence: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(*files)
    assert caught.value.message.startswith(sentence)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_file_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 2_000_000)
    with pytest.raises(DataError, match=r"'x\.tsv' has 3 MB; at most 2 MB are read\."):
        read(("x.tsv", b"a" * 3_000_000))
