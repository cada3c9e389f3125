"""The language tags of WMT's files, and the FLORES-200 codes they mean."""

from __future__ import annotations

from functools import cache

from core.languages import all_languages, language

# What neither ISO 639 nor M2M100's codes tell.
_SPECIAL = {
    "zh-tw": "zho_Hant",
    "zh-hk": "zho_Hant",
    "zh-mo": "zho_Hant",
    "ar-eg": "arz_Arab",
    "nb": "nob_Latn",
    "fil": "tgl_Latn",
    "iw": "heb_Hebr",
}


def flores_code(tag: str) -> str:
    """Gives the FLORES-200 code for a tag such as `cs`, `cs-CZ`, `zh_Hant` or `gle`.

    Empty where FLORES-200 does not have the language in the script that the tag names, or the tag
    does not say which of several it is.
    """
    language_part, *others = tag.strip().replace("_", "-").split("-")
    scripts = [part.title() for part in others if len(part) == 4 and part.isalpha()]
    name = language_part.lower()
    special = _SPECIAL.get("-".join([name, *(part.lower() for part in others)]))
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
    for item in sorted(all_languages(), key=lambda item: not item.m2m100):
        for name in dict.fromkeys((item.m2m100, item.iso, item.code.partition("_")[0])):
            if name:
                found.setdefault(name, []).append(item.code)
    return found
