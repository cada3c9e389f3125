"""A split of a corpus, or all of it, as a file of a format; nothing is sent anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

from core.corpora.doctor.checks import REASONS
from core.corpora.formats import rejected as rejected_format
from core.corpora.formats.rejected import RejectedFormat
from core.corpora.formats.writing import SUFFIXES, ExportFormat, write
from core.corpora.restored import rejected_of
from core.corpora.segments import Row, read_rows
from core.errors import DataError
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace

ALL = "all"


def export_corpus(
    workspace: Workspace,
    corpus: Corpus,
    output: Path | BinaryIO,
    format: ExportFormat,
    *,
    split: str = ALL,
    line_breaks: Literal["refuse", "space"] = "refuse",
) -> int:
    """Writes segments and gives how many there were; read back, they are the same.

    Args:
        workspace: Where the corpus is.
        corpus: The corpus.
        output: A path, where the file is whole or absent afterwards, or an open binary stream.
        format: A key of `SUFFIXES`.
        split: train, dev, test, or all of them one after the other.
        line_breaks: Whether the format of two text files refuses line breaks within segments, or
            makes them spaces.

    Raises:
        DataError: There is nothing to write, or the format cannot hold a segment.
    """
    splits = _splits(corpus, split)
    return write(
        output,
        format,
        _rows(workspace, corpus, splits),
        src_lang=corpus.src_lang,
        tgt_lang=corpus.tgt_lang,
        name=split if split != ALL else "corpus",
        has_documents=_has_documents(_rows(workspace, corpus, splits)),
        line_breaks=line_breaks,
    )


def _splits(corpus: Corpus, split: str) -> tuple[str, ...]:
    if split != ALL and split not in SPLITS:
        raise DataError(f"There is no split {split!r}.", hint=f"There are {', '.join(SPLITS)}.")
    splits = SPLITS if split == ALL else (split,)
    if not sum(corpus.counts[each] for each in splits):
        raise DataError(f"The {split} split of {corpus.name!r} is empty.", hint="Choose another.")
    return splits


def _rows(workspace: Workspace, corpus: Corpus, splits: Sequence[str]) -> Iterator[Row]:
    for split in splits:
        yield from read_rows(workspace.split_file(corpus.id, split))


def export_name(corpus: Corpus, format: ExportFormat, split: str = ALL) -> str:
    """Gives a file name of plain signs: names of corpora are people's and never paths."""
    return f"{corpus.id[:8]}-{split}-{corpus.src_lang}-{corpus.tgt_lang}{SUFFIXES[format]}"


def _has_documents(rows: Iterator[Row]) -> bool:
    return any(row.document for row in rows)


def export_rejected(
    workspace: Workspace, corpus: Corpus, output: Path, format: RejectedFormat
) -> int:
    """Writes the rows that a corpus was made without, with the names of the checks.

    Raises:
        DataError: Nothing was left out, or there are more rows than a sheet holds.
    """
    if not sum((corpus.details.get("rejected") or {}).values()):
        raise DataError(f"Nothing was left out of {corpus.name!r}.")
    findings = rejected_of(workspace, corpus)
    rows = (
        rejected_format.Rejected(
            each.split,
            each.number + 1,
            each.source,
            each.target,
            tuple(REASONS[key].label for key in each.reasons),
            each.details,
        )
        for split in ("", *SPLITS)
        for each in findings.of_split(split)
    )
    return rejected_format.write_rejected(
        output, format, rows, src_lang=corpus.src_lang, tgt_lang=corpus.tgt_lang
    )
