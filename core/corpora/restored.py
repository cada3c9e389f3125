"""A version with rejected rows taken back, each at the place where it stood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import Field

from core.corpora.doctor.findings import Finding, Findings, write_findings
from core.corpora.segments import Row, read_rows
from core.corpora.storing import REJECTED_FILE, check_name, new_corpus
from core.corpora.tasks import STAGING_FOLDER, Task
from core.corpora.versions import free_name, lineage
from core.corpora.watching import Watch
from core.errors import DataError
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace


class RestoreSettings(Settings):
    """Which rejected rows of which corpus are taken back."""

    corpus: str = Field(default="", description="The corpus, by name or id.", max_length=200)
    name: str = Field(default="", description="Name of the new corpus.", max_length=400)
    rows: tuple[tuple[str, int], ...] = Field(
        default=(), description="Split and number, from 0, of each rejected row."
    )


def check_restore(workspace: Workspace, settings: RestoreSettings) -> RestoreSettings:
    """Gives the settings in full.

    Raises:
        DataError: There is no such corpus or no row was chosen, or the name is taken.
    """
    corpus = workspace.corpora.get(settings.corpus)
    if corpus.details.get("made_by") in (None, "import"):
        raise DataError(
            f"Rows that the import of {corpus.name!r} left out lack a text and cannot be used.",
            hint="Correct them in the file and import it again.",
        )
    if not settings.rows:
        raise DataError("No row was chosen.", hint="Choose rejected rows to take back.")
    _check_rows(workspace, corpus, set(settings.rows))
    name = settings.name or free_name(workspace, corpus.name)
    return settings.changed(corpus=corpus.id, name=check_name(workspace, name))


def _check_rows(workspace: Workspace, corpus: Corpus, chosen: set[tuple[str, int]]) -> None:
    """Refuses rows that were not left out of a version."""
    known: set[tuple[str, int]] = set()
    if (workspace.corpus_folder(corpus.id) / REJECTED_FILE).exists():
        findings = rejected_of(workspace, corpus)
        for split in SPLITS:
            known |= {(split, number) for number in findings.numbers(split).tolist()}
    unknown = sorted(chosen - known)
    if unknown:
        split, number = unknown[0]
        raise DataError(
            f"Row {number + 1:,} of {split} is none that was left out of {corpus.name!r}.",
            hint="Choose rows from those that it was made without.",
        )


def _work(
    workspace: Workspace, settings: RestoreSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    before = workspace.corpora.get(settings.corpus)
    findings = rejected_of(workspace, before)
    chosen = set(settings.rows)
    with new_corpus(
        workspace,
        name=settings.name,
        src_lang=before.src_lang,
        tgt_lang=before.tgt_lang,
        origin=f"{before.name}, {len(chosen):,} rows taken back",
        is_synthetic=before.is_synthetic,
        staging=folder.path / STAGING_FOLDER,
        watch=watch,
    ) as new:
        for place, split in enumerate(SPLITS):
            watch("writing", place, len(SPLITS))
            rows = read_rows(workspace.split_file(before.id, split))
            new.write(split, _merged(rows, findings.of_split(split), chosen))
        left = [
            each
            for split in SPLITS
            for each in findings.of_split(split)
            if (each.split, each.number) not in chosen
        ]
        new.details["num_left_out"] = write_findings(new.folder / REJECTED_FILE, left)
        counts = Counter(reason for each in left for reason in each.reasons)
        taken = {"rows": [list(row) for row in settings.rows]}
        new.details.update(lineage(before, "restore", taken), rejected=dict(counts))
    return {"corpus": new.stored.id}


def _merged(
    kept: Iterator[Row], rejected: Iterator[Finding], chosen: Collection[tuple[str, int]]
) -> Iterator[Row]:
    """Gives kept and chosen rows in the order of the version before both were parted.

    A rejected row knows its number there; the kept ones fill the numbers in between.
    """
    number = 0
    for each in rejected:
        while number < each.number:
            row = next(kept, None)
            if row is None:
                break
            yield row
            number += 1
        if (each.split, each.number) in chosen:
            yield Row(each.source, each.target, each.document)
        number = each.number + 1
    yield from kept


def rejected_of(workspace: Workspace, corpus: Corpus) -> Findings:
    """Gives the rows that a corpus was made without."""
    return Findings(workspace.corpus_folder(corpus.id) / REJECTED_FILE)


TASK = Task("Taking rows back into", RestoreSettings, check_restore, _work)
"""What `core.corpora.tasks` looks for."""
