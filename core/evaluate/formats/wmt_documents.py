"""Documents as WMT's files hold them, and the parallel texts that they make together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.errors import DataError
from core.evaluate.formats.upload import Texts, TextsWithGaps, Upload, check_references
from core.language_tags import flores_code

Kind = Literal["source", "reference", "system"]

_SPACE = " \t\n"


@dataclass(frozen=True)
class Part:
    """One text of a document: its source, one reference, or the hypotheses of one system.

    Attributes:
        kind: Which of these.
        name: Of the reference or system; empty for the source.
        lang: The language tag as the file writes it; may be empty.
        segments: By the segments' ids, in the order of the file.
    """

    kind: Kind
    name: str
    lang: str
    segments: dict[str, str]


@dataclass(frozen=True)
class Document:
    """A document with its texts; `tag` is its domain, or empty."""

    id: str
    tag: str
    parts: tuple[Part, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of its segments: those of the source, else of the first text."""
        by_kind = sorted(self.parts, key=lambda part: part.kind != "source")
        return tuple(by_kind[0].segments) if by_kind else ()


def upload_of(
    file: str, format_name: str, documents: Sequence[Document], notes: tuple[str, ...] = ()
) -> Upload:
    """Gives the parallel texts of documents, one after the other.

    Spaces around a segment are left out, and a line feed inside it is a space: both are markup.

    Raises:
        DataError: A text has a segment too much, or misses one that no other can replace.
    """
    notes = (*notes, *_spread_note(documents))
    documents = [_in_one_line(document) for document in documents if document.ids]
    if not documents:
        raise DataError(f"{file!r} holds no segment.", hint="Every <doc> holds <seg> elements.")
    for document in documents:
        _check_document(file, document)
    systems: dict[str, Texts] = {
        name: tuple(_complete(file, documents, "system", name))
        for name in _names(documents, "system")
    }
    references: dict[str, TextsWithGaps] = {
        name: tuple(_with_gaps(documents, name)) for name in _names(documents, "reference")
    }
    check_references(file, references, "segment")
    has_sources = bool(_names(documents, "source"))
    tags = tuple(document.tag for document in documents for _ in document.ids)
    return Upload(
        file,
        format_name,
        sources=tuple(_complete(file, documents, "source", "")) if has_sources else None,
        references=references,
        systems=systems,
        tags=tags if any(tags) else None,
        documents=tuple(document.id for document in documents for _ in document.ids),
        src_lang=_language(file, documents, ("source",)),
        tgt_lang=_language(file, documents, ("reference", "system")),
        notes=notes,
    )


def _spread_note(documents: Sequence[Document]) -> list[str]:
    """Says how many texts hold line feeds, if any does."""
    texts = (
        text for document in documents for part in document.parts for text in part.segments.values()
    )
    num_spread = sum("\n" in text.strip(_SPACE) for text in texts)
    if not num_spread:
        return []
    verb = "text is" if num_spread == 1 else "texts are"
    return [f"{num_spread:,} {verb} spread over several lines, which were joined."]


def _in_one_line(document: Document) -> Document:
    parts = tuple(
        replace(part, segments={key: _joined(text) for key, text in part.segments.items()})
        for part in document.parts
    )
    return replace(document, parts=parts)


def _joined(text: str) -> str:
    return " ".join(filter(None, (line.strip(_SPACE) for line in text.split("\n"))))


def _check_document(file: str, document: Document) -> None:
    """Refuses a text that is there twice, or has a segment that the document does not have."""
    seen = set()
    known = set(document.ids)
    for part in document.parts:
        if (part.kind, part.name) in seen:
            raise DataError(
                f"{file!r}, document {document.id!r}: {_words(part.kind, part.name)} is there "
                "twice.",
                hint="Give each system and each reference a name of its own.",
            )
        seen.add((part.kind, part.name))
        unknown = [segment_id for segment_id in part.segments if segment_id not in known]
        if unknown:
            raise DataError(
                f"{file!r}, document {document.id!r}: {_words(part.kind, part.name)} has the "
                f"segment {unknown[0]!r}, which the document does not have.",
                hint="The ids of <seg> must be the same in <src>, <ref> and <hyp>.",
            )


def _names(documents: Iterable[Document], kind: Kind) -> list[str]:
    parts = (part for document in documents for part in document.parts if part.kind == kind)
    return list(dict.fromkeys(part.name for part in parts))


def _segments(document: Document, kind: Kind, name: str) -> dict[str, str]:
    parts = (part for part in document.parts if (part.kind, part.name) == (kind, name))
    return next((part.segments for part in parts), {})


def _complete(file: str, documents: Sequence[Document], kind: Kind, name: str) -> Iterator[str]:
    for document in documents:
        segments = _segments(document, kind, name)
        for segment_id in document.ids:
            if segment_id not in segments:
                what = f"the segment {segment_id!r} of the" if segments else "the whole"
                raise DataError(
                    f"{file!r}: {_words(kind, name)} lacks {what} document {document.id!r}.",
                    hint="Every segment needs a <seg> with its id in each text; it may be empty.",
                )
            yield segments[segment_id]


def _with_gaps(documents: Sequence[Document], name: str) -> Iterator[str | None]:
    for document in documents:
        segments = _segments(document, "reference", name)
        for segment_id in document.ids:
            yield segments.get(segment_id)


def _words(kind: Kind, name: str) -> str:
    return "the source" if kind == "source" else f"{kind} {name!r}"


def _language(file: str, documents: Sequence[Document], kinds: tuple[Kind, ...]) -> str:
    """Gives the FLORES-200 code of the one language of these texts, empty if it is not said."""
    parts = [part for document in documents for part in document.parts if part.kind in kinds]
    tags = list(dict.fromkeys(part.lang for part in parts if part.lang))
    codes = {flores_code(tag) or tag.lower() for tag in tags}
    if len(codes) > 1:
        raise DataError(
            f"{file!r} holds texts in {tags[0]!r} and in {tags[1]!r} where one language is "
            "expected.",
            hint="Give each direction in a file of its own.",
        )
    return flores_code(tags[0]) if tags else ""
