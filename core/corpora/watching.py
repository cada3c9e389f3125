"""How long work on a corpus says how far it is, and how it is ended from outside."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Called every few thousand rows; it may raise to end the work, which then leaves nothing."""

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Takes notice.

        Args:
            phase: What is done, in words such as "reading"; a new one starts again at 0.
            done: How much of it is done, in rows or bytes.
            total: Of how much; 0 = not known.
        """


def unwatched(phase: str, done: int, total: int) -> None:
    """Takes no notice."""
