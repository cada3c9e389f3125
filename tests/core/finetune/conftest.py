"""Fixtures of the tests that start the real launcher: tiny runs, deadlines, nothing left behind."""

import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.corpora.sample import SRC_LANG, TGT_LANG, generate_sample
from core.corpora.storing import store_corpus
from core.finetune import runs
from core.finetune.distributed import SHARED_MEMORY
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.jobs.folder import JobState
from core.jobs.processes import JOB_VARIABLE, become_subreaper, end_job_leftovers
from core.storage.files import JsonLinesTail, last_lines
from core.storage.run_records import Run
from core.storage.workspace import Workspace

TINY = {
    "corpus": "tiny",
    "max_steps": 3,
    "num_epochs": 1000,
    "learning_rate": 2e-3,
    "warmup_steps": 1,
    "batching": "fixed size",
    "batch_size": 8,
    "max_source_length": 32,
    "max_target_length": 32,
    "eval_segments": 4,
    "num_samples": 2,
    "num_beams": 1,
    "threads_per_process": 1,
}
POLL_S = 0.3  # each look goes through the database
LIMIT_S = 300.0  # on a busy machine the first run compiles for two minutes


class Lab:
    """A workspace in which tiny runs are launched and watched; every wait has an end."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._children = set(psutil.Process().children())

    def settings(self, **changes: Any) -> FineTuneSettings:
        return FineTuneSettings.parse({**TINY, **changes})

    def launch(self, **changes: Any) -> Run:
        return runs.launch(self.workspace, self.settings(**changes))

    def run(self, **changes: Any) -> tuple[Run, JobState]:
        run = self.launch(**changes)
        return run, self.wait(run)

    def finish(self, **changes: Any) -> Run:
        run, state = self.run(**changes)
        assert state.state == "finished", self.report(run)
        return run

    def wait(self, run: Run) -> JobState:
        """Waits as pages and command line do, but not for ever."""
        states: list[JobState] = []
        thread = threading.Thread(
            target=lambda: states.append(queue.wait(self.workspace, run.id, poll_s=POLL_S)),
            daemon=True,
        )
        thread.start()
        thread.join(LIMIT_S)
        assert states, f"not ended after {LIMIT_S} s: {self.report(run)}"
        return states[0]

    def until(self, run: Run, what: str, condition: Callable[[], Any], limit_s: float = LIMIT_S):
        """Waits for a condition without touching the queue, and gives its value."""
        deadline = time.monotonic() + limit_s
        while not (value := condition()):
            assert time.monotonic() < deadline, f"{what}: {self.report(run)}"
            time.sleep(0.05)
        return value

    def until_step(self, run: Run, step: int) -> int:
        """Waits until the run has trained `step` steps and gives how many it has."""

        def reached() -> int:
            state = self.folder(run).read_state()
            assert not state.has_ended, self.report(run)
            last = max((record["step"] for record in self.records(run, "train")), default=0)
            return last if last >= step else 0

        return self.until(run, f"step {step}", reached)

    def folder(self, run: Run) -> RunFolder:
        return RunFolder(self.workspace.run_folder(run.id))

    def records(self, run: Run, kind: str) -> list[dict[str, Any]]:
        records = JsonLinesTail(self.folder(run).metrics_file).read()
        return [record for record in records if record["kind"] == kind]

    def losses(self, run: Run) -> dict[int, float]:
        """The training losses by step; what a resumed run repeats counts once, the later one."""
        return {record["step"]: record["loss"] for record in self.records(run, "train")}

    def processes(self, run: Run) -> list[psutil.Process]:
        """Everything the run has started that still lives."""
        return [
            process
            for process in psutil.process_iter()
            if _environment(process).get(JOB_VARIABLE) == run.id
        ]

    def process(self, run: Run, *signs: str, rank: int | None = None) -> psutil.Process:
        """Gives the only process of the run with all `signs` in its command."""
        found = [
            process
            for process in self.processes(run)
            if all(sign in " ".join(process.cmdline()) for sign in signs)
            and (rank is None or _environment(process).get("RANK") == str(rank))
        ]
        assert len(found) == 1, f"{signs}: {found} {self.report(run)}"
        return found[0]

    def supervisor(self, run: Run) -> psutil.Process:
        identity = self.folder(run).read_state().supervisor
        assert identity is not None, self.report(run)
        return psutil.Process(identity.pid)

    def supervisors(self, run: Run) -> list[psutil.Process]:
        """Every living supervisor of the run's folder; there must never be two."""
        command = ["core.jobs.supervisor", str(self.folder(run).path)]
        found = [p for p in psutil.process_iter() if _command(p)[-2:] == command]
        # What one of them has just forked shows its command until it becomes another program.
        pids = {process.pid for process in found}
        return [process for process in found if _parent(process) not in pids]

    def assert_nothing_left(self, run: Run, *, may_reap: bool = False) -> None:
        """Within seconds no process of the run lives, nor is one a zombie below this process.

        Nor is memory left that its last processes shared.

        `may_reap`: the supervisor was killed, so init (here this process) inherits its children.
        """

        def is_clean() -> bool:
            if may_reap:
                _reap(self._children)
            left = set(psutil.Process().children(recursive=True)) - self._children
            return not (left or self.processes(run) or self.supervisors(run))

        self.until(run, "processes are left", is_clean, limit_s=15.0)
        assert self._buffers(run) == []

    def _buffers(self, run: Run) -> list[str]:
        """Gives the shared memory that is named after the port of the run's last launch."""
        file = self.folder(run).command_file
        found = re.search(r"--master_port (\d+)", file.read_text()) if file.exists() else None
        return [path.name for path in SHARED_MEMORY.glob(f"*_{found[1]}_*")] if found else []

    def report(self, run: Run) -> str:
        folder = self.folder(run)
        names = ["state.json", "supervisor.log", "log.txt", *map(str, folder.path.glob("rank-*"))]
        tails = [f"== {name}\n{last_lines(folder.path / name)[-1500:]}" for name in names]
        left = [(p.pid, " ".join(_command(p))[:120]) for p in self.processes(run)]
        children = psutil.Process().children(recursive=True)
        return "\n".join([*tails, f"== processes {left}", f"== children {children}"])

    def close(self) -> None:
        """Ends what a failed test left."""
        for run in self.workspace.runs.newest(limit=1000):
            for process in self.supervisors(run):
                process.kill()
            end_job_leftovers(run.id)
        _reap(self._children)
        self.workspace.database.dispose()


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _reap(spared: set[psutil.Process]) -> None:
    for process in set(psutil.Process().children()) - spared:
        if process.status() == psutil.STATUS_ZOMBIE:
            try:
                os.waitpid(process.pid, os.WNOHANG)
            except ChildProcessError:
                continue


