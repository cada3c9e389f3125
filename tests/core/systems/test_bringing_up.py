"""What is prepared and served for a question, on records as their jobs leave them."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.corpora.bundled import ensure_sample
from core.errors import AdaptMLLMError, ConfigError, ModelError
from core.finetune.run_folder import RunFolder
from core.jobs import queue
from core.jobs.folder import JobState
from core.jobs.processes import ProcessIdentity
from core.serving import services, versions
from core.serving.preparing import MODEL_FOLDER
from core.serving.servable import Servable
from core.serving.settings import PrepareSettings, ServeSettings
from core.storage.files import utc_now
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.service_records import ServiceRecord
from core.storage.version_records import Version
from core.storage.workspace import Workspace
from core.systems.bringing_up import Loaded, bring_up, usable_version
from core.systems.descriptions import local_models

DIRECTION = ("eng_Latn", "gle_Latn")
BACK = ("gle_Latn", "eng_Latn")
KEY = "starter"


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in the queue: nothing here needs what they would do."""
    monkeypatch.setattr(queue, "advance", lambda workspace: None)


@pytest.fixture
def home(workspace: Workspace) -> Workspace:
    """A workspace with the sample corpus and a base model that nobody loads."""
    ensure_sample(workspace)
    workspace.starter_model.mkdir(parents=True)
    (workspace.starter_model / "config.json").write_text("{}")
    return workspace


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ready" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def port() -> Iterator[int]:
    """Where something says that it is ready."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ready) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def moment(seconds: float) -> str:
    """A time so many seconds from now, as records have it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def step(workspace: Workspace, model: str = KEY, *direction: str, **values: Any) -> Loaded | str:
    return bring_up(workspace, model, *(direction or DIRECTION), **{"since": utc_now(), **values})


def entered(workspace: Workspace, folder: Path, state: str, **times: str) -> Job:
    """The job of a folder, as its supervisor would have left it; an active one has one."""
    folder.mkdir(parents=True, exist_ok=True)
    relative = str(folder.relative_to(workspace.root))
    times = {"queued_at": utc_now(), "started_at": utc_now(), **times}
    job = Job(folder.name, "core.serving.service_job", relative, folder.name, state, **times)
    queue.enter(workspace, job)
    supervisor = ProcessIdentity.of(os.getpid())
    RunFolder(folder).write_state(JobState(state, "It broke.", "Mend it.", supervisor=supervisor))
    return job


def stored_version(
    workspace: Workspace,
    model: str = KEY,
    *,
    decision: str = "pending",
    directions: tuple[list[str], list[str]] = (["eng_Latn"], ["gle_Latn"]),
    state: str = "finished",
    version_id: str = "",
) -> Version:
    version_id = version_id or str(uuid.uuid4())
    folder = workspace.version_folder(version_id)
    job = entered(
        workspace, folder, state, **({"ended_at": utc_now()} if state != "queued" else {})
    )
    settings = PrepareSettings(model=model).model_dump()
    values = (version_id, model, model, None, "ctranslate2", "int8", settings, {})
    version = Version(*values, "pending", None, utc_now(), job)
    workspace.versions.add(version)
    if state == "finished":
        about = (model, model, "NLLB", "ctranslate2", "", "int8")
        made = Servable(*about, *directions, "MIT", "", 100, 1, 1, utc_now())
        (folder / MODEL_FOLDER).mkdir()
        made.save(folder / MODEL_FOLDER)
    if decision != "pending":
        workspace.versions.decide(version_id, decision)
    return workspace.versions.get(version_id)


def stored_service(
    workspace: Workspace, model: str, port: int, *, started_at: str = "", **settings: Any
) -> ServiceRecord:
    service_id = str(uuid.uuid4())
    folder = workspace.service_folder(service_id)
    job = entered(workspace, folder, "serving", started_at=started_at or utc_now())
    values = ServeSettings(model=model, port=port).changed(**settings).model_dump()
    record = ServiceRecord(service_id, model, model, values, utc_now(), job)
    workspace.services.add(record)
    return record


