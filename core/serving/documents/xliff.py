"""XLIFF 1.2 and 2: the target of every unit is filled, with its inline elements as marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree  # type: ignore[import-untyped]

from core.errors import DataError
from core.languages import html_tag
from core.serving.documents.document import Document, Upload
from core.serving.documents.units import Units
from core.serving.documents.xml import parsed_xml, xml_bytes

# Inline elements around text for the reader; all others hold the codes of another format, or
# nothing. `translate` and `mtype` can protect the text of a mrk.
_TRANSPARENT = frozenset(("g", "pc", "mrk"))
_DONE_STATES = frozenset(("final", "translated", "signed-off", "reviewed"))
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass(frozen=True)
class _TreePlace:
    element: etree._Element
    is_tail: bool

    def put(self, text: str) -> None:
        if self.is_tail:
            self.element.tail = text
        else:
            self.element.text = text


class _XliffDocument:
    def __init__(self, name: str, tree: etree._ElementTree, *, has_mark: bool) -> None:
        self.units: Units[_TreePlace] = Units(name)
        self.texts = self.units.texts
        self._tree = tree
        self._has_mark = has_mark

    def write(self, translations: Sequence[str]) -> bytes:
        for place, text, _ in self.units.filled(translations):
            place.put(text)
        return xml_bytes(self._tree, has_mark=self._has_mark)


def read_xliff(file: Upload) -> Document:
    """Reads XLIFF 1.2 or 2.

    A target stays if it is approved, translated, reviewed, signed off or final by its state or,
    without a state, if it differs from the source. States are not changed: nobody has read the
    translation.

    Raises:
        DataError: The file is no XLIFF, or is XML that is not read.
        ConfigError: The target language is no FLORES-200 code.
    """
    tree = parsed_xml(file.name, file.data)
    root = tree.getroot()
    if _name(root) != "xliff":
        raise DataError(f"'{file.name}' is no XLIFF: its outermost element is <{_name(root)}>.")
    document = _XliffDocument(file.name, tree, has_mark=file.data.startswith(b"\xef\xbb\xbf"))
    is_version_1 = (root.get("version") or "1").startswith("1")
    tag = html_tag(file.tgt_lang)
    if not is_version_1:
        root.set("trgLang", tag)
    for element in list(root.iter(etree.Element)):
        if is_version_1 and _name(element) == "file":
            element.set("target-language", tag)
        if _name(element) == ("trans-unit" if is_version_1 else "segment"):
            _fill(document.units, element, is_version_1=is_version_1)
    return document


def _fill(units: Units[_TreePlace], unit: etree._Element, *, is_version_1: bool) -> None:
    source = _child(unit, "source")
    if source is None or _inherited(unit, "translate") == "no":
        return
    target = _child(unit, "target")
    if target is not None:
        state = "final" if unit.get("approved") == "yes" else None
        state = state or (target if is_version_1 else unit).get("state")
        if _stays(target, source, state):
            return
    else:
        target = etree.Element(source.tag.replace("source", "target"))
        before = _child(unit, "seg-source")
        before = source if before is None else before
        target.tail = before.tail
        before.addnext(target)
    target.text = source.text
    target[:] = [deepcopy(child) for child in source]
    is_flowing = _inherited(source, _XML_SPACE) != "preserve"
    slots = [(place, text or "") for place, text in _places(target)]
    units.add(slots, is_flowing=is_flowing)


def _stays(target: etree._Element, source: etree._Element, state: str | None) -> bool:
    text = _text(target)
    if not text and len(target) == 0:
        return False
    return state in _DONE_STATES or (state is None and text != _text(source))


def _places(target: etree._Element) -> Iterator[tuple[_TreePlace, str | None]]:
    """Gives every stretch of text with the markup between any two, by depth; 256 at most."""
    yield _TreePlace(target, False), target.text
    for child in target:
        if _is_transparent(child):
            yield from _places(child)
        yield _TreePlace(child, True), child.tail


def _is_transparent(element: etree._Element) -> bool:
    if _name(element) not in _TRANSPARENT:
        return False
    is_open = element.get("translate") != "no" and element.get("mtype") != "protected"
    return bool(is_open)


def _inherited(element: etree._Element, attribute: str) -> str | None:
    while element is not None:
        value: str | None = element.get(attribute)
        if value is not None:
            return value
        element = element.getparent()
    return None


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in element if _name(child) == name), None)


def _name(element: etree._Element) -> str:
    # A comment or processing instruction has a function for a tag.
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _text(element: etree._Element) -> str:
    return "".join(element.itertext(etree.Element)).strip()
