"""What an uploaded file holds: parallel texts, and everything that was counted on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from core.errors import DataError

MAX_FILE_BYTES = 200_000_000
MAX_SEGMENTS = 1_000_000
MAX_SYSTEMS = 200
MAX_NAME_LENGTH = 200

Texts = tuple[str, ...]
TextsWithGaps = tuple[str | None, ...]


@dataclass(frozen=True)
class Upload:
    """Parallel texts of one file: the segment with the same number is the same everywhere.

    Attributes:
        name: What its owner calls the file.
        format: The name of its format, see `core.evaluate.formats.reading.FORMATS`.
        sources: None where the file holds none.
        references: By name, such as `A` or `ref-1`; None in the place of a reference that is
            missing, which another reference then has.
        systems: Hypotheses by the name of the system; may be empty strings, which `notes` count.
        tags: What the segments are grouped by, such as the domain; None where there are none.
        documents: The ids of the documents that the segments belong to.
        src_lang, tgt_lang: FLORES-200 codes; empty where the file does not say or it is none.
        notes: What was left out, or counted because it may surprise; a sentence each.
    """

    name: str
    format: str
    sources: Texts | None = None
    references: dict[str, TextsWithGaps] = field(default_factory=dict)
    systems: dict[str, Texts] = field(default_factory=dict)
    tags: Texts | None = None
    documents: Texts | None = None
    src_lang: str = ""
    tgt_lang: str = ""
    notes: tuple[str, ...] = ()

    @property
    def num_segments(self) -> int:
        """Segments of each text."""
        return max((len(texts) for _, texts in labelled_texts(self)), default=0)


def labelled_texts(upload: Upload) -> Iterator[tuple[str, TextsWithGaps]]:
    """Gives sources, references and hypotheses with the words that messages use for them."""
    if upload.sources is not None:
        yield "the sources", upload.sources
    for name, references in upload.references.items():
        yield f"reference {name!r}", references
    for name, hypotheses in upload.systems.items():
        yield f"system {name!r}", hypotheses


def checked_name(file: str, name: str, what: str) -> str:
    """Gives the name of a system or reference, without outer and doubled spaces.

    Raises:
        DataError: It is empty or too long.
    """
    found = " ".join(name.split())
    if not 1 <= len(found) <= MAX_NAME_LENGTH:
        raise DataError(
            f"{file!r} names a {what} with {len(found)} characters.",
            hint=f"Use 1 to {MAX_NAME_LENGTH} characters.",
        )
    return found


def name_from(file: str) -> str:
    """Gives the name of the system whose hypotheses a file holds: the file's without ending."""
    stem = PurePath(file.replace("\\", "/")).stem
    return " ".join(stem.split())[:MAX_NAME_LENGTH] or "hypotheses"


def check_references(file: str, references: dict[str, TextsWithGaps], place: str) -> None:
    """Refuses a segment for which no reference is there; a file without any is fine.

    Args:
        file: Its name.
        references: By name, parallel.
        place: What a segment is called in the message, such as `segment` or `row`.

    Raises:
        DataError: With the number of the first such segment.
    """
    missing = [
        at for at, texts in enumerate(zip(*references.values(), strict=True)) if not _any(texts)
    ]
    if missing:
        raise DataError(
            f"{file!r}: {len(missing)} of {len(next(iter(references.values())))} segments have no "
            f"reference; the first is {place} {missing[0] + 1}.",
            hint="Each segment needs at least one reference, or the file none at all.",
        )


def _any(texts: Sequence[str | None]) -> bool:
    return any(text is not None for text in texts)
