from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.corpora.leakage.leaks import Leak, Leaks, writing_leaks
from core.corpora.leakage.removing import leaking_train_rows, without_rows
from core.corpora.segments import Row
from core.errors import DataError

LEAK = Leak(
    corpus="", split="test", number=0, level="exact", side="source", overlap=1.0,
    source_level="exact", target_level="", is_inside=False, other_corpus="", other_split="train",
    other_number=0, source="Wash your hands", target="Nigh do lámha",
    other_source="Wash your hands", other_target="Do lámha a ní",
)  # fmt: skip

LEAKS = [
    replace(LEAK, number=5, other_number=9),
    replace(LEAK, number=2, level="near", side="both", source_level="near", target_level="near",
            overlap=0.9, other_number=3),
    replace(LEAK, number=2, other_number=8, side="target", source_level="",
            target_level="normalised", level="normalised", target="हात धुवा",
            other_target="हात धुवा."),
    replace(LEAK, split="dev", number=7, other_number=1),
    replace(LEAK, number=5, other_split="dev", other_number=4),
    replace(LEAK, corpus="gaHealth", number=1, other_number=6),
    replace(LEAK, other_corpus="gaHealth", number=1, other_number=7),
]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    out = tmp_path / "leaks.parquet"
    with writing_leaks(out) as writer:
        for leak in LEAKS:
            writer.add(leak)
    return out


def test_leaks_come_back_as_they_were_in_the_order_of_the_held_out_rows(path: Path) -> None:
    page = Leaks(path).page()
    assert list(page.leaks) == [LEAKS[n] for n in (3, 5, 6, 2, 1, 4, 0)]
    assert page.total == 7


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"level": "near"}, [1]),
        ({"side": "source"}, [3, 5, 6, 1, 4, 0]),
        ({"side": "target"}, [2, 1]),
        ({"side": "both"}, [1]),
        ({"split": "dev"}, [3]),
        ({"other_split": "dev"}, [4]),
        ({"search": "हात"}, [2]),
        ({"search": "DO LÁMHA A"}, [3, 5, 6, 1, 4, 0]),
        ({"search": ".*"}, []),
        ({"split": "test", "side": "target", "level": "normalised"}, [2]),
        ({"offset": 2, "limit": 2}, [6, 2]),
        ({"offset": 20}, []),
    ],
)
def test_filters_let_through_what_they_say(
    filters: dict[str, str | int], expected: list[int], path: Path
) -> None:
    page = Leaks(path).page(**filters)  # type: ignore[arg-type]
    assert list(page.leaks) == [LEAKS[n] for n in expected]
    assert page.total == (7 if "offset" in filters else len(expected))


@pytest.mark.parametrize(
    ("levels", "sides", "expected"),
    [
        (["exact", "normalised", "near"], ["source", "target"], [1, 3, 6, 8, 9]),
        (["exact"], ["source", "target"], [1, 6, 9]),
        (["near"], ["target"], [3]),
        (["exact", "normalised"], ["target"], [8]),
        ([], ["source"], []),
        (["exact"], [], []),
    ],
)
def test_leaking_rows_are_those_of_our_own_train(
    levels: list[str], sides: list[str], expected: list[int], path: Path
) -> None:
    assert leaking_train_rows(path, levels=levels, sides=sides).tolist() == expected


def test_text_is_the_side_that_leaks() -> None:
    assert LEAKS[0].text == "Wash your hands"
    assert LEAKS[2].text == "हात धुवा"


def test_more_than_a_portion_is_written(tmp_path: Path) -> None:
    with writing_leaks(tmp_path / "many.parquet") as writer:
        for number in range(12_000):
            writer.add(replace(LEAK, number=number))
    page = Leaks(tmp_path / "many.parquet").page(offset=11_999)
    assert (page.total, page.leaks[0].number) == (12_000, 11_999)


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing_leaks(tmp_path / "l.parquet") as writer:
        writer.add(LEAK)
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_missing_report_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Leakage was not checked: there is no report."):
        Leaks(tmp_path / "leaks.parquet")


def test_half_a_character_is_shown_as_a_question_mark(tmp_path: Path) -> None:
    with writing_leaks(tmp_path / "l.parquet") as writer:
        writer.add(replace(LEAK, source="a\ud800b"))
    assert Leaks(tmp_path / "l.parquet").page().leaks[0].source == "a?b"


@pytest.mark.parametrize(
    ("numbers", "kept"),
    [([], "abcd"), ([0], "bcd"), ([1, 3], "ac"), ([0, 1, 2, 3], ""), ([9], "abcd")],
)
def test_only_the_named_rows_are_removed(numbers: list[int], kept: str) -> None:
    rows = [Row(letter, letter) for letter in "abcd"]
    assert [row.source for row in without_rows(rows, numbers)] == list(kept)
