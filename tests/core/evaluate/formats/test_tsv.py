from __future__ import annotations

import pytest

from core.errors import DataError
from core.evaluate.formats.tsv import read_tsv


def test_columns_are_told_by_the_header() -> None:
    text = (
        "Source\treference_1\treference_B\tnllb\tGPT 5\ttag\tdocument\n"
        "s1\tr1\t\ta1\tb1\tnews\td1\n"
        "s2\t\tr2\ta2\t\tlegal\td1\n"
    )
    found = read_tsv("x.tsv", text)
    assert found.sources == ("s1", "s2")
    assert found.references == {"ref-1": ("r1", None), "B": (None, "r2")}
    assert found.systems == {"nllb": ("a1", "a2"), "GPT 5": ("b1", "")}
    assert (found.tags, found.documents) == (("news", "legal"), ("d1", "d1"))


def test_quotation_marks_are_text() -> None:
    found = read_tsv("x.tsv", 'source\tA\n"a\t""b""\n\'c\td"\n')
    assert (found.sources, found.systems["A"]) == (('"a', "'c"), ('""b""', 'd"'))


def test_column_hypothesis_is_the_system_of_the_file() -> None:
    assert read_tsv("nllb.tsv", "hypothesis\na\n").systems == {"nllb": ("a",)}
    assert read_tsv("x.tsv", "source\treference\ns\tr\n").systems == {}


def test_blank_lines_are_left_out_at_the_end_only() -> None:
    found = read_tsv("x.tsv", "source\tA\ns\ta\n\n \n")
    assert found.systems == {"A": ("a",)}
    assert found.notes == ("Blank lines at the end were left out.",)
    # One column has no other way to write an empty text.
    assert read_tsv("x.tsv", "hypothesis\na\n\nb").systems == {"x": ("a", "", "b")}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Hello\tDia duit\n", "'x.tsv' has no header: its first line has 2 cells"),
        ("a\n", "'x.tsv' has no header: its first line has 1 cells"),
        ("source\tA\ns\ta\nt\n", "'x.tsv' line 3 has 1 tab-separated cells, the header 2."),
        ("source\tA\ns\ta\tb\n", "'x.tsv' line 2 has 3 tab-separated cells, the header 2."),
        ("source\tA\n\ns\ta\n", "'x.tsv' line 2 has 1 tab-separated cells, the header 2."),
        ("source\tA\n", "'x.tsv' holds a header and no segment."),
        ("source\tA\tA \ns\ta\tb\n", "'x.tsv' has two columns 'A': 2 and 3."),
        ("source\tSOURCE\ns\tt\n", "'x.tsv' has two columns 'SOURCE': 1 and 2."),
        ("source\t\ns\tt\n", "'x.tsv': column 2 has no name."),
        ("hypothesis\tx\na\tb\n", "'x.tsv' has the columns 'hypothesis' and 'x'"),
        (
            "source\treference\ns\tr\nt\t\nu\t\n",
            "'x.tsv': 2 of 3 segments have no reference; the first is row 2.",
        ),
    ],
)
def test_table_that_does_not_fit_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        read_tsv("x.tsv", text)
    assert caught.value.message.startswith(sentence)
    assert caught.value.hint
