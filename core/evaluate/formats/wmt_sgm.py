"""WMT's SGM: sets of documents that hold the source, a reference or one system's hypotheses.

SGM is no XML: attributes may lack quotes, tags be upper case, `&` and `<` stand for themselves.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from itertools import zip_longest

from core.errors import DataError
from core.evaluate.formats.upload import Upload, checked_name, name_from
from core.evaluate.formats.wmt_documents import Document, Kind, Part, upload_of

FORMAT = "wmt-sgm"

_KINDS: dict[str, Kind] = {"srcset": "source", "refset": "reference", "tstset": "system"}
_TAG = re.compile(r"<(/?)(srcset|refset|tstset|doc|seg)(?=[\s/>])([^<>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


@dataclass
class _Reading:
    """Where the reading of a file is, and what it has found.

    Attributes:
        file, text: Its name and what it holds.
        kind, attributes: Of the set that is open; None and empty outside one.
        doc_id: Of the document that is open; empty outside one.
        segments: Of the document that is open, by id.
        found: All segments by document and by (kind, name).
        langs: The language tags by (kind, name).
        tags: The domains by document.
    """

    file: str
    text: str
    kind: Kind | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    doc_id: str = ""
    segments: dict[str, str] = field(default_factory=dict)
    found: dict[str, dict[tuple[Kind, str], dict[str, str]]] = field(default_factory=dict)
    langs: dict[tuple[Kind, str], str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def read_wmt_sgm(name: str, text: str) -> Upload:
    """Gives the texts of one or several sets; entities such as `&amp;` become what they mean.

    Raises:
        DataError: There is no set, a segment is not closed, an id is missing or there twice, or
            the texts do not fit together.
    """
    if re.search(r"<!ENTITY", text, re.IGNORECASE):
        raise DataError(
            f"{name!r} declares entities, which are not read because they can hide an attack.",
            hint="Remove the declarations that start with <!ENTITY.",
        )
    reading = _Reading(name, text)
    tags = list(_TAG.finditer(text))
    for tag, following in zip_longest(tags, tags[1:]):
        _take(reading, tag, following)
    if not reading.found:
        raise DataError(
            f"{name!r} holds no <doc> inside a <srcset>, <refset> or <tstset>.",
            hint="These are the elements of WMT's SGM.",
        )
    documents = []
    for doc_id, texts in reading.found.items():
        parts = [
            Part(*key, reading.langs.get(key, ""), segments) for key, segments in texts.items()
        ]
        documents.append(Document(doc_id, reading.tags.get(doc_id, ""), tuple(parts)))
    return upload_of(name, FORMAT, documents)


def _take(reading: _Reading, tag: re.Match[str], following: re.Match[str] | None) -> None:
    name, is_end = tag[2].lower(), bool(tag[1])
    if name == "seg":
        if not is_end:
            _add_segment(reading, tag, following)
        return
    reading.doc_id = ""
    if name in _KINDS:
        reading.kind = None if is_end else _KINDS[name]
        reading.attributes = {} if is_end else _attributes(tag[3])
    elif not is_end:
        _begin_document(reading, tag)


def _begin_document(reading: _Reading, tag: re.Match[str]) -> None:
    attributes = _attributes(tag[3])
    kind = reading.kind
    if kind is None:
        raise _refusal(
            reading,
            tag,
            "<doc> stands outside of <srcset>, <refset> and <tstset>.",
            "One of these around it says what its segments are.",
        )
    doc_id = attributes.get("docid", "") or attributes.get("id", "")
    if not doc_id:
        raise _refusal(reading, tag, "<doc> has no 'docid'.", 'Write it as <doc docid="…">.')
    key = kind, _name(reading, kind, attributes)
    texts = reading.found.setdefault(doc_id, {})
    if key in texts:
        what = "the source" if kind == "source" else f"{kind} {key[1]!r}"
        raise _refusal(
            reading,
            tag,
            f"the document {doc_id!r} of {what} is there twice.",
            "Give each document a docid, and each system a sysid of its own.",
        )
    reading.doc_id = doc_id
    reading.segments = texts[key] = {}
    lang = "srclang" if kind == "source" else "trglang"
    reading.langs.setdefault(key, reading.attributes.get(lang, ""))
    reading.tags.setdefault(doc_id, attributes.get("domain") or attributes.get("genre", ""))


def _name(reading: _Reading, kind: Kind, attributes: dict[str, str]) -> str:
    """Gives the name of a system or reference: the document says it, else the set."""
    if kind == "source":
        return ""
    named = attributes.get("sysid") or reading.attributes.get("sysid")
    if kind == "reference":
        named = attributes.get("refid") or reading.attributes.get("refid") or named or "ref"
    return checked_name(reading.file, named or name_from(reading.file), kind)


def _add_segment(reading: _Reading, tag: re.Match[str], following: re.Match[str] | None) -> None:
    if not reading.doc_id:
        raise _refusal(reading, tag, "<seg> stands outside of a <doc>.", "Each needs a document.")
    if following is None or not following[1] or following[2].lower() != "seg":
        raise _refusal(reading, tag, "<seg> has no end.", "Close each segment by </seg>.")
    segment_id = _attributes(tag[3]).get("id", "")
    if not segment_id:
        raise _refusal(reading, tag, "<seg> has no 'id'.", 'Write it as <seg id="1">.')
    if segment_id in reading.segments:
        raise _refusal(
            reading,
            tag,
            f"the segment {segment_id!r} is there twice in the document {reading.doc_id!r}.",
            "The ids of <seg> are counted anew in each document only.",
        )
    reading.segments[segment_id] = _unescaped(reading.text[tag.end() : following.start()])


def _attributes(text: str) -> dict[str, str]:
    return {
        name.lower(): _unescaped("".join(values)).strip()
        for name, *values in _ATTRIBUTE.findall(text)
    }


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def _refusal(reading: _Reading, tag: re.Match[str], sentence: str, hint: str) -> DataError:
    line = reading.text.count("\n", 0, tag.start()) + 1
    return DataError(f"{reading.file!r} line {line}: {sentence}", hint=hint)
