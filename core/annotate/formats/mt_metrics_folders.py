"""The folders of mt-metrics-eval: sources, documents, references and outputs, a line a segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.errors import DataError
from core.language_tags import flores_code
from core.storage.files import decode_utf8


@dataclass(frozen=True)
class Folders:
    """The texts of one test set.

    Attributes:
        sources: One a segment.
        documents: Names, parallel to `sources`; empty where there are none.
        references: Parallel to `sources`; empty where there are none.
        outputs: Parallel to `sources`, by the name of the system.
        langs: FLORES-200 codes; empty where the names of the files are other ones.
    """

    sources: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    langs: tuple[str, str] = ("", "")

    def document(self, position: int) -> str:
        """Gives the name of a segment's document, or ""."""
        return self.documents[position] if position < len(self.documents) else ""

    def reference(self, position: int) -> str | None:
        """Gives a segment's reference, or None."""
        return self.references[position] if position < len(self.references) else None


def read_folders(files: Mapping[str, bytes]) -> Folders:
    """Gives the texts among files by their names, which hold the folders.

    Raises:
        DataError: A file is not UTF-8, has another number of lines, or there are several languages.
    """
    sources = _named(files, "sources")
    if len(sources) > 1:
        raise DataError(
            f"The archive holds {len(sources)} test sets: {', '.join(sources)[:200]}.",
            hint="Pack the files of one pair of languages.",
        )
    pair = next(iter(sources), "")
    found = next(iter(sources.values()), ())
    documents = next(iter(_named(files, "documents").values()), ())
    references = next(iter(_named(files, "references").values()), ())
    outputs = _named(files, "system-outputs")
    for what, texts in {"documents": documents, "the reference": references, **outputs}.items():
        if texts and len(texts) != len(found):
            raise DataError(
                f"The archive holds {len(texts)} lines of {what} for {len(found)} sources.",
                hint="Each file has one line a segment.",
            )
    source, _, target = pair.partition("-")
    return Folders(
        sources=found,
        documents=tuple(line.split()[-1] if line.split() else "" for line in documents),
        references=references,
        outputs=outputs,
        langs=(flores_code(source), flores_code(target)),
    )


def _named(files: Mapping[str, bytes], folder: str) -> dict[str, tuple[str, ...]]:
    """Gives the lines of the files of a folder by their names without ending."""
    found = {}
    for name in sorted(files):
        path = PurePosixPath(name)
        if folder in path.parts[:-1] and not path.name.startswith("."):
            text = decode_utf8(files[name], name, hint="Save the file as UTF-8.")
            found[path.stem] = tuple(text.removesuffix("\n").split("\n"))
    return found
