"""Looking for leaks between a corpus and others, as a task; the corpus keeps what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from core.corpora.leakage.leaks import Leaks
from core.corpora.leakage.reporting import CorpusFiles, leaks_against, leaks_within
from core.corpora.leakage.settings import LeakSettings
from core.corpora.leakage.status import LeakStatus
from core.corpora.storing import LEAKS_FILE
from core.corpora.tasks import Task
from core.corpora.watching import Watch
from core.errors import DataError
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace


class LeakSearchSettings(Settings):
    """Which corpus is compared with which."""

    corpus: str = Field(default="", description="The corpus, by name or id.", max_length=200)
    against: str = Field(
        default="", description="Another corpus; empty: its own splits.", max_length=200
    )
    leaks: LeakSettings = Field(default=LeakSettings(), description="What counts as a leak.")


def check_search(workspace: Workspace, settings: LeakSearchSettings) -> LeakSearchSettings:
    """Gives the settings in full.

    Raises:
        DataError: There is no such corpus, or both are the same.
    """
    corpus = workspace.corpora.get(settings.corpus)
    against = workspace.corpora.get(settings.against).id if settings.against else ""
    if against == corpus.id:
        raise DataError(
            f"{corpus.name!r} cannot be compared with itself.",
            hint="Choose another corpus, or none: then its own splits are compared.",
        )
    return settings.changed(corpus=corpus.id, against=against)


def _work(
    workspace: Workspace, settings: LeakSearchSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    corpus = workspace.corpora.get(settings.corpus)
    out = leaks_file(workspace, corpus.id, settings.against)
    out.parent.mkdir(exist_ok=True)
    own = files_of(workspace, corpus)
    if settings.against:
        other = files_of(workspace, workspace.corpora.get(settings.against))
        status = leaks_against(own, other, out, settings.leaks, watch)
        known = dict(corpus.details.get("leakage_against", {}))
        # A corpus that was renamed or deleted since is still named as it was.
        known[settings.against] = {"name": other.name, "status": status.to_dict()}
        workspace.corpora.change_details(corpus.id, leakage_against=known)
    else:
        status = leaks_within(own.paths, *own.langs, out, settings.leaks, watch)
        workspace.corpora.change_details(corpus.id, leakage=status.to_dict())
    return {"status": status.to_dict()}


def files_of(workspace: Workspace, corpus: Corpus) -> CorpusFiles:
    """Gives a stored corpus as the report reads it."""
    paths = {split: workspace.split_file(corpus.id, split) for split in SPLITS}
    return CorpusFiles(corpus.name, corpus.src_lang, corpus.tgt_lang, paths)


def compared_id(workspace: Workspace, corpus: Corpus, against: str) -> str:
    """Gives the id of a corpus that another was compared with, also of one deleted since.

    Raises:
        DataError: There is none, and never was one that it was compared with.
    """
    if not against:
        return ""
    try:
        return workspace.corpora.get(against).id  # one that is here has its name now
    except DataError:
        for known_id, known in corpus.details.get("leakage_against", {}).items():
            if against in (known_id, known["name"]):
                return str(known_id)
        raise


def leaks_file(workspace: Workspace, corpus_id: str, against: str = "") -> Path:
    """Gives the file of the leaks between a corpus's splits, or against another corpus."""
    folder = workspace.corpus_folder(corpus_id)
    return folder / "leaks" / f"{against}.parquet" if against else folder / LEAKS_FILE


def leaks_of(workspace: Workspace, corpus_id: str, against: str = "") -> Leaks:
    """Gives the leaks that were found."""
    return Leaks(leaks_file(workspace, corpus_id, against))


def status_of(corpus: Corpus, against: str = "") -> LeakStatus | None:
    """Gives what is known of a corpus's leaks; None if nobody looked."""
    if not against:
        values = corpus.details.get("leakage")
    else:
        values = corpus.details.get("leakage_against", {}).get(against, {}).get("status")
    return LeakStatus.parse(values) if values else None


TASK = Task("Looking for leaks of", LeakSearchSettings, check_search, _work)
"""What `core.corpora.tasks` looks for."""
