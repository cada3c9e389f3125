"""Several uploaded files as one: hypotheses, sources and references that belong together."""

from __future__ import annotations

import itertools
from collections.abc import Container, Sequence
from dataclasses import replace

from core.errors import DataError
from core.evaluate.formats.upload import Texts, TextsWithGaps, Upload


def as_sources(upload: Upload) -> Upload:
    """Gives the lines of a plain text as sources; a file that names its sources stays as it is.

    Raises:
        DataError: It holds something else.
    """
    if upload.sources is not None:
        return replace(upload, systems={}, references={})
    return replace(upload, sources=_only_text(upload, "sources"), systems={})


def as_references(upload: Upload) -> Upload:
    """Gives the lines of a plain text as a reference; a file that names its own stays as it is.

    Raises:
        DataError: It holds something else.
    """
    if upload.references:
        return replace(upload, systems={})
    name = next(iter(upload.systems), upload.name)
    found: dict[str, TextsWithGaps] = {name: _only_text(upload, "references")}
    return replace(upload, references=found, systems={})


def _only_text(upload: Upload, what: str) -> Texts:
    if len(upload.systems) != 1:
        raise DataError(
            f"{upload.name!r} holds {len(upload.systems)} systems where {what} are expected.",
            hint="Give a plain text with one segment a line, or a WMT file that names them.",
        )
    return next(iter(upload.systems.values()))


def combined(uploads: Sequence[Upload]) -> Upload:
    """Gives the texts of all files together.

    Raises:
        DataError: Two files name the same system, hold different sources, or differ in length.
    """
    if not uploads:
        raise DataError("No file was given.", hint="Choose at least one.")
    first = uploads[0]
    together = replace(first, name=", ".join(each.name for each in uploads))
    for each in uploads[1:]:
        together = _joined(together, each)
    return together


def _joined(one: Upload, two: Upload) -> Upload:
    if one.num_segments != two.num_segments:
        raise DataError(
            f"{two.name!r} holds {two.num_segments} segments; what was read before holds "
            f"{one.num_segments}.",
            hint="Files of one test set have one segment a line each, in the same order.",
        )
    twice = sorted(set(one.systems) & set(two.systems))
    if twice:
        raise DataError(
            f"Two files name a system {twice[0]!r}.", hint="Rename one of the files or columns."
        )
    if None not in (one.sources, two.sources) and one.sources != two.sources:
        raise DataError(
            f"{two.name!r} holds other sources than the files before.",
            hint="Add files of different test sets one after the other.",
        )
    references = dict(one.references)
    for name, texts in two.references.items():
        if references.get(name, texts) != texts:
            name = unused_name(f"{name} of {two.name}", references)
        references[name] = texts
    return replace(
        one,
        sources=one.sources if one.sources is not None else two.sources,
        references=references,
        systems={**one.systems, **two.systems},
        tags=one.tags if one.tags is not None else two.tags,
        documents=one.documents if one.documents is not None else two.documents,
        src_lang=one.src_lang or two.src_lang,
        tgt_lang=one.tgt_lang or two.tgt_lang,
        notes=tuple(dict.fromkeys((*one.notes, *two.notes))),
    )


def unused_name(name: str, taken: Container[str]) -> str:
    """Gives a name that is not taken: itself, or with the first free number."""
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if each not in taken)
