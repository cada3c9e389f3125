"""Word documents: a unit a paragraph, with borders of formatting, tabs and breaks as marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree  # type: ignore[import-untyped]

from core.errors import DataError
from core.serving.documents.document import Document, Upload
from core.serving.documents.units import Units
from core.serving.documents.xml import parsed_xml, xml_bytes
from core.storage.archive import Archive, read_archive

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# The same elements in files saved as "Strict Open XML".
_STRICT_WORD = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_CONTENT_TYPES = "[Content_Types].xml"
_TRANSLATED_PARTS = (".main+xml", ".header+xml", ".footer+xml", ".footnotes+xml", ".endnotes+xml")
_OLD_WORD = b"\xd0\xcf\x11\xe0"
# What no reader sees, and what splits the runs of nearly every sentence that Word has saved.
_IGNORED = ("proofErr", "lastRenderedPageBreak")
_IGNORED_FORMATTING = ("lang", "noProof")


class _DocxDocument:
    def __init__(self, name: str, archive: Archive) -> None:
        self.units: Units[etree._Element] = Units(name)
        self.texts = self.units.texts
        self.parts: dict[str, etree._ElementTree] = {}
        self._archive = archive

    def write(self, translations: Sequence[str]) -> bytes:
        for element, text, _ in self.units.filled(translations):
            element.text = text
            element.set(_XML_SPACE, "preserve")
        changed = {name: xml_bytes(tree) for name, tree in self.parts.items()}
        return self._archive.written(changed)


def read_docx(file: Upload) -> Document:
    """Reads the paragraphs of body, tables, text boxes, headers, footers and notes.

    All else stays: fields, links, images, comments, properties. Neighbouring runs of the same
    formatting become one.

    Raises:
        DataError: The file is no Word document, is encrypted or damaged, or unpacks to too much.
    """
    if file.data.startswith(_OLD_WORD):
        raise DataError(
            f"'{file.name}' is encrypted or in the old format of Word.",
            hint="Save it as .docx without a password.",
        )
    archive = read_archive(file.name, file.data)
    document = _DocxDocument(file.name, archive)
    for part in _translated_parts(file.name, archive):
        tree = parsed_xml(file.name, archive.data(part) or b"")
        document.parts[part] = tree
        _join_runs(tree.getroot())
        for texts in _paragraphs(tree.getroot()):
            document.units.add([(element, element.text or "") for element in texts])
    return document


def _translated_parts(name: str, archive: Archive) -> list[str]:
    types = archive.data(_CONTENT_TYPES)
    found = []
    if types is not None:
        for element in parsed_xml(name, types).getroot().iter("{*}Override"):
            part = (element.get("PartName") or "").lstrip("/")
            is_word = "wordprocessingml" in (element.get("ContentType") or "")
            is_word = is_word or "ms-word" in (element.get("ContentType") or "")
            is_translated = (element.get("ContentType") or "").endswith(_TRANSLATED_PARTS)
            if is_word and is_translated and archive.data(part) is not None:
                found.append(part)
    if not found:
        raise DataError(f"'{name}' is an archive, but no Word document.")
    return list(dict.fromkeys(found))


def _paragraphs(root: etree._Element) -> Iterator[list[etree._Element]]:
    """Gives the text elements of each paragraph; those of a text box are a paragraph apart."""
    stack: list[list[etree._Element]] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = _name(element)
        if name == "p" and event == "start":
            stack.append([])
        elif name == "p":
            yield stack.pop()
        elif name == "t" and event == "start" and stack:
            stack[-1].append(element)


def _join_runs(root: etree._Element) -> None:
    for element in [item for item in root.iter(etree.Element) if _name(item) in _IGNORED]:
        element.getparent().remove(element)
    last: etree._Element | None = None
    last_formatting = b""
    for run in [item for item in root.iter(etree.Element) if _name(item) == "r"]:
        formatting = _formatting(run)
        if last is None or run.getprevious() is not last or formatting != last_formatting:
            last, last_formatting = run, formatting
        elif _is_text_only(last) and _is_text_only(run):
            first = _texts(last)[0]
            first.text = "".join(text.text or "" for text in [*_texts(last), *_texts(run)])
            first.set(_XML_SPACE, "preserve")
            for text in _texts(last)[1:]:
                last.remove(text)
            run.getparent().remove(run)
        else:
            last, last_formatting = run, formatting


def _formatting(run: etree._Element) -> bytes:
    """Gives what tells the run's looks from another's."""
    properties = next((child for child in run if _name(child) == "rPr"), None)
    if properties is None:
        return b""
    shown = [child for child in properties if _name(child) not in _IGNORED_FORMATTING]
    return b"".join(etree.tostring(child, method="c14n", with_tail=False) for child in shown)


def _is_text_only(run: etree._Element) -> bool:
    names = [_name(child) for child in run]
    return "t" in names and set(names) <= {"t", "rPr"}


def _texts(run: etree._Element) -> list[etree._Element]:
    return [child for child in run if _name(child) == "t"]


def _name(element: etree._Element) -> str:
    """Gives the name of an element of WordprocessingML without its namespace, else nothing."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    for prefix in (_WORD, _STRICT_WORD):
        if tag.startswith(prefix):
            return tag.removeprefix(prefix)
    return ""
