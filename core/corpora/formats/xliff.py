"""XLIFF 1.2 and 2: segments that a translation tool exchanges, some not translated yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from core.corpora.formats.choice import Choice, is_meant, listed, named_language
from core.corpora.formats.files import InputFile
from core.corpora.formats.located import Located, located
from core.corpora.formats.xml_stream import XML_LANG, InlineText, local_name, units_of
from core.errors import DataError

# Columns: the languages of sources and of targets that a file does not name.
UNNAMED_SOURCE, UNNAMED = "source", "target"


class Segment(NamedTuple):
    """A segment.

    Attributes:
        source: The text.
        target: Its translation; None = there is none yet.
        src_tag, tgt_tag: The languages as the file writes them.
        document: The original file, or the id of the part.
    """

    source: str
    target: str | None
    src_tag: str
    tgt_tag: str
    document: str


def xliff_segments(file: InputFile, codec: str) -> Iterator[Segment]:
    """Gives the segments of a file.

    Raises:
        DataError: It is no well-formed XLIFF; the sentence names the line.
    """
    return units_of(file, codec, _Segments())


def rows_of_xliff(
    file: InputFile, codec: str, choice: Choice, src_lang: str, tgt_lang: str
) -> Iterator[Located]:
    """Gives the segments, turned round where the file translates the other way.

    Raises:
        DataError: It is no well-formed XLIFF, or of other languages.
    """
    ways: dict[tuple[str, str], int] = {}
    number = 0
    for number, segment in enumerate(xliff_segments(file, codec), start=1):  # noqa: B007
        source, target, *tags, document = segment
        tag_pair = (tags[0] or "", tags[1] or "")
        if tag_pair not in ways:
            ways[tag_pair] = _way(tag_pair, choice, src_lang, tgt_lang)
        way = ways[tag_pair]
        if way > 0:
            yield located(source, target, document, number)
        elif way < 0:
            yield located(target, source, document, number)
        else:
            yield located(None, None, document, number)
    if number and not any(ways.values()):
        tags = list(dict.fromkeys(tag for pair in ways for tag in pair if tag))
        raise DataError(
            f"{file.name!r} does not translate between {named_language(choice.source, src_lang)} "
            f"and {named_language(choice.target, tgt_lang)}; its languages are {listed(tags)}.",
            hint="Choose its languages.",
        )


class _Segments:
    """Collects segments of both versions."""

    def __init__(self) -> None:
        self.units: list[Segment] = []
        self._path: list[str] = []
        self._tags = ["", ""]
        self._document = ""
        self._texts: dict[str, str] = {}
        self._marked: dict[str, dict[str, str]] = {}
        self._inline: InlineText | None = None
        self._marks: list[tuple[str, int, int]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local_name(tag)
        if self._inline is not None:
            self._start_inline(name, attributes)
            return
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if name == "xliff":
            self._tags = [attributes.get("srcLang", ""), attributes.get("trgLang", "")]
        elif name == "file":
            self._document = attributes.get("original") or attributes.get("id", "")
            if "source-language" in attributes:  # version 1.2
                tags = (attributes.get(f"{role}-language", "") for role in ("source", "target"))
                self._tags = list(tags)
        elif name in ("trans-unit", "segment"):
            self._texts, self._marked = {}, {}
        elif name in ("source", "target", "seg-source") and parent in ("trans-unit", "segment"):
            self._inline, self._marks = InlineText(), []
            if name == "target" and not self._tags[1]:
                self._tags[1] = attributes.get(XML_LANG, "")

    def _start_inline(self, name: str, attributes: dict[str, str]) -> None:
        assert self._inline is not None
        if name == "cp":  # a character that XML cannot hold (XLIFF 2, section 4.2.3.1)
            self._inline.add(_character(attributes.get("hex", "")))
        if name == "mrk" and attributes.get("mtype") == "seg":
            mark = (attributes.get("mid", ""), self._inline.depth, len(self._inline.parts))
            self._marks.append(mark)
        self._inline.open(name)

    def data(self, text: str) -> None:
        if self._inline is not None:
            self._inline.add(text)

    def end(self, tag: str) -> None:
        if self._inline is not None and self._inline.depth:
            self._inline.close()
            if self._marks and self._marks[-1][1] == self._inline.depth:
                mid, _, start = self._marks.pop()
                marked = self._marked.setdefault(self._path[-1], {})
                marked.setdefault(mid, "".join(self._inline.parts[start:]))
            return
        name = self._path.pop()
        if self._inline is not None:
            self._texts[name] = "".join(self._inline.parts)
            self._inline = None
        elif name in ("trans-unit", "segment") and "source" in self._texts:
            self._add()

    def _add(self) -> None:
        sources, targets = self._marked.get("seg-source", {}), self._marked.get("target", {})
        pairs: list[tuple[str, str | None]]
        if sources and sources.keys() == targets.keys():
            pairs = [(text, targets[mid]) for mid, text in sources.items()]
        else:
            pairs = [(self._texts["source"], self._texts.get("target"))]
        src_tag, tgt_tag = self._tags
        self.units += [Segment(*pair, src_tag, tgt_tag, self._document) for pair in pairs]


def _character(code: str) -> str:
    try:
        character = chr(int(code, 16))
    except (ValueError, OverflowError):
        return ""
    return "" if "\ud800" <= character <= "\udfff" else character


def _way(tags: tuple[str, str], choice: Choice, src_lang: str, tgt_lang: str) -> int:
    """Gives 1 where a file translates as asked, -1 where the other way, 0 where neither."""
    shown = tags[0] or UNNAMED_SOURCE, tags[1] or UNNAMED
    for way, (src_tag, tgt_tag) in ((1, shown), (-1, shown[::-1])):
        is_source = is_meant(src_tag, choice.source, src_lang, choice.target)
        if is_source and is_meant(tgt_tag, choice.target, tgt_lang, choice.source):
            return way
    return 0
