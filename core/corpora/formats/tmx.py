"""TMX: units of a translation memory, each with variants in several languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from core.corpora.formats.choice import Choice, is_meant, listed, named_language
from core.corpora.formats.files import InputFile
from core.corpora.formats.located import Located, located
from core.corpora.formats.xml_stream import XML_LANG, InlineText, local_name, units_of
from core.errors import DataError

DOCUMENT_PROPS = ("x-document", "x-filename")


class Unit(NamedTuple):
    """A translation unit.

    Attributes:
        texts: By `xml:lang` as the file writes it; of several variants in one the first.
        document: What its property `x-document` says, or "".
    """

    texts: dict[str, str]
    document: str


def tmx_units(file: InputFile, codec: str) -> Iterator[Unit]:
    """Gives the units of a file.

    Raises:
        DataError: It is no well-formed TMX; the sentence names the line.
    """
    return units_of(file, codec, _Units())


def rows_of_tmx(
    file: InputFile, codec: str, choice: Choice, src_lang: str, tgt_lang: str
) -> Iterator[Located]:
    """Gives a row a unit; one that lacks a language has no translation.

    All regional variants of a language count; of several in one unit the chosen one, else the
    first.

    Raises:
        DataError: It is no well-formed TMX, or has no unit in both languages.
    """
    roles: dict[str, tuple[int, bool]] = {}  # by tag
    is_found = False
    number = 0
    for number, (texts, document) in enumerate(tmx_units(file, codec), start=1):  # noqa: B007
        pair: list[str | None] = [None, None, None]
        for tag, text in texts.items():
            role = roles.get(tag)
            if role is None:
                role = roles[tag] = _role(tag, choice, src_lang, tgt_lang)
            place, is_exact = role
            if is_exact or pair[place] is None:
                pair[place] = text
        source, target, _ = pair
        is_found = is_found or not (source is None or target is None)
        yield located(source, target, document, number)
    if number and not is_found:
        languages = listed(list(roles))
        raise DataError(
            f"{file.name!r} has no unit in both {named_language(choice.source, src_lang)} "
            f"and {named_language(choice.target, tgt_lang)}; its languages are {languages}.",
            hint="Choose two of its languages.",
        )


class _Units:
    """Collects units."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self._texts: dict[str, str] = {}
        self._document = ""
        self._lang = ""
        self._prop: list[str] | None = None
        self._inline: InlineText | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local_name(tag)
        if self._inline is not None:
            self._inline.open(name)
        elif name == "seg":
            self._inline = InlineText()
        elif name == "tuv":
            self._lang = attributes.get(XML_LANG) or attributes.get("lang", "")
        elif name == "tu":
            self._texts, self._document, self._lang = {}, "", ""
        elif name == "prop" and attributes.get("type", "").lower() in DOCUMENT_PROPS:
            self._prop = []

    def data(self, text: str) -> None:
        if self._inline is not None:
            self._inline.add(text)
        elif self._prop is not None:
            self._prop.append(text)

    def end(self, tag: str) -> None:
        if self._inline is not None:
            if self._inline.depth:
                self._inline.close()
            else:
                self._texts.setdefault(self._lang, "".join(self._inline.parts))
                self._inline = None
            return
        name = local_name(tag)
        if name == "prop" and self._prop is not None:
            if not self._lang:  # of the unit, not of a variant
                self._document = self._document or "".join(self._prop)
            self._prop = None
        elif name == "tu":
            self.units.append(Unit(self._texts, self._document))


def _role(tag: str, choice: Choice, src_lang: str, tgt_lang: str) -> tuple[int, bool]:
    """Gives 0 for the source, 1 for the target, 2 for neither, and whether the tag was chosen."""
    chosen = choice.source, choice.target
    for role, lang in enumerate((src_lang, tgt_lang)):
        if is_meant(tag, chosen[role], lang, chosen[1 - role]):
            return role, tag.lower() == chosen[role].lower()
    return 2, False
