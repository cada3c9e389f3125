from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConfigError, HostError
from core.evaluate.report.files import write_report, zip_report
from core.evaluate.report.json_report import from_json
from core.evaluate.report.table import Cell
from core.evaluate.results import EvaluationResult
from core.storage.files import unused_folder

ROWS = [("number", "=source"), (1, "a,b\nc"), (2, "\ud800")]
ALWAYS = {"scores.csv", "differences.csv", "table.tex", "evaluation.json", "report.html"}


def test_a_folder_has_every_file(result: EvaluationResult, tmp_path: Path) -> None:
    folder = write_report(tmp_path / "deep" / "report", result, segments=iter(ROWS))
    assert {path.name for path in folder.iterdir()} == {*ALWAYS, "segments.csv"}
    assert from_json((folder / "evaluation.json").read_text(encoding="utf-8")) == result
    with (folder / "segments.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["number", "'=source"], ["1", "a,b\nc"], ["2", "\\ud800"]]
    assert [path.name for path in folder.parent.iterdir()] == ["report"]


def test_without_segments_their_file_is_left_out(result: EvaluationResult, tmp_path: Path) -> None:
    folder = write_report(tmp_path, result)
    assert {path.name for path in folder.iterdir()} == ALWAYS


def test_the_archive_has_the_same_files_and_the_same_bytes_each_time(
    result: EvaluationResult, tmp_path: Path
) -> None:
    data = zip_report(result, segments=iter(ROWS))
    assert data == zip_report(result, segments=iter(ROWS))
    folder = write_report(tmp_path / "report", result, segments=iter(ROWS))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.getinfo("report.html").date_time == (2026, 1, 2, 3, 4, 4)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert {name: archive.read(name) for name in archive.namelist()} == files


@pytest.mark.parametrize("made_at", ["", "long ago", "1970-01-01T00:00:00Z"])
def test_an_unknown_time_is_no_hindrance(result: EvaluationResult, made_at: str) -> None:
    with zipfile.ZipFile(io.BytesIO(zip_report(replace(result, made_at=made_at)))) as archive:
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_a_folder_with_files_is_refused_and_left_alone(
    result: EvaluationResult, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is not an empty folder"):
        write_report(tmp_path, result)
    with pytest.raises(ConfigError, match="is not an empty folder"):
        unused_folder(tmp_path)
    assert unused_folder(tmp_path / "new") == (tmp_path / "new").resolve()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(ConfigError, match="is not an empty folder"):
        write_report(tmp_path / "mine.txt", result)


def test_a_failure_on_the_way_leaves_nothing(result: EvaluationResult, tmp_path: Path) -> None:
    def broken() -> Iterator[Sequence[Cell]]:
        yield ROWS[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(HostError, match=r"cannot be written to .*: No space left on device\."):
        write_report(tmp_path / "report", result, segments=broken())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(
    result: EvaluationResult, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((ConfigError, HostError), match=r"^The (folder|report) .*file"):
        write_report(tmp_path / "file" / "report", result)
