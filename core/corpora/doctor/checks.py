"""The checks of the data doctor: their names, their order, and the bit of each in a mask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that can be wrong with a pair, and a reason to leave it out.

    Attributes:
        key: Its name in settings, findings and files.
        label: Its name for people.
        description: What a flagged pair looks like, in one sentence.
    """

    key: str
    label: str
    description: str


# In the order in which they are shown; files name what their bits stand for.
_CHECKS = (
    Check("empty", "Empty side", "A side is blank or has only invisible characters."),
    Check("identical", "Source = target", "Both sides say the same, so nothing was translated."),
    Check("duplicate", "Duplicate", "The very same pair stands further up in the split."),
    Check(
        "near_duplicate",
        "Duplicate but for its form",
        "The same pair stands further up with other case, spacing or punctuation.",
    ),
    Check(
        "many_targets",
        "One source, many targets",
        "The source has many different targets; the first ones stay.",
    ),
    Check(
        "many_sources",
        "One target, many sources",
        "The target has many different sources; the first ones stay.",
    ),
    Check(
        "length_ratio",
        "Length ratio",
        "One side is far longer than is usual in this corpus for the other.",
    ),
    Check("too_long", "Too long", "A side has more characters than a model can learn from."),
    Check("wrong_script", "Wrong script", "Letters that the script of the language does not have."),
    Check(
        "wrong_language",
        "Wrong language",
        "A side is likelier in another language, or the two sides are swapped.",
    ),
    Check("markup", "Tags differ", "The sides do not hold the same tags."),
    Check("placeholders", "Placeholders differ", "The sides do not hold the same placeholders."),
    Check("urls", "Links differ", "The sides do not hold the same links and e-mail addresses."),
    Check("numbers", "Numbers differ", "A number stands on one side only."),
    Check(
        "control",
        "Control characters",
        "Control, private or unassigned characters, or the sign for a lost one.",
    ),
    Check("mojibake", "Garbled encoding", "Text was read in a wrong encoding, as in “cafÃ©”."),
    Check(
        "misaligned",
        "Misaligned stretch",
        "From here on, the sides fit better a few rows apart, as after a lost line.",
    ),
    Check("punctuation", "Hardly any letters", "Mostly punctuation, symbols or digits."),
    Check(
        "boilerplate",
        "Boilerplate",
        "A side occurs very often, numbers aside; the first ones stay.",
    ),
)

# Why rows are left out before they are checked: reasons without a switch.
_OTHERS = (
    Check("no_translation", "No translation", "The file has no translation for the segment."),
    Check("leak", "Leak", "A held-out segment stands in it: exactly, in another form, or nearly."),
)

CHECKS: dict[str, Check] = {check.key: check for check in _CHECKS}
REASONS: dict[str, Check] = {check.key: check for check in (*_CHECKS, *_OTHERS)}
BITS: dict[str, int] = {key: 1 << place for place, key in enumerate(REASONS)}


def mask_of(keys: Iterable[str]) -> int:
    """Gives the mask in which the bits of these reasons are set.

    Raises:
        KeyError: There is no such reason.
    """
    mask = 0
    for key in keys:
        mask |= BITS[key]
    return mask
