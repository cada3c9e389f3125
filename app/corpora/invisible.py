"""What one cannot see in a text, made visible: spaces, line breaks, joiners, direction marks."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass

# What looks like nothing and is counted among letters or marks.
_UNSEEN = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0", "\u2800"}
_VARIATION_SELECTORS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))

# Signs that people know from text editors; a line break also breaks the line.
_SIGNS = {" ": "·", "\t": "⇥\t", "\n": "¶\n", "\u2028": "⟨LS⟩\n", "\u2029": "⟨PS⟩\n"}

# Usual short names of what has no usual sign.
_SHORT = {
    0x000D: "CR",
    0x00A0: "NBSP",
    0x00AD: "SHY",
    0x200B: "ZWSP",
    0x200C: "ZWNJ",
    0x200D: "ZWJ",
    0x200E: "LRM",
    0x200F: "RLM",
    0x202F: "NNBSP",
    0x2060: "WJ",
    0xFEFF: "BOM",
}
_CONTROLS = {0x00: "NULL", 0x09: "TABULATION", 0x0A: "LINE FEED", 0x0D: "CARRIAGE RETURN"}


@dataclass(frozen=True)
class Character:
    """A character that one does not see as it is.

    Attributes:
        code: Its code point, as `U+200D`.
        name: Its name in Unicode.
        count: How often it stands in the text.
    """

    code: str
    name: str
    count: int


def is_invisible(char: str) -> bool:
    """Tells whether a character shows nothing, or nothing by itself; the plain space does not."""
    if char in _UNSEEN or any(ord(char) in codes for codes in _VARIATION_SELECTORS):
        return True
    kind = unicodedata.category(char)
    return char != " " and (kind[0] in "ZC")


def made_visible(text: str) -> str:
    """Gives the text with a sign for each character that cannot be seen, and for each space."""
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char in _SIGNS:
        return _SIGNS[char]
    return f"⟨{_SHORT.get(ord(char), code_point(char))}⟩" if is_invisible(char) else char


def code_point(char: str) -> str:
    """Gives the code point of a character, as `U+00E9`."""
    return f"U+{ord(char):04X}"


def character_name(char: str) -> str:
    """Gives the name of a character in capitals; controls have none of their own in Unicode."""
    return unicodedata.name(char, "") or _CONTROLS.get(ord(char), "no name")


def hidden_characters(text: str) -> list[Character]:
    """Gives the characters that cannot be seen or that sit on others, the most frequent first."""
    found = Counter(
        char for char in text if is_invisible(char) or unicodedata.category(char)[0] == "M"
    )
    return [
        Character(code_point(char), character_name(char), count)
        for char, count in found.most_common()
    ]
