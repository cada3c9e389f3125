"""Tags by which other tools, browsers and files name languages, and the codes they mean."""

from __future__ import annotations

from functools import cache

from core.languages import language, selectable_languages

# What is said for a language that ISO 639 and M2M100 know under another name.
ALIASES = {
    "zt": "zho_Hant",
    "zh-tw": "zho_Hant",
    "zh-hk": "zho_Hant",
    "zh-mo": "zho_Hant",
    "nb": "nob_Latn",
    "no": "nob_Latn",
    "iw": "heb_Hebr",
    "in": "ind_Latn",
    "fil": "tgl_Latn",
}
# In files a tag names what is written there: WMT's country, Appraise's English.
_IN_FILES = ALIASES | {"ar-eg": "arz_Arab", "enu": "eng_Latn"}


def flores_code(tag: str) -> str:
    """Gives the FLORES-200 code for a tag of a file, such as `cs`, `cs-CZ`, `zh_Hant` or `gle`.

    Empty where FLORES-200 does not have the language in the script that the tag names, or the tag
    does not say which of several it is.
    """
    language_part, *others = tag.strip().replace("_", "-").split("-")
    scripts = [part.title() for part in others if len(part) == 4 and part.isalpha()]
    name = language_part.lower()
    special = _IN_FILES.get("-".join([name, *(part.lower() for part in others)]))
    if special:
        return special
    found = _codes().get(name, [])
    if scripts:
        found = [code for code in found if code.endswith(scripts[0])]
    elif found and language(found[0]).m2m100 == name:
        found = found[:1]  # one language is usually meant: `zh` is simplified Chinese
    return found[0] if len(found) == 1 else ""


@cache
def _codes() -> dict[str, list[str]]:
    """Maps ISO 639 codes to FLORES-200 codes; those that M2M100 calls so stand first."""
    found: dict[str, list[str]] = {}
    for item in sorted(selectable_languages(), key=lambda item: not item.m2m100):
        for name in dict.fromkeys((item.m2m100, item.iso, item.code.partition("_")[0])):
            if name:
                found.setdefault(name, []).append(item.code)
    return found
