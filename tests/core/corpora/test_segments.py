from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.corpora.segments import Pair, read_segments, write_segments
from core.errors import DataError


@given(st.lists(st.tuples(st.text(), st.text())))
@example(
    [("two\nlines\r\n", "line\u2028and\u2029paragraph\x85\x0c\x1c"), ("", " "), ("\0", "\ufeff")]
)
def test_any_text_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair]
) -> None:
    path = tmp_path_factory.mktemp("segments") / "train.jsonl"
    assert write_segments(path, pairs) == len(pairs)
    assert read_segments(path) == pairs


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [(None, 0, "abcd"), (2, 0, "ab"), (2, 1, "bc"), (9, 3, "d"), (0, 0, ""), (None, 9, "")],
)
def test_part_of_a_split_is_read(
    limit: int | None, offset: int, expected: str, tmp_path: Path
) -> None:
    write_segments(tmp_path / "dev.jsonl", [(letter, letter) for letter in "abcd"])
    found = read_segments(tmp_path / "dev.jsonl", limit=limit, offset=offset)
    assert [source for source, _ in found] == list(expected)


def test_absent_split_has_no_segments(tmp_path: Path) -> None:
    assert read_segments(tmp_path / "dev.jsonl") == []


def test_half_a_character_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "dev.jsonl"
    write_segments(path, [("a", "b")])
    with pytest.raises(DataError, match="Segment 2 of dev holds half a character"):
        write_segments(path, [("fine", "fine"), ("x", "\ud83d")])
    assert os.listdir(tmp_path) == ["dev.jsonl"]
    assert read_segments(path) == [("a", "b")]


def test_failed_write_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        write_segments(tmp_path / "dev.jsonl", [("a", "b")])
    assert os.listdir(tmp_path) == []
