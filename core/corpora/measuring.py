"""The statistics of a corpus, as a task."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.corpora.statistics import CorpusStatistics, measure
from core.corpora.tasks import Task
from core.corpora.watching import Watch
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.corpus_records import SPLITS
from core.storage.workspace import Workspace


class MeasureSettings(Settings):
    """Which corpus is measured."""

    corpus: str = Field(default="", description="The corpus, by name or id.", max_length=200)


def check_measure(workspace: Workspace, settings: MeasureSettings) -> MeasureSettings:
    """Gives the settings in full.

    Raises:
        DataError: There is no such corpus.
    """
    return settings.changed(corpus=workspace.corpora.get(settings.corpus).id)


def _work(
    workspace: Workspace, settings: MeasureSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    corpus = workspace.corpora.get(settings.corpus)
    paths = {split: workspace.split_file(corpus.id, split) for split in SPLITS}
    found = measure(paths, corpus.src_lang, corpus.tgt_lang, watch)
    return {"statistics": found.to_dict()}


def statistics_of(workspace: Workspace, corpus_id: str) -> CorpusStatistics | None:
    """Gives the statistics of a corpus; None if it was not measured."""
    for work in workspace.corpus_jobs.of_corpus(corpus_id, "statistics"):
        if "statistics" in work.result:
            return CorpusStatistics.from_dict(work.result["statistics"])
    return None


TASK = Task("Measuring", MeasureSettings, check_measure, _work)
"""What `core.corpora.tasks` looks for."""
