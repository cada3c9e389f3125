"""Jobs for tests of the queue, and machines with GPUs on which real processes start them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from core.jobs import queue
from core.jobs.folder import JobFolder, JobState
from core.storage.files import utc_now, write_json
from core.storage.job_records import ACTIVE, Job
from core.storage.run_records import Run
from core.storage.workspace import PROJECT, Workspace
from tests.servers.nvml_gpus import Gpus

KIND = "core.stand_in_work"
KIND_FOLDER = PROJECT / "tests/servers/queued_work"
LIMIT_S = 60.0
ADVANCES = """
import sys
from pathlib import Path
from core.jobs import queue
from core.storage.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    queue.advance(workspace)
"""


def add_run(
    workspace: Workspace, run_id: str, *, gpus: int = 1, state: str = "queued", **values: Any
) -> Job:
    """Enters a run whose work is that of the stand-in."""
    folder = JobFolder(workspace.run_folder(run_id))
    folder.path.mkdir()
    write_json(folder.settings_file, {"gpus": gpus})
    values = {"title": run_id, "lane": queue.COMPUTE_LANE, "queued_at": utc_now(), **values}
    job = Job(id=run_id, kind=KIND, folder=f"runs/{run_id}", state=state, **values)
    queue.enter(workspace, job)
    if state != "queued":
        folder.write_state(JobState(state=state))
    names = {"corpus_id": "c", "corpus_name": "corpus", "base_model": "starter"}
    languages = {"src_lang": "eng_Latn", "tgt_lang": "gle_Latn"}
    more: dict[str, Any] = {"settings": {}, "scores": {}, "train_seconds": None}
    run = Run(
        id=run_id, name=job.title, created_at=utc_now(), job=job, **names, **languages, **more
    )
    workspace.runs.add(run)
    return job


def order(workspace: Workspace) -> list[str]:
    return [job.id for job in workspace.queue.waiting()]


def state_of(workspace: Workspace, job_id: str) -> str:
    job = workspace.jobs.get(job_id)
    assert job is not None
    return job.state


def starts(workspace: Workspace, job_id: str) -> list[str]:
    """Gives what CUDA_VISIBLE_DEVICES was at each start of a job's work."""
    path = workspace.run_folder(job_id) / "starts.txt"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def let_end(workspace: Workspace, *job_ids: str) -> None:
    for job_id in job_ids:
        (workspace.run_folder(job_id) / "go").touch()


def until(condition: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end_s, f"never came: {what}"
        time.sleep(0.05)


class GpuMachine:
    """A machine whose programs take themselves for built for CUDA and see the stand-in's GPUs."""

    def __init__(self, gpus: Gpus, folder: Path, workspace: Workspace) -> None:
        self.gpus = gpus
        self._workspace = workspace
        torch = folder / "torch-2.13.0+cu130.dist-info"
        torch.mkdir(parents=True)
        (torch / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: torch\nVersion: 2.13.0+cu130\n"
        )
        paths = [folder, KIND_FOLDER, PROJECT]
        self.environment = {
            **gpus.environment(), "PYTHONPATH": os.pathsep.join(str(path) for path in paths)
        }  # fmt: skip

    def advance(self, *, num_processes: int = 1, times: int = 1) -> None:
        """Lets several processes at once look after the queue."""
        command = [sys.executable, "-c", ADVANCES, str(self._workspace.root), str(times)]
        processes = [
            subprocess.Popen(
                command, cwd=PROJECT, env=self.environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for _ in range(num_processes)
        ]  # fmt: skip
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process in processes:
            process.communicate(timeout=LIMIT_S)
            assert process.returncode == 0

    def asked(self, code: str, *arguments: str) -> Any:
        """Runs a program on this machine and gives the JSON that it prints."""
        command = [sys.executable, "-c", code, str(self._workspace.root), *arguments]
        done = subprocess.run(
            command, cwd=PROJECT, env=self.environment, text=True, capture_output=True, check=True
        )
        return json.loads(done.stdout)


def working(workspace: Workspace, job_ids: Sequence[str]) -> list[str]:
    """Gives the jobs whose work has begun and not ended."""
    return [
        each for each in job_ids if starts(workspace, each) and state_of(workspace, each) in ACTIVE
    ]
