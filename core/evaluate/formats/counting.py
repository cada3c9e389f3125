"""What is counted openly in uploaded texts, because it can surprise whoever reads the scores."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from core.evaluate.formats.upload import Upload, labelled_texts

MAX_NUMBERS_SHOWN = 3

# What other programs take for the end of a line (str.splitlines); a line feed only from JSON.
INNER_LINE_BREAK = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def notes_on(upload: Upload) -> tuple[str, ...]:
    """Gives a sentence for each kind of surprise in each text, with the first segments' numbers."""
    notes = []
    for label, texts in labelled_texts(upload):
        for is_so, words in _SURPRISES:
            numbers = [at + 1 for at, text in enumerate(texts) if is_so(text)]
            if numbers:
                notes.append(f"{label[0].upper()}{label[1:]}: {_counted(numbers)} {words}.")
    return tuple(notes)


def _counted(numbers: Sequence[int]) -> str:
    shown = ", ".join(f"{number}" for number in numbers[:MAX_NUMBERS_SHOWN])
    more = ", …" if len(numbers) > MAX_NUMBERS_SHOWN else ""
    plural = "s" if len(numbers) != 1 else ""
    return f"{len(numbers):,} segment{plural} ({shown}{more})"


def _is_missing(text: str | None) -> bool:
    return text is None


def _is_empty(text: str | None) -> bool:
    return text is not None and not text.strip()


def _has_inner_line_break(text: str | None) -> bool:
    return text is not None and INNER_LINE_BREAK.search(text) is not None


def _has_tab(text: str | None) -> bool:
    return text is not None and "\t" in text


def _is_not_nfc(text: str | None) -> bool:
    return text is not None and not unicodedata.is_normalized("NFC", text)


_SURPRISES: tuple[tuple[Callable[[str | None], bool], str], ...] = (
    (_is_missing, "without this reference, which another one has"),
    (_is_empty, "empty, kept and scored as such"),
    (_has_inner_line_break, "with a line break inside, kept as part of the text"),
    (_has_tab, "with a tab inside, kept as part of the text"),
    (_is_not_nfc, "not in Unicode's form NFC, in which equal characters are equal"),
)
