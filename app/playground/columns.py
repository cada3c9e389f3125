"""The columns: each system's answer as it comes, its figures, and what one can do with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from app import cache
from app.components.answer_text import answer_text
from app.text import plain, rows_of
from core.metrics.lexical import Score
from core.metrics.segment import score_segment
from core.storage.answer_records import AnswerRecord
from core.systems.word_diff import Part, diff_words

COLUMNS_A_ROW = 3
MAX_DIFF_CHARACTERS = 20_000
BADGES = {
    "waiting": ("waiting", "gray", ":material/hourglass:"),
    "streaming": ("answering", "blue", ":material/more_horiz:"),
    "done": ("done", "green", ":material/check:"),
    "stopped": ("stopped", "orange", ":material/stop:"),
    "failed": ("failed", "red", ":material/error:"),
    "interrupted": ("interrupted", "orange", ":material/power_off:"),
}
INCOMPLETE = ("incomplete", "orange", ":material/content_cut:")
EMPTY = ("empty", "orange", ":material/block:")
LONG = 3000  # characters; a code block has no greatest height, only a fixed one
LONG_PX = 400


def columns(answers: Sequence[AnswerRecord], against: str) -> None:
    """Shows answers side by side.

    Args:
        answers: In the order of the columns.
        against: What they are compared with: empty, `reference`, or an answer's position.
    """
    for row in rows_of(answers, COLUMNS_A_ROW):
        for place, answer in zip(st.columns(len(row)), row, strict=True):
            with place, st.container(border=True, key=f"bidi-column-{answer.position}"):
                _column(answer, _other_text(answers, answer, against))


def _column(answer: AnswerRecord, other: str | None) -> None:
    st.text(answer.system_name)
    _state_row(answer)
    for stage in answer.stages:
        name = stage["name"]
        with st.expander(plain(name[:1].upper() + name[1:]), expanded=not answer.text):
            answer_text(stage["text"], key=f"stage-{answer.id}-{stage['name']}")
    note = cache.board().note(answer.ask_id, answer.position)
    is_coming = not answer.has_ended
    answer_text(
        answer.text,
        key=f"answer-{answer.id}",
        lang=answer.tgt_lang,
        parts=_parts(answer, other),
        placeholder=note or ("…" if is_coming else "No text came."),
    )
    if answer.failure:
        st.text(answer.failure)
    _figures(answer)
    _details(answer)


def _state_row(answer: AnswerRecord) -> None:
    label, colour, icon = BADGES[answer.state]
    if answer.state == "done" and answer.finish_reason != "stop":
        label, colour, icon = INCOMPLETE
    elif answer.state == "done" and not answer.text.strip():
        label, colour, icon = EMPTY
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(label, color=colour, icon=icon)  # type: ignore[arg-type]
        if not answer.has_ended and st.button(
            "Stop",
            icon=":material/stop:",
            key=f"stop-{answer.id}",
            help="Stops this system alone; what has come is kept.",
        ):
            cache.board().stop(answer.ask_id, answer.position)


def _other_text(answers: Sequence[AnswerRecord], answer: AnswerRecord, against: str) -> str | None:
    """Gives the text that an answer is compared with; None for no comparison."""
    if against == "reference":
        return answer.reference or None
    found = next((each for each in answers if str(each.position) == against), None)
    return None if found is None or found.id == answer.id else found.text


def _parts(answer: AnswerRecord, other: str | None) -> list[Part] | None:
    """Gives the differences, once the answer is whole: while it grows all would be different."""
    if other is None or not answer.has_ended or not answer.text:
        return None
    if max(len(other), len(answer.text)) > MAX_DIFF_CHARACTERS:
        return None
    return diff_words(answer.text, other)


def _figures(answer: AnswerRecord) -> None:
    if answer.reference and answer.text and answer.has_ended:
        chrf, ter = score_segment(answer.text, answer.reference)
        with st.container(horizontal=True):
            st.badge(f"chrF {chrf.value:.1f}", color="gray", help=_signature(chrf))
            st.badge(f"TER {ter.value:.1f}", color="gray", help=_signature(ter))
    # Where a failure is told, that the answer is incomplete says nothing more.
    says_no_more = answer.failure and answer.finish_reason == "incomplete"
    reason = "" if says_no_more else answer.finish_reason
    st.caption(" · ".join(figure_words(answer.figures, reason)))
    if answer.figures.get("ignored"):
        names = ", ".join(answer.figures["ignored"])
        st.badge(
            plain(f"ignored: {names}"),
            color="orange",
            icon=":material/tune:",
            help="The endpoint refuses these parameters; the answer was made without them.",
        )


def _signature(score: Score) -> str:
    lower = " Lower is better." if score.name == "TER" else ""
    return plain(f"Of this segment against the reference.{lower} {score.signature}")


def figure_words(figures: dict[str, Any], finish_reason: str) -> list[str]:
    """Gives the figures of an answer in words."""
    words = []
    if figures.get("first_token_s") is not None:
        words.append(f"first token {figures['first_token_s']:.2f} s")
    if figures.get("total_s") is not None:
        words.append(f"total {figures['total_s']:.2f} s")
    if figures.get("loading_s"):
        words.append(f"loading {figures['loading_s']:.1f} s")
    mark = " (est.)" if figures.get("is_estimated") else ""
    if figures.get("completion_tokens") or figures.get("prompt_tokens"):
        prompt, completion = figures["prompt_tokens"], figures["completion_tokens"]
        words.append(f"{prompt:,} + {completion:,} tokens{mark}")
    if figures.get("cost_usd"):
        words.append(f"{figures['cost_usd']:.6f} USD{mark}")
    if finish_reason:
        words.append(f"finish reason: {finish_reason}")
    return words or ["no figures yet"]


def _details(answer: AnswerRecord) -> None:
    messages = answer.request.get("messages") or []
    if not messages and answer.raw == answer.text:
        return
    with st.expander("Raw answer and prompt"):
        if answer.raw != answer.text:
            st.caption("The answer as it came")
            _code(answer.raw)
        for message in messages:
            st.caption(message["role"])
            _code(message["content"])


def _code(text: str) -> None:
    height: int | Literal["content"] = LONG_PX if len(text) > LONG else "content"
    st.code(text, language=None, wrap_lines=True, height=height)


def against_select(answers: Sequence[AnswerRecord]) -> str:
    """Shows what the answers are compared with word by word, and gives the choice."""
    names = {str(answer.position): answer.system_name for answer in answers}
    options = ["", *(["reference"] if answers[0].reference else []), *names]
    chosen = st.selectbox(
        "Mark differences from",
        options,
        format_func=lambda each: (
            {"": "nothing", "reference": "the reference"}.get(each) or names[each]
        ),
        index=options.index("reference") if "reference" in options else 0,
        key=f"playground.against.{answers[0].ask_id}",
        help="Green stands only in the answer, struck red only in the other text.",
    )
    return str(chosen)
