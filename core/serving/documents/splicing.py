"""A text file of which only the translated stretches change; all else stays as it is, by bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.serving.documents.decoding import DecodedText
from core.serving.documents.units import Units

_LINE_ENDS = re.compile("[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Slot:
    """A stretch of text in a `SplicedText`.

    Attributes:
        index: Which piece of the file it is.
        text: What it says, without the escapes of the format.
        escape: Gives a new text as it has to stand in the file.
    """

    index: int
    text: str
    escape: Callable[[str], str]


def as_is(text: str) -> str:
    """Gives `text` unchanged: the escape of a format that needs none."""
    return text


def one_line(text: str) -> str:
    """Gives `text` with a space for its line ends, for formats where they mean something."""
    return _LINE_ENDS.sub(" ", text)


class SplicedText:
    """A document kept as pieces of its text; see `Document` for `texts` and `write`.

    The reader of a format calls `keep`, `slot` and `unit` in the order of the file.
    """

    def __init__(self, name: str, file: DecodedText) -> None:
        self._file = file
        self._pieces: list[str] = []
        self._units: Units[Slot] = Units(name)
        self._dropped: dict[int, Sequence[int]] = {}
        self.texts = self._units.texts

    def keep(self, raw: str) -> int:
        """Adds a piece that stays as it is; gives its index."""
        self._pieces.append(raw)
        return len(self._pieces) - 1

    def slot(self, raw: str, text: str, escape: Callable[[str], str]) -> Slot:
        """Adds a piece that says `text`; it is translated once it is part of a `unit`."""
        return Slot(self.keep(raw), text, escape)

    def unit(
        self,
        slots: Sequence[Slot],
        *,
        is_flowing: bool = False,
        drop_if_plain: Sequence[int] = (),
    ) -> None:
        """Adds a unit of the given slots; see `Units.add`.

        Args:
            slots: What is translated together.
            is_flowing: Whether a line break is no more than a space.
            drop_if_plain: Pieces, by index, that go if the translation has lost its marks.

        Raises:
            DataError: The document has too many units.
        """
        self._units.add([(slot, slot.text) for slot in slots], is_flowing=is_flowing)
        self._dropped.update((slot.index, drop_if_plain) for slot in slots if drop_if_plain)

    def write(self, translations: Sequence[str]) -> bytes:
        """Gives the whole file with `translations` in place of `texts`."""
        pieces = list(self._pieces)
        for slot, text, is_plain in self._units.filled(translations):
            if text != slot.text:
                pieces[slot.index] = slot.escape(text)
            for index in self._dropped.get(slot.index, ()) if is_plain else ():
                pieces[index] = ""
        return self._file.encoded("".join(pieces))
