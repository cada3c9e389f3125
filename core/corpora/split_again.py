"""Dividing a corpus anew; the old one stays."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.corpora.dividing import divide
from core.corpora.splitting import SplitSettings
from core.corpora.storing import check_name, new_corpus
from core.corpora.tasks import STAGING_FOLDER, Task
from core.corpora.versions import lineage
from core.corpora.watching import Watch
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.corpus_records import SPLITS
from core.storage.workspace import Workspace


class SplitAgainSettings(Settings):
    """What is divided anew, and how."""

    corpus: str = Field(default="", description="The corpus, by name or id.", max_length=200)
    name: str = Field(default="", description="Name of the new corpus.", max_length=400)
    split: SplitSettings = Field(default=SplitSettings(), description="How it is divided.")


def check_split(workspace: Workspace, settings: SplitAgainSettings) -> SplitAgainSettings:
    """Gives the settings in full.

    Raises:
        DataError: There is no such corpus, it is too small, or the name is taken.
    """
    parent = workspace.corpora.get(settings.corpus)
    settings.split.sizes(sum(parent.counts.values()))
    name = settings.name or f"{parent.name} (seed {settings.split.seed})"
    return settings.changed(corpus=parent.id, name=check_name(workspace, name))


def split_again(
    workspace: Workspace, settings: SplitAgainSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    """Makes a new corpus out of all segments of another; the old one stays.

    Raises:
        DataError: The segments cannot be divided like this.
    """
    parent = workspace.corpora.get(settings.corpus)
    pools = [workspace.split_file(parent.id, split) for split in SPLITS]
    with new_corpus(
        workspace,
        name=settings.name,
        src_lang=parent.src_lang,
        tgt_lang=parent.tgt_lang,
        origin=f"{parent.name}, split again",
        is_synthetic=parent.is_synthetic,
        staging=folder.path / STAGING_FOLDER,
        watch=watch,
    ) as new:
        num_rows = sum(parent.counts.values())
        new.counts.update(divide(pools, new.folder, settings.split, num_rows=num_rows, watch=watch))
        new.details.update(lineage(parent, "split", settings.split.model_dump()))
        new.details["split_seed"] = settings.split.seed
    return {"corpus": new.stored.id}


TASK = Task("Splitting", SplitAgainSettings, check_split, split_again)
"""What `core.corpora.tasks` looks for."""
