"""JSONL: a row a segment, or a row a segment and system; also our own downloads."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import DataError
from core.evaluate.formats.decoding import lines_of
from core.evaluate.formats.json_rows import Row, row_of
from core.evaluate.formats.upload import (
    Texts,
    TextsWithGaps,
    Upload,
    check_references,
    name_from,
)

FORMAT = "jsonl"
SUFFIXES = (".jsonl", ".ndjson")


def read_json_lines(name: str, text: str) -> Upload:
    """Gives the texts of rows of either kind.

    One row a segment: `{"source", "reference" or "references", "hypotheses": {"system A": …}}`.
    One row a segment and system: `{"source", "reference", "system", "hypothesis"}`; without
    `system` the file's name stands for it. `position` numbers the segments from 0; without it the
    rows of a system are in the order of the test set. `tag` and `document` may be there as well.

    Raises:
        DataError: A row is not like this, systems have other segments or another number of them,
            or a hypothesis or reference is missing.
    """
    rows = [row_of(name, at, line) for at, line in enumerate(lines_of(text), 1) if line.strip()]
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    _check_one_kind(name, groups)
    groups = {group: _in_order(name, found) for group, found in groups.items()}
    first = next(iter(groups.values()))
    systems: dict[str, Texts] = {}
    for group, found in groups.items():
        if found is not first:
            _check_same_segments(name, first, found)
        system = group if len(groups) > 1 else name_from(name)
        systems.update(_hypotheses(name, found, system))
    references = _references(first)
    check_references(name, references, "segment")
    return Upload(
        name,
        FORMAT,
        sources=_sources(name, first),
        references=references,
        systems=systems,
        tags=_labels([row.tag for row in first]),
        documents=_labels([row.document for row in first]),
    )


def _check_one_kind(file: str, groups: dict[str, list[Row]]) -> None:
    if "" in groups and len(groups) > 1:
        without = groups[""][0].line
        line = next(rows[0].line for group, rows in groups.items() if group)
        raise DataError(
            f"{file!r} mixes two kinds of rows: line {line} holds 'hypothesis', line {without} "
            "does not.",
            hint="Either each row holds the hypotheses of all systems, or the one of one system.",
        )


def _in_order(file: str, rows: list[Row]) -> list[Row]:
    """Gives the rows of a system in the order of the test set."""
    unnumbered = [row for row in rows if row.position is None]
    if len(unnumbered) == len(rows):
        return rows
    if unnumbered:
        raise DataError(
            f"{file!r} line {unnumbered[0].line} has no 'position', others have one.",
            hint="Number all rows or none.",
        )
    rows = sorted(rows, key=lambda row: row.position or 0)
    for wanted, row in enumerate(rows):
        if row.position != wanted:
            is_twice = wanted > 0 and row.position == wanted - 1
            what = (
                f"has the position {row.position} a second time"
                if is_twice
                else (f"follows on a gap: no row has the position {wanted}")
            )
            raise DataError(
                f"{file!r} line {row.line} {what}.",
                hint="A system has one row a segment; positions are numbered from 0.",
            )
    return rows


def _check_same_segments(file: str, first: Sequence[Row], rows: Sequence[Row]) -> None:
    if len(first) != len(rows):
        raise DataError(
            f"{file!r} holds {len(first)} hypotheses of {first[0].group!r} and {len(rows)} of "
            f"{rows[0].group!r}.",
            hint="Every system needs one hypothesis a segment.",
        )
    for number, (one, other) in enumerate(zip(first, rows, strict=True), start=1):
        for key in ("source", "references", "tag", "document"):
            if getattr(one, key) != getattr(other, key):
                raise DataError(
                    f"{file!r}: line {other.line} has another {key.removesuffix('s')} for segment "
                    f"{number} than line {one.line}.",
                    hint="The systems must have translated the same segments, in the same order.",
                )


def _hypotheses(file: str, rows: Sequence[Row], system: str) -> dict[str, Texts]:
    wanted = rows[0].hypotheses
    for row in rows:
        different = sorted(wanted.keys() ^ row.hypotheses.keys())
        if different:
            raise DataError(
                f"{file!r}: only one of the lines {rows[0].line} and {row.line} has a hypothesis "
                f"of {different[0]!r}.",
                hint="Every system needs one hypothesis a segment.",
            )
    return {name or system: tuple(row.hypotheses[name] for row in rows) for name in wanted}


def _references(rows: Sequence[Row]) -> dict[str, TextsWithGaps]:
    names = dict.fromkeys(name for row in rows for name in row.references)
    found = {name: tuple(row.references.get(name) for row in rows) for name in names}
    return {name: texts for name, texts in found.items() if any(t is not None for t in texts)}


def _sources(file: str, rows: Sequence[Row]) -> Texts | None:
    found = [row.source for row in rows if row.source is not None]
    if found and len(found) < len(rows):
        line = next(row.line for row in rows if row.source is None)
        raise DataError(
            f"{file!r} line {line} has no 'source', others have one.",
            hint="Give each row its source, or none of them.",
        )
    return tuple(found) if found else None


def _labels(labels: Sequence[str | None]) -> Texts | None:
    has_labels = any(label is not None for label in labels)
    return tuple(label or "" for label in labels) if has_labels else None
