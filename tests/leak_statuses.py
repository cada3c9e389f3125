"""Corpora with a leak status of the test's choosing: counted by the real check, or just told."""

from __future__ import annotations

from sqlalchemy import update

from core.corpora.leak_search import LeakSearchSettings
from core.corpora.leakage.status import EITHER, LeakStatus, PairStatus
from core.corpora.storing import store_corpus
from core.corpora.tasks import load_task
from core.corpora.watching import unwatched
from core.jobs.folder import JobFolder
from core.storage.corpus_records import Corpus
from core.storage.tables import corpora
from core.storage.workspace import Workspace

CLEAN = "No {} segment stands in train (exact, normalised, near ≥ 0.8)."
UNCHECKED = "Whether {} segments stand in train was not checked."
LEAKS = "{} of 200 {} segments also stand in train (English side {})"


def told(workspace: Workspace, corpus_id: str, *, dev: int = 0, test: int = 0) -> None:
    """Stores that so many dev and test segments, of 200 each, stand in train."""
    status = LeakStatus(tuple(_pair(*each) for each in (("dev", dev), ("test", test))), 0.8, 0, "")
    workspace.corpora.change_details(corpus_id, leakage=status.to_dict())


def untold(workspace: Workspace, corpus_id: str) -> None:
    """Makes a corpus one of an earlier version, which kept no status."""
    with workspace.database.writing() as connection:
        connection.execute(update(corpora).where(corpora.c.id == corpus_id).values(details={}))


def stored(workspace: Workspace, name: str, *, num_leaks: int = 0, prefix: str = "") -> Corpus:
    """Stores a corpus of 8 train, 2 dev and 4 test segments; the first test ones stand in train."""
    train = [(f"{prefix}source {n}", f"{prefix}foinse {n}") for n in range(8)]
    test = [(f"{prefix}test {n}", f"{prefix}tástáil {n}") for n in range(4)]
    test[:num_leaks] = [(source.upper(), f"{prefix}eile {source}") for source, _ in train][
        :num_leaks
    ]
    dev = [(f"{prefix}dev {n}", f"{prefix}forbairt {n}") for n in range(2)]
    splits = {"train": train, "dev": dev, "test": test}
    return store_corpus(
        workspace, name=name, src_lang="eng_Latn", tgt_lang="gle_Latn", splits=splits
    )


def looked_for(workspace: Workspace, corpus: Corpus, against: Corpus) -> None:
    """Looks for leaks between two corpora, as the job does; the first one keeps what was found."""
    task = load_task("leakage")
    settings = LeakSearchSettings(corpus=corpus.id, against=against.id)
    task.work(workspace, task.check(workspace, settings), JobFolder(workspace.root), unwatched)


def _pair(split: str, num_leaking: int) -> PairStatus:
    counts = {"exact": num_leaking, "normalised": 0, "near": 0}
    sides = {"source": counts, EITHER: counts}
    languages = ("eng_Latn", "gle_Latn")
    return PairStatus("", split, "", "train", *languages, 200, 3600, sides, {}, True)
