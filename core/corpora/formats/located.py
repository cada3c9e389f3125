"""A row with the place in its file, so that whoever reads that it was rejected finds it there."""

from __future__ import annotations

from typing import NamedTuple

from core.corpora.segments import Row

NO_TRANSLATION = "no translation"

# What `Located.where` counts in a file of each format, from 1 on.
PLACES = {
    "tsv": "line",
    "csv": "line",
    "jsonl": "line",
    "text": "line",
    "json": "object",
    "parquet": "row",
    "tmx": "unit",
    "xliff": "segment",
}


class Located(NamedTuple):
    """A row of a file.

    Attributes:
        source, target: The texts; a missing one is empty.
        document: The name of its document, or "".
        where: Its number in the file; `PLACES` says of what.
        fault: Why it is no row of a corpus (`NO_TRANSLATION`), or "".
    """

    source: str
    target: str
    document: str = ""
    where: int = 0
    fault: str = ""

    @property
    def row(self) -> Row:
        """The row without its place."""
        return Row(self.source, self.target, self.document)


def located(source: str | None, target: str | None, document: str | None, where: int) -> Located:
    """Gives a row of texts of which some may be missing."""
    fault = NO_TRANSLATION if source is None or target is None else ""
    return Located(source or "", target or "", document or "", where, fault)