@pytest.fixture(scope="session")
def lab_folder(ready_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the starter model and two tiny corpora; never to be changed.

    `one step` has so few segments that one step of 32 segments is a whole epoch: however a step
    is spread over accumulation and processes, its segments are the same.
    """
    folder = tmp_path_factory.mktemp("lab") / "workspace"
    shutil.copytree(ready_folder, folder)
    workspace = Workspace(folder)
    sample = generate_sample(300, 12, 12)
    for name, size in (("tiny", 300), ("one step", 32)):
        store_corpus(
            workspace,
            name=name,
            src_lang=SRC_LANG,
            tgt_lang=TGT_LANG,
            splits={"train": sample.train[:size], "dev": sample.dev, "test": sample.test},
        )
    workspace.database.dispose()
    return folder


def _opened(lab_folder: Path, root: Path) -> Lab:
    become_subreaper()  # as init: what a supervisor leaves behind comes to this process
    shutil.copytree(lab_folder, root, dirs_exist_ok=True)
    return Lab(Workspace(root))


@pytest.fixture
def lab(lab_folder: Path, tmp_path: Path) -> Iterator[Lab]:
    """A private workspace for tiny runs."""
    opened = _opened(lab_folder, tmp_path / "workspace")
    yield opened
    opened.close()


@pytest.fixture
def lab_at(lab_folder: Path) -> Iterator[Callable[[Path], Lab]]:
    """Makes a workspace for tiny runs in a given folder."""
    opened: list[Lab] = []

    def at(root: Path) -> Lab:
        opened.append(_opened(lab_folder, root))
        return opened[-1]

    yield at
    for lab in opened:
        lab.close()


@pytest.fixture(scope="module")
def shared_lab(lab_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A workspace for runs that several tests look at."""
    opened = _opened(lab_folder, tmp_path_factory.mktemp("shared") / "workspace")
    yield opened
    opened.close()


@pytest.fixture
def model_folder(lab_folder: Path, tmp_path: Path) -> Callable[..., Path]:
    """Makes a local base model: the starter with changes to its `config.json`."""

    def made(**changes: Any) -> Path:
        folder = tmp_path / "base"
        shutil.copytree(lab_folder / "models" / "starter", folder)
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))
        return folder

    return made
