"""What LLM judges said of one translation: the score, and each error that they marked."""

from __future__ import annotations

import streamlit as st

from core.evaluate.evaluating import Evaluated
from core.evaluate.scorers.judge.marked_errors import JudgedSegment, judged_segment
from core.evaluate.scorers.judge.spans import JudgedError
from core.evaluate.settings import SCORING
from core.storage.workspace import Workspace


def judge_marks(workspace: Workspace, found: Evaluated, set_id: str, at: int) -> None:
    """Shows the verdict of each judge among the metrics on segment `at`, counted from 0."""
    for metric in found.result.metrics:
        if metric.kind != "judge":
            continue
        verdict = judged_segment(workspace, metric.key.removeprefix(SCORING), set_id, at)
        if verdict is not None:
            st.text("\n".join([f"{metric.name}: {_head(verdict)}", *_lines(verdict)]))


def _head(verdict: JudgedSegment) -> str:
    if verdict.value is None:
        return f"no score. {verdict.failure}"
    return f"{verdict.value:g}{', no error marked' if verdict.errors == () else ''}"


def _lines(verdict: JudgedSegment) -> list[str]:
    return [f"• {_error(error)}" for error in verdict.errors or ()]


def _error(error: JudgedError) -> str:
    """Gives an error in words; what was not found in the translation says so."""
    parts = [error.severity, *([error.category] if error.category else [])]
    if error.text:
        is_found = error.start is not None
        parts.append(f"“{error.text}”{'' if is_found else ' (not in the translation)'}")
    return " · ".join(parts)
