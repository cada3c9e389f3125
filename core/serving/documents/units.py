"""Units of translation: stretches of text with a mark for the inline markup between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Generic, TypeVar

from core.errors import DataError
from core.serving.documents.document import MARK_FIRST, MARK_LAST

MAX_UNITS = 100_000

# A paragraph with more inline markup than this is cut into several units: no translation would
# keep so many marks, and there are only 6400 private-use characters.
_MAX_SLOTS = 200

_WHITE_SPACE = re.compile(r"[ \t\r\n\f]+")
# What XML forbids and no text needs; a lone surrogate cannot be encoded at all.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")

Place = TypeVar("Place")


class Units(Generic[Place]):
    """The units of one document; a `Place` says where in it a stretch of text lies.

    Attributes:
        texts: What is translated, in order.
    """

    def __init__(self, name: str) -> None:
        self.texts: list[str] = []
        self._units: list[_Unit[Place]] = []
        self._name = name

    def add(self, slots: Sequence[tuple[Place, str]], *, is_flowing: bool = False) -> None:
        """Adds a paragraph: its stretches of text in order, with markup between any two.

        Args:
            slots: Where each stretch lies, and its text.
            is_flowing: Whether a line break is no more than a space, as in HTML.

        Raises:
            DataError: The document has more than `MAX_UNITS` units.
        """
        for start in range(0, len(slots), _MAX_SLOTS):
            unit = _unit(slots[start : start + _MAX_SLOTS], is_flowing)
            if unit is None:
                continue
            if len(self.texts) == MAX_UNITS:
                raise DataError(
                    f"'{self._name}' has more than {MAX_UNITS:,} pieces of text.",
                    hint="Split it into several files.",
                )
            self.texts.append(unit.text)
            self._units.append(unit)

    def filled(self, translations: Sequence[str]) -> Iterator[tuple[Place, str, bool]]:
        """Gives every place with its new text, and whether the unit has lost its marks.

        Where nothing changed, the new text is the old one.

        Args:
            translations: Parallel to `texts`.
        """
        for unit, translation in zip(self._units, translations, strict=True):
            is_plain = not unit.has_marks(translation)
            for place, text in zip(unit.places, unit.slots_of(translation), strict=True):
                yield place, text, is_plain


@dataclass(frozen=True)
class _Unit(Generic[Place]):
    places: tuple[Place, ...]
    originals: tuple[str, ...]
    text: str
    parts: tuple[str, ...]  # of `text`, parallel to `places`, as are the originals
    marks: str

    def slots_of(self, translation: str) -> tuple[str, ...]:
        new = _clean(translation).strip()
        if translation == self.text or not self._plain(new).strip():
            return self.originals
        parts = self._parts(new)
        slots = [
            original if part == old else part
            for part, old, original in zip(parts, self.parts, self.originals, strict=True)
        ]
        slots[0] = _lead(self.originals[0]) + slots[0].lstrip()
        slots[-1] = slots[-1].rstrip() + _trail(self.originals[-1])
        return tuple(slots)

    def has_marks(self, translation: str) -> bool:
        found = "".join(char for char in translation if char in self.marks)
        return found == self.marks or not self._plain(translation).strip()

    def _parts(self, translation: str) -> list[str]:
        if self.has_marks(translation):
            return re.split(f"[{self.marks}]", translation) if self.marks else [translation]
        return [self._plain(translation), *[""] * len(self.marks)]

    def _plain(self, translation: str) -> str:
        return translation.translate(dict.fromkeys(map(ord, self.marks)))


def _unit(slots: Sequence[tuple[Place, str]], is_flowing: bool) -> _Unit[Place] | None:
    filled = [index for index, (_, text) in enumerate(slots) if text.strip()]
    if not any(char.isalpha() for _, text in slots for char in text):
        return None
    # Markup around the whole unit is not offered: the less of it, the better the translation.
    slots = slots[filled[0] : filled[-1] + 1]
    originals = tuple(text for _, text in slots)
    parts = [_SURROGATE.sub("\ufffd", text) for text in originals]
    if is_flowing:
        parts = [_WHITE_SPACE.sub(" ", part) for part in parts]
    parts[0] = parts[0].lstrip()
    parts[-1] = parts[-1].rstrip()
    marks = _free_marks("".join(parts), len(parts) - 1)
    if len(marks) < len(parts) - 1:
        return None
    text = "".join(part + mark for part, mark in zip_longest(parts, marks, fillvalue=""))
    return _Unit(tuple(place for place, _ in slots), originals, text, tuple(parts), marks)


def _free_marks(text: str, num_marks: int) -> str:
    """Gives marks that the text does not hold; fewer only for a text made of private-use ones."""
    taken = set(text)
    free = (chr(code) for code in range(MARK_FIRST, MARK_LAST + 1))
    return "".join(char for _, char in zip(range(num_marks), _not_in(free, taken), strict=False))


def _not_in(chars: Iterator[str], taken: set[str]) -> Iterator[str]:
    return (char for char in chars if char not in taken)


def _clean(text: str) -> str:
    return _SURROGATE.sub("\ufffd", _FORBIDDEN.sub("", text))


def _lead(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _trail(text: str) -> str:
    return text[len(text.rstrip()) :]
