"""The Deploy page as a tab would run it, on records as their jobs leave them."""

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.feedback_views import feedback_lines
from core.corpora.formats.choice import Choice
from core.corpora.formats.files import MemoryFile
from core.corpora.formats.reading import rows
from core.finetune.run_folder import RunFolder
from core.jobs import queue
from core.jobs.folder import JobState
from core.serving.access import new_key
from core.serving.preparing import MODEL_FOLDER
from core.serving.servable import Servable
from core.serving.settings import PrepareSettings, ServeSettings
from core.storage.feedback_records import Feedback
from core.storage.files import utc_now
from core.storage.job_records import Job
from core.storage.service_records import ServiceRecord
from core.storage.version_records import Version
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from tests.pages.reading import button

ROOT = Path(__file__).resolve().parents[2]
NAME = "*a* <b>"
SIDE = {"load_s": 1.0, "segments_per_s": 100.0, "peak_memory_bytes": 4e8, "size_bytes": 4e6}
GATE: dict[str, Any] = {
    "num_segments": 2,
    "num_beams": 1,
    "src_lang": "eng_Latn",
    "tgt_lang": "gle_Latn",
    "identical_share": 0.5,
    "chrf_original": 50.0,
    "chrf_prepared": 49.75,
    "chrf_difference": -0.25,
    "signature": "chrF2|nrefs:1",
    "original": SIDE,
    "prepared": {**SIDE, "segments_per_s": 300.0},
    "differences": [{"source": "a", "reference": "b", "original": "c", "prepared": "*d*"}],
    "corpus": "corpus",
    "engine_reason": "",
    "is_recommended": True,
}


