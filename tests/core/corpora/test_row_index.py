from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.corpora import row_index as module
from core.corpora.row_index import RowIndex, num_rows, row_index, rows_between
from core.corpora.segments import write_segments


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A split of 1,000 rows that counts as large."""
    monkeypatch.setattr(module, "_MIN_BYTES", 0)
    made = tmp_path / "train.jsonl"
    write_segments(made, [(f"s{n}", "t" * (n % 7)) for n in range(1000)])
    return made


def test_any_stretch_of_rows_is_found(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    for first, end in [(0, 3), (255, 257), (256, 256), (511, 800), (990, 2000), (999, 1000)]:
        for _ in ("index made", "index read"):
            assert rows_between(path, first, end) == (lines[first:end], 1000)
    assert rows_between(path, 1000, 1010) == ([], 1000)


def test_a_last_line_without_its_end_is_a_row(path: Path) -> None:
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    assert num_rows(path) == 1000
    assert rows_between(path, 999, 1000)[0] == [b'{"source": "s999", "target": "ttttt"}']


def test_no_file_has_no_rows(tmp_path: Path) -> None:
    assert row_index(tmp_path / "dev.jsonl") == RowIndex(0, ())
    assert rows_between(tmp_path / "dev.jsonl", 0, 10) == ([], 0)


def test_the_index_is_kept_and_used(path: Path) -> None:
    found = row_index(path)
    sidecar = path.with_name("train.jsonl.offsets")
    content = bytearray(sidecar.read_bytes())
    content[24:32] = (999).to_bytes(8, "little")  # the number of rows
    sidecar.write_bytes(content)
    assert found.num_rows == 1000
    assert row_index(path).num_rows == 999


def test_an_index_of_another_state_of_the_file_is_made_anew(path: Path) -> None:
    row_index(path)
    status = path.stat()
    text = path.read_bytes()
    path.write_bytes(text.replace(b"\n", b" ", 1))  # the size is the same
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert row_index(path).num_rows == 999
    path.write_bytes(text + text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert row_index(path).num_rows == 2000


@pytest.mark.parametrize("content", [b"", b"offsets1", b"x" * 64, b"offsets1" + b"\xff" * 100])
def test_a_damaged_index_is_made_anew(path: Path, content: bytes) -> None:
    path.with_name("train.jsonl.offsets").write_bytes(content)
    assert row_index(path).num_rows == 1000
    assert len(path.with_name("train.jsonl.offsets").read_bytes()) == 32 + 8 * 4


def test_a_cut_index_is_made_anew(path: Path) -> None:
    row_index(path)
    sidecar = path.with_name("train.jsonl.offsets")
    whole = sidecar.read_bytes()
    sidecar.write_bytes(whole[:-8])
    assert rows_between(path, 998, 1000)[1] == 1000
    assert sidecar.read_bytes() == whole


def test_without_leave_to_write_there_is_no_index_but_its_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "write_bytes", refuse)
    assert num_rows(path) == 1000
    assert [file.name for file in path.parent.iterdir()] == ["train.jsonl"]


def test_small_files_get_no_index_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "dev.jsonl"
    write_segments(path, [("a", "b")])
    assert num_rows(path) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["dev.jsonl"]
