"""Texts as leak checks compare them."""

from __future__ import annotations

import unicodedata


class _Words(dict[int, str]):
    """What `str.translate` asks for each character: letters, digits and their marks stay.

    Regular expressions will not do: to them the vowel signs of Devanagari are no word characters.
    """

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        kind = unicodedata.category(letter)
        if kind == "Cf" or 0xFE00 <= code <= 0xFE0F:
            self[code] = ""  # joiners and variation selectors are invisible
        else:
            self[code] = letter if kind[0] in "LN" or kind in ("Mn", "Mc") else " "
        return self[code]


_WORDS = _Words()

# Text in the letters of Western Europe, with its quotes and dashes, is translated as bytes: that
# takes less than half the time. The soft hyphen is the one invisible character among them.
_WESTERN = "cp1252"
_INVISIBLE = b"\xad"


def _western_words(is_folded: bool) -> bytes:
    """Gives what becomes of each byte; a table for text that is not folded folds A to Z, too."""
    table = bytearray()
    for code in range(256):
        letter = bytes([code]).decode(_WESTERN, "replace")
        kept = _WORDS[ord(letter)] or " "
        table += (kept if is_folded else kept.lower()).encode(_WESTERN)
    return bytes(table)


_FOLDED = _western_words(is_folded=True)
_ASCII = _western_words(is_folded=False)[:128] + bytes(range(128, 256))


def normalised(text: str) -> str:
    """Gives a text as leak checks see it: case, spacing and punctuation do not count."""
    if text.isascii():
        words = b" ".join(text.encode("ascii").translate(_ASCII).split()).decode("ascii")
        return words or text.lower().strip()
    folded = unicodedata.normalize("NFKC", text).casefold()
    try:
        coded = folded.encode(_WESTERN)
    except UnicodeEncodeError:
        return _normalised_by_character(folded)
    words = b" ".join(coded.translate(_FOLDED, _INVISIBLE).split()).decode(_WESTERN)
    return words or folded.strip()


def _normalised_by_character(folded: str) -> str:
    """Gives the same for a folded text of any script."""
    words = " ".join(folded.translate(_WORDS).split())
    # A text of symbols alone, such as emoji, is compared as it stands.
    return words if any(map(str.isalnum, words)) else folded.strip()
