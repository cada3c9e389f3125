from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, DataError
from core.evaluate.formats import reading, upload
from core.evaluate.formats.decoding import lines_of
from core.evaluate.formats.reading import FORMATS, read_pasted, read_upload
from core.evaluate.formats.upload import Upload

XML = '<dataset><doc id="d"><hyp system="A"><seg id="1">a</seg></hyp></doc></dataset>'
SGM = '<tstset sysid="A"><doc docid="d"><seg id="1">a</seg></doc></tstset>'


def read(text: str, name: str = "nllb.txt", format: str = "") -> Upload:
    return read_upload(name, text.encode(), format=format)


@pytest.mark.parametrize(
    ("text", "hypotheses"),
    [
        ("a\nb\n", ("a", "b")),
        ("a\nb", ("a", "b")),  # the last line may lack its end
        ("a\r\nb\r\n", ("a", "b")),
        ("\ufeffa\nb\n", ("a", "b")),
        ("a\n\nb\n", ("a", "", "b")),
        ("a\n\n", ("a", "")),  # not translated, or a slip: the number of segments tells
        (" a \n\tb\n", (" a ", "\tb")),
        # Only a line feed ends a line; everything else that looks like an end is text.
        ("a\u2028b\x0cc\x85\x1d\nd\re\n", ("a\u2028b\x0cc\x85\x1d", "d\re")),
        ("a\r\r\nb", ("a\r", "b")),
        ("< is less\n<unk>\n", ("< is less", "<unk>")),
        ('{"a"\n[1]\n', ('{"a"', "[1]")),
        ("नमस्ते\nשלום\n", ("नमस्ते", "שלום")),
    ],
)
def test_plain_lines_are_the_hypotheses_of_the_system_named_by_the_file(
    text: str, hypotheses: tuple[str, ...]
) -> None:
    found = read(text)
    assert (found.format, found.systems) == ("text", {"nllb": hypotheses})
    assert found.num_segments == len(hypotheses)
    assert (found.sources, found.references, found.tags, found.documents) == (None, {}, None, None)


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("nllb.en-ga.txt", "nllb.en-ga"),
        ("C:\\my files\\a  b.txt", "a b"),
        ("../../etc/passwd", "passwd"),
        ("", "hypotheses"),
        ("x" * 300, "x" * 200),
    ],
)
def test_system_is_named_by_the_file_without_folder_and_ending(name: str, system: str) -> None:
    assert list(read("a", name).systems) == [system]


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("x", "a\n", "text"),
        ("x.txt", "source\tA\ns\ta\n", "tsv"),
        ("x.tsv", "source\tA\ns\ta\n", "tsv"),
        ("x.json", '{"hypothesis": "a"}\n', "jsonl"),
        ("x.jsonl", '\n{"hypothesis": "a"}\n', "jsonl"),
        ("x.txt", XML, "wmt-xml"),
        ("x.txt", f"<?xml version='1.0' encoding='utf-8'?>\n{XML}", "wmt-xml"),
        ("x.xml", SGM, "wmt-sgm"),
        ("x", SGM.upper(), "wmt-sgm"),
        ("x.xml", f'<?xml version="1.0"?>\n<mteval>{SGM}</mteval>', "wmt-sgm"),
        ("x.tsv.txt", "a tab\tinside\n", "text"),
    ],
)
def test_content_says_which_format_it_is(name: str, text: str, format: str) -> None:
    assert read(text, name).format == format


def test_format_can_be_forced() -> None:
    line = '{"hypothesis": "a"}'
    assert read(line, format="text").systems == {"nllb": (line,)}
    with pytest.raises(DataError, match="'nllb.txt' line 1 is not JSON"):
        read("a", format="jsonl")
    with pytest.raises(ConfigError, match="There is no format 'csv'. There are text, tsv"):
        read("a", format="csv")


def test_csv_is_refused() -> None:
    with pytest.raises(DataError, match="'x.csv' is CSV, .* Save it as TSV"):
        read("source,A\ns,a\n", "x.csv")


