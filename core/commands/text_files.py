"""Hypotheses and references in files, for commands that score them as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import DataError
from core.evaluate.combining import as_references, combined
from core.evaluate.formats.counting import notes_on
from core.evaluate.formats.parallel import check_parallel
from core.evaluate.formats.reading import read_upload
from core.evaluate.formats.upload import Texts, TextsWithGaps, Upload
from core.evaluate.texts import normalized


@dataclass(frozen=True)
class FileTexts:
    """Parallel texts of some files.

    Attributes:
        systems: Hypotheses by the name of the system; at least one.
        files: Where each system was found, by its name.
        references: By name; at least one.
        notes: What was left out or counted on the way, a sentence each.
    """

    systems: dict[str, Texts]
    files: dict[str, str]
    references: dict[str, TextsWithGaps]
    notes: tuple[str, ...]

    @property
    def num_segments(self) -> int:
        """Segments of each text."""
        return len(next(iter(self.systems.values())))


def read_texts(
    hypotheses: Sequence[Path], references: Sequence[Path], *, nfc: bool = False
) -> FileTexts:
    """Reads the texts of files in any format; systems that share a name get their file's as well.

    Args:
        hypotheses: Files with one system or several each.
        references: Files with one reference or several each; none = those beside the hypotheses.
        nfc: Whether all texts are brought to Unicode's form NFC.

    Raises:
        DataError: A file cannot be read or holds something else, or they do not go together.
    """
    uploads = _distinct([read_file(path) for path in hypotheses])
    for each in uploads:
        if not each.systems:
            raise DataError(
                f"{each.name!r} holds no translations.",
                hint="Every system needs a column, a file or an element of its own.",
            )
    if references:
        # What a file of hypotheses holds beside them is not meant then.
        uploads = [replace(each, references={}) for each in uploads]
    given = [as_references(read_file(path)) for path in references]
    _check_lengths(uploads, given or uploads)
    together = combined([*uploads, *given])
    if not together.references:
        raise DataError(
            "There are no references to score against.",
            hint="Give --references, or hypotheses in a file that holds references as well.",
        )
    files = {name: each.name for each in uploads for name in each.systems}
    notes = tuple(dict.fromkeys((*together.notes, *notes_on(together))))
    found = FileTexts(together.systems, files, together.references, notes)
    return _normalized(found) if nfc else found


def _normalized(texts: FileTexts) -> FileTexts:
    return replace(
        texts,
        systems={name: tuple(normalized(own)) for name, own in texts.systems.items()},
        references={name: tuple(normalized(own)) for name, own in texts.references.items()},
        notes=(*texts.notes, "All texts were brought to Unicode's form NFC."),
    )


def read_file(path: Path) -> Upload:
    """Reads one file; its notes tell of the file only, not yet of the texts in it.

    Raises:
        DataError: It cannot be read; the sentence names file, place and cause.
    """
    upload = read_upload(printable(path), read_bytes(path))
    about_texts = notes_on(upload)
    name = printable(Path(path.name))
    notes = (f"{name}: {note}" for note in upload.notes if note not in about_texts)
    return replace(upload, notes=tuple(notes))


def read_bytes(path: Path) -> bytes:
    """Gives the bytes of a file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{printable(path)} cannot be read: {error.strerror}.") from None


def printable(path: Path) -> str:
    """Gives a path as text; a name that is no UTF-8 would hold lone surrogates."""
    return str(path).encode(errors="replace").decode()


def _distinct(uploads: Sequence[Upload]) -> list[Upload]:
    counts = Counter(name for each in uploads for name in each.systems)
    return [
        replace(
            each,
            systems={
                f"{name} ({each.name})" if counts[name] > 1 else name: texts
                for name, texts in each.systems.items()
            },
        )
        for each in uploads
    ]


def _check_lengths(uploads: Sequence[Upload], having: Sequence[Upload]) -> None:
    """Refuses hypotheses that are not as many as the references, with a guess where they shift."""
    references = next((texts for each in having for texts in each.references.values()), None)
    if references is None:
        return
    for each in uploads:
        for name, texts in each.systems.items():
            beside = each.sources or [text or "" for text in references]
            check_parallel(texts, len(references), f"The system {name!r}", sources=beside)
