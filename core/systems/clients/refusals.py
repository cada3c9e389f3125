"""Parameters that an endpoint refuses: learnt from its complaint, remembered, never hard-coded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from core.systems.failures import AskError

IGNORED = "ignored"
RENAMED = "renamed"
# What newer models of OpenAI call it; their complaint about the old name says so.
_NEW_NAMES = {"max_tokens": "max_completion_tokens"}
# Everyday words: only a complaint that marks them as a parameter's name counts.
_EVERYDAY = {"stop", "seed"}
_MARK = r"(?:['\"`]|(?:parameter|argument|field|supplied|body)s?[:.]?\s*)"


class Refusals:
    """What one endpoint takes.

    Attributes:
        ignored: Parameters that are left out from now on.
    """

    def __init__(
        self, learned: Mapping[str, Any], on_learn: Callable[[dict[str, Any]], None]
    ) -> None:
        self.ignored: set[str] = set(learned.get(IGNORED, ()))
        self._renamed: dict[str, str] = dict(learned.get(RENAMED, {}))
        self._on_learn = on_learn

    def accepted(self, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """Gives what is sent of the wanted parameters, and what is ignored of them."""
        sent = {
            self._renamed.get(name, name): value
            for name, value in wanted.items()
            if name not in self.ignored
        }
        # Whether the endpoint counts tokens is nothing that the user asked for.
        return sent, (self.ignored & set(wanted)) - {"stream_options"}

    def learn_from(self, error: AskError, sent: Mapping[str, Any]) -> bool:
        """Tells whether a complaint names a parameter that was sent; it is dropped then."""
        # A prompt that is too long says nothing of what the endpoint takes.
        if error.status not in (400, 422) or error.kind != "request":
            return False
        name = named_parameter(error.said, sent)
        if not name:
            return False
        new_name = _NEW_NAMES.get(name)
        if new_name and new_name in error.said:
            self._renamed[name] = new_name
        else:
            old = next((old for old, new in self._renamed.items() if new == name), name)
            self.ignored.add(old)
        self._on_learn({IGNORED: sorted(self.ignored), RENAMED: dict(self._renamed)})
        return True


def named_parameter(complaint: str, sent: Mapping[str, Any]) -> str:
    """Gives the parameter that a complaint names first, of those that were sent; "" if none."""
    places = {}
    for name in sent:
        mark = _MARK if name in _EVERYDAY else ""
        found = re.search(rf"{mark}(?<!\w){re.escape(name)}(?!\w)", complaint)
        if found:
            places[name] = found.start()
    return min(places, key=lambda name: places[name]) if places else ""
