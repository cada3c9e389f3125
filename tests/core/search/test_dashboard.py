"""Optuna's own dashboard opens the project's database, beside the program that uses it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from core.finetune.command import free_port
from core.search import studies
from core.search.optuna_storage import opened_storage, storage_url
from core.search.plan import Plan
from core.search.trial_store import TrialStore
from core.storage.workspace import Workspace


def _json(url: str, limit_s: float = 60.0) -> dict[str, object]:
    deadline = time.monotonic() + limit_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (loopback)
                found: dict[str, object] = json.loads(answer.read())
                return found
        except OSError:
            assert time.monotonic() < deadline, url
            time.sleep(0.2)


@pytest.mark.usefixtures("nothing_starts")
def test_dashboard_reads_the_studies(
    ready_workspace: Workspace, made_plan: Callable[..., Plan], tmp_path: Path
) -> None:
    study = studies.start(ready_workspace, "Seen by others", made_plan(num_trials=3))
    with opened_storage(ready_workspace) as storage:
        store = TrialStore(storage, study.name, Plan.of(study))
        for value in (1.5, 2.5):
            number = store.take("worker")
            store.report(number, 1, value)
            store.tell_finished(number, [value])
    port = free_port()
    command = [str(Path(sys.executable).with_name("optuna-dashboard"))]
    command += [storage_url(ready_workspace), "--port", str(port), "--host", "127.0.0.1"]
    with (
        (tmp_path / "log.txt").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as dashboard,
    ):
        try:
            base = f"http://127.0.0.1:{port}/api/studies"
            listed = _json(base)["study_summaries"]
            assert isinstance(listed, list) and len(listed) == 1
            assert listed[0]["study_name"] == "Seen by others"
            detail = _json(f"{base}/{listed[0]['study_id']}?after=0")
            trials = detail["trials"]
            assert isinstance(trials, list)
            assert [trial["values"] for trial in trials] == [[1.5], [2.5]]
            # It is read while the program goes on to write.
            studies.add_trials(ready_workspace, study.id, 2)
        finally:
            dashboard.terminate()
