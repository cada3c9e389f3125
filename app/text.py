"""How texts, numbers and times look; users' texts are shown exactly, never as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

import streamlit as st

from app.state import session

T = TypeVar("T")

STATE_COLOURS = {
    "queued": "gray",
    "preparing": "blue",
    "compiling": "violet",
    "training": "blue",
    "evaluating": "blue",
    "saving": "blue",
    "converting": "violet",
    "serving": "green",
    "translating": "blue",
    "searching": "blue",
    "stopping": "orange",
    "stopped": "orange",
    "paused": "orange",
    "finished": "green",
    "failed": "red",
    "lost": "red",
}

STATE_MEANINGS = {
    "queued": "Waits for its turn in the queue; it starts by itself.",
    "preparing": "Loads model and corpus.",
    "compiling": "DeepSpeed compiles a part of itself; only before the first run, about a minute.",
    "training": "Learns from the training split.",
    "evaluating": "Translates and scores.",
    "saving": "Writes a checkpoint or the model.",
    "converting": "Turns a model into the form in which it is served.",
    "serving": "A service that answers requests.",
    "translating": "Translates a test set by the systems that were chosen.",
    "searching": "Takes one trial after the other.",
    "stopping": "Finishes what must be finished before it can stop.",
    "stopped": "Ended on request; Resume continues.",
    "paused": "A study that waits for people; Resume goes on where it stands.",
    "finished": "The model was saved, reloaded and checked.",
    "failed": "Ended by an error.",
    "lost": "Its supervising process was killed or the machine restarted.",
}

WORD_JOINER = "\u2060"  # invisible, without width, and nowhere to break a line
# Streamlit looks for these only after it has taken the escapes away: icons and emoji, addresses,
# arrows and dashes of plain signs.
_LATE_MARKUP = re.compile(
    r"(?<=:)(?=[\w/+-]+:|//)|(?<=\bwww)(?=\.)|(?<=@)(?=[\w-]+\.)|(?<=[-<>=~])(?=[-<>=~])",
    re.IGNORECASE,
)


def page_style() -> None:
    """Tightens the page's head; texts in containers named `bidi-…` follow their own script."""
    inside = '[class*="st-key-bidi"]'
    parts = ("textarea", "input", '[data-testid="stText"]', '[data-testid="stText"] *')
    rule = "{unicode-bidi:plaintext!important;text-align:start!important}"
    head = '[data-testid="stMainBlockContainer"]{padding-top:4.25rem}'
    hidden = ".st-key-browser-notices{display:none}"
    st.html(f"<style>{head}{hidden}{inside} :is({','.join(parts)}){rule}</style>")


def page_header(title: str, purpose: str) -> None:
    """Writes the page's title, what one does on it, and a notice left by the page before."""
    st.title(title, anchor=False)
    st.caption(purpose)
    if session().notice:
        st.toast(plain(session().notice), icon=":material/check:")
        session().notice = ""


def state_badge(state: str) -> None:
    """Shows a state as a coloured word; the word, not the colour, carries the meaning."""
    st.badge(state, color=STATE_COLOURS[state], help=STATE_MEANINGS[state])  # type: ignore[arg-type]


def plain(text: str) -> str:
    """Gives a text for places that only take Markdown, with every sign of it made harmless."""
    special = "\\`*_{}[]()<>#+-.!|~$:^=@&"
    # On one line, and not indented: a block of Markdown begins with white space, too.
    text = _LATE_MARKUP.sub(WORD_JOINER, " ".join(text.split()))
    return "".join(f"\\{char}" if char in special else char for char in text)


def shortened(text: str, limit: int) -> str:
    """Gives a text of at most so many characters; an ellipsis tells that there is more."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def counted(number: int, noun: str) -> str:
    """Gives a number with its noun, in the plural where it needs to be."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def rows_of(items: Sequence[T], width: int) -> list[Sequence[T]]:
    """Gives the items in rows, so that columns stack in reading order on a narrow screen."""
    return [items[first : first + width] for first in range(0, len(items), width)]


def duration(seconds: float | None) -> str:
    """Gives seconds as `45 s`, `3 min 20 s` or `2 h 5 min`."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(num_bytes: float) -> str:
    """Gives bytes as MB or GB (powers of ten)."""
    return f"{num_bytes / 1e9:.1f} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:.0f} MB"


def moment(time: str) -> str:
    """Gives a UTC ISO-8601 time as date and time to the second: it never changes, unlike `ago`."""
    return f"{time[:10]} {time[11:19]} UTC"


def ago(time: str | None) -> str:
    """Gives a UTC ISO-8601 time as the span since then."""
    if not time:
        return "–"
    seconds = (datetime.now(UTC) - datetime.fromisoformat(time)).total_seconds()
    if seconds < 90:
        return "just now"
    if seconds < 5400:
        return f"{round(seconds / 60)} min ago"
    if seconds < 129_600:
        return f"{round(seconds / 3600)} h ago"
    return f"{round(seconds / 86_400)} days ago"
