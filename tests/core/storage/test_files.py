from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.storage import files
from core.storage.files import (
    JsonLinesTail,
    append_json_line,
    last_lines,
    read_json,
    utc_now,
    write_json,
    write_text,
)
from core.storage.workspace import PROJECT


def test_json_file_round_trip_keeps_every_character(tmp_path: Path) -> None:
    value = {"text": "Dé\u2028\n\t☕ हिन्दी", "list": [1, 2.5, None, True]}
    write_json(tmp_path / "v.json", value)
    assert read_json(tmp_path / "v.json") == value
    assert "हिन्दी" in (tmp_path / "v.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("fails", ["open", "fsync", "rename", "encode"])
def test_failed_write_keeps_the_old_file_and_leaves_nothing_half(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"
    write_text(path, "old")

    def no_space(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    if fails == "open":
        monkeypatch.setattr(Path, "open", no_space)
    elif fails == "fsync":
        monkeypatch.setattr(files.os, "fsync", no_space)
    elif fails == "rename":
        monkeypatch.setattr(Path, "replace", no_space)
    with pytest.raises((OSError, UnicodeEncodeError)):
        write_text(path, "half \ud800" if fails == "encode" else "new")
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
    assert path.read_text() == "old"


def test_time_is_utc_iso_8601_with_milliseconds() -> None:
    now = utc_now()
    assert datetime.fromisoformat(now).utcoffset() == timedelta(0)
    assert len(now) == len("2024-03-04T05:06:07.123+00:00")


def test_appended_lines_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    tail = JsonLinesTail(path)
    assert tail.read() == []
    append_json_line(path, {"step": 1})
    append_json_line(path, {"step": 2, "text": "line\nbreak \u2028"})
    assert tail.read() == [{"step": 1}, {"step": 2, "text": "line\nbreak \u2028"}]
    assert tail.read() == []
    append_json_line(path, {"step": 3})
    assert tail.read() == [{"step": 3}]


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20))), st.data())
def test_records_cut_anywhere_are_read_once_each(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str]], data: st.DataObject
) -> None:
    """The reader may look at any byte, also in the middle of a line or of a character."""
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    cuts = data.draw(st.lists(st.integers(0, len(lines)), max_size=5).map(sorted))
    path = tmp_path_factory.mktemp("tail") / "m.jsonl"
    tail = JsonLinesTail(path)
    found: list[dict[str, Any]] = []
    for end in [*cuts, len(lines)]:
        path.write_bytes(lines[:end])
        found += tail.read()
    assert found == records
    assert tail.num_broken == 0


def test_half_line_waits_for_its_end_even_inside_a_character(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    line = '{"text": "é"}\n'.encode()
    cut = line.index("é".encode()) + 1
    path.write_bytes(line[:cut])
    tail = JsonLinesTail(path)
    assert tail.read() == []
    with path.open("ab") as file:
        file.write(line[cut:])
    assert tail.read() == [{"text": "é"}]
    assert tail.num_broken == 0


def test_file_that_became_shorter_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    for step in (1, 2, 3):
        append_json_line(path, {"step": step})
    tail = JsonLinesTail(path)
    assert len(tail.read()) == 3
    path.write_text('{"step": 9}\n')
    assert tail.read() == [{"step": 9}]


@pytest.mark.parametrize(
    "broken", ['{"step": 1', "", "[1, 2]", "3", "\x00", '{"a": 1},{"b": 2}', '{"a": [1']
)
def test_broken_line_is_passed_over_and_counted(broken: str, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(f'{{"step": 1}}\n{broken}\n{{"step": 2}}\n')
    tail = JsonLinesTail(path)
    assert tail.read() == [{"step": 1}, {"step": 2}]
    assert tail.num_broken == 1


def test_two_broken_lines_never_make_one_record(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"a": [1\n2]}\n')
    tail = JsonLinesTail(path)
    assert tail.read() == []
    assert tail.num_broken == 2


APPENDER = """
import sys
from pathlib import Path
from core.storage.files import append_json_line
for number in range(200):
    record = {"writer": sys.argv[2], "number": number, "fill": "é" * 600}
    append_json_line(Path(sys.argv[1]), record)
"""


def test_lines_of_several_processes_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(path), name], cwd=PROJECT)
        for name in "abc"
    ]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0]
    tail = JsonLinesTail(path)
    records = tail.read()
    assert tail.num_broken == 0
    for name in "abc":
        numbers = [record["number"] for record in records if record["writer"] == name]
        assert numbers == list(range(200))


CUT_SHORT = """
import resource, signal, sys
from pathlib import Path
from core.storage.files import append_json_line
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40))  # what a full disk does: half a write
path = Path(sys.argv[1])
append_json_line(path, {"step": 1})
try:
    append_json_line(path, {"step": 2, "fill": "x" * 40})
except OSError as error:
    assert "No space left" in str(error)
append_json_line(path, {"step": 3})
"""


def test_a_line_cut_by_a_full_disk_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    subprocess.run([sys.executable, "-c", CUT_SHORT, str(path)], cwd=PROJECT, check=True)
    tail = JsonLinesTail(path)
    assert tail.read() == [{"step": 1}, {"step": 3}]
    assert tail.num_broken == 0


def test_end_of_a_file_starts_at_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    assert last_lines(path) == ""
    path.write_text("first\nsecond é\nthird\n")
    assert last_lines(path) == "first\nsecond é\nthird\n"
    assert last_lines(path, max_bytes=10) == "third\n"
    path.write_bytes(b"\xff bad\n")
    assert last_lines(path) == "\ufffd bad\n"
    assert os.path.getsize(path) == 6
