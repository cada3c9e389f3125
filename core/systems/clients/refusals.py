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
# Of a parameter that it takes: the user should hear of it, and nothing is to be remembered.
_WRONG_VALUE = re.compile(
    r"too (?:large|small|high|low|big|long|many)|out of range|\b(?:min|max)imum\b"
    r"|(?:less|greater|smaller|larger|higher|lower|more) than|at (?:least|most)\b"
    r"|must be (?:between|in the range|positive|non-?negative|[<>])",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"(?<!\\)['\"`]")
_MAX_QUOTED = 40  # characters; longer ones are no names, but the prompt, which may say anything
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
        said = without_quoted_texts(error.said)
        name = error.param if error.param in sent else ""
        if not error.param:
            name = named_parameter(said, sent)
        if not name or _WRONG_VALUE.search(said):
            return False
        new_name = _NEW_NAMES.get(name)
        if new_name and new_name in said:
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


def without_quoted_texts(complaint: str) -> str:
    """Gives a complaint without long quotations; an apostrophe in a word begins none."""
    kept, start, mark = [], 0, ""
    for quote in _QUOTE.finditer(complaint):
        at, after = quote.start(), quote.end()
        if not mark and not (at and _is_of_word(complaint[at - 1])):
            kept.append(complaint[start:at])
            start, mark = at, quote[0]
        elif mark == quote[0] and not _is_of_word(complaint[after : after + 1]):
            kept.append(complaint[start:after] if after - start <= _MAX_QUOTED + 2 else " ")
            start, mark = after, ""
    if not mark or len(complaint) - start <= _MAX_QUOTED:
        kept.append(complaint[start:])
    return "".join(kept)


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char == "_"
