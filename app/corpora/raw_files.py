"""The files that a corpus was imported from; they are kept as they were given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.corpora.formats.files import shown_name
from core.corpora.tasks import RAW_FOLDER
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class RawFile:
    """A file as it was given.

    Attributes:
        name: What its owner calls it, without folders.
        path: Where it lies, under a name of ours.
        size_bytes: How long it is.
    """

    name: str
    path: Path
    size_bytes: int


def raw_files(workspace: Workspace, corpus: Corpus) -> list[RawFile]:
    """Gives the files in the order in which they were given; none for versions of a corpus."""
    folder = workspace.corpus_folder(corpus.id) / RAW_FOLDER
    paths = [path for path in folder.glob("*") if path.is_file()] if folder.is_dir() else []
    paths.sort(key=lambda path: (_number(path), path.name))
    given = [shown_name(str(name)) for name in corpus.details.get("files") or ()]
    return [RawFile(_name_of(path, given), path, path.stat().st_size) for path in paths]


def _number(path: Path) -> int:
    digits = path.name.partition(".")[0]
    return int(digits) if digits.isdecimal() else -1


def _name_of(path: Path, given: list[str]) -> str:
    number = _number(path)
    return given[number] if 0 <= number < len(given) else path.name
