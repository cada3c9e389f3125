"""The formats of files of human evaluations, and how one is told from another."""

from __future__ import annotations

from dataclasses import dataclass

from core.annotate.campaign_data import PROTOCOLS, Protocol
from core.errors import ConfigError, DataError
from core.storage.archive import is_archive, unpack

_TSV = "text/tab-separated-values"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ZIP = "application/zip"
_FEWEST_COMMAS = 8  # in a line of Appraise's results


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: By which commands call it.
        title: For people.
        extension: Of files that are written, with the dot.
        media_type: The same for browsers.
        protocols: Campaigns of which can be written.
        can_read, can_write: What is possible.
        description: One sentence.
    """

    name: str
    title: str
    extension: str
    media_type: str
    description: str
    protocols: tuple[Protocol, ...] = PROTOCOLS
    can_read: bool = True
    can_write: bool = True


FORMATS = {
    each.name: each
    for each in (
        Format(
            "wmt-mqm",
            "WMT MQM",
            ".tsv",
            _TSV,
            "Google's and WMT's table of errors, a line an error, in its forms of 2020 and 2023.",
            ("mqm", "esa"),
        ),
        Format(
            "psqm",
            "WMT SQM",
            ".tsv",
            _TSV,
            "A table of scores by segment, system and rater.",
            ("sqm", "esa"),
        ),
        Format(
            "mt-metrics-eval",
            "mt-metrics-eval",
            ".zip",
            _ZIP,
            "Texts, scores of every level and errors for research on metrics; reads JSONL too.",
        ),
        Format(
            "appraise",
            "Appraise",
            ".csv",
            "text/csv",
            "Appraise's table of results without a header; offsets in UTF-16, ends inclusive.",
            ("sqm", "mqm", "esa"),
        ),
        Format(
            "pearmut",
            "Pearmut",
            ".zip",
            _ZIP,
            "Pearmut's campaign and results; ends of spans are inclusive.",
        ),
        Format(
            "annotator-sheet",
            "annotator.xlsx",
            ".xlsx",
            _SHEET,
            "The adaptMLLM notebook's spreadsheet: SQM and counts of errors, with right formulas.",
            ("sqm", "mqm"),
        ),
        Format("csv", "CSV", ".csv", "text/csv", "All that was judged, a mark a line."),
        Format("xlsx", "Spreadsheet", ".xlsx", _SHEET, "The same as CSV in a spreadsheet."),
    )
}


def find_format(name: str) -> Format:
    """Gives the format of this name.

    Raises:
        ConfigError: There is none.
    """
    if name not in FORMATS:
        raise ConfigError(
            f"There is no format {name[:40]!r}.", hint=f"Choose one of {', '.join(FORMATS)}."
        )
    return FORMATS[name]


def guess_format(data: bytes, file_name: str) -> str:
    """Gives the name of the format that a file has by its first line, or by what is packed in it.

    Raises:
        DataError: It is none of ours; the hint names them.
    """
    found = _guess_archive(data, file_name) if is_archive(data) else _guess_lines(data)
    if not found:
        raise DataError(
            f"{file_name!r} is in no format of human evaluations that is known here.",
            hint=f"Name it, if it is one of {', '.join(FORMATS)}.",
        )
    return found


def _guess_archive(data: bytes, file_name: str) -> str:
    files = unpack(data, file_name)
    if "xl/workbook.xml" in files:
        from core.annotate.formats.campaign_rows import COLUMNS
        from core.annotate.formats.workbook import read_sheets

        rows = next(iter(read_sheets(data, file_name).values()), [])
        header = rows[0] if rows else ()
        return "xlsx" if set(COLUMNS[:5]) <= set(header) else "annotator-sheet"
    if any("human-scores/" in name or "system-outputs/" in name for name in files):
        return "mt-metrics-eval"
    return next((_guess_lines(each) or "pearmut" for each in files.values()), "")


def _guess_lines(data: bytes) -> str:
    """Gives a format by the first line, which is enough to tell them apart."""
    text = data[:100_000].decode("utf-8", errors="replace").removeprefix("\ufeff").lstrip()
    first = text.partition("\n")[0]
    cells = {cell.strip().lower() for cell in first.split("\t")}
    if "system" in cells and cells & {"category", "severity", "score"}:
        return "wmt-mqm" if cells & {"category", "severity"} else "psqm"
    if text.startswith("["):
        return "appraise"
    if text.startswith("{"):
        return "mt-metrics-eval" if '"hypothesis"' in first else "pearmut"
    names = {cell.strip().lower() for cell in first.replace(";", ",").split(",")}
    if {"campaign", "protocol", "rater"} <= names:
        return "csv"
    return "appraise" if first.count(",") >= _FEWEST_COMMAS else ""
