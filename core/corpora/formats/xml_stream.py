"""XML as a stream of what a reader makes of it, without entities, external files and trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from core.corpora.formats.files import InputFile
from core.errors import DataError

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_PIECE_BYTES = 1 << 18
# expat reads a tag or comment that is not whole yet again and again (CVE-2023-52425).
_MAX_TAG_BYTES = 4_000_000
_EXPAT_NAMES = {"utf-16-le": "utf-16le", "utf-16-be": "utf-16be"}

# Content that is markup of the original format; what it says is not text (TMX 1.4b, XLIFF 1.2).
_CODE = frozenset({"bpt", "ept", "ph", "it", "ut"})

Unit = TypeVar("Unit")


class Reader(Protocol[Unit]):
    """Makes units of the events of XML.

    Attributes:
        units: Those that are whole; whoever takes them empties the list.
    """

    units: list[Unit]

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Takes the start of an element; the tag holds its namespace."""

    def end(self, tag: str) -> None:
        """Takes the end of an element."""

    def data(self, text: str) -> None:
        """Takes text."""


class InlineText:
    """The text of a segment as its translator sees it: code is left out, text within it is not."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._is_text = True
        self._outer: list[bool] = []

    @property
    def depth(self) -> int:
        """How many elements are open within the segment."""
        return len(self._outer)

    def open(self, name: str) -> None:
        """Takes the start of an element within the segment."""
        self._outer.append(self._is_text)
        if name in _CODE:
            self._is_text = False
        elif name == "sub":
            self._is_text = True

    def close(self) -> None:
        """Takes the end of the last element."""
        self._is_text = self._outer.pop()

    def add(self, text: str) -> None:
        """Takes text."""
        if self._is_text:
            self.parts.append(text)


def units_of(file: InputFile, codec: str, reader: Reader[Unit]) -> Iterator[Unit]:
    """Gives what a reader makes of a file, piece by piece.

    Args:
        file: An XML file.
        codec: Its encoding in spite of what it says; "" = as it says.
        reader: Takes its events.

    Raises:
        DataError: It is no well-formed XML, or declares entities; the sentence names the line.
    """
    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import (  # type: ignore[import-untyped]
        DefusedXMLParser,
        ParseError,
    )

    parser = DefusedXMLParser(target=reader, encoding=_EXPAT_NAMES.get(codec, codec) or None)
    try:
        for _ in _fed(file, parser):
            yield from _taken(reader)
    except DefusedXmlException as error:
        raise _broken(file, parser, _forbidden(error)) from None
    except ParseError as error:
        line, _ = error.position
        cause = str(error).partition(":")[0]
        raise DataError(
            f"{file.name!r} line {line:,} is not well-formed XML: {cause}.",
            hint="Export it again; a file cut short ends within an element.",
        ) from None
    except (LookupError, ValueError) as error:
        cause = str(error).partition("\n")[0].rstrip(".")[:160]
        raise DataError(
            f"{file.name!r} cannot be read as XML: {cause}.", hint="Save it as UTF-8."
        ) from None


def _fed(file: InputFile, parser: Any) -> Iterator[None]:
    """Feeds a parser, with a stop behind each piece."""
    num_read = 0
    with file.open() as stream:
        while piece := stream.read(_PIECE_BYTES):
            parser.feed(piece)
            num_read += len(piece)
            if num_read - parser.parser.CurrentByteIndex > _MAX_TAG_BYTES:
                raise _broken(file, parser, f"a tag of more than {_MAX_TAG_BYTES:,} bytes")
            yield
    parser.close()
    yield


def local_name(tag: str) -> str:
    """Gives a tag without its namespace."""
    return tag.rpartition("}")[2] if tag.startswith("{") else tag


def _taken(reader: Reader[Unit]) -> list[Unit]:
    units, reader.units = reader.units, []
    return units


def _broken(file: InputFile, parser: Any, what: str) -> DataError:
    return DataError(
        f"{file.name!r} line {parser.parser.CurrentLineNumber:,} holds {what}.",
        hint="Such files are refused: they can be made to read other files or to fill the memory.",
    )


def _forbidden(error: Exception) -> str:
    name = getattr(error, "name", None)
    if name is None:
        return "a reference to another file"
    outside = getattr(error, "sysid", None) or getattr(error, "pubid", None)
    return f"a declaration of the {'external ' if outside else ''}entity {str(name)[:60]!r}"
