"""Sums of statistics over resamples of the segments, one draw for all systems and metrics.

sacreBLEU draws all indices at once and copies the statistics of each resample. Here the indices
are drawn in blocks from the same generator, which gives the same ones; how often each segment
came is counted, and the counts times the statistics are the sums. Nothing has the size of segments
times resamples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from core.metrics.measures import Rows
from core.metrics.progress import Progress

# Numbers in one block of counts; 16 MB.
_BLOCK_SIZE = 2_000_000

# NumPy draws booleans 32 at a time and forgets the rest at the end of a call. Blocks of a multiple
# of 32 rows leave no rest, so that they are the rows of one big draw.
_BOOLEAN_ROWS = 32


def bootstrap_sums(
    statistics: Sequence[Rows],
    num_samples: int,
    rng: np.random.Generator,
    *,
    on_progress: Progress | None = None,
) -> list[Rows]:
    """Gives for each array of statistics the sums of each resample, (num_samples, k).

    A resample draws as many segments as there are, with replacement (Koehn 2004). It is the same
    for all arrays.

    Args:
        statistics: Arrays of (segments, k) each.
        num_samples: How many resamples.
        rng: Draws as sacreBLEU's: `choice(segments, (num_samples, segments))`.
        on_progress: Told how many resamples of how many are done; to cancel, it raises.
    """
    num_segments = len(statistics[0])
    sums = [np.empty((num_samples, rows.shape[1])) for rows in statistics]
    size = min(num_samples, max(1, _BLOCK_SIZE // num_segments))
    block = np.empty((size, num_segments))  # one for all, so that never two are held
    for start, stop in _blocks(num_samples, size):
        counts = block[: stop - start]
        for row in counts:
            row[:] = np.bincount(
                rng.integers(num_segments, size=num_segments), minlength=num_segments
            )
        for into, rows in zip(sums, statistics, strict=True):
            np.matmul(counts, rows, out=into[start:stop])
        if on_progress is not None:
            on_progress(stop, num_samples)
    return sums


def randomised_sums(
    statistics: Sequence[Rows],
    num_trials: int,
    rng: np.random.Generator,
    *,
    on_progress: Progress | None = None,
) -> list[Rows]:
    """Gives for each array of statistics the sums over a random half in each trial, (trials, k).

    With these sums P and the sums T of everything, the shuffled pair of two systems A and B is
    P_A + (T_B - P_B) and P_B + (T_A - P_A).

    Args:
        statistics: Arrays of (segments, k) each.
        num_trials: How many trials.
        rng: Draws as sacreBLEU's: `integers(2, size=(num_trials, segments), dtype=bool)`.
        on_progress: Told how many trials of how many are done; to cancel, it raises.
    """
    num_segments = len(statistics[0])
    size = min(num_trials, max(1, _BLOCK_SIZE // num_segments))
    num_drawn = _BOOLEAN_ROWS * max(1, size // _BOOLEAN_ROWS)
    sums = [np.empty((num_trials, rows.shape[1])) for rows in statistics]
    block = np.empty((size, num_segments))
    for start, stop in _blocks(num_trials, num_drawn):
        drawn = rng.integers(2, size=(stop - start, num_segments), dtype=bool)
        for first, last in _blocks(stop - start, size):
            halves = block[: last - first]
            halves[:] = drawn[first:last]
            for into, rows in zip(sums, statistics, strict=True):
                np.matmul(halves, rows, out=into[start + first : start + last])
        if on_progress is not None:
            on_progress(stop, num_trials)
    return sums


def _blocks(count: int, size: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, size):
        yield start, min(start + size, count)
