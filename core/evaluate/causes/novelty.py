"""Novelty: how much each source of a test set is like the nearest source of training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.systems.retrieval.nearest import ExampleIndex


@dataclass(frozen=True, eq=False)
class Novelty:
    """What training has that is like the sources of a test set.

    Attributes:
        similarities: Of each source to the nearest one of training, 0 to 100, (segments,): how much
            of both is the same in the same order (`rapidfuzz.fuzz.ratio`). It is 100 for copies,
            which differ at most in case, spacing and punctuation as in all leak checks of the
            program, and 0 where no word is shared.
        lines: The line of that source in the training split, counted from 1, (segments,); 0 if
            there is none.
    """

    similarities: npt.NDArray[np.float64]
    lines: npt.NDArray[np.int64]

    @property
    def num_copies(self) -> int:
        """Sources that stand in training: leaks."""
        return int(np.count_nonzero(self.similarities == 100))


def measure_novelty(
    sources: Sequence[str],
    training: ExampleIndex,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Novelty:
    """Looks up each source among the sources of training.

    The nearest one is looked for among the copies and the fifty that share the rarest words with
    it, so that a nearer one may be missed where all its words are very common.

    Args:
        sources: One a segment.
        training: The training split. What it knows to be held out is looked through as well, as
            such pairs are what this is after.
        on_progress: Called after each segment with the number of those done and of all.
    """
    similarities = np.zeros(len(sources))
    lines = np.zeros(len(sources), np.int64)
    for position, source in enumerate(sources):
        found = training.examples(source, count=1, excludes_leaks=False)
        if found:
            similarities[position] = found[0].similarity
            lines[position] = found[0].line
        if on_progress:
            on_progress(position + 1, len(sources))
    return Novelty(similarities, lines)