def stored_run(workspace: Workspace) -> Run:
    """A finished run from English into Irish."""
    run_id = str(uuid.uuid4())
    folder = workspace.run_folder(run_id)
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text("{}")
    (corpus,) = workspace.corpora.all()
    about = (run_id, "demo", corpus.id, corpus.name, KEY, *DIRECTION)
    run = Run(*about, {}, {}, None, utc_now(), entered(workspace, folder, "finished"))
    workspace.runs.add(run)
    return run


def end(workspace: Workspace, job_id: str, state: str, at: str) -> None:
    """Ends a job that waited, as its supervisor would."""
    queue.stop(workspace, job_id, "now")
    workspace.jobs.publish(job_id, state, "It broke.", {}, at)


def own_folder(workspace: Workspace, version: Version) -> str:
    return str(versions.model_folder(workspace, version))


# Preparing


def test_a_failed_preparation_is_the_answer_to_who_asked_before_and_tried_again_later(
    home: Workspace,
) -> None:
    asked = moment(-5)
    assert "only before its first use" in str(step(home))
    (version,) = home.versions.all()
    end(home, version.id, "failed", at=moment(-2))
    for _ in range(3):  # each of those who waited is told, and nothing is prepared for them
        with pytest.raises(AdaptMLLMError, match=r"could not be prepared \(failed\): It broke\."):
            step(home, since=asked)
    assert home.versions.get(version.id).job.state == "failed"
    assert "only before its first use" in str(step(home))
    assert home.versions.get(version.id).job.state == "queued"
    assert step(home) == "Preparing the model (int8): queued."


def test_an_accepted_version_is_asked_else_the_newest_and_never_a_refused_one(
    home: Workspace,
) -> None:
    first = stored_version(home)
    second = stored_version(home)
    assert usable_version(home, KEY) == second
    versions.accept(home, first.id)
    assert usable_version(home, KEY).id == first.id
    versions.refuse(home, first.id)
    assert usable_version(home, KEY) == second
    (info,) = local_models(home)
    assert info.provenance["version"] == second.id
    versions.refuse(home, second.id)
    assert usable_version(home, KEY) is None
    (info,) = local_models(home)
    assert "version" not in info.provenance
    with pytest.raises(ModelError, match="was refused, and there is no other"):
        step(home)
    assert len(home.versions.all()) == 2


def test_a_version_without_its_files_is_not_asked(home: Workspace) -> None:
    version = stored_version(home)
    shutil.rmtree(home.version_folder(version.id) / MODEL_FOLDER)
    assert usable_version(home, KEY) is None
    assert "only before its first use" in str(step(home))


@pytest.mark.parametrize("is_ready", [True, False])
def test_a_run_is_not_prepared_for_a_direction_that_it_does_not_know(
    home: Workspace, is_ready: bool
) -> None:
    run = stored_run(home)
    if is_ready:
        stored_version(home, run.id)
    sentence = "'demo' does not translate from gle_Latn into eng_Latn"
    with pytest.raises(ConfigError, match=sentence) as caught:
        step(home, "demo", *BACK)
    assert "from eng_Latn into gle_Latn" in caught.value.hint
    assert len(home.versions.all()) == is_ready
    assert isinstance(step(home, "demo"), str)


def test_a_base_model_is_prepared_again_only_where_its_version_lacks_the_direction(
    home: Workspace,
) -> None:
    stored_version(home)
    assert step(home) == "Loading the model."
    assert len(home.versions.all()) == 1
    assert "only before its first use" in str(step(home, KEY, *BACK))
    (own, _) = home.versions.all()
    assert own.settings["src_lang"] == "gle_Latn"


def test_a_preparation_that_was_killed_before_its_record_was_stored_begins_anew(
    home: Workspace,
) -> None:
    step(home)
    (version,) = home.versions.all()
    home.versions.delete(version.id)  # the folder stays, as after a kill
    assert "only before its first use" in str(step(home))
    assert [each.id for each in home.versions.all()] == [version.id]


# Serving


def test_a_service_of_the_version_is_used_instead_of_a_second_one(
    home: Workspace, port: int
) -> None:
    version = stored_version(home, decision="accepted")
    record = stored_service(home, KEY, port)
    found = step(home, num_characters=20_000)
    assert found == Loaded(record.address, KEY, version, 20_000)
    assert len(home.services.all()) == 1
    assert step(home, num_characters=20_001) == "Loading the model."


