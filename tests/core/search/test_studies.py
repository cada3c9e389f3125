from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from core.errors import AdaptMLLMError, ConfigError, TrainingError
from core.jobs import queue
from core.search import studies
from core.search.ablation import start_ablation
from core.search.export import export_file
from core.search.forecast import forecast
from core.search.importance import importances
from core.search.optuna_storage import opened_storage, storage_url
from core.search.plan import Plan
from core.search.promoting import promotable, promote, promoted_runs
from core.search.trial_run import TrialRun
from core.search.trial_store import TrialStore
from core.search.trials import best_trial, read_trials, spent
from core.storage.energy_records import JobEnergyRecord
from core.storage.study_records import Study
from core.storage.workspace import Workspace
from tests.leak_statuses import CLEAN, told

MakePlan = Callable[..., Plan]
pytestmark = pytest.mark.usefixtures("nothing_starts")


def tell(workspace: Workspace, study: Study, *values: float) -> list[str]:
    """Works trials off as a worker would, without their runs; gives the runs' ids."""
    found = []
    with opened_storage(workspace) as storage:
        store = TrialStore(storage, study.name, Plan.of(study))
        for value in values:
            number = store.take("worker")
            store.report(number, 1, value)
            store.tell_finished(number, [value])
            found.append(str(store.trial(number).user_attrs["run"]))
    return found


def end(workspace: Workspace, study: Study, state: str = "finished") -> None:
    """Lets the study's job end, as its supervisor does."""
    workspace.jobs.claim_next(study.job.lane)
    workspace.jobs.publish(study.id, state, "", {}, "2026-01-01T00:00:00.000+00:00")


def energy(workspace: Workspace, study: Study, run_id: str, kwh: float, seconds: float) -> None:
    phase = {"seconds": seconds, "cpu_kwh": kwh, "ram_kwh": 0.0, "gpu_kwh": 0.0}
    moment = "2026-01-01T00:00:00.000+00:00"
    workspace.energy.put(
        JobEnergyRecord(
            run_id, "run", "trial", "", {"train": phase}, [], [], moment, moment, study=study.id
        )
    )


def test_start_stores_plan_trials_and_job(ready_workspace: Workspace, made_plan: MakePlan) -> None:
    plan = made_plan(num_trials=6)
    study = studies.start(ready_workspace, "  First   study ", plan, by="aine")
    found = ready_workspace.studies.get("First study")
    assert found.id == study.id and Plan.of(found).space == plan.space
    assert (found.job.state, found.job.person, found.job.title) == ("queued", "aine", "First study")
    assert read_trials(ready_workspace, found) == []
    assert (ready_workspace.study_folder(study.id) / "plan.json").exists()


