"""Being told how far a computation is: how many of how many are done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

# Done and to be done; whoever wants to cancel raises in it.
Progress: TypeAlias = Callable[[int, int], None]


def part_of(on_progress: Progress | None, start: int, size: int, every: int) -> Progress | None:
    """Gives the progress of a part that has a size of its own in the whole, whatever it counts.

    Args:
        on_progress: Told of the whole; None gives None.
        start: What is done of the whole when the part begins.
        size: What the part adds to it.
        every: The whole.
    """
    if on_progress is None:
        return None
    return lambda done, total: on_progress(start + size * done // max(1, total), every)


def shifted(on_progress: Progress | None, start: int, every: int) -> Progress | None:
    """Gives the progress of a part that begins when `start` of `every` are done."""
    if on_progress is None:
        return None
    return lambda done, _: on_progress(start + done, every)
