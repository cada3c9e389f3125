"""The FLORES-200 languages and further ones: their names, and what families of models call them.

`flores200.tsv` holds the first, `further_languages.tsv` the others. Everywhere else in the program
a language is its FLORES-200 code, such as `gle_Latn`; a further language has a code of the same
form: ISO 639-3, and ISO 15924 for the script, such as `cor_Latn`. All other codes are only used at
the border to a model.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import ConfigError

_TABLE = Path(__file__).with_name("flores200.tsv")
_FURTHER_TABLE = Path(__file__).with_name("further_languages.tsv")

# Scripts whose letters have the bidirectional class R or AL (UAX #9). Tifinagh (Tfng) is not among
# them: Unicode gives its letters class L.
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"Arab", "Hebr", "Nkoo", "Syrc", "Thaa"})

_MAX_SUGGESTIONS = 3


@dataclass(frozen=True)
class Language:
    """One language in one script, as FLORES-200 and NLLB count them.

    A code of M2M100 or mBART-50 belongs to one language here, the one its family writes: 'zh' is
    Chinese (Simplified), 'ar' is Modern Standard Arabic.

    Attributes:
        code: FLORES-200 code in NLLB's spelling, for example `gle_Latn`; a further language's is
            formed in the same way.
        name: Unique English name, with the script where one language is written in two.
        m2m100: Code of M2M100; empty if that family does not know the language.
        mbart50: Code of mBART-50; empty if that family does not know the language.
        iso: ISO 639-1 code, else ISO 639-3, as in the names of OPUS-MT models and, with few
            exceptions, MADLAD's `<2xx>` tokens. Two scripts of one language share it.
    """

    code: str
    name: str
    m2m100: str
    mbart50: str
    iso: str


@cache
def all_languages() -> tuple[Language, ...]:
    """Gives the 202 languages of FLORES-200, sorted by name."""
    return _read(_TABLE)


@cache
def further_languages() -> tuple[Language, ...]:
    """Gives languages that FLORES-200 lacks, sorted by name.

    No table can hold all 7,000; these are ones that people build machine translation for. NLLB
    knows none of them: a run teaches it one (`core.finetune.new_languages`).
    """
    return _read(_FURTHER_TABLE)


@cache
def selectable_languages() -> tuple[Language, ...]:
    """Gives every language that can be chosen: FLORES-200's first, then the further ones."""
    return (*all_languages(), *further_languages())


def _read(table: Path) -> tuple[Language, ...]:
    rows = table.read_text(encoding="utf-8").splitlines()[1:]
    languages = (Language(*row.split("\t")) for row in rows)
    return tuple(sorted(languages, key=lambda item: item.name))


def language(code: str) -> Language:
    """Gives the language with the code `code`.

    Raises:
        ConfigError: `code` is neither FLORES-200's nor a further language's; the hint names the
            nearest ones.
    """
    try:
        return _languages_by_code()[code]
    except KeyError:
        raise ConfigError(
            f"'{code}' is not a FLORES-200 language code.", hint=_hint(code)
        ) from None


def language_name(code: str) -> str:
    """Gives the English name of the language with the FLORES-200 code `code`.

    Raises:
        ConfigError: `code` is no FLORES-200 code.
    """
    return language(code).name


def is_right_to_left(code: str) -> bool:
    """Tells whether the language is written from right to left.

    Raises:
        ConfigError: `code` is no FLORES-200 code.
    """
    return _script(language(code)) in _RIGHT_TO_LEFT_SCRIPTS


def html_tag(code: str) -> str:
    """Gives the BCP 47 tag for the `lang` attribute of HTML, for example `ga` or `zh-Hans`.

    The script is part of the tag only where FLORES-200 has the language in two scripts: BCP 47
    advises against subtags that distinguish nothing (RFC 5646, section 4.1).

    Raises:
        ConfigError: `code` is no FLORES-200 code.
    """
    found = language(code)
    if found.iso in _isos_with_two_scripts():
        return f"{found.iso}-{_script(found)}"
    return found.iso


@cache
def _languages_by_code() -> dict[str, Language]:
    return {item.code: item for item in selectable_languages()}


@cache
def _isos_with_two_scripts() -> frozenset[str]:
    isos = [item.iso for item in selectable_languages()]
    return frozenset(iso for iso in isos if isos.count(iso) > 1)


def _script(item: Language) -> str:
    return item.code.partition("_")[2]


def _hint(code: str) -> str:
    nearest = _nearest(code)
    if not nearest:
        return "Choose one from the list of languages, such as 'eng_Latn' for English."
    *others, last = [f"{item.code} ({item.name})" for item in nearest]
    return f"Did you mean {', '.join(others)} or {last}?" if others else f"Did you mean {last}?"


def _nearest(text: str) -> list[Language]:
    """Gives up to three languages that `text` may mean: exact finds, else similar spellings."""
    owners = _owners_of_search_keys()
    wanted = text.strip().casefold()
    # The part before the separator finds locales ('ga-IE') and wrong scripts ('gle_Hans').
    for key in (wanted, re.split("[-_]", wanted)[0]):
        if key in owners:
            return owners[key][:_MAX_SUGGESTIONS]
    similar = difflib.get_close_matches(wanted, owners, n=4 * _MAX_SUGGESTIONS)
    found = dict.fromkeys(item for key in similar for item in owners[key])
    return list(found)[:_MAX_SUGGESTIONS]


@cache
def _owners_of_search_keys() -> dict[str, list[Language]]:
    """Maps each code, name and word of a name, in lower case, to its languages."""
    owners: dict[str, list[Language]] = {}
    for item in sorted(selectable_languages(), key=_how_likely):
        without_script = item.name.split(" (")[0]
        codes = {item.code, item.code.partition("_")[0], item.iso, item.m2m100, item.mbart50}
        names = {item.name, without_script, *without_script.split()}
        is_further = item not in all_languages()
        for key in {text.casefold() for text in codes | names if text}:
            # 'ga' means Irish; the language Ga is found by 'gaa'.
            if not (is_further and key in owners):
                owners.setdefault(key, []).append(item)
    return owners


def _how_likely(item: Language) -> tuple[bool, int, str]:
    """Orders languages: FLORES-200's first, and of these the one that most people mean.

    A short code marks it: 'Arabic' gives 'ar' before 'acm'.
    """
    return item not in all_languages(), len(item.iso), item.name
