"""Files are written whole, where they are wanted, or one sentence says why not."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from core.corpora.formats.rejected import Rejected, write_rejected
from core.corpora.formats.writing import opened, write
from core.corpora.segments import Row
from core.errors import HostError

LANGS = {"src_lang": "eng_Latn", "tgt_lang": "gle_Latn"}
LINE = '{"source": "a", "target": "b", "document": ""}\n'


def written(path: Path) -> None:
    write(path, "jsonl", [Row("a", "b")], **LANGS)


def test_a_folder_and_a_missing_folder_are_one_sentence(tmp_path: Path) -> None:
    for path, cause in (
        (tmp_path, "it is a folder"),
        (tmp_path / "gone" / "x", "No such file or directory"),
    ):
        with pytest.raises(HostError) as caught:
            written(path)
        assert caught.value.message == f"{str(path)!r} cannot be written: {cause}."
        with pytest.raises(HostError, match="cannot be written"):
            write_rejected(path, "tsv", [Rejected("", 1, "a", "b", ())], **LANGS)
    assert list(tmp_path.iterdir()) == []


def test_the_target_of_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    target, link = tmp_path / "target.jsonl", tmp_path / "link"
    for content in (None, "old"):
        if content:
            target.write_text(content)
        link.unlink(missing_ok=True)
        link.symlink_to("target.jsonl")
        written(link)
        assert link.is_symlink()
        assert target.read_text() == LINE
        assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "target.jsonl"]


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    thread = threading.Thread(target=lambda: read.append(pipe.read_text()))
    thread.start()
    written(pipe)
    thread.join()
    assert read == [LINE]
    assert pipe.is_fifo()


def test_a_device_is_written_into() -> None:
    written(Path("/dev/null"))
    assert Path("/dev/null").is_char_device()
    with pytest.raises(HostError, match=r"'/dev/full' cannot be written: No space left on device"):
        written(Path("/dev/full"))


def test_other_errors_are_no_fault_of_the_output(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), opened(tmp_path / "x"):
        (tmp_path / "corpus.jsonl").read_bytes()
    assert list(tmp_path.iterdir()) == []
