"""A new corpus: its files first, its record last, and of a failure nothing at all."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.corpora.leakage.reporting import leaks_within
from core.corpora.segments import Pair, Row, write_segments
from core.corpora.watching import Watch, unwatched
from core.errors import DataError, HostError
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.files import utc_now
from core.storage.workspace import Workspace

MAX_NAME_CHARS = 200
LEAKS_FILE = "leaks.parquet"
REJECTED_FILE = "rejected.parquet"


@dataclass
class NewCorpus:
    """A corpus that is being written.

    Attributes:
        folder: Where its files are until it is whole.
        counts: Segments per split so far.
        details: What is stored of how it was made.
        corpus: The stored corpus; None until it is.
    """

    folder: Path
    counts: dict[str, int] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    corpus: Corpus | None = None

    def write(self, split: str, rows: Iterable[Pair | Row]) -> None:
        """Writes a split; one that is not written is empty."""
        self.counts[split] = write_segments(self.path(split), rows)

    def path(self, split: str) -> Path:
        """Gives the file of a split."""
        return self.folder / f"{split}.jsonl"

    @property
    def stored(self) -> Corpus:
        """The corpus, after the `with` block of `new_corpus`."""
        if self.corpus is None:
            raise ValueError("the corpus is not stored yet")
        return self.corpus


@contextlib.contextmanager
def new_corpus(
    workspace: Workspace,
    *,
    name: str,
    src_lang: str,
    tgt_lang: str,
    origin: str,
    is_synthetic: bool = False,
    corpus_id: str = "",
    staging: Path | None = None,
    watch: Watch = unwatched,
) -> Iterator[NewCorpus]:
    """Stores what the `with` block writes, and how far its splits share segments.

    Args:
        workspace: Where it is stored.
        name: What people call it; no other corpus has it.
        src_lang: FLORES-200 code of the first side.
        tgt_lang: FLORES-200 code of the second side.
        origin: Where the segments came from, in words.
        is_synthetic: True for generated text.
        corpus_id: A UUID that no corpus here has, where it comes back; empty = a new one.
        staging: Where the files are until all is well, on the same disk; None = beside others.
        watch: Is told how far the leak search is.

    Raises:
        DataError: The name is taken or no name.
        HostError: The disk is full.
    """
    name = check_name(workspace, name, is_new=False)
    corpus_id = corpus_id or str(uuid.uuid4())
    new = NewCorpus(staging or workspace.corpora_folder / f".new-{corpus_id}")
    with _nothing_left(workspace, new.folder, final := workspace.corpus_folder(corpus_id)):
        new.folder.mkdir(parents=True)
        yield new
        _complete(new, src_lang, tgt_lang, watch)
        corpus = _record(new, corpus_id, name, (src_lang, tgt_lang), origin, is_synthetic)
        new.folder.rename(final)
        workspace.corpora.add(corpus)
        new.corpus = corpus


@contextlib.contextmanager
def _nothing_left(workspace: Workspace, *folders: Path) -> Iterator[None]:
    """Removes folders when what the block does fails."""
    try:
        yield
    except BaseException as error:
        for each in folders:
            shutil.rmtree(each, ignore_errors=True)
        if isinstance(error, OSError):
            raise unwritable("The corpus could not be written", error, workspace) from error
        raise


def unwritable(what: str, error: OSError, workspace: Workspace) -> HostError:
    """Gives the sentence on files that could not be written, and what to do where the disk is full.

    Args:
        what: Such as "The corpus could not be written".
        error: Why.
        workspace: Where it was tried.
    """
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = f"Free some space under {workspace.root}" if is_full else f"Look at {workspace.root}"
    return HostError(f"{what}: {error.strerror or error}.", hint=f"{hint} and try again.")


def _record(
    new: NewCorpus,
    corpus_id: str,
    name: str,
    langs: tuple[str, str],
    origin: str,
    is_synthetic: bool,
) -> Corpus:
    return Corpus(
        id=corpus_id,
        name=name,
        src_lang=langs[0],
        tgt_lang=langs[1],
        origin=origin,
        is_synthetic=is_synthetic,
        num_train=new.counts["train"],
        num_dev=new.counts["dev"],
        num_test=new.counts["test"],
        details=json.loads(json.dumps(new.details)),  # as the database gives it back
        created_at=utc_now(),
    )


def _complete(new: NewCorpus, src_lang: str, tgt_lang: str, watch: Watch) -> None:
    """Writes empty splits, and looks for leaks between those that are not."""
    for split in SPLITS:
        if split not in new.counts:
            new.write(split, ())
    paths = {split: new.path(split) for split in SPLITS}
    status = leaks_within(paths, src_lang, tgt_lang, new.folder / LEAKS_FILE, watch=watch)
    new.details["leakage"] = status.to_dict()


def check_name(workspace: Workspace, name: str, *, is_new: bool = True) -> str:
    """Gives the name without outer spaces.

    Args:
        workspace: Where the corpora are.
        name: What somebody typed.
        is_new: Whether names of corpora that are being made are taken, too; not for the job that
            makes one.

    Raises:
        DataError: It is empty, too long, or taken.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise DataError(
            f"A corpus needs a name of 1 to {MAX_NAME_CHARS} characters.", hint="Type a name."
        )
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise DataError(f"The name {name!r} holds control characters.", hint="Type another name.")
    if any(corpus.name == name for corpus in workspace.corpora.all()):
        raise DataError(f"There is already a corpus named {name!r}.", hint="Choose another name.")
    if is_new and name in names_to_come(workspace):
        raise DataError(
            f"A corpus named {name!r} is being made.", hint="Choose another name, or stop it."
        )
    return name


def names_to_come(workspace: Workspace) -> set[str]:
    """Gives the names of corpora that jobs are making."""
    return {str(each.settings.get("name", "")) for each in workspace.corpus_jobs.unfinished()}


def store_corpus(
    workspace: Workspace,
    *,
    name: str,
    src_lang: str,
    tgt_lang: str,
    splits: Mapping[str, Iterable[Pair | Row]],
    origin: str = "",
    is_synthetic: bool = False,
    details: Mapping[str, Any] | None = None,
) -> Corpus:
    """Stores segments that are at hand as a corpus; see `new_corpus`."""
    with new_corpus(
        workspace,
        name=name,
        src_lang=src_lang,
        tgt_lang=tgt_lang,
        origin=origin,
        is_synthetic=is_synthetic,
    ) as new:
        for split, rows in splits.items():
            new.write(split, rows)
        new.details.update(details or {})
    return new.stored
