"""Writing rows into the splits that they were assigned to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from core.corpora.splitting import TRAIN, SplitSettings, assign_files
from core.corpora.watching import Watch, unwatched
from core.storage.corpus_records import SPLITS

if TYPE_CHECKING:
    from core.corpora.splitting import Assignment

_ROWS_BETWEEN_WORDS = 20_000


def divide(
    pools: Sequence[Path],
    into: Path,
    settings: SplitSettings,
    *,
    given: Collection[str] = (),
    num_rows: int = 0,
    watch: Watch = unwatched,
) -> dict[str, int]:
    """Divides the rows of files among train, dev and test in a folder; gives their counts.

    Rows keep their order within a split. What stands in a split's file already stays before them,
    and no row that shares a source or target with it comes into another split than train.

    Args:
        pools: Files of segments.
        into: Where `train.jsonl` and the others are written.
        settings: How the rows are split.
        given: Splits that were given as files and take nothing more: their share stays in train.
        num_rows: How many there are, with those that stand there, for the progress; 0 = not known.
        watch: Is told how far it is.

    Raises:
        DataError: The rows cannot be split like this.
    """
    placed = [path for split in SPLITS if (path := into / f"{split}.jsonl").exists()]
    assignment = assign_files(pools, settings, placed=placed, watch=watch, total=num_rows)
    for split in given:
        assignment[assignment == SPLITS.index(split)] = TRAIN
    with contextlib.ExitStack() as stack:
        sources = [stack.enter_context(pool.open("rb")) for pool in pools]
        # A segment never holds a bare line feed: JSON writes it as \n.
        return _written(chain.from_iterable(sources), assignment, into, watch)


def _written(
    lines: Iterable[bytes], assignment: Assignment, into: Path, watch: Watch
) -> dict[str, int]:
    """Appends each line to the file of its split."""
    counts = dict.fromkeys(SPLITS, 0)
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context((into / f"{split}.jsonl").open("ab")) for split in SPLITS]
        for number, (line, split) in enumerate(zip(lines, assignment.tolist(), strict=True)):
            if number % _ROWS_BETWEEN_WORDS == 0:
                watch("writing", number, len(assignment))
            files[split].write(line)
            counts[SPLITS[split]] += 1
        for file in files:
            file.flush()
            os.fsync(file.fileno())
    return counts
