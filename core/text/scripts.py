"""How much of a text is in another script than its language is written in."""

from __future__ import annotations

from functools import cache

import regex  # type: ignore[import-untyped]

from core.languages import language

# Unicode's names of scripts for what a code of FLORES-200 calls one; the others are the same.
_SCRIPTS = {
    "Hang": ("Hang", "Hani"),
    "Hans": ("Hani", "Bopo"),
    "Hant": ("Hani", "Bopo"),
    "Jpan": ("Hani", "Hira", "Kana"),
}

# Signs that many scripts share, such as the long-vowel sign of kana, tell nothing.
_SHARED = r"\p{Script=Common}\p{Script=Inherited}"


def foreign_share(text: str, lang: str) -> float | None:
    """Gives the share of letters that the script of a language does not have, 0 to 1.

    Vowel signs of a script count as its letters. Simplified and traditional Chinese are one script
    here.

    Args:
        text: Any text; without placeholders, tags, links and addresses, as `without_spans` gives
            it, lest their letters count.
        lang: FLORES-200 code.

    Returns:
        None if the text has no letters.

    Raises:
        ConfigError: `lang` is no FLORES-200 code.
    """
    letters, foreign = _patterns(language(lang).code.partition("_")[2])
    num_letters = len(letters.findall(text))
    return len(foreign.findall(text)) / num_letters if num_letters else None


@cache
def _patterns(script: str) -> tuple[regex.Pattern[str], regex.Pattern[str]]:
    """Gives what finds a letter, and what finds a letter of other scripts."""
    own = "".join(rf"\p{{Script={name}}}" for name in _SCRIPTS.get(script, (script,)))
    return (
        regex.compile(rf"[\p{{L}}\p{{M}}--[{_SHARED}]]", regex.VERSION1),
        regex.compile(rf"[\p{{L}}\p{{M}}--[{_SHARED}{own}]]", regex.VERSION1),
    )
