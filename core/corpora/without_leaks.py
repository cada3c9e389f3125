"""A version without the train rows in which held-out segments stand; the rows are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from core.corpora.doctor.findings import Finding, write_findings
from core.corpora.leak_search import compared_id, leaks_file, status_of
from core.corpora.leakage.removing import leaking_train_rows, without_rows
from core.corpora.segments import read_rows
from core.corpora.storing import REJECTED_FILE, check_name, new_corpus
from core.corpora.tasks import STAGING_FOLDER, Task
from core.corpora.versions import free_name, lineage
from core.corpora.watching import Watch
from core.errors import DataError
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.corpus_records import SPLITS
from core.storage.workspace import Workspace


class UnleakSettings(Settings):
    """Which leaks of which corpus are removed."""

    corpus: str = Field(default="", description="The corpus, by name or id.", max_length=200)
    name: str = Field(default="", description="Name of the new corpus.", max_length=400)
    against: str = Field(
        default="", description="Another corpus whose segments go; empty: its own."
    )
    levels: tuple[Literal["exact", "normalised", "near"], ...] = Field(
        default=("exact", "normalised", "near"), description="Which leaks count."
    )
    sides: tuple[Literal["source", "target"], ...] = Field(
        default=("source", "target"), description="On which side of the held-out segment."
    )


def check_unleak(workspace: Workspace, settings: UnleakSettings) -> UnleakSettings:
    """Gives the settings in full.

    Raises:
        DataError: There is no such corpus, nobody looked for leaks, or the name is taken.
    """
    corpus = workspace.corpora.get(settings.corpus)
    against = compared_id(workspace, corpus, settings.against)
    if status_of(corpus, against) is None:
        raise DataError(
            f"Nobody has looked for leaks of {corpus.name!r} yet.", hint="Look for them first."
        )
    if not settings.levels or not settings.sides:
        raise DataError("No kind of leak was chosen.", hint="Choose levels and sides.")
    name = settings.name or free_name(workspace, f"{corpus.name}, leaks removed")
    return settings.changed(corpus=corpus.id, against=against, name=check_name(workspace, name))


def _work(
    workspace: Workspace, settings: UnleakSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    parent = workspace.corpora.get(settings.corpus)
    path = leaks_file(workspace, parent.id, settings.against)
    leaking = leaking_train_rows(path, levels=settings.levels, sides=settings.sides)
    numbers = leaking.tolist()
    if len(numbers) == parent.num_train:
        raise DataError("Nothing of train would be left.", hint="Choose fewer kinds of leaks.")
    train = workspace.split_file(parent.id, "train")
    with new_corpus(
        workspace,
        name=settings.name,
        src_lang=parent.src_lang,
        tgt_lang=parent.tgt_lang,
        origin=f"{parent.name}, {len(numbers):,} leaking rows removed from train",
        is_synthetic=parent.is_synthetic,
        staging=folder.path / STAGING_FOLDER,
        watch=watch,
    ) as new:
        for place, split in enumerate(SPLITS):
            watch("writing", place, len(SPLITS))
            rows = read_rows(workspace.split_file(parent.id, split))
            new.write(split, without_rows(rows, numbers if split == "train" else ()))

        def removed() -> Iterator[Finding]:
            wanted = set(numbers)
            for number, row in enumerate(read_rows(train)):
                if number in wanted:
                    yield Finding("train", number, *row, ("leak",))

        new.details["num_left_out"] = write_findings(new.folder / REJECTED_FILE, removed())
        how = settings.model_dump(include={"against", "levels", "sides"})
        new.details.update(lineage(parent, "unleak", how), rejected={"leak": len(numbers)})
    return {"corpus": new.stored.id, "removed": len(numbers)}


TASK = Task("Removing leaks from", UnleakSettings, check_unleak, _work)
"""What `core.corpora.tasks` looks for."""
