"""What all readers of a judge's answers share: the answer without thoughts, and their error."""

from __future__ import annotations

from typing import Any

from core.errors import DataError
from core.systems.prompts.cleaning import clean_so_far

MAX_CHARS = 50_000  # of an answer that is looked at


class AnswerError(DataError):
    """An answer cannot be read; the sentence says why."""


def said(answer: str) -> str:
    """Gives what an answer says besides the thoughts that some models write before it."""
    return clean_so_far(answer[:MAX_CHARS])


def shown(value: Any) -> str:
    """Gives a wrong value as a sentence repeats it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