@pytest.mark.parametrize(
    "settings",
    [
        {"num_beams": 5},
        {"require_key": True},
        {"host": "0.0.0.0"},
        {"glossary": "terms.tsv"},
        {"max_source_length": 64},
        {"char_limit": 9},
        {"requests_per_minute": 3},
        {"characters_per_minute": 3},
        {"allowed_hosts": "example.org"},
    ],
)
@pytest.mark.parametrize("is_by_folder", [True, False])
def test_a_service_that_would_answer_otherwise_is_not_used(
    home: Workspace, port: int, settings: dict[str, Any], is_by_folder: bool
) -> None:
    version = stored_version(home, decision="accepted")
    stored_service(home, own_folder(home, version) if is_by_folder else KEY, port, **settings)
    assert step(home, num_characters=10) == "Loading the model."
    assert len(home.services.all()) == 2


def test_a_service_of_the_model_is_used_only_where_it_serves_the_version_meant(
    home: Workspace, port: int
) -> None:
    # It serves what is accepted, and that does not offer the direction.
    stored_version(home, decision="accepted", directions=(["gle_Latn"], ["eng_Latn"]))
    other = stored_version(home)
    record = stored_service(home, KEY, port)
    assert step(home) == "Loading the model."
    assert isinstance(step(home, KEY, *BACK), Loaded)
    # Accepted, but only after the service had started.
    home.services.delete(record.id)
    versions.accept(home, other.id)
    stored_service(home, KEY, port, started_at=moment(-60))
    assert "Loading the model: queued." in str(step(home))


def test_after_a_rollback_a_service_may_still_serve_what_was_refused(
    home: Workspace, port: int
) -> None:
    stored_version(home, decision="accepted")
    second = stored_version(home, decision="accepted")
    stored_service(home, KEY, port)
    assert isinstance(step(home), Loaded)
    home.versions.decide(second.id, "refused")
    home.services.delete(home.services.all()[0].id)
    stored_service(home, KEY, port, started_at=moment(-1))
    assert step(home) == "Loading the model."


def test_many_who_ask_an_ended_service_at_once_start_it_once(home: Workspace) -> None:
    version = stored_version(home)
    for state in ("stopped", "failed", "lost"):
        step(home)
        (record,) = home.services.all()
        end(home, record.id, state, at=moment(-2))
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda _: step(home), range(16)))
        assert said.count("Loading the model.") == 1
        assert set(said) == {"Loading the model.", "Loading the model: queued."}
        (record,) = home.services.all()
        assert record.job.state == "queued" and record.model == own_folder(home, version)
        assert home.service_folder(record.id).is_dir()
        end(home, record.id, "stopped", at=moment(-2))


def test_a_service_that_failed_while_somebody_waited_says_why(home: Workspace) -> None:
    stored_version(home)
    asked = moment(-5)
    step(home)
    (record,) = home.services.all()
    end(home, record.id, "failed", at=moment(-2))
    for _ in range(2):
        with pytest.raises(AdaptMLLMError, match=r"service ended \(failed\): It broke\."):
            step(home, since=asked)
    assert step(home) == "Loading the model."


def test_a_service_that_somebody_deletes_meanwhile_is_no_failure(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_version(home)
    step(home)
    (record,) = home.services.all()
    end(home, record.id, "stopped", at=moment(-2))
    real = services.delete

    def late(workspace: Workspace, service_id: str) -> None:
        real(workspace, service_id)  # the Deploy page was faster
        real(workspace, service_id)

    monkeypatch.setattr(services, "delete", late)
    assert step(home) == "Loading the model."


def test_a_service_that_was_killed_before_its_record_was_stored_begins_anew(
    home: Workspace,
) -> None:
    stored_version(home)
    step(home)
    (record,) = home.services.all()
    home.services.delete(record.id)  # the folder stays, as after a kill
    assert step(home) == "Loading the model."
    assert [each.id for each in home.services.all()] == [record.id]
