"""Segments on disk: one JSON object a line, so that any text survives, newlines included."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from core.errors import DataError

Pair = tuple[str, str]


class Row(NamedTuple):
    """A pair, with the name of the document that it stands in; empty where none is known."""

    source: str
    target: str
    document: str = ""


def write_segments(path: Path, pairs: Iterable[Pair | Row]) -> int:
    """Writes pairs as `{"source": …, "target": …}` lines and gives how many there were.

    A row of a known document has its name as `document`, too. The file is whole or absent.

    Raises:
        DataError: A segment holds half a character (a lone surrogate), which UTF-8 cannot hold.
    """
    temporary = path.with_name(f".{path.name}.partial")
    count = 0
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            for source, target, *document in pairs:
                record = {"source": source, "target": target}
                if document and document[0]:
                    record["document"] = document[0]
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except UnicodeEncodeError:
        temporary.unlink(missing_ok=True)
        raise DataError(
            f"Segment {count + 1} of {path.stem} holds half a character (a lone surrogate)."
        ) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return count


def read_segments(path: Path, *, limit: int | None = None, offset: int = 0) -> list[Pair]:
    """Gives the pairs of a split, or `limit` of them from `offset` on; no file means none."""
    pairs: list[Pair] = []
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file):
                if number < offset:
                    continue
                if limit is not None and len(pairs) >= limit:
                    break
                record = json.loads(line)
                pairs.append((record["source"], record["target"]))
    except FileNotFoundError:
        return []
    return pairs


def read_rows(path: Path) -> Iterator[Row]:
    """Gives the rows of a split one by one, however many there are; no file means none."""
    try:
        file = path.open(encoding="utf-8", newline="\n")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            record = json.loads(line)
            yield Row(record["source"], record["target"], record.get("document", ""))