def test_everything_that_may_surprise_is_counted() -> None:
    text = "\ufeffa\r\n\r\n \r\nc\u2028d\r\ne\u0301\r\nf\tg\r\n\r\n\r\n"
    assert read(text).notes == (
        "The file begins with a byte-order mark, which was left out.",
        "8 lines end in CRLF, as Windows writes; the carriage returns were left out.",
        "System 'nllb': 4 segments (2, 3, 7, …) empty, kept and scored as such.",
        "System 'nllb': 1 segment (4) with a line break inside, kept as part of the text.",
        "System 'nllb': 1 segment (6) with a tab inside, kept as part of the text.",
        "System 'nllb': 1 segment (5) not in Unicode's form NFC, in which equal characters are "
        "equal.",
    )
    assert read("a\n").notes == ()


def test_pasted_text_is_read_like_a_file() -> None:
    assert read_pasted("a\nb\n").systems == {"pasted": ("a", "b")}
    assert read_pasted('{"hypothesis": 1}', name="LLM").systems == {"LLM": ('{"hypothesis": 1}',)}
    with pytest.raises(DataError, match="'pasted' is empty"):
        read_pasted("")
    with pytest.raises(DataError, match="Line 2 of 'pasted' holds half a character"):
        read_pasted("a\nb\ud83d")


def test_more_segments_or_systems_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_SEGMENTS", 2)
    monkeypatch.setattr(reading, "MAX_SYSTEMS", 2)
    assert read("a\nb").num_segments == 2
    for text in ("a\nb\nc", "source\tA\tB\tC\ns\ta\tb\tc"):
        with pytest.raises(DataError, match=r"holds \d systems with \d segments; at most 2 with 2"):
            read(text)


def test_names_that_are_too_long_are_refused() -> None:
    name = "x" * (upload.MAX_NAME_LENGTH + 1)
    for text in (f"source\t{name}\ns\ta", json.dumps({"system": name, "hypothesis": "a"})):
        with pytest.raises(DataError, match="names a system with 201 characters"):
            read(text)


# Not what a file cannot hold, nor what begins or ends a line in a file of Windows.
LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0\ufeff"))


@given(st.lists(LINE, min_size=1))
def test_lines_come_back_from_text(lines: list[str]) -> None:
    if not "\n".join(lines).strip():
        return
    text = "\n".join(lines) + "\n"
    assert read(text, format="text").systems == {"nllb": tuple(lines)}
    assert read(text.replace("\n", "\r\n"), format="text").systems == {"nllb": tuple(lines)}
    assert lines_of(text) == lines


@given(st.lists(st.tuples(LINE, LINE), min_size=1))
def test_segments_come_back_from_json_lines(pairs: list[tuple[str, str]]) -> None:
    rows = [json.dumps({"source": s, "hypothesis": h}, ensure_ascii=False) for s, h in pairs]
    found = read("\n".join(rows), "A.jsonl")
    assert list(zip(found.sources or (), found.systems["A"], strict=True)) == pairs


@given(st.binary(max_size=200), st.sampled_from(["", *FORMATS]))
def test_any_bytes_are_read_or_refused_in_one_sentence(data: bytes, format: str) -> None:
    try:
        found = read_upload("x", data, format=format)
    except DataError as error:
        assert error.message.startswith("'x'")
        return
    assert found.num_segments > 0


MARKUP = st.lists(
    st.sampled_from(
        [
            *("<dataset>", "</dataset>", '<doc id="1" docid="1">', "</doc>", '<doc id="2">'),
            *('<src lang="en">', "</src>", "<ref>", "</ref>", '<hyp system="A">', "</hyp>"),
            *("<srcset>", "</srcset>", "<refset>", "</refset>", '<tstset sysid="A">', "</tstset>"),
            *('<seg id="1">', "</seg>", '<seg id="2">', "<seg>", "<p>", "</p>", "a", "&amp;", "&"),
            *('{"source": "a"}', '{"hypothesis": "a"}', "\n", "\t", "source", "reference_1", "<"),
        ]
    )
)


@given(MARKUP, st.sampled_from(["", *FORMATS]))
def test_any_markup_is_read_or_refused_in_one_sentence(parts: list[str], format: str) -> None:
    try:
        found = read("".join(parts), "x", format)
    except DataError as error:
        assert error.message.startswith("'x'")
        return
    texts = [found.sources or (), *found.references.values(), *found.systems.values()]
    assert {len(each) for each in texts if each} == {found.num_segments}
