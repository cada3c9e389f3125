"""Folder and record of one id: whole or absent, whatever is killed in between."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.commands.login import login_name
from core.corpora.bundled import ensure_sample
from core.corpora.sample import SAMPLE_NAME
from core.errors import ConfigError, HostError, ModelError, TrainingError
from core.finetune.command import free_port
from core.jobs import queue
from core.jobs.entering import DELETED, locked, set_aside, whole
from core.serving import services, versions
from core.serving.servable import Servable
from core.serving.settings import PrepareSettings, ServeSettings
from core.storage.files import utc_now
from core.storage.workspace import PROJECT, Workspace
from core.systems.batch import batches
from core.systems.batch.settings import BatchSettings
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings

ID = "0b4f8d52-6d1e-4b59-9f2e-0d5a4f6c1a11"


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in the queue: nothing here needs what they would do."""
    monkeypatch.setattr(queue, "advance", lambda workspace: None)


@pytest.fixture
def home(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A workspace with the sample corpus, a base model and a prepared folder, none ever loaded."""
    ensure_sample(workspace)
    workspace.starter_model.mkdir(parents=True)
    (workspace.starter_model / "config.json").write_text("{}")
    about = ("demo", "demo", "NLLB", "ctranslate2", "", "int8", ["eng_Latn"], ["gle_Latn"])
    (tmp_path / "prepared").mkdir()
    Servable(*about, "MIT", "", 100, 1, 1, utc_now()).save(tmp_path / "prepared")
    endpoint = {"name": "LLM", "base_url": "http://127.0.0.1:9/v1", "model": "m"}
    add_endpoint(workspace, EndpointSettings.parse(endpoint))
    return workspace


def start(workspace: Workspace) -> Any:
    model = str(workspace.root.parent / "prepared")
    settings = ServeSettings(model=model, port=free_port())
    return services.start(workspace, settings, service_id=ID, by="Áine")


def prepare(workspace: Workspace) -> Any:
    (corpus,) = workspace.corpora.all()
    settings = PrepareSettings(model="starter", corpus=corpus.id)
    return versions.prepare(workspace, settings, version_id=ID, by="Áine")


def translate(workspace: Workspace) -> Any:
    (corpus,) = workspace.corpora.all()
    settings = BatchSettings(corpus=corpus.id, systems=("LLM",))
    return batches.start(workspace, settings, batch_id=ID, by="Áine")


class Kind:
    """Services, versions and batches, by the same names."""

    def __init__(self, name: str) -> None:
        self.begin: Callable[[Workspace], Any] = {
            "services": start,
            "versions": prepare,
            "batches": translate,
        }[name]
        self.delete = {
            "services": services.delete,
            "versions": versions.delete,
            "batches": batches.delete,
        }[name]
        self.error = {"services": HostError, "versions": ModelError, "batches": TrainingError}[name]
        self.busy = {"services": ConfigError, "versions": ModelError, "batches": ConfigError}[name]
        self.title = {
            "services": "demo",
            "versions": "starter",
            "batches": f"{SAMPLE_NAME} test by LLM",
        }[name]
        self.system = {"services": "demo", "versions": "starter", "batches": "LLM"}[name]
        self.name = name

    def records(self, workspace: Workspace) -> Any:
        return getattr(workspace, self.name)

    def folder(self, workspace: Workspace) -> Path:
        return workspace.root / self.name / ID

    def ended(self, workspace: Workspace) -> None:
        self.begin(workspace)
        queue.stop(workspace, ID, "now")


@pytest.fixture(params=["services", "versions", "batches"])
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


def test_the_same_id_twice_is_the_same_record(home: Workspace, kind: Kind) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: kind.begin(home), range(6)))
    assert {each.id for each in found} == {ID}
    assert len(kind.records(home).all()) == 1


def test_a_folder_without_a_record_blocks_nothing(home: Workspace, kind: Kind) -> None:
    kind.folder(home).mkdir(parents=True)
    (kind.folder(home) / "half.bin").write_text("x")
    assert kind.begin(home).id == ID
    assert not (kind.folder(home) / "half.bin").exists()
    assert (kind.folder(home) / "settings.json").exists()
    assert [each.id for each in kind.records(home).all()] == [ID]


def test_a_deletion_that_was_killed_blocks_nothing(home: Workspace, kind: Kind) -> None:
    kind.ended(home)
    aside = kind.folder(home).with_name(f"{DELETED}{ID}-1")
    kind.folder(home).rename(aside)
    assert kind.begin(home).job.state == "queued"
    assert kind.folder(home).is_dir()
    queue.stop(home, ID, "now")
    kind.delete(home, ID)
    assert not aside.exists() and not kind.folder(home).exists()
    assert kind.records(home).all() == []


def test_no_moment_of_a_deletion_leaves_a_folder_without_a_record(
    home: Workspace, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind.ended(home)
    records = kind.records(home)
    real, seen = records.delete, []

    def watched(record_id: str) -> None:
        seen.append(kind.folder(home).exists())
        real(record_id)

    monkeypatch.setattr(records, "delete", watched)
    kind.delete(home, ID)
    assert seen == [False]
    assert not list(kind.folder(home).parent.glob(f"{DELETED}*"))
    with pytest.raises(kind.error, match="There is no"):
        kind.delete(home, ID)


def test_a_deletion_that_fails_leaves_everything(
    home: Workspace, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind.ended(home)
    monkeypatch.setattr(kind.records(home), "delete", failing)
    with pytest.raises(HostError, match="The disk is full"):
        kind.delete(home, ID)
    assert (kind.folder(home) / "settings.json").exists()
    assert not list(kind.folder(home).parent.glob(f"{DELETED}*"))


def failing(_: str) -> None:
    raise HostError("The disk is full.")


def test_a_job_tells_what_it_works_on_and_for_whom_also_when_it_is_resumed(
    home: Workspace, kind: Kind
) -> None:
    kind.ended(home)
    queue.resume(home, ID)
    job = home.jobs.get(ID)
    assert job is not None and not job.has_ended
    assert (job.title, job.system, job.person) == (kind.title, kind.system, "Áine")


def test_a_run_from_the_command_line_is_of_whoever_is_logged_in(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "aine")
    words = ["--corpus", SAMPLE_NAME, "--name", "First", "--engine", "plain", "--detach"]
    assert main(["finetune", *words, "--workspace", str(home.root)]) == 0
    (run,) = home.runs.newest()
    assert (run.job.title, run.job.person) == ("First", "aine")


def test_whoever_no_list_of_users_knows_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    assert login_name() == ""


def test_what_has_not_ended_is_not_deleted(home: Workspace, kind: Kind) -> None:
    kind.begin(home)
    with pytest.raises(kind.busy, match="is queued"):
        kind.delete(home, ID)
    assert (kind.folder(home) / "settings.json").exists()


def test_one_at_a_time_holds_the_lock_and_a_killed_process_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "not yet" / "x"
    program = (
        "import sys, time; from pathlib import Path; from core.jobs.entering import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(600)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], cwd=PROJECT, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        entered = threading.Event()

        def enter() -> None:
            with locked(path):
                entered.set()

        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.wait(0.3)
        holder.kill()
        thread.join(30)
    assert entered.is_set()
    assert not path.exists()


def test_a_folder_that_is_not_there_is_set_aside_all_the_same(tmp_path: Path) -> None:
    with set_aside(tmp_path / "x"):
        pass
    assert whole(None, tmp_path / "x", failing) is None
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="Nothing can be written into"), locked(tmp_path / "file/x"):
        pass
