"""Checks of one side by itself: nothing to see, hardly letters, damaged characters, the script."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterator
from functools import cache

from core.corpora.doctor.batch import SIDES, Batch, Mark, rows_with
from core.text.scripts import foreign_share

# Letters by their category that show nothing: fillers of Hangul, blank Braille, joiners of marks.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

_ASCII_LETTERS = string.ascii_letters.encode()


def is_blank_text(text: str) -> bool:
    """Tells whether nothing of a text can be seen."""
    stripped = text.strip()
    if not stripped or (stripped[0].isalnum() and stripped[0] not in _UNSEEN):
        return not stripped
    return all(map(_is_unseen, stripped))


def control(batch: Batch) -> Iterator[Mark]:
    """Finds control characters but tabs and line feeds, private, unassigned and lost ones."""
    for side, chars, texts in zip(SIDES, batch.characters, batch.sides, strict=True):
        bad = {char for char in chars - _good_chars() if not _is_good(char)}
        for row in rows_with(bad, texts):
            named = ", ".join(f"U+{ord(char):04X}" for char in sorted(bad & set(texts[row]))[:3])
            yield row, f"{side} holds {named}"


def without_controls(text: str) -> str:
    """Gives a text without what `control` finds, except the sign for a lost character."""
    if set(text) <= _good_chars():
        return text
    return "".join(char for char in text if char == "\ufffd" or _is_good(char))


def mojibake(batch: Batch) -> Iterator[Mark]:
    """Finds sides with places that look as if they were read in a wrong encoding."""
    from ftfy.badness import badness

    for side, chars, texts in zip(SIDES, batch.characters, batch.sides, strict=True):
        for row in rows_with(set(filter(_may_be_garbled, chars)), texts):
            count = badness(texts[row])
            if count >= batch.settings.min_badness:
                places = "place" if count == 1 else "places"
                yield row, f"{side} looks garbled in {count} {places}"


def punctuation(batch: Batch) -> Iterator[Mark]:
    """Finds sides with too few letters among the visible characters, links and tags aside."""
    least = batch.settings.min_letter_share
    for row, texts in enumerate(zip(*batch.plain, strict=True)):
        for side, text in zip(SIDES, texts, strict=True):
            # Marks such as vowel signs, which need a slower look, only add to the letters, and
            # so do letters other than A to Z, which are counted in a tenth of the time.
            needed = least * len(text)
            if _num_ascii_letters(text) < needed and sum(map(str.isalpha, text)) < needed:
                share = _letter_share(text)
                if share < least:
                    yield row, f"{share:.0%} of the {side} are letters"


def wrong_script(batch: Batch) -> Iterator[Mark]:
    """Finds sides with too many letters that the script of the language does not have."""
    limit, least = batch.settings.max_foreign_share, batch.settings.script_min_letters
    sides = zip(SIDES, batch.langs, batch.characters, batch.plain, strict=True)
    for side, lang, chars, texts in sides:
        for row in rows_with(_foreign(chars - _own_chars(lang), lang), texts):
            text = texts[row]
            share = foreign_share(text, lang) or 0.0
            if share > limit and sum(map(_is_letter, text)) >= least:
                yield row, f"{share:.0%} of the letters of the {side} are of another script"


def _num_ascii_letters(text: str) -> int:
    coded = text.encode("ascii", "ignore")
    return len(coded) - len(coded.translate(None, _ASCII_LETTERS))


def _is_unseen(char: str) -> bool:
    return char in _UNSEEN or unicodedata.category(char) in ("Zs", "Zl", "Zp", "Cc", "Cf")


@cache
def _good_chars() -> set[str]:
    """Gives the characters found to be good so far: a set grows, which only saves work."""
    return set("\t\n")


def _is_good(char: str) -> bool:
    is_good = char in "\t\n" or not (
        unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn") or char == "\ufffd"
    )
    if is_good:
        _good_chars().add(char)
    return is_good


@cache
def _may_be_garbled(char: str) -> bool:
    """Tells whether a place that `badness` counts may have this character alone to show for it.

    Every such place has a character that is neither ASCII nor a letter but one of a few; to look
    for it takes a tenth of the time.
    """
    is_letter = unicodedata.category(char) in ("Ll", "Lo", "Mn", "Mc") and char not in "ªºƒµœ"
    return not (char.isascii() or is_letter)


def _letter_share(text: str) -> float:
    """Gives the share of letters and their marks among visible characters; 1 without any."""
    visible = [char for char in text if not _is_unseen(char)]
    return sum(map(_is_letter, visible)) / len(visible) if visible else 1.0


def _is_letter(char: str) -> bool:
    return char.isalpha() or unicodedata.category(char)[0] == "M"


@cache
def _own_chars(lang: str) -> set[str]:
    """Gives the characters found so far not to be foreign to a language."""
    return set()


def _foreign(chars: set[str], lang: str) -> set[str]:
    """Gives those characters that are letters of another script; remembers the others."""
    foreign = {char for char in chars if foreign_share(char, lang)}
    _own_chars(lang).update(chars - foreign)
    return foreign
