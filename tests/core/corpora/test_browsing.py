from __future__ import annotations

import json
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.corpora import browsing
from core.corpora.browsing import Page, page
from core.corpora.segments import Pair, Row, write_segments
from core.errors import ConfigError

PAIRS = [
    ("The café is open.", "Tá an caife oscailte."),
    ("CAFE", "cafe\u0301"),
    ('He said "no"\n\tand \\left', "Dúirt sé"),
    ("STRASSE", "Straße"),
    ("हिन्दी में", "Hindi"),
    ("Привет мир", "ПРИВЕТ"),
    ("300 \u212a", "300 k"),  # the sign of Kelvin
    ("ﬁve oﬃces", "FIVE OFFICES"),
    ("한국어", unicodedata.normalize("NFD", "한국어")),
    ("a\u2028b", "\u0378 \x1f"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "train.jsonl"
    write_segments(made, PAIRS)
    return made


def found(path: Path, search: str, **options: Any) -> list[int]:
    return [number for number, _ in page(path, search=search, **options).rows]


@pytest.mark.parametrize(
    ("search", "source_rows", "target_rows"),
    [
        ("café", [1], [2]),
        ("cafe\u0301", [1], [2]),
        ("CAFÉ", [1], [2]),
        ("cafe", [2], []),
        ("caf", [1, 2], [2]),
        ("straße", [4], [4]),
        ("strasse", [4], [4]),
        ("हिन्दी", [5], []),
        ("hindi", [], [5]),
        ("привет", [6], [6]),
        ("300 K", [7], [7]),
        ("five", [8], [8]),
        ("FFICE", [8], [8]),
        ("한국", [9], [9]),
        ('"no"', [3], []),
        ("\n\t", [3], []),
        ("\\left", [3], []),
        ("\u2028", [10], []),
        ("\x1f", [], [10]),
        ("u001f", [], []),
        ("source", [], []),
        ("zebra", [], []),
    ],
)
def test_rows_with_some_words_are_found(
    path: Path, search: str, source_rows: list[int], target_rows: list[int]
) -> None:
    assert found(path, search, in_side="source") == source_rows
    assert found(path, search, in_side="target") == target_rows
    assert found(path, search) == sorted({*source_rows, *target_rows})


def test_rows_come_exactly_with_their_numbers(path: Path) -> None:
    whole = page(path)
    assert whole == Page(
        tuple((n, Row(*pair)) for n, pair in enumerate(PAIRS, start=1)), 10, True, 10
    )
    assert page(path, search="caf", in_side="source").rows == (
        (1, Row(*PAIRS[0])),
        (2, Row(*PAIRS[1])),
    )


def test_documents_come_with_their_rows(tmp_path: Path) -> None:
    write_segments(tmp_path / "x.jsonl", [Row("a", "b", "letters")])
    assert page(tmp_path / "x.jsonl").rows == ((1, Row("a", "b", "letters")),)
    assert page(tmp_path / "x.jsonl", search="a").rows == ((1, Row("a", "b", "letters")),)


def test_escapes_of_other_writers_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(json.dumps({"source": "café", "target": "हिन्दी"}) + "\n", encoding="utf-8")
    assert "caf\\u00e9" in file.read_text(encoding="utf-8")
    assert found(file, "café") == found(file, "न") == [1]


@pytest.mark.parametrize(
    ("offset", "limit", "numbers"),
    [(0, 3, [1, 2, 3]), (8, 5, [9, 10]), (20, 5, []), (-4, 1, [1]), (0, 0, []), (0, -1, [])],
)
def test_pages_of_all_rows(path: Path, offset: int, limit: int, numbers: list[int]) -> None:
    shown = page(path, offset=offset, limit=limit)
    assert [number for number, _ in shown.rows] == numbers
    assert (shown.num_matching, shown.is_count_exact) == (10, True)


def test_pages_of_found_rows(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    write_segments(path, [("even" if n % 2 == 0 else "odd", "x") for n in range(1, 101)])
    shown = page(path, search="EVEN", offset=10, limit=5)
    assert [number for number, _ in shown.rows] == [22, 24, 26, 28, 30]
    assert shown == Page(shown.rows, 50, True, 100)
    assert found(path, "even", offset=48, limit=5) == [98, 100]


def test_counting_ends_early_but_never_before_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "MAX_COUNTED", 20)
    path = tmp_path / "train.jsonl"
    write_segments(path, [("a", "b")] * 100)
    first = page(path, search="a", limit=5)
    assert (first.num_matching, first.is_count_exact, first.num_searched) == (20, False, 21)
    later = page(path, search="a", limit=5, offset=60)
    assert [number for number, _ in later.rows] == [61, 62, 63, 64, 65]
    assert (later.num_matching, later.is_count_exact) == (65, False)
    last = page(path, search="a", limit=5, offset=95)
    assert (last.num_matching, last.is_count_exact) == (100, True)


def test_no_file_has_no_rows(tmp_path: Path) -> None:
    for search in ("", "a"):
        assert page(tmp_path / "dev.jsonl", search=search) == Page((), 0, True, 0)


def test_numbers_hold_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "_BLOCK_BYTES", 64)
    path = tmp_path / "train.jsonl"
    write_segments(path, [(f"{'x' * (n % 90)} s{n}.", "t") for n in range(300)])
    assert found(path, "s299.") == [300]
    assert found(path, "S17.") == [18]
    assert found(path, r"s(0|29\d)\.", is_pattern=True) == [1, *range(291, 301)]


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        (r"^the\b", [1]),
        (r"CAF\u00c9", [1, 2]),
        ("cafe\u0301", [1, 2]),
        (r"\p{Devanagari}", [5]),
        (r"\d{3} k$", [7]),
        ("x*", list(range(1, 11))),
    ],
)
def test_rows_are_found_by_regular_expression(path: Path, pattern: str, numbers: list[int]) -> None:
    assert found(path, pattern, is_pattern=True) == numbers


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "'(' is no regular expression: missing ) at position 1."),
        ("[a", "'[a' is no regular expression: "),
        (r"\p{Nonsense}", "is no regular expression: unknown property"),
        ("a" * 1001, "The regular expression has 1,001 characters, more than the 1,000 allowed."),
    ],
)
def test_what_is_no_regular_expression_is_refused(path: Path, pattern: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        page(path, search=pattern, is_pattern=True)
    assert message in caught.value.message
    assert caught.value.hint


def test_a_regular_expression_that_never_ends_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "ROW_LIMIT_S", 0.2)
    path = tmp_path / "train.jsonl"
    write_segments(path, [("b", "b"), ("b", "a" * 60 + "!")])
    start = time.monotonic()
    with pytest.raises(ConfigError, match="takes more than 0.2 s on row 2"):
        page(path, search=r"^(a|aa|a?)+$", is_pattern=True)
    assert time.monotonic() - start < 5


