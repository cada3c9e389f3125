"""What rows of MQM files tell in their last cells: JSON from 2023 on, a comment before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.annotate.formats.row_cells import COMMENT, METADATA

_MOST_MS = 10**14  # as a time it is the year 5138


def read_metadata(cells: Sequence[str], columns: Sequence[str]) -> dict[str, Any]:
    """Gives what the cells of a row tell besides; what is no JSON object tells nothing."""
    named = {name: cells[at] for at, name in enumerate(columns) if at < len(cells)}
    try:
        found = json.loads(named.get(METADATA, "") or "{}")
    except (ValueError, RecursionError):
        found = {}
    found = found if isinstance(found, dict) else {}
    return found | ({"note": named[COMMENT]} if named.get(COMMENT) else {})


def note_of(metadata: Mapping[str, Any]) -> str:
    """Gives the rater's remark on an error, or ""."""
    note = metadata.get("note")
    if not isinstance(note, str):
        return ""
    # Halves of a pair that an escape of JSON may hold, and zero bytes, can be stored nowhere.
    return note.encode("utf-8", errors="replace").decode("utf-8").replace("\0", "")


def time_of(metadata: Mapping[str, Any]) -> str:
    """Gives when a row was made, which a file tells in milliseconds; "" where it does not."""
    found = metadata.get("timestamp")
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < _MOST_MS:
        return ""
    return datetime.fromtimestamp(found / 1000, UTC).isoformat(timespec="milliseconds")
