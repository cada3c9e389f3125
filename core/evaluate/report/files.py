"""The files of a report: a folder that appears whole or not at all, or a ZIP archive."""

from __future__ import annotations

import io
import os
import shutil
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from core.errors import HostError
from core.evaluate.report.csv_table import csv_lines, differences_csv, scores_csv
from core.evaluate.report.html_report import html_report
from core.evaluate.report.json_report import to_json
from core.evaluate.report.latex import latex_tables
from core.evaluate.report.table import Cell, Supplement
from core.evaluate.results import EvaluationResult
from core.storage.files import unused_folder

_OLDEST_IN_ZIP = (1980, 1, 1, 0, 0, 0)


def write_report(
    folder: Path,
    result: EvaluationResult,
    supplement: Supplement | None = None,
    *,
    segments: Iterable[Sequence[Cell]] | None = None,
) -> Path:
    """Writes the files of a report into `folder` and gives its resolved path.

    Args:
        folder: Where they go; absent or empty.
        result: What was found.
        supplement: What the HTML report shows beside it.
        segments: Rows of `segments.csv`, the header first; None leaves the file out.

    Raises:
        ConfigError: The folder holds something, or cannot be used.
        HostError: The folder cannot be written, or the disk is full.
    """
    target = unused_folder(folder)
    partial = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:8]}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        for name, pieces in _files(result, supplement, segments):
            with (partial / name).open("wb") as file:
                file.writelines(map(_encoded, pieces))
                file.flush()
                os.fsync(file.fileno())
        partial.rename(target)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError):
            raise HostError(
                f"The report cannot be written to {target}: {error.strerror or error}.",
                hint="Free some space, or choose another folder.",
            ) from error
        raise
    return target


def zip_report(
    result: EvaluationResult,
    supplement: Supplement | None = None,
    *,
    segments: Iterable[Sequence[Cell]] | None = None,
) -> bytes:
    """Gives the same files as a ZIP archive; the same report gives the same bytes.

    Args:
        result: What was found.
        supplement: What the HTML report shows beside it.
        segments: As for `write_report`.
    """
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in _files(result, supplement, segments):
            entry = zipfile.ZipInfo(name, _date(result.made_at))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w") as file:
                for piece in pieces:
                    file.write(_encoded(piece))
    return output.getvalue()


def _files(
    result: EvaluationResult,
    supplement: Supplement | None,
    segments: Iterable[Sequence[Cell]] | None,
) -> Iterator[tuple[str, Iterable[str]]]:
    yield "scores.csv", scores_csv(result)
    yield "differences.csv", differences_csv(result)
    if segments is not None:
        yield "segments.csv", csv_lines(segments)
    yield "table.tex", [latex_tables(result)]
    yield "evaluation.json", [to_json(result)]
    yield "report.html", [html_report(result, supplement, has_all_segments=segments is not None)]


def _encoded(text: str) -> bytes:
    # Half a surrogate pair, which broken JSON can bring, has no UTF-8: it becomes \ud800.
    return text.encode("utf-8", errors="backslashreplace")


def _date(made_at: str) -> tuple[int, int, int, int, int, int]:
    try:
        made = datetime.fromisoformat(made_at)
    except ValueError:
        return _OLDEST_IN_ZIP
    date = (made.year, made.month, made.day, made.hour, made.minute, made.second)
    return max(date, _OLDEST_IN_ZIP)
