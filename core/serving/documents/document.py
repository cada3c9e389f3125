"""What every document offers, and the uploaded file that it is read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

# Private-use characters that stand for inline markup, one for what lies between two stretches of
# text. They mean nothing in Unicode, so that no text is likely to hold them.
MARK_FIRST, MARK_LAST = 0xE000, 0xF8FF


class Document(Protocol):
    """A file that was read for translation.

    Attributes:
        texts: Units to translate, in order. A unit has a letter, no white space at its ends, and a
            private-use character (`MARK_FIRST` to `MARK_LAST`) wherever inline markup stands.
    """

    texts: list[str]

    def write(self, translations: Sequence[str]) -> bytes:
        """Gives the whole file with `translations` in place of `texts`; parallel to them.

        A translation should hold the marks of its unit once each, in order. One that does not goes
        in as plain text, before the markup of its unit; an empty one leaves the unit as it was.
        """
        ...


@dataclass(frozen=True)
class Upload:
    """An uploaded file.

    Attributes:
        name: Cleaned name for messages, without folders.
        data: Its bytes.
        src_lang: FLORES-200 code of its language.
        tgt_lang: FLORES-200 code of the language it is translated into.
    """

    name: str
    data: bytes
    src_lang: str
    tgt_lang: str
