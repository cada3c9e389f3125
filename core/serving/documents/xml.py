"""XML read without document types: no entity is expanded and nothing is fetched."""

from __future__ import annotations

from typing import NoReturn
from xml.parsers import expat

from lxml import etree  # type: ignore[import-untyped]

from core.errors import DataError


class _RootReachedError(Exception):
    """The document type, if any, would have come before."""


def parsed_xml(name: str, data: bytes) -> etree._ElementTree:
    """Gives the parsed tree, with comments and white space.

    Raises:
        DataError: It is not well-formed, too deep (256 levels), or has a document type.
    """
    try:
        _refuse_document_type(name, data)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, strip_cdata=False)
        return etree.ElementTree(etree.fromstring(data, parser))
    except (etree.XMLSyntaxError, expat.ExpatError, ValueError, LookupError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"'{name}' cannot be read as XML: {reason}.") from None


def xml_bytes(tree: etree._ElementTree, *, has_mark: bool = False) -> bytes:
    """Gives the tree as bytes in the encoding it was read in.

    Args:
        tree: A tree from `parsed_xml`.
        has_mark: Whether the file started with the byte order mark of UTF-8.
    """
    encoding = tree.docinfo.encoding or "UTF-8"
    # False stands also for a file that says nothing about it, and means the same.
    standalone = tree.docinfo.standalone or None
    data: bytes = etree.tostring(
        tree, encoding=encoding, xml_declaration=True, standalone=standalone
    )
    return b"\xef\xbb\xbf" + data if has_mark else data


def _refuse_document_type(name: str, data: bytes) -> None:
    """Reads up to the root element only, so that no entity is ever declared."""

    def refuse(*_: object) -> NoReturn:
        raise DataError(
            f"'{name}' has a document type, which is not read because it can hide an attack.",
            hint="Remove the line that starts with <!DOCTYPE.",
        )

    def stop(*_: object) -> NoReturn:
        raise _RootReachedError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = stop
    try:
        parser.Parse(data, True)
    except _RootReachedError:
        return
