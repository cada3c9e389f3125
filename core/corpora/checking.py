"""The data doctor's look at a corpus, as a task; it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from core.corpora.doctor.examining import FINDINGS_NAME, Examination, examine
from core.corpora.doctor.findings import Findings
from core.corpora.doctor.settings import DoctorSettings
from core.corpora.tasks import Task
from core.corpora.watching import Watch
from core.errors import ConfigError, DataError
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.corpus_job_records import CorpusJob
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace


class CheckSettings(Settings):
    """Which corpus is looked at, and for what."""

    corpus: str = Field(default="", description="The corpus, by name or id.", max_length=200)
    preset: str = Field(default="standard", description="What the thresholds began as.")
    doctor: DoctorSettings = Field(default=DoctorSettings(), description="Checks and thresholds.")


def check_doctor(workspace: Workspace, settings: CheckSettings) -> CheckSettings:
    """Gives the settings in full.

    Raises:
        DataError: There is no such corpus.
        ConfigError: Every check is switched off.
    """
    if not settings.doctor.active:
        raise ConfigError("Every check is switched off.", hint="Switch one on.")
    return settings.changed(corpus=workspace.corpora.get(settings.corpus).id)


def examined(
    workspace: Workspace, corpus: Corpus, doctor: DoctorSettings, out: Path, watch: Watch
) -> Examination:
    """Makes the checks on a stored corpus; the findings go to `out`."""
    paths = {split: workspace.split_file(corpus.id, split) for split in SPLITS}
    return examine(paths, corpus.src_lang, corpus.tgt_lang, doctor, out, watch=watch)


def _work(
    workspace: Workspace, settings: CheckSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    corpus = workspace.corpora.get(settings.corpus)
    found = examined(workspace, corpus, settings.doctor, folder.path / FINDINGS_NAME, watch)
    return {"examination": found.to_dict()}


def examination_of(work: CorpusJob) -> Examination:
    """Gives what a finished check found.

    Raises:
        DataError: It has not finished.
    """
    if "examination" not in work.result:
        raise DataError("The check has not finished.", hint="Wait for it, or check again.")
    return Examination.from_dict(work.result["examination"])


def findings_of(workspace: Workspace, work: CorpusJob) -> Findings:
    """Gives the rows that a finished check flagged."""
    return Findings(workspace.corpus_job_folder(work.id) / FINDINGS_NAME)


def last_check(workspace: Workspace, corpus_id: str) -> CorpusJob | None:
    """Gives the newest check of a corpus that has finished; None if there is none."""
    found = workspace.corpus_jobs.of_corpus(corpus_id, "check")
    return next((work for work in found if "examination" in work.result), None)


TASK = Task("Checking", CheckSettings, check_doctor, _work)
"""What `core.corpora.tasks` looks for."""