def opened(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = AppTest.from_file(ROOT / "app" / "main.py", default_timeout=60).run()
    app = app.switch_page("../pages/deploy.py").run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    shown = [*app.text, *app.markdown, *app.caption, *app.info, *app.warning, *app.success]
    return "\n".join(str(element.value) for element in shown)


def labels(app: AppTest) -> list[str]:
    return [item.label for item in app.button]


def entered(workspace: Workspace, folder: Path, kind: str, state: JobState) -> Job:
    """Gives the job of a folder that ended or works, as its supervisor would have left it."""
    folder.mkdir(parents=True)
    times = {"queued_at": utc_now(), "started_at": utc_now()}
    relative = str(folder.relative_to(workspace.root))
    job = Job(folder.name, kind, relative, "lane", state.state, reason=state.reason, **times)
    queue.enter(workspace, job)
    RunFolder(folder).write_state(state)
    return job


def stored_version(
    workspace: Workspace,
    state: JobState | None = None,
    *,
    decision: str = "pending",
    notice: str = "",
    **gate: Any,
) -> Version:
    version_id = str(uuid.uuid4())
    folder = workspace.version_folder(version_id)
    state = state or JobState("finished")
    job = entered(workspace, folder, "core.serving.prepare_job", state)
    settings = PrepareSettings(model="a-run").model_dump()
    figures = GATE | gate if state.state == "finished" else {}
    values = (version_id, "a-run", NAME, None, "ctranslate2", "int8", settings, figures)
    version = Version(*values, "pending", None, utc_now(), job)
    workspace.versions.add(version)
    if state.state == "finished":
        directions = (["eng_Latn"], ["gle_Latn"])
        about = (NAME, "a-run", "NLLB", "ctranslate2", "", "int8")
        made = Servable(*about, *directions, "MIT", notice, 100, 1, 1, utc_now())
        (folder / MODEL_FOLDER).mkdir()
        made.save(folder / MODEL_FOLDER)
    if decision != "pending":
        workspace.versions.decide(version_id, decision)
    return version


def stored_service(workspace: Workspace, state: JobState) -> ServiceRecord:
    service_id = str(uuid.uuid4())
    folder = workspace.service_folder(service_id)
    job = entered(workspace, folder, "core.serving.service_job", state)
    settings = ServeSettings(model="a-run", port=5999).model_dump()
    record = ServiceRecord(service_id, "a-run", NAME, settings, utc_now(), job)
    workspace.services.add(record)
    (folder / "log.txt").write_text("the *last* line\n")
    return record


def suggestion(source: str, correction: str) -> Feedback:
    pair = ("eng_Latn", "gle_Latn")
    return Feedback(str(uuid.uuid4()), *pair, source, "guess", correction, "a-run", utc_now())


def test_an_empty_workspace_says_what_to_do_next(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch)
    shown = texts(app)
    for sentence in (
        "No run has finished yet.",
        "Nothing has been prepared yet.",
        "A service needs a model",
        "No key yet.",
        "No suggestion yet.",
    ):
        assert sentence in shown
    assert button(app, "Prepare").disabled
    assert "finish a run" in button(app, "Prepare").help
    assert button(app, "Create key").disabled


def test_a_base_model_without_a_corpus_cannot_be_prepared_and_the_page_says_why(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch)
    app = app.segmented_control[0].set_value("A base model").run()
    assert not app.exception
    assert "needs a corpus to be compared on" in texts(app)
    assert button(app, "Prepare").disabled


def test_the_gate_is_shown_and_a_version_is_accepted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = stored_version(workspace, notice="No *commercial* use.")
    app = opened(workspace, monkeypatch)
    metrics = {item.label: (item.value, item.delta) for item in app.metric}
    assert metrics["Identical lines"][0] == "50.0%"
    assert metrics["chrF, prepared"] == ("49.75", "-0.25")
    assert metrics["Segments/s"] == ("300", "+200% from 100")
    assert any(block.value == "chrF2|nrefs:1" for block in app.code)
    assert any(frame.value.iloc[0, -1] == "*d*" for frame in app.dataframe)
    assert "Recommended" in texts(app)
    assert r"No \*commercial\* use\." in texts(app)
    app = button(app, "Accept").click().run()
    assert workspace.versions.get(version.id).decision == "accepted"
    assert "Accept" not in labels(app)
    assert "Start" in labels(app)


def test_an_earlier_version_is_rolled_back_to(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stored_version(workspace, decision="accepted")
    second = stored_version(workspace, decision="accepted")
    app = opened(workspace, monkeypatch)
    chooser = next(item for item in app.selectbox if item.label == "Look at")
    app = chooser.set_value(first.id).run()
    app = button(app, "Roll back to this").click().run()
    assert not app.exception
    current = workspace.versions.current("a-run")
    assert current is not None
    assert current.id == first.id != second.id


def test_a_loss_of_quality_is_not_recommended_and_the_engine_is_explained(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "CTranslate2 cannot convert mBART"
    stored_version(workspace, is_recommended=False, engine_reason=reason)
    shown = texts(opened(workspace, monkeypatch))
    assert "Not recommended" in shown
    assert f"Transformers serves it: {reason}." in shown


def test_a_failed_preparation_shows_reason_hint_and_details(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = JobState("failed", "The disk is *full*.", "Free some space.", "Traceback: x")
    stored_version(workspace, state)
    app = opened(workspace, monkeypatch)
    assert "The disk is *full*." in texts(app)
    assert "Free some space." in texts(app)
    assert any(block.value == "Traceback: x" for block in app.code)
    assert "Prepare again" in labels(app)


def test_a_waiting_preparation_can_be_stopped(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = stored_version(workspace, JobState("queued"))
    app = opened(workspace, monkeypatch)
    app = button(app, "Stop").click().run()
    assert not app.exception
    assert workspace.versions.get(version.id).job.state == "stopped"


def test_a_service_that_ended_says_why_and_offers_to_restart_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_version(workspace, decision="accepted")
    record = stored_service(workspace, JobState("failed", "It was *killed*.", "Start it again."))
    app = opened(workspace, monkeypatch)
    for sentence in ("It was *killed*.", "Start it again.", NAME, "http://127.0.0.1:5999"):
        assert sentence in texts(app)
    assert any("the *last* line" in block.value for block in app.code)
    assert "Restart" in labels(app)
    key = f"deploy.service.delete.{record.id}"
    app = app.button(key=key).click().run()
    assert not app.exception
    assert workspace.services.all() == []


def test_a_service_whose_process_is_gone_is_seen_as_lost(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_version(workspace, decision="accepted")
    stored_service(workspace, JobState("serving"))  # nobody supervises it
    app = opened(workspace, monkeypatch)
    assert "The supervising process was killed" in texts(app)
    assert "checkpoint" not in texts(app)
    assert "Restart" in labels(app)


def test_a_service_that_demands_a_key_waits_for_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_version(workspace, decision="accepted")
    app = opened(workspace, monkeypatch)
    assert not button(app, "Start").disabled
    app = next(item for item in app.text_input if item.label == "Host").set_value("0.0.0.0").run()
    assert button(app, "Start").disabled
    assert "demands an API key" in texts(app)
    app = next(item for item in app.text_input if item.label == "Host").set_value("nowhere").run()
    assert "'nowhere' is no IP address" in texts(app)


def test_a_key_is_shown_once_and_revoked(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch)
    field = next(item for item in app.text_input if item.label.startswith("Whose key"))
    app = field.set_value("office").run()
    app = button(app, "Create key").click().run()
    secrets = [block.value for block in app.code if block.value.startswith("amt-")]
    assert len(secrets) == 1
    (key,) = workspace.keys.valid()
    assert secrets[0].startswith(key.prefix)
    app = button(app, "I have copied it").click().run()
    assert not any(block.value.startswith("amt-") for block in app.code)
    app = next(item for item in app.selectbox if item.label == "Revoke").set_value(key.id).run()
    app = button(app, "Revoke").click().run()
    assert not app.exception
    assert workspace.keys.valid() == []


def test_feedback_is_counted_by_direction(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        workspace.feedback.add(suggestion(f"s{number}", "*c*"))
    app = opened(workspace, monkeypatch)
    metrics = {item.label: item.value for item in app.metric}
    assert metrics == {"English → Irish": "3"}
    assert any("*c*" in frame.value["Suggested"].tolist() for frame in app.dataframe)


def test_downloaded_feedback_can_be_imported_as_a_corpus() -> None:
    pairs = [('say "no"', "a\u2028b"), ("tab\there", "שלום"), ("back\\slash", "e\u0301")]
    data = feedback_lines([suggestion(*pair) for pair in pairs])
    assert [json.loads(line)["source"] for line in data.split(b"\n")[:-1]] == [p[0] for p in pairs]
    found = rows(MemoryFile("f.jsonl", data), Choice(), "eng_Latn", "gle_Latn")
    assert [(row.source, row.target) for row in found] == pairs


def test_the_deploy_page_imports_no_training_library(workspace: Workspace) -> None:
    stored_version(workspace, decision="accepted")
    stored_service(workspace, JobState("failed", "It ended."))
    new_key(workspace.keys, "office")
    program = f"""
import os, sys
os.environ["{WORKSPACE_VARIABLE}"] = {str(workspace.root)!r}
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(ROOT / "app/main.py")!r}, default_timeout=60).run()
app = app.switch_page("../pages/deploy.py").run()
assert not app.exception
heavy = {{"torch", "transformers", "ctranslate2", "fastapi"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)
