"""Which model a text names, and the one sentence for each text that names none."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ModelError
from core.finetune.checkpoints import COMPLETE, checkpoint_folder
from core.serving.models import checkpoint_steps, find_model, learnt_directions
from core.storage.files import utc_now
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace

AddRun = Callable[..., Run]


@pytest.fixture
def add_run(workspace: Workspace) -> AddRun:
    """Stores a run with the files that decide what can be prepared of it."""

    def add(name: str, state: str = "finished", steps: tuple[int, ...] = ()) -> Run:
        run_id, now = str(uuid.uuid4()), utc_now()
        job = Job(run_id, "core.finetune.job", f"runs/{run_id}", "compute", state, now)
        run = Run(
            run_id, name, "", "", "starter", "eng_Latn", "gle_Latn", {}, {}, None, now, job
        )  # fmt: skip
        workspace.runs.add(run)
        folder = workspace.run_folder(run_id)
        if state == "finished":
            _touch(folder / "model/config.json")
        for step in steps:
            _touch(checkpoint_folder(folder, step) / COMPLETE)
        return run

    _touch(workspace.starter_model / "config.json")
    return add


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("{}")


def test_a_run_is_found_by_name_and_by_id(workspace: Workspace, add_run: AddRun) -> None:
    run = add_run("demo", steps=(250, 500))
    for text in ("demo", " demo\n", run.id):
        found = find_model(workspace, text)
        assert (found.key, found.name, found.step) == (run.id, "demo", 0)
        assert found.run == run
        assert found.source == str(workspace.run_folder(run.id) / "model")


def test_a_checkpoint_is_found_by_step_and_as_the_latest(
    workspace: Workspace, add_run: AddRun
) -> None:
    run = add_run("demo", "training", steps=(250, 500))
    assert checkpoint_steps(workspace, run) == [250, 500]
    for text, step in (("demo@250", 250), ("demo@latest", 500), (f"{run.id}@500", 500)):
        found = find_model(workspace, text)
        assert (found.key, found.name) == (f"{run.id}@{step}", f"demo @ step {step}")
        assert (found.step, found.source) == (step, str(workspace.starter_model))


def test_a_name_that_ends_like_a_step_is_still_a_name(
    workspace: Workspace, add_run: AddRun
) -> None:
    named, plain = add_run("demo@500"), add_run("demo", steps=(500, 700))
    assert find_model(workspace, "demo@500").run == named
    assert find_model(workspace, "demo@700").run == plain
    assert find_model(workspace, f"{plain.id}@500").run == plain
    with pytest.raises(ModelError, match="The run 'demo@500' has no checkpoint of step 3"):
        find_model(workspace, "demo@500@3")


def test_base_models_are_found(workspace: Workspace, add_run: AddRun, tmp_path: Path) -> None:
    add_run("starter")  # the starter model keeps its name
    _touch(tmp_path / "own/config.json")
    sources = {
        "starter": str(workspace.starter_model),
        "facebook/nllb-200-distilled-600M": "facebook/nllb-200-distilled-600M",
        str(tmp_path / "own"): str(tmp_path / "own"),
    }
    for text, source in sources.items():
        found = find_model(workspace, text)
        assert (found.key, found.name, found.run, found.step) == (text, text, None, 0)
        assert found.source == source


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("", "No model was named.", "Give a run"),
        (" \n", "No model was named.", "Give a run"),
        ("demmo", "There is neither a run nor a model 'demmo'.", "runs list"),
        ("demo@", "There is neither a run nor a model 'demo@'.", "runs list"),
        ("demo@step", "There is neither a run nor a model 'demo@step'.", "runs list"),
        ("demmo@500", "There is no run 'demmo', so no checkpoint 500 of it.", "runs list"),
        ("demmo@latest", "There is no run 'demmo', so no checkpoint latest of it.", "runs list"),
        ("demo@7", "The run 'demo' has no checkpoint of step 7.", "Kept: 250, 500."),
        ("demo@0", "The run 'demo' has no checkpoint of step 0.", "Kept: 250, 500."),
        ("early", "The run 'early' has no finished model (it is training).", "RUN@STEP"),
        ("broken", "The run 'broken' has no finished model (it is failed).", "RUN@STEP"),
        ("early@latest", "The run 'early' has no checkpoint.", "Kept: none."),
        ("twice", "2 runs have the name 'twice'.", "Give the id instead"),
        ("twice@5", "2 runs have the name 'twice'.", "Give the id instead"),
        ("/no/where", "There is no folder /no/where.", "Check the path"),
        ("a/b/c", "There is neither a run nor a model 'a/b/c'.", "runs list"),
        ("x" * 5000, f"There is neither a run nor a model '{'x' * 120}'.", "runs list"),
        ("demo@" + "9" * 5000, "There is neither a run nor a model 'demo@999", "runs list"),
        ("a\x00b", "There is neither a run nor a model 'a\\x00b'.", "runs list"),
        ("'; DROP TABLE runs; --", "There is neither a run nor a model ", "runs list"),
        ("\ud800", "There is neither a run nor a model '\\ud800'.", "runs list"),
    ],
)
def test_what_names_no_model_is_one_sentence(
    text: str, sentence: str, hint: str, workspace: Workspace, add_run: AddRun
) -> None:
    add_run("demo", steps=(250, 500))
    add_run("early", "training")
    add_run("broken", "failed")
    add_run("twice")
    add_run("twice")
    with pytest.raises(ModelError) as caught:
        find_model(workspace, text)
    assert caught.value.message.startswith(sentence)
    assert len(caught.value.message.splitlines()) == 1
    assert hint in caught.value.hint


def test_half_written_checkpoint_is_no_model(workspace: Workspace, add_run: AddRun) -> None:
    run = add_run("demo", steps=(250,))
    (checkpoint_folder(workspace.run_folder(run.id), 500)).mkdir()
    assert find_model(workspace, "demo@latest").step == 250
    with pytest.raises(ModelError, match="has no checkpoint of step 500"):
        find_model(workspace, "demo@500")


def test_a_run_of_both_directions_learnt_both(add_run: AddRun) -> None:
    run = add_run("both")
    assert learnt_directions(run) == [("eng_Latn", "gle_Latn")]
    both = replace(run, settings={"both_directions": True})
    assert learnt_directions(both) == [("eng_Latn", "gle_Latn"), ("gle_Latn", "eng_Latn")]
