"""A notice in words: the subject, the text, and the JSON of a webhook."""

from __future__ import annotations

import socket
from typing import Any

from core.storage.notice_records import Notice

_VERBS = {
    "finished": "has finished",
    "failed": "has failed",
    "lost": "was lost",
    "stalled": "stands still",
}


def subject(notice: Notice) -> str:
    """Gives one line, such as `The run "NLLB" has failed`."""
    verb = _VERBS.get(notice.event, notice.event)
    return f'The {notice.noun} "{_one_line(notice.title)}" {verb}'


def text(notice: Notice, address: str) -> str:
    """Gives the whole message.

    Args:
        notice: What is told.
        address: Of this application, for a link; may be empty.
    """
    link = _link(notice, address)
    parts = [f"{subject(notice)} on {socket.gethostname()}.", notice.reason, notice.hint, link]
    return "\n".join(part for part in parts if part)


def payload(notice: Notice, address: str) -> dict[str, Any]:
    """Gives what a webhook is sent: `text` for chat programs, and the same in parts."""
    return {
        "text": text(notice, address),
        "event": notice.event,
        "kind": notice.noun,
        "id": notice.job_id,
        "name": notice.title,
        "reason": notice.reason,
        "hint": notice.hint,
        "host": socket.gethostname(),
        "time": notice.created_at,
        "link": _link(notice, address),
    }


def _link(notice: Notice, address: str) -> str:
    if not address or not notice.job_id:
        return ""
    return f"{address.rstrip('/')}/{page_of(notice)}?id={notice.job_id}"


def page_of(notice: Notice) -> str:
    """Gives the page that shows what a notice is about; it wants the job's id."""
    return "study" if notice.noun == "search" else "run"


def _one_line(words: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in words).split())