def test_second_click_gives_the_first_study_and_a_taken_name_is_refused(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study_id = "0d3ba3c2-6b0c-4b3a-9f6f-1d9b8e6f7a01"
    first = studies.start(ready_workspace, "Twice", made_plan(), study_id=study_id)
    again = studies.start(ready_workspace, "Twice", made_plan(), study_id=study_id)
    assert first.id == again.id == study_id and len(ready_workspace.studies.all()) == 1
    with pytest.raises(ConfigError, match="There is a study 'Twice' already"):
        studies.start(ready_workspace, "Twice", made_plan())
    assert len(ready_workspace.studies.all()) == 1


@pytest.mark.parametrize(("name", "sentence"), [(" ", "has no name"), ("x" * 201, "has 201 char")])
def test_refused_study_leaves_nothing(
    ready_workspace: Workspace, made_plan: MakePlan, name: str, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        studies.start(ready_workspace, name, made_plan())
    with pytest.raises(AdaptMLLMError):
        studies.start(ready_workspace, "Fine", made_plan({"precision": ["fp16"]}))
    assert ready_workspace.studies.all() == []
    folder = ready_workspace.searches_folder
    assert not folder.exists() or not [path for path in folder.iterdir() if path.is_dir()]


def test_trials_are_added_and_made_by_hand(ready_workspace: Workspace, made_plan: MakePlan) -> None:
    study = studies.start(ready_workspace, "More", made_plan(num_trials=2))
    study = studies.add_trials(ready_workspace, study.id, 3)
    assert Plan.of(study).num_trials == 5 and study.job.state == "queued"
    studies.enqueue(ready_workspace, "More", {"learning_rate": 1e-3}, by="aine")
    study = ready_workspace.studies.get("More")
    assert Plan.of(study).num_trials == 6
    (waiting,) = read_trials(ready_workspace, study)
    assert (waiting.state, waiting.params, waiting.by) == (
        "waiting",
        {"learning_rate": 1e-3},
        "aine",
    )
    with pytest.raises(ConfigError, match="learning_rate 0.5 is outside of what"):
        studies.enqueue(ready_workspace, "More", {"learning_rate": 0.5})
    with pytest.raises(ConfigError, match="0 trials cannot be added"):
        studies.add_trials(ready_workspace, "More", 0)
    with pytest.raises(ConfigError, match="There is no study 'Less'"):
        studies.add_trials(ready_workspace, "Less", 1)


def test_finished_study_goes_on_when_trials_are_added(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "On", made_plan(num_trials=2))
    tell(ready_workspace, study, 1.0, 2.0)
    end(ready_workspace, study)
    study = studies.add_trials(ready_workspace, study.id, 4)
    assert (study.job.state, Plan.of(study).num_trials) == ("queued", 6)


def test_stopped_study_waits_for_resume_when_trials_are_added(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "Wait", made_plan(num_trials=9))
    studies.stop(ready_workspace, study.id)
    study = studies.add_trials(ready_workspace, study.id, 4)
    assert (study.wanted, study.job.state, Plan.of(study).num_trials) == ("stopped", "stopped", 13)
    resumed = studies.resume(ready_workspace, study.id)
    assert (resumed.wanted, resumed.job.state) == ("running", "queued")
    with pytest.raises(TrainingError, match="is at work"):
        studies.resume(ready_workspace, study.id)


def test_pause_before_the_first_trial_and_twice(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "Pause", made_plan())
    paused = studies.pause(ready_workspace, study.id)
    assert studies.study_state(ready_workspace, paused).state == "paused"
    with pytest.raises(TrainingError, match="Nobody works on the study 'Pause'"):
        studies.pause(ready_workspace, study.id)


def test_best_trial_spent_energy_and_importances(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "Best", made_plan(num_trials=5))
    runs = tell(ready_workspace, study, 3.0, 9.0, 5.0, 9.0, 1.0)
    for run_id, kwh in zip(runs, (0.1, 0.2, 0.3, 0.4, 0.5), strict=True):
        energy(ready_workspace, study, run_id, kwh, 360.0)
    trials = read_trials(ready_workspace, study)
    best = best_trial(trials, Plan.of(study))
    assert best is not None and (best.number, best.values) == (1, (9.0,))  # the earlier of two
    assert spent(trials) == (pytest.approx(0.5), pytest.approx(1.5))
    shares = importances(ready_workspace, study)
    assert sum(shares.values()) == pytest.approx(1) and set(shares) == set(Plan.of(study).space)
    loss = Plan.of(study).with_study(objective="loss")
    assert best_trial(trials, loss) == trials[4]


def test_importances_say_what_they_lack(ready_workspace: Workspace, made_plan: MakePlan) -> None:
    study = studies.start(ready_workspace, "Few", made_plan())
    with pytest.raises(AdaptMLLMError, match="0 trials have finished; importances need at least 3"):
        importances(ready_workspace, study)
    tell(ready_workspace, study, 2.0, 2.0, 2.0)
    with pytest.raises(AdaptMLLMError, match="All 3 finished trials have the same dev chrF"):
        importances(ready_workspace, study)


def test_best_trial_is_promoted_with_changes(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "Promote", made_plan(num_trials=3))
    with pytest.raises(AdaptMLLMError, match="No trial of 'Promote' has finished"):
        promotable(ready_workspace, study)
    tell(ready_workspace, study, 1.0, 4.0, 2.0)
    best = promotable(ready_workspace, study)
    run = promote(ready_workspace, study, by="aine", changes={"num_epochs": 40})
    assert best.number == 1
    assert run.settings["learning_rate"] == best.params["learning_rate"]
    assert (run.settings["num_epochs"], run.name) == (40, "Promote best")
    assert (run.job.study, run.job.lane, run.job.person) == (study.id, "compute", "aine")
    assert promoted_runs(ready_workspace, study) == [run.id]
    second = promote(ready_workspace, study, 2)
    assert promoted_runs(ready_workspace, study) == [run.id, second.id]
    with pytest.raises(ConfigError, match="has no trial 7"):
        promote(ready_workspace, study, 7)
    for name in ("run_id", "by", "number"):  # names of arguments, none of settings
        with pytest.raises(ConfigError, match=f"{name}: Extra inputs are not permitted"):
            promote(ready_workspace, study, changes={name: "../../evil"})


def test_deleted_study_leaves_no_trial_and_its_name_is_free(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "Gone", made_plan(num_trials=2))
    with pytest.raises(TrainingError, match="is at work"):
        studies.delete(ready_workspace, study.id)
    run_ids = tell(ready_workspace, study, 1.0)
    energy(ready_workspace, study, run_ids[0], 0.5, 10)
    end(ready_workspace, study)
    assert studies.delete(ready_workspace, study.id, with_runs=True) == 0  # it had no run's folder
    assert ready_workspace.studies.all() == []
    assert not ready_workspace.study_folder(study.id).exists()
    with opened_storage(ready_workspace) as storage:
        assert optuna.get_all_study_names(storage) == []
    assert ready_workspace.energy.get(run_ids[0]) is not None  # it was used all the same
    again = studies.start(ready_workspace, "Gone", made_plan())
    assert read_trials(ready_workspace, again) == []


def test_exports_are_safe_and_complete(
    ready_workspace: Workspace, made_plan: MakePlan, tmp_path: Path
) -> None:
    study = studies.start(ready_workspace, "=cmd() & 50_%", made_plan(num_trials=3))
    run_ids = tell(ready_workspace, study, 1.5, 4.25, 2.0)
    energy(ready_workspace, study, run_ids[1], 0.125, 7200)
    with opened_storage(ready_workspace) as storage:
        store = TrialStore(storage, study.name, Plan.of(study))
        store.tell_failed(store.take("worker"), "=HYPERLINK(1) failed")
    told(ready_workspace, Plan.of(study).base.corpus)
    table = export_file(ready_workspace, study, "csv")
    lines = table.content.decode().splitlines()
    assert len(lines) == 5 and lines[0].startswith("trial,state,dev chrF++,learning_rate,")
    assert "4.25" in lines[2] and "0.125" in lines[2] and run_ids[1] in lines[2]
    assert lines[4].endswith(",'=HYPERLINK(1) failed") and ",failed," in lines[4]
    assert all(CLEAN.format("dev") in line for line in lines[1:])
    latex = export_file(ready_workspace, study, "latex").content.decode()
    assert r"\textbf{4.25}" in latex and r"50\_\%" in latex and "importance (fANOVA)" in latex
    assert "% Leaks: No dev segment stands in train" in latex
    kept = export_file(ready_workspace, study, "optuna")
    file = tmp_path / kept.name
    file.write_bytes(kept.content)
    assert "/" not in kept.name and kept.name.endswith(".db")
    loaded = optuna.load_study(study_name=study.name, storage=f"sqlite:///{file}")
    assert [trial.value for trial in loaded.trials] == [1.5, 4.25, 2.0, None]
    loaded._storage._backend.engine.dispose()  # noqa: SLF001 (a file that is to be removed)
    with pytest.raises(ConfigError, match="cannot be exported as 'xml'"):
        export_file(ready_workspace, study, "xml")


def test_forecast_is_none_without_a_run_and_follows_the_segments(
    trained_folder: Path, made_plan: MakePlan, ready_workspace: Workspace
) -> None:
    assert forecast(ready_workspace, made_plan()) is None
    workspace = Workspace(trained_folder)
    try:
        corpus = workspace.corpora.all()[0].id
        run = workspace.runs.get("demo")
        assert run.train_seconds is not None
        base = {**run.settings, "corpus": corpus, "num_epochs": 100, "max_steps": 500}
        one = forecast(workspace, made_plan({"seed": [1]}, base, num_trials=1))
        assert one is not None and one.low_hours == one.high_hours
        taken = workspace.energy.get(run.id)
        assert taken is not None
        seconds = sum(phase["seconds"] for phase in taken.phases.values())
        # The same settings again: what the run itself took.
        assert one.hours * 3600 == pytest.approx(seconds, rel=0.01)
        twice = forecast(workspace, made_plan({"seed": [1]}, {**base, "max_steps": 1000}))
        assert twice is not None
        more_s = (twice.hours / twice.num_trials - one.hours) * 3600
        assert more_s == pytest.approx(run.train_seconds, rel=0.01)
        assert "1 finished run of starter" in one.basis
    finally:
        workspace.database.dispose()


def _open_at_once(root: str) -> int:
    opened = Workspace(Path(root))
    with opened_storage(opened) as storage:
        count = len(optuna.get_all_study_names(storage))
    opened.database.dispose()
    return count


def test_processes_that_open_the_tables_at_once_make_them_once(workspace: Workspace) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(_open_at_once, [str(workspace.root)] * 3) == [0, 0, 0]


def test_storage_is_the_projects_own_database(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "Shared", made_plan())
    tell(ready_workspace, study, 2.5)
    with sqlite3.connect(ready_workspace.root / "adaptmllm.db") as connection:
        found = connection.execute("SELECT study_name FROM studies").fetchall()
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    assert found == [("Shared",)] and versions[0][0].startswith("v")
    assert storage_url(ready_workspace).endswith("adaptmllm.db")
    ready_workspace.database.migrate()  # Optuna's version is no version of ours


def test_resumed_ablation_tries_again_what_failed_or_was_stopped(
    trained_folder: Path, tmp_path: Path
) -> None:
    opened = Workspace(shutil.copytree(trained_folder, tmp_path / "trained"))
    try:
        study = start_ablation(opened, "demo", {"weight_decay": [0.1]}, 2)
        trials = read_trials(opened, study)
        assert [(each.state, each.is_earlier) for each in trials] == [
            ("finished", True), ("waiting", False), ("waiting", False), ("waiting", False),
        ]  # fmt: skip
        assert trials[0].run_id == opened.runs.get("demo").id and trials[0].values[0] > 0
        assert study.name == "Ablation of demo" and spent(trials) == (0, 0)
        tell(opened, study, 50.0)
        with opened_storage(opened) as storage:
            store = TrialStore(storage, study.name, Plan.of(study))
            store.tell_failed(store.take("worker"), "The machine fell over.")
        end(opened, study, "stopped")
        studies.resume(opened, study.id)
        again = read_trials(opened, opened.studies.get(study.id))
        assert [each.state for each in again] == [
            "finished", "finished", "failed", "waiting", "waiting",
        ]  # fmt: skip
        assert again[4].params == again[2].params
        assert Plan.of(opened.studies.get(study.id)).num_trials == 5
        assert start_ablation(opened, "demo", {"weight_decay": [0.1]}, 1).name.endswith("demo 2")
    finally:
        opened.database.dispose()


@pytest.mark.parametrize(
    ("factors", "seeds", "sentence"),
    [
        ({}, 2, "No factor was chosen"),
        ({"seed": [1]}, 2, "'seed' cannot be varied in an ablation"),
        ({"learning_rat": []}, 2, "'learning_rat' cannot be varied"),
        ({"weight_decay": [0.0]}, 2, "weight_decay has no other value than the run's own, 0.0"),
        ({"weight_decay": [5.0]}, 2, "weight_decay: Input should be less than or equal to 2"),
        ({"weight_decay": [0.1]}, 0, "0 seeds cannot be used"),
        ({"precision": ["fp16"]}, 2, "could not run: precision fp16 needs a GPU"),
        ({"lora_rank": [4]}, 2, "lora_rank does nothing while method is 'full'"),
    ],
)
def test_ablation_that_cannot_work_is_refused(
    trained_folder: Path, factors: dict[str, list[Any]], seeds: int, sentence: str
) -> None:
    opened = Workspace(trained_folder)
    try:
        with pytest.raises(AdaptMLLMError, match=sentence):
            start_ablation(opened, "demo", factors, seeds)
        assert opened.studies.all() == []
    finally:
        opened.database.dispose()


def test_study_that_optuna_no_longer_knows_is_told_and_can_be_deleted(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    """Such as one that somebody deleted in Optuna's dashboard."""
    study = studies.start(ready_workspace, "Half", made_plan())
    tell(ready_workspace, study, 1.0)
    with opened_storage(ready_workspace) as storage:
        optuna.delete_study(study_name=study.name, storage=storage)
    end(ready_workspace, study)
    assert read_trials(ready_workspace, study) == [] and promoted_runs(ready_workspace, study) == []
    for asked in (
        lambda: export_file(ready_workspace, study, "optuna"),
        lambda: importances(ready_workspace, study),
        lambda: studies.enqueue(ready_workspace, study.id, {"learning_rate": 1e-3}),
    ):
        with pytest.raises(AdaptMLLMError, match="The trials of the study 'Half' are gone"):
            asked()
    studies.delete(ready_workspace, study.id)
    assert ready_workspace.studies.all() == []


def test_start_after_a_killed_one_takes_the_same_name_and_id(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study_id = "0d3ba3c2-6b0c-4b3a-9f6f-1d9b8e6f7a02"
    ready_workspace.study_folder(study_id).mkdir(parents=True)  # its record was never written
    with opened_storage(ready_workspace) as storage:
        store = TrialStore.create(storage, "Again", made_plan())
        store.tell_finished(store.take("worker"), [1.0])
    study = studies.start(ready_workspace, "Again", made_plan(), study_id=study_id)
    assert study.id == study_id and read_trials(ready_workspace, study) == []


def test_hours_that_are_used_up_are_raised_with_the_trials(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "Hours", made_plan(num_trials=9, max_hours=1))
    (run_id,) = tell(ready_workspace, study, 1.0)
    energy(ready_workspace, study, run_id, 0.5, 3600)
    for more in (
        lambda: studies.add_trials(ready_workspace, study.id, 2),
        lambda: studies.enqueue(ready_workspace, study.id, {"learning_rate": 1e-3}),
    ):
        with pytest.raises(ConfigError, match="The study's 1 hours are used up"):
            more()
    changed = studies.add_trials(ready_workspace, study.id, 2, max_hours=3)
    assert Plan.of(changed).study.max_hours == 3 and Plan.of(changed).num_trials == 11


def test_worker_of_another_lane_takes_the_run_along(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    """Else its own queue would never start it, when the first host is gone."""
    study = studies.start(ready_workspace, "Lanes", made_plan())
    plan = Plan.of(study)
    params = {"learning_rate": 1e-3, "weight_decay": 0.0, "num_epochs": 1}
    first = TrialRun(ready_workspace, str(uuid.uuid4()), plan, "compute")
    first.start(params, "trial", study.id, like="", by="")
    run = first.record()
    assert run is not None and (run.job.lane, run.job.state) == ("compute", "queued")
    second = TrialRun(ready_workspace, run.id, plan, "second@here")
    second.start(params, "trial", study.id, like="", by="")
    assert ready_workspace.runs.get(run.id).job.lane == "second@here"
    queue.stop(ready_workspace, run.id, "now")
    first.start(params, "trial", study.id, like="", by="")
    again = ready_workspace.runs.get(run.id).job
    assert (again.lane, again.state) == ("compute", "queued")


def test_run_that_was_deleted_is_not_trained_again(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "Deleted", made_plan())
    run = TrialRun(ready_workspace, str(uuid.uuid4()), Plan.of(study), "compute")
    energy(ready_workspace, study, run.id, 0.1, 10)  # what it took stays
    with pytest.raises(TrainingError, match="Its run was deleted"):
        run.start({"learning_rate": 1e-3}, "trial", study.id, like="", by="")


def test_trial_that_another_worker_took_over_is_left_to_it(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    study = studies.start(ready_workspace, "Held", made_plan())
    with opened_storage(ready_workspace) as storage:
        store = TrialStore(storage, study.name, Plan.of(study))
        number = store.take("first")
        assert store.is_held_by(number, "first")
        assert store.adopt(number, "second")
        assert not store.is_held_by(number, "first") and store.is_held_by(number, "second")
        store.tell_finished(number, [1.0])
        assert not store.is_held_by(number, "second")


def test_study_is_found_by_its_id_before_its_name(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    first = studies.start(ready_workspace, "First", made_plan())
    studies.start(ready_workspace, first.id, made_plan())  # somebody's odd idea of a name
    assert ready_workspace.studies.get(first.id).name == "First"


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_name_that_cannot_be_stored_is_refused(
    ready_workspace: Workspace, made_plan: MakePlan, name: str
) -> None:
    with pytest.raises(ConfigError, match="holds a character that cannot be stored"):
        studies.start(ready_workspace, name, made_plan())