def test_a_slow_search_gives_what_it_found_until_its_time_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "train.jsonl"
    write_segments(path, [("a", "b")] * 10)
    ticks = iter(range(100))
    monkeypatch.setattr(browsing, "monotonic", lambda: next(ticks))
    shown = page(path, search="a", is_pattern=True, in_side="source")
    assert (len(shown.rows), shown.num_matching, shown.is_count_exact) == (10, 10, True)
    ticks = iter(range(0, 1000, 3))
    shown = page(path, search="a", is_pattern=True, in_side="source")
    assert (shown.num_matching, shown.is_count_exact, shown.num_searched) == (3, False, 3)


def test_nothing_beyond_the_table_is_folded_into_another_character() -> None:
    later = (chr(code) for code in range(browsing._FOLDED_CODES.stop, 0x110000))
    assert all(browsing._folded(char) == char for char in later)


# Letters with accents apart, of several cases, with foldings into others, and what JSON escapes.
ALPHABET = (
    'aAeEsSkKİiıßẞſ\u212aﬁﬆŉǰj\u030c\u0301\u0327éÉe\u0323ễñ\n\t"\\/\x01 .'
    "हि\u093cनऩक़кК가ㄱ\u1100\u1161Å\u212b"
)
WORDS = st.text(st.sampled_from(ALPHABET), max_size=12)


def folded(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", composed.casefold())


@given(st.lists(st.tuples(WORDS, WORDS), max_size=6), st.data())
def test_search_finds_what_reading_every_row_finds(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair], data: Any
) -> None:
    path = tmp_path_factory.mktemp("any") / "train.jsonl"
    write_segments(path, pairs)
    texts = [text for pair in pairs for text in pair if text]
    text = data.draw(st.sampled_from(texts or ["n"]))
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    forms = [part, part.upper(), part.lower(), unicodedata.normalize("NFD", part)]
    search = data.draw(st.sampled_from(forms))
    wanted = folded(search)
    expected = [n for n, pair in enumerate(pairs, 1) if any(wanted in folded(t) for t in pair)]
    assert found(path, search) == expected
