from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.text.glossary import Glossary, Term, read_glossary, terms_in


def test_glossary_is_read_with_bom_crlf_comments_and_empty_lines() -> None:
    data = "\ufeff# English\tIrish\r\nbank\tbanc\r\n\r\n  river bank \t bruach \r\n".encode()
    assert read_glossary(data) == [Term("bank", "banc"), Term("river bank", "bruach")]
    assert read_glossary(b"") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\tb\nno tab\n", "Line 2 of the glossary has 1 filled columns of 1, not 2"),
        (b"a\tb\tc\n", "Line 1 of the glossary has 3 filled columns of 3, not 2"),
        (b"\n\na\t \n", "Line 3 of the glossary has 1 filled columns of 2, not 2"),
        (b"a\tb\n\xff\tc\n", "Line 2 of the glossary is not UTF-8"),
        (b"a\t" + b"b" * 201, "Line 1 of the glossary has a side of 201 characters"),
        (b"a\tb\n" * 10_001, "Line 10001 of the glossary is behind the 10,000 terms"),
        (b"PK\x03\x04\x00\x00", "Line 1 of the glossary"),
    ],
)
def test_unusable_glossary_is_one_sentence_with_the_line(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read_glossary(data)
    assert raised.value.hint


@given(st.binary(max_size=60))
def test_any_bytes_are_terms_or_a_clear_error(data: bytes) -> None:
    try:
        terms = read_glossary(data)
    except DataError:
        return
    assert all(term.source and term.target for term in terms)


@pytest.mark.parametrize(
    ("sentence", "sources", "found"),
    [
        ("The Bank is closed.", ["bank"], ["Bank"]),
        ("Banking on embankments", ["bank"], []),
        (
            "machine  translation works",
            ["machine", "machine translation"],
            ["machine  translation"],
        ),
        ("machine learning", ["machine", "machine translation"], ["machine"]),
        ("a b c d", ["b c", "a b", "c d"], ["a b", "c d"]),
        ("bank, bank", ["bank"], ["bank", "bank"]),
        ("L’eau et l'eau", ["l'eau"], ["L’eau", "l'eau"]),
        ("CAFE\u0301 noir", ["café"], ["CAFE\u0301"]),
        ("मराठी भाषा", ["मराठ"], []),
        ("मराठी भाषा", ["मराठी"], ["मराठी"]),
        ("我喜欢机器翻译", ["机器翻译", "机器"], ["机器翻译"]),
        ("R&D in C++ now", ["R&D", "c++"], ["R&D", "C++"]),
        ("Straße", ["STRASSE"], ["Straße"]),
        ("a", ["a b", "a"], ["a"]),
        ("", ["a"], []),
        ("...", ["a"], []),
    ],
)
def test_terms_are_whole_words_the_longest_first(
    sentence: str, sources: list[str], found: list[str]
) -> None:
    uses = terms_in(sentence, [Term(source, "x") for source in sources])
    assert [sentence[use.start : use.end] for use in uses] == found


def test_first_of_two_terms_with_the_same_words_counts() -> None:
    terms = [Term("Bank", "first"), Term("bank", "second")]
    assert terms_in("bank", terms)[0].term.target == "first"


@given(st.text(max_size=40), st.lists(st.text(min_size=1, max_size=5), max_size=5))
def test_uses_are_in_order_and_never_overlap(sentence: str, sources: list[str]) -> None:
    end = 0
    for use in terms_in(sentence, [Term(source, "x") for source in sources]):
        assert end <= use.start < use.end
        end = use.end


def test_ten_thousand_terms_with_one_first_word_are_searched_in_milliseconds() -> None:
    glossary = Glossary([Term(f"the word{number} of", "x") for number in range(10_000)])
    assert len(glossary) == 10_000
    assert glossary[1:3] == (glossary[1], glossary[2])
    sentence = "the word77 of the day " * 20
    started = time.perf_counter()
    assert len(terms_in(sentence, glossary)) == 20
    assert time.perf_counter() - started < 0.1
