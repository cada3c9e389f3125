"""WMT's XML: documents with source, references by translator and hypotheses by system.

The format is that of the news and general translation tasks since 2021.
"""

from __future__ import annotations

from lxml import etree  # type: ignore[import-untyped]

from core.errors import DataError
from core.evaluate.formats.upload import Upload, checked_name
from core.evaluate.formats.wmt_documents import Document, Kind, Part, upload_of
from core.serving.documents.xml import parsed_xml

FORMAT = "wmt-xml"

# Element -> what it is, the attribute that names it, and its name without one.
_PARTS: dict[str, tuple[Kind, str, str]] = {
    "src": ("source", "", ""),
    "ref": ("reference", "translator", "ref"),
    "hyp": ("system", "system", ""),
}
_text_of = etree.XPath("string()")  # without comments


def read_wmt_xml(name: str, text: str) -> Upload:
    """Gives the texts of a `<dataset>`.

    Raises:
        DataError: It is not well-formed, or documents, segments or systems do not fit together.
    """
    root = parsed_xml(name, text.encode()).getroot()
    if root.tag != "dataset":
        raise DataError(
            f"{name!r}: the outermost element is <{str(root.tag)[:40]}>, not <dataset>.",
            hint="WMT's XML holds <dataset>, <doc>, <src>, <ref>, <hyp> and <seg>.",
        )
    documents = []
    seen: dict[str, int] = {}
    for element in root.iter("doc"):
        document = _document(name, element)
        if document.id in seen:
            raise DataError(
                f"{name!r} line {element.sourceline}: the document {document.id!r} is there "
                f"twice, first in line {seen[document.id]}.",
                hint="Give each document an id of its own.",
            )
        seen[document.id] = element.sourceline
        documents.append(document)
    return upload_of(name, FORMAT, documents)


def _document(file: str, element: etree._Element) -> Document:
    collections = [each.get("id") or "" for each in element.iterancestors("collection")]
    tag = element.get("domain") or (collections[0] if collections else "")
    parts = tuple(_part(file, child) for child in element.iterchildren(*_PARTS))
    return Document(_attribute(file, element, "id"), tag, parts)


def _part(file: str, element: etree._Element) -> Part:
    kind, naming, default = _PARTS[element.tag]
    name = ""
    if naming:
        name = element.get(naming) or default or _attribute(file, element, naming)
        name = checked_name(file, name, kind)
    segments: dict[str, str] = {}
    for segment in element.iter("seg"):
        segment_id = _attribute(file, segment, "id")
        if segment_id in segments:
            raise DataError(
                f"{file!r} line {segment.sourceline}: the segment {segment_id!r} is there twice "
                f"in one <{element.tag}>.",
                hint="The ids of <seg> are counted anew in each document only.",
            )
        segments[segment_id] = _text(segment)
    return Part(kind, name, element.get("lang") or element.get("language") or "", segments)


def _attribute(file: str, element: etree._Element, name: str) -> str:
    value = (element.get(name) or "").strip()
    if not value:
        raise DataError(
            f"{file!r} line {element.sourceline}: <{element.tag}> has no {name!r}.",
            hint=f'Write it as <{element.tag} {name}="…">.',
        )
    return str(value)


def _text(segment: etree._Element) -> str:
    return str(_text_of(segment)) if len(segment) else segment.text or ""
