"""The sentences of the rater's pages in the rater's language; a file a language, in `messages`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from core.languages import language_name

FOLDER: Final = Path(__file__).with_name("messages")
FALLBACK: Final = "eng_Latn"
_PLACE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Wording:
    """The messages of one language, with English ones where it has none.

    Attributes:
        code: FLORES-200 code.
        messages: Sentences by key; `{name}` in them is a place for a value.
    """

    code: str
    messages: Mapping[str, str]

    def t(self, key: str, **values: object) -> str:
        """Gives the sentence of a key with its values; a key without one gives itself."""
        # In one go: a value is shown as it is, also where it looks like a place for another one.
        return _PLACE.sub(
            lambda found: str(values.get(found[1], found[0])), self.messages.get(key, key)
        )

    def beginning(self, prefix: str) -> dict[str, str]:
        """Gives the messages whose keys begin so, by what follows of their keys."""
        return dict(_beginning(self.code, prefix))

    def language(self, code: str) -> str:
        """Gives what a language (FLORES-200) is called; "" where a file does not tell which."""
        return self.messages.get(f"language.{code}", language_name(code)) if code else ""

    def severity(self, name: str) -> str:
        """Gives what raters call a severity; one of an own typology is called as it is."""
        return self.messages.get(f"severity.{name}", name)

    def dimension(self, category: str) -> str:
        """Gives what raters call the dimension of a category such as `Accuracy/Omission`."""
        dimension = category.partition("/")[0]
        return self.messages.get(f"dimension.{dimension}", dimension)

    def category(self, name: str) -> str:
        """Gives what raters call a category, without its dimension."""
        dimension, _, subtype = name.partition("/")
        return self.messages.get(f"category.{name}", subtype or dimension)


def wording(code: str) -> Wording:
    """Gives the messages in a language; those in English where there is no file of it."""
    return _wording(code if code in interface_languages() else FALLBACK)


@cache
def interface_languages() -> dict[str, str]:
    """Gives the languages that have a file, English first: what each calls itself, by code."""
    codes = sorted(path.stem for path in FOLDER.glob("*.json"))
    codes.sort(key=lambda code: code != FALLBACK)
    return {code: _file(code).get("language", code) for code in codes}


@cache
def _wording(code: str) -> Wording:
    return Wording(code, {**_file(FALLBACK), **_file(code)})


@cache
def _beginning(code: str, prefix: str) -> Mapping[str, str]:
    return {
        key.removeprefix(prefix): sentence
        for key, sentence in _wording(code).messages.items()
        if key.startswith(prefix)
    }


@cache
def _file(code: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((FOLDER / f"{code}.json").read_text(encoding="utf-8"))
    return found
