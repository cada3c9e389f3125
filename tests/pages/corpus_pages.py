"""What the tests of the page of a corpus share: opening a part, and doing its jobs at once."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.corpora import works
from core.corpora.working import work
from core.jobs import queue
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.corpus_job_records import CorpusJob
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from tests.pages.reading import shown
from tests.pages.test_pages import opened


def hold_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps jobs in the queue; `done` and `carried_out` do their work in this process."""
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)


def done(workspace: Workspace, task: str, settings: Settings) -> CorpusJob:
    return carried_out(workspace, works.start(workspace, task, settings).id)


def carried_out(workspace: Workspace, work_id: str) -> CorpusJob:
    """Does what a job would do, and lets it end."""
    work(workspace, JobFolder(workspace.corpus_job_folder(work_id)))
    lane = workspace.jobs.get(work_id).lane  # type: ignore[union-attr]
    workspace.jobs.claim_next(lane)
    workspace.jobs.publish(work_id, "finished", "", {}, "2026-01-01T00:00:00.000+00:00")
    return workspace.corpus_jobs.get(work_id)


def at(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, corpus: Corpus, part: str) -> AppTest:
    app = opened(workspace, monkeypatch, "corpus", id=corpus.id, part=part)
    assert not app.exception
    return app


def field(app: AppTest, kind: str, label: str) -> Any:
    return next(each for each in app.get(kind) if each.label == label)


def table(app: AppTest, column: str) -> Any:
    return next(each.value for each in app.dataframe if column in each.value)


def choose(app: AppTest, column: str, *rows: int) -> AppTest:
    """Chooses rows of the table with this column."""
    found = next(each for each in app.dataframe if column in each.value)
    app.session_state[found.key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def said(app: AppTest) -> str:
    """Gives what is shown, without what keeps signs from being Markdown."""
    return shown(app).replace("\\", "").replace("\u2060", "")


def new_work(workspace: Workspace, task: str) -> CorpusJob:
    (found,) = workspace.corpus_jobs.all(task)
    return found
