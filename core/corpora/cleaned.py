"""A cleaned version of a corpus: without the rows that the data doctor flagged, which are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from core.corpora.checking import CheckSettings, check_doctor, examined, findings_of
from core.corpora.doctor.checks import CHECKS
from core.corpora.doctor.cleaning import kept_rows, rejected_rows
from core.corpora.doctor.examining import FINDINGS_NAME
from core.corpora.doctor.findings import Finding, Findings, write_findings
from core.corpora.doctor.settings import DoctorSettings
from core.corpora.storing import REJECTED_FILE, NewCorpus, check_name, new_corpus
from core.corpora.tasks import STAGING_FOLDER, Task
from core.corpora.versions import free_name, lineage
from core.corpora.watching import Watch
from core.errors import ConfigError, DataError
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace


class CleanSettings(Settings):
    """Which corpus is cleaned, of what, and what the new version is called."""

    corpus: str = Field(default="", description="The corpus, by name or id.", max_length=200)
    name: str = Field(default="", description="Name of the new corpus.", max_length=400)
    check: str = Field(
        default="", description="Id of a finished check of it; empty: it is checked first."
    )
    preset: str = Field(default="standard", description="What the thresholds began as.")
    doctor: DoctorSettings = Field(default=DoctorSettings(), description="Checks and thresholds.")
    reasons: tuple[str, ...] = Field(
        default=(), description="The checks whose findings are left out; empty: all that are on."
    )


def check_clean(workspace: Workspace, settings: CleanSettings) -> CleanSettings:
    """Gives the settings in full.

    Raises:
        DataError: There is no such corpus or check, or the name is taken.
        ConfigError: A reason is no check.
    """
    corpus = workspace.corpora.get(settings.corpus)
    unknown = [reason for reason in settings.reasons if reason not in CHECKS]
    if unknown:
        raise ConfigError(
            f"There is no check {unknown[0]!r}.", hint=f"There are {', '.join(CHECKS)}."
        )
    if settings.check:
        work = workspace.corpus_jobs.get(settings.check)
        asked = CheckSettings.parse(work.settings)
        if work.corpus_id != corpus.id or not work.result:
            raise DataError(
                f"The check {settings.check!r} is none of {corpus.name!r}, or has not finished.",
                hint="Check the corpus again.",
            )
        settings = settings.changed(doctor=asked.doctor, preset=asked.preset)
    else:
        check_doctor(
            workspace, CheckSettings.parse({"corpus": corpus.id, "doctor": settings.doctor})
        )
    name = settings.name or free_name(workspace, f"{corpus.name}, cleaned")
    return settings.changed(corpus=corpus.id, name=check_name(workspace, name))


def _work(
    workspace: Workspace, settings: CleanSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    parent = workspace.corpora.get(settings.corpus)
    if settings.check:
        findings = findings_of(workspace, workspace.corpus_jobs.get(settings.check))
    else:
        path = folder.path / FINDINGS_NAME
        examined(workspace, parent, settings.doctor, path, watch)
        findings = Findings(path)
    with new_corpus(
        workspace,
        name=settings.name,
        src_lang=parent.src_lang,
        tgt_lang=parent.tgt_lang,
        origin=f"{parent.name}, cleaned ({settings.preset})",
        is_synthetic=parent.is_synthetic,
        staging=folder.path / STAGING_FOLDER,
        watch=watch,
    ) as new:
        rejected, num_left_out = _write(workspace, parent, settings, findings, new, watch)
        with_what = settings.model_dump(include={"preset", "doctor", "reasons"})
        new.details.update(lineage(parent, "clean", with_what), rejected=rejected)
        new.details["num_left_out"] = num_left_out
    return {"corpus": new.stored.id, "rejected": rejected}


def _write(
    workspace: Workspace,
    parent: Corpus,
    settings: CleanSettings,
    findings: Findings,
    new: NewCorpus,
    watch: Watch,
) -> tuple[dict[str, int], int]:
    """Writes splits and rejected rows; gives how many rows each check rejected, and all did."""
    active = settings.reasons or None
    counts: Counter[str] = Counter()

    def rejected() -> Iterator[Finding]:
        for split in SPLITS:
            for each in rejected_rows(findings, split, settings.doctor, active_checks=active):
                counts.update(each.reasons)
                yield each

    for place, split in enumerate(SPLITS):
        watch("writing", place, len(SPLITS))
        path = workspace.split_file(parent.id, split)
        new.write(split, kept_rows(path, findings, split, settings.doctor, active_checks=active))
        if parent.counts[split] and not new.counts[split]:
            raise DataError(
                f"Nothing of {split} would be left.", hint="Switch checks off or loosen them."
            )
    num_left_out = write_findings(new.folder / REJECTED_FILE, rejected())
    return {key: counts[key] for key in CHECKS if counts[key]}, num_left_out


TASK = Task("Cleaning", CleanSettings, check_clean, _work)
"""What `core.corpora.tasks` looks for."""
