"""A text shown exactly, with the marks of one or several raters under its words and in a list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from app.judging.overlay import ShownMark, labels, lanes, names, pieces
from core.languages import html_tag

NUM_HUES: Final = 6  # raters beyond share a colour; letter and number still tell them apart
MOST_LANES: Final = 9  # lines under one text; still more marks of one word share the last

_HERE: Final = Path(__file__).parents[1] / "components"
_COMPONENT: Final = st.components.v2.component(
    "adaptmllm_marked_text",
    html='<div class="marked">\n<p class="marked-text"></p><ol class="marked-list"></ol></div>',
    css=(_HERE / "marked_text.css").read_text(encoding="utf-8"),
    js=(_HERE / "marked_text.js").read_text(encoding="utf-8"),
)


def marked_text(
    text: str,
    marks: Sequence[ShownMark],
    *,
    key: str,
    lang: str = "",
    placeholder: str = "An empty text.",
) -> None:
    """Shows a text with marks: the colour is the rater's, the pattern the severity's.

    Each mark bears a label such as B2 (the second of the second rater), by which the list under
    the text tells rater, severity, category, words and remark; `overlay.labels` gives the same.

    Args:
        text: The text, with its own line breaks and blanks.
        marks: Of all raters, those of one rater together; offsets are code points.
        key: Unique on the page.
        lang: FLORES-200 code of the text; empty if it is unknown.
        placeholder: Shown where the text is empty.
    """
    _COMPONENT(key=key, data=overlay_data(text, marks, lang=lang, placeholder=placeholder))


def overlay_data(
    text: str, marks: Sequence[ShownMark], *, lang: str, placeholder: str
) -> dict[str, Any]:
    """Gives what the component shows."""
    by = names(marks)
    rows = zip(marks, labels(marks), lanes(marks), strict=True)
    return {
        "pieces": [{"text": piece.text, "marks": piece.marks} for piece in pieces(text, marks)],
        "marks": [
            {
                "label": label,
                "lane": min(lane, MOST_LANES - 1),
                "hue": by.index(mark.by) % NUM_HUES,
                "by": mark.by,
                "severity": mark.severity or "undecided",
                "category": mark.category,
                "quote": text[max(mark.start, 0) : max(mark.end, 0)],
                "note": mark.note,
            }
            for mark, label, lane in rows
        ],
        "lang": html_tag(lang) if lang else "",
        "placeholder": placeholder,
    }
