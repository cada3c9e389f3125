"""A text of a system, shown exactly and in its own direction, with differences marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from core.languages import html_tag
from core.systems.word_diff import Part

_HERE: Final = Path(__file__).parent
_COMPONENT: Final = st.components.v2.component(
    "adaptmllm_answer_text",
    html='<div class="answer">\n<button class="answer-copy" type="button" hidden>Copy</button>'
    '<p class="answer-text"></p></div>',
    css=(_HERE / "answer_text.css").read_text(encoding="utf-8"),
    js=(_HERE / "answer_text.js").read_text(encoding="utf-8"),
)


def answer_text(
    text: str,
    *,
    key: str,
    lang: str = "",
    parts: Sequence[Part] | None = None,
    placeholder: str = "",
) -> None:
    """Shows a text with a button that copies it.

    Args:
        text: The text, as it is copied.
        key: Unique on the page, and the same while the text grows.
        lang: Its FLORES-200 code; empty if it is unknown.
        parts: The same text with differences; None shows none.
        placeholder: Shown while there is no text.
    """
    shown: list[dict[str, Any]] = [{"text": text, "kind": "same"}] if text else []
    if parts is not None and text:
        shown = [{"text": part.text, "kind": part.kind} for part in parts]
    data = {
        "parts": shown,
        "copy": text,
        "lang": html_tag(lang) if lang else "",
        "placeholder": placeholder,
    }
    _COMPONENT(key=key, data=data)
