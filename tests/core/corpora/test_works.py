"""Work on corpora as real jobs: started once, followed, stopped, killed, dismissed."""

from __future__ import annotations

import os
import signal
import socket
import time
import uuid
from pathlib import Path

import pytest

from core.corpora import works
from core.corpora.bundled import ensure_sample
from core.corpora.checking import CheckSettings, examination_of, findings_of, last_check
from core.corpora.cleaned import CleanSettings
from core.corpora.deleting import delete_corpus
from core.corpora.formats.files import MemoryFile
from core.corpora.importing import ImportSettings
from core.corpora.public_sets import MIRROR_VARIABLE
from core.corpora.versions import free_name
from core.errors import AdaptMLLMError, DataError
from core.jobs import queue
from core.jobs.folder import JobFolder
from core.storage.workspace import Workspace
from tests.core.corpora.imports import tsv


def import_of(file: MemoryFile, name: str = "Pairs") -> ImportSettings:
    return ImportSettings(name=name, files=(file.name,))


def test_import_as_a_job_is_one_corpus_however_often_it_is_clicked(workspace: Workspace) -> None:
    file = tsv(60)
    work_id = str(uuid.uuid4())
    first = works.start(workspace, "import", import_of(file), files=[file], work_id=work_id)
    again = works.start(workspace, "import", import_of(file), files=[file], work_id=work_id)
    assert again.id == first.id
    done = works.wait_for(workspace, first.id)
    (corpus,) = workspace.corpora.all()
    assert done.result == {"corpus": corpus.id}
    assert corpus.counts == {"train": 54, "dev": 3, "test": 3}
    raw = workspace.corpus_folder(corpus.id) / "raw" / "0.tsv"
    assert raw.read_bytes() == file.data
    # Nothing of the job's own copies is left beside them.
    left = {path.name for path in workspace.corpus_job_folder(first.id).iterdir()}
    assert not left & {"raw", "scratch", "corpus"}


def test_a_refused_import_writes_nothing_and_a_failed_one_says_why(workspace: Workspace) -> None:
    file = MemoryFile("x.csv", b"source,target\na,b\nc\n")
    with pytest.raises(DataError, match="1 to 200 characters"):
        works.start(workspace, "import", import_of(file, " "), files=[file])
    assert workspace.corpus_jobs.all() == []
    work = works.start(workspace, "import", import_of(file), files=[file])
    with pytest.raises(AdaptMLLMError) as caught:
        works.wait_for(workspace, work.id)
    assert "'x.csv' line 3" in caught.value.message
    assert workspace.corpora.all() == []
    assert list(workspace.corpora_folder.iterdir()) == []
    works.dismiss(workspace, work.id)
    works.dismiss(workspace, work.id)  # by another tab
    assert workspace.corpus_jobs.all() == []
    assert not workspace.corpus_job_folder(work.id).exists()


def test_check_and_clean_as_jobs(workspace: Workspace) -> None:
    corpus = ensure_sample(workspace)
    work = works.start(workspace, "check", CheckSettings(corpus=corpus.name))
    done = works.wait_for(workspace, work.id)
    assert last_check(workspace, corpus.id) == done
    found = examination_of(done)
    assert sum(found.num_rows.values()) == sum(corpus.counts.values())
    assert findings_of(workspace, done).count == sum(found.num_flagged.values())
    cleaning = works.start(workspace, "clean", CleanSettings(corpus=corpus.id, check=work.id))
    made = workspace.corpora.get(works.wait_for(workspace, cleaning.id).result["corpus"])
    assert made.num_train == corpus.num_train - findings_of(workspace, done).numbers("train").size
    delete_corpus(workspace, corpus.id)  # takes its checks along
    assert {each.corpus_id for each in workspace.corpus_jobs.all()} <= {"", made.id}


@pytest.fixture
def large_file() -> MemoryFile:
    """Long enough to be stopped or killed while it is read."""
    rows = (
        f"a source of many words number {n}\tsprioc le go leor focal {n}\n" for n in range(600_000)
    )
    return MemoryFile("large.tsv", "".join(rows).encode())


def wait_for_phase(workspace: Workspace, work_id: str) -> works.Standing:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        now = works.standing(workspace, work_id)
        if now.phase and now.done:
            return now
        assert not now.state.has_ended, now
        time.sleep(0.05)
    raise AssertionError("no progress within a minute")


def test_stopped_import_leaves_nothing(workspace: Workspace, large_file: MemoryFile) -> None:
    work = works.start(workspace, "import", import_of(large_file), files=[large_file])
    wait_for_phase(workspace, work.id)
    with pytest.raises(DataError, match="Stop it first"):
        works.dismiss(workspace, work.id)
    with pytest.raises(DataError, match="A corpus named 'Pairs' is being made"):
        works.start(workspace, "import", import_of(large_file), files=[large_file])
    assert free_name(workspace, "Pairs") == "Pairs (2)"
    works.stop(workspace, work.id)
    state = queue.wait(workspace, work.id)
    assert (state.state, state.reason) == (
        "stopped",
        "Stopped on request; nothing of it was kept.",
    )
    assert workspace.corpora.all() == []
    assert list(workspace.corpora_folder.iterdir()) == []


def test_killed_import_is_lost_and_leaves_no_corpus(
    workspace: Workspace, large_file: MemoryFile
) -> None:
    work = works.start(workspace, "import", import_of(large_file), files=[large_file])
    wait_for_phase(workspace, work.id)
    supervisor = JobFolder(workspace.corpus_job_folder(work.id)).read_state().supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while works.standing(workspace, work.id).state.state != "lost":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert works.standing(workspace, work.id).state.hint == works.RESUME_HINT
    queue.reconcile(workspace)
    assert workspace.corpora.all() == []
    works.dismiss(workspace, work.id)
    assert not workspace.corpus_job_folder(work.id).exists()


def test_unknown_tasks_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no task 'polish'"):
        works.start(workspace, "polish", CheckSettings())
    with pytest.raises(DataError, match="There is no work on a corpus with the id 'x'"):
        works.standing(workspace, "x")


def test_public_set_without_a_network_says_which_files_to_bring(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv(MIRROR_VARIABLE, f"http://127.0.0.1:{port}")
    settings = ImportSettings(name="LoResMT", public_set="loresmt2021-en-mr")
    work = works.start(workspace, "import", settings)
    with pytest.raises(AdaptMLLMError) as caught:
        works.wait_for(workspace, work.id)
    assert "cannot be had from 127.0.0.1" in caught.value.message
    assert "upload" in caught.value.hint
    assert "train.mr" in caught.value.hint
    assert workspace.corpora.all() == []
