"""Every page through the entry script, as a tab would run it."""

import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.files import append_json_line, utc_now
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def opened(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, page: str, **query: str
) -> AppTest:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = AppTest.from_file(ROOT / "app" / "main.py", default_timeout=60)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(f"../pages/{page}.py").run()


def texts(app: AppTest) -> str:
    shown = [*app.text, *app.markdown, *app.caption, *app.title, *app.info]
    return "\n".join(str(element.value) for element in shown)


def stored_run(
    workspace: Workspace, state: str, settings: FineTuneSettings | None = None, **values: str
) -> Run:
    """Stores a run that ended in `state`, as its supervisor would have left it."""
    run_id = str(uuid.uuid4())
    corpus = workspace.corpora.all()[0]
    name = values.pop("name", "a run")
    settings = (settings or FineTuneSettings()).changed(corpus=corpus.id, name=name)
    folder = RunFolder(workspace.run_folder(run_id))
    folder.path.mkdir()
    settings.save(folder.settings_file)
    job = Job(run_id, "core.finetune.job", f"runs/{run_id}", "compute", state, utc_now(), **values)
    queue.enter(workspace, job)
    folder.write_state(JobState(state=state, **values))
    run = Run(
        id=run_id,
        name=settings.name,
        corpus_id=corpus.id,
        corpus_name=corpus.name,
        base_model=settings.base_model,
        src_lang=settings.src_lang,
        tgt_lang=settings.tgt_lang,
        settings=settings.model_dump(),
        scores={},
        train_seconds=None,
        created_at=utc_now(),
        job=job,
    )
    workspace.runs.add(run)
    return run


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_an_empty_workspace(
    page: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, page)
    assert not app.exception


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_ready_workspace(
    page: str, ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, page)
    assert not app.exception


def test_home_names_the_next_step(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Try the whole path" in texts(opened(ready_workspace, monkeypatch, "home"))
    stored_run(ready_workspace, "failed", reason="The disk is full while training.")
    assert "No run has finished yet" in texts(opened(ready_workspace, monkeypatch, "home"))
    stored_run(ready_workspace, "finished")
    assert "You have a fine-tuned model" in texts(opened(ready_workspace, monkeypatch, "home"))


def test_empty_pages_say_what_they_are_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "there is none yet" in texts(opened(workspace, monkeypatch, "finetune"))
    assert "No run yet" in texts(opened(workspace, monkeypatch, "runs"))
    assert "No corpus yet" in texts(opened(workspace, monkeypatch, "corpora"))


def test_a_run_that_does_not_exist_is_one_sentence(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "run", id="nonsense")
    assert not app.exception
    assert "There is no run 'nonsense'." in texts(app)


def test_a_failed_run_shows_reason_hint_and_traceback(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stored_run(ready_workspace, "failed", reason="The loss became nan at step 3.")
    folder = RunFolder(ready_workspace.run_folder(run.id))
    state = JobState("failed", run.job.reason, "Lower the learning rate.", "Traceback: x = *1*")
    folder.write_state(state)
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    assert "The loss became nan at step 3." in texts(app)
    assert "Lower the learning rate." in texts(app)
    assert any("x = *1*" in block.value for block in app.code)


def test_names_are_shown_as_they_are(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stored_run(ready_workspace, "finished", name="*a* $b$ <i>c</i> :red[d]")
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    # Every sign that Markdown would take for its own is escaped.
    assert app.title[0].value == r"\*a\* \$b\$ \<i\>c\</i\> \:red\[d\]"


def test_a_live_run_reads_only_whole_lines(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stored_run(ready_workspace, "finished")
    path = RunFolder(ready_workspace.run_folder(run.id)).metrics_file
    append_json_line(path, {"kind": "train", "step": 1, "loss": 2.5})
    with path.open("a") as file:
        file.write('{"kind": "train", "st')
    assert not opened(ready_workspace, monkeypatch, "run", id=run.id).exception


def test_a_recipe_fills_the_form_and_wrong_values_are_named(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "finetune")
    button = next(item for item in app.button if item.label == "The paper's run")
    app = button.click().run()
    values = {item.label: item.value for item in app.number_input}
    assert values["Epochs"] == 8
    assert values["Gradient accumulation"] == 5
    assert values["Learning rate"] == 2e-5
    assert values["Energy budget (kWh)"] == 0
    assert "precision fp16 needs a GPU" in texts(app)
    stage = next(item for item in app.number_input if item.label == "ZeRO stage")
    app = stage.set_value(0).run()
    assert "offload 'optimizer' needs zero_stage 1, 2 or 3, not 0" in texts(app)


def test_the_page_server_imports_no_training_library(
    ready_workspace: Workspace, tmp_path: Path
) -> None:
    program = f"""
import os, sys
os.environ["{WORKSPACE_VARIABLE}"] = {str(ready_workspace.root)!r}
import app.server
from streamlit.testing.v1 import AppTest
tested = AppTest.from_file({str(ROOT / "app/main.py")!r}, default_timeout=60).run()
for page in {PAGES!r}:
    assert not tested.switch_page(f"../pages/{{page}}.py").run().exception, page
heavy = {{"torch", "transformers", "deepspeed"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)
