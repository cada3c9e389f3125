"""Search and Study: the form, a study that is told its results, and the ablation of a run."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings, from_recipe
from core.jobs import queue
from core.search import studies
from core.search.optuna_storage import opened_storage
from core.search.plan import Plan
from core.search.settings import StudySettings
from core.search.space import parse_space
from core.search.trial_store import TrialStore
from core.search.trials import read_trials
from core.storage.files import append_json_line
from core.storage.run_records import Run
from core.storage.study_records import Study
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from tests.pages.reading import button, shown
from tests.pages.test_pages import opened, stored_run

NAME = "*a* <b> $x$ :red[y]"
SPACE = {
    "learning_rate": {"low": 1e-5, "high": 1e-2, "log": True},
    "weight_decay": [0.0, 0.1],
}


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in the queue: nothing here needs what they would do."""
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)


@pytest.fixture
def made_study(ready_workspace: Workspace) -> Callable[..., Study]:
    """Makes a study on the sample corpus with the starter model."""

    def made(name: str = NAME, **study: Any) -> Study:
        corpus = ready_workspace.corpora.all()[0].id
        base = FineTuneSettings(corpus=corpus, engine="plain")
        plan = Plan(StudySettings.parse(study), parse_space(SPACE), base)
        return studies.start(ready_workspace, name, plan)

    return made


def tell(
    workspace: Workspace, study: Study, *values: float, kwh: tuple[float, ...] = ()
) -> list[str]:
    """Works trials off as a worker would, without their runs; gives the runs' ids."""
    found = []
    with opened_storage(workspace) as storage:
        store = TrialStore(storage, study.name, Plan.of(study))
        for value in values:
            number = store.take("worker")
            store.report(number, 1, value)
            store.tell_finished(number, [value, *kwh])
            found.append(str(store.trial(number).user_attrs["run"]))
    return found


def prune(workspace: Workspace, study: Study) -> None:
    with opened_storage(workspace) as storage:
        store = TrialStore(storage, study.name, Plan.of(study))
        number = store.take("worker")
        store.report(number, 1, 0.5)
        store.tell_pruned(number, "It was *worse* than half.")


def end(workspace: Workspace, study: Study, state: str = "finished") -> None:
    """Lets the study's job end, as its supervisor does."""
    workspace.jobs.claim_next(study.job.lane)
    workspace.jobs.publish(study.id, state, "", {}, "2026-01-01T00:00:00.000+00:00")


def field(app: AppTest, kind: str, label: str) -> Any:
    return next(each for each in app.get(kind) if each.label == label)


def table(app: AppTest, column: str) -> Any:
    return next(each.value for each in app.dataframe if column in each.value)


def opened_form(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, preset: str) -> AppTest:
    """Opens the page where no study is yet, so that the form is, and fills it by a preset."""
    app = opened(workspace, monkeypatch, "search")
    return button(app, preset).click().run()


def test_without_a_corpus_the_page_says_what_is_missing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "search")
    assert not app.exception
    assert "A study tries many settings around one run" in shown(app)
    assert "A study needs a corpus, and there is none yet." in shown(app)


def test_an_empty_form_says_what_comes_first_and_cannot_be_started(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "search")
    assert not app.exception
    assert "Nothing is varied yet." in shown(app) and button(app, "Start").disabled
    app = button(app, "Quick").click().run()
    assert "The study has no name." in shown(app) and button(app, "Start").disabled
    assert "nothing can be forecast" in shown(app)


def test_start_makes_a_study_of_what_stands_in_the_form(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened_form(ready_workspace, monkeypatch, "Quick")
    field(app, "text_input", "Name of the study").set_value(NAME)
    field(app, "text_input", "From").set_value("1e-4")
    field(app, "number_input", "Trials").set_value(7)
    field(app, "number_input", "Steps at most").set_value(60)
    app = field(app, "selectbox", "Engine").set_value("plain").run()
    assert not app.exception
    command = shlex.split(next(each.value for each in app.code if "--study" in each.value))
    assert command[command.index("--study") + 1] == NAME
    assert command[command.index("--trials") + 1] == "7"
    assert not button(app, "Start").disabled
    app = button(app, "Start").click().run()
    assert not app.exception
    (study,) = ready_workspace.studies.all()
    plan = Plan.of(study)
    assert study.name == NAME and study.job.person == "owner"
    assert plan.study.num_trials == 7 and plan.study.sampler == "tpe"
    assert plan.space["learning_rate"].as_dict() == {"low": 1e-4, "high": 5e-3, "log": True}
    assert plan.space["weight_decay"].choices == (0.0, 0.01, 0.1)
    assert (plan.base.max_steps, plan.base.engine) == (60, "plain")
    recipe = from_recipe("Try it in a minute")
    assert plan.base.batch_size == recipe.batch_size and plan.base.name == ""
    assert app.title[0].value == r"\*a\* \<b\> \$x\$ \:red\[y\]"  # on the study's own page
    assert "0 of 7 trials" in app.get("progress")[0].proto.text


def test_wrong_values_are_one_sentence_and_stay_in_the_form(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened_form(ready_workspace, monkeypatch, "Quick")
    field(app, "text_input", "Name of the study").set_value("wrong")
    for label, typed, sentence in (
        ("From", "much", "Learning rate: 'much' is no number."),
        ("From", "", "Learning rate: a number is missing."),
        ("From", "0.1", "The range of learning_rate is empty"),
        ("To", "7", "learning_rate: Input should be less than or equal to 1"),
        ("Values", "0, 0", "weight_decay has the value 0.0 twice."),
        ("Values", " ", "weight_decay has no values to choose from."),
    ):
        before = field(app, "text_input", label).value
        app = field(app, "text_input", label).set_value(typed).run()
        assert not app.exception
        assert sentence in shown(app) and button(app, "Start").disabled, typed
        app = field(app, "text_input", label).set_value(before).run()
    app = field(app, "text_input", "From").set_value("much").run()
    app = app.switch_page("../pages/runs.py").run().switch_page("../pages/search.py").run()
    assert field(app, "text_input", "From").value == "much"
    assert field(app, "text_input", "Name of the study").value == "wrong"
    assert ready_workspace.studies.all() == []


def test_what_cannot_run_here_and_a_taken_name_are_refused(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    app = opened_form(ready_workspace, monkeypatch, "Paper's grid")
    app = field(app, "text_input", "Name of the study").set_value(NAME).run()
    assert "precision fp16" in shown(app) and button(app, "Start").disabled
    assert "The grid has 648 combinations" in shown(app)
    assert not [each for each in app.number_input if each.label == "Random trials first"]
    app = button(app, "Quick").click().run()
    made_study()
    app = app.run()
    assert f"There is a study {NAME!r} already." in shown(app) and button(app, "Start").disabled


def test_two_objectives_switch_pruning_off(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened_form(ready_workspace, monkeypatch, "Quick")
    assert field(app, "selectbox", "Pruner").value == "median"
    field(app, "text_input", "Name of the study").set_value("two")
    field(app, "selectbox", "Engine").set_value("plain")
    app = field(app, "selectbox", "Second objective").set_value("energy").run()
    pruner = field(app, "selectbox", "Pruner")
    assert pruner.value == "none" and pruner.disabled
    assert not [each for each in app.number_input if each.label == "Finished trials first"]
    app = button(app, "Start").click().run()
    assert not app.exception
    assert Plan.of(ready_workspace.studies.get("two")).study.pruner == "none"


def test_a_study_can_start_from_a_run_and_a_newly_chosen_setting_has_telling_values(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = FineTuneSettings(learning_rate=3e-4, num_epochs=7, engine="plain")
    run = stored_run(ready_workspace, "finished", settings, name=NAME)
    app = opened(ready_workspace, monkeypatch, "search")
    start = field(app, "selectbox", "Start from")
    assert [each for each in start.options if each.startswith(f"Run: {NAME}")]
    app = start.set_value(f"run {run.id}").run()
    assert field(app, "number_input", "Epochs").value == 7
    app = field(app, "multiselect", "Vary").set_value(["learning_rate", "precision"]).run()
    ends = [field(app, "text_input", label).value for label in ("From", "To")]
    assert ends == ["0.0001", "0.0009"]
    assert field(app, "multiselect", "Values").value == ["fp32", "bf16", "fp16"]
    assert not [each for each in app.selectbox if each.label == "Precision"]


def test_the_list_shows_progress_and_the_best_value(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study(num_trials=4)
    tell(ready_workspace, study, 10.0, 21.5)
    app = opened(ready_workspace, monkeypatch, "search")
    assert not app.exception
    (row,) = table(app, "Purpose").to_dict("records")
    assert (row["Name"], row["State"], row["Purpose"]) == (NAME, "queued", "search")
    assert (row["Trials"], row["Done"], row["Best"]) == ("2 of 4", 0.5, "dev chrF++ 21.5")
    end(ready_workspace, study, "stopped")
    ready_workspace.studies.want(study.id, "paused")
    app = opened(ready_workspace, monkeypatch, "search")
    assert list(table(app, "Purpose")["State"]) == ["paused"]


def test_the_table_shows_trials_by_hand_pruned_and_best_and_can_be_ordered(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study(num_trials=5)
    tell(ready_workspace, study, 10.0, 21.5, 12.0)
    prune(ready_workspace, study)
    studies.enqueue(ready_workspace, study.id, {"weight_decay": 0.1}, by="_Bo_")
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    assert not app.exception
    rows = table(app, "Evaluations")
    assert list(rows["Trial"]) == [4, 3, 2, 1, 0]
    assert list(rows["State"]) == ["waiting", "pruned", *["finished"] * 3]
    assert list(rows["Best"]) == ["", "", "", "★", ""]
    assert rows["By hand"][0] == "_Bo_" and rows["Weight decay"][0] == 0.1
    assert rows["Why"][1] == "It was *worse* than half."
    assert "Best: trial 1" in shown(app) and "4 of 6 trials" in app.get("progress")[0].proto.text
    app = field(app, "button_group", "Order").set_value("Best first").run()
    assert list(table(app, "Evaluations")["Trial"]) == [1, 2, 0, 3, 4]


def test_every_chart_is_drawn_or_says_why_not(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study(num_trials=5)
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    app = field(app, "button_group", "Chart").set_value("Importance").run()
    assert "No trial has finished yet" in shown(app)
    tell(ready_workspace, study, 10.0, 21.5, 12.0)
    prune(ready_workspace, study)
    for name in field(app, "button_group", "Chart").options:
        app = field(app, "button_group", "Chart").set_value(name).run()
        assert not app.exception, name
        assert bool(app.get("plotly_chart")) is (name != "History"), name


def test_two_objectives_have_a_front_and_two_columns(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study(num_trials=4, second_objective="energy", pruner="none")
    for value, kwh in ((10.0, 0.1), (21.5, 0.3), (12.0, 0.2)):
        tell(ready_workspace, study, value, kwh=(kwh,))
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    assert list(table(app, "energy (kWh)")["energy (kWh)"]) == [0.2, 0.3, 0.1]
    for name in field(app, "button_group", "Chart").options:
        app = field(app, "button_group", "Chart").set_value(name).run()
        assert not app.exception, name
        assert bool(app.get("plotly_chart")) is (name != "History"), name
    assert "Pareto front" in field(app, "button_group", "Chart").options


def test_pause_stop_and_resume(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study(num_trials=3)
    tell(ready_workspace, study, 10.0)
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    delete = button(app, "Delete …")
    assert delete.disabled and "stop it first" in delete.help
    app = button(app, "Pause").click().run()
    assert not app.exception
    assert ready_workspace.studies.get(study.id).wanted == "paused"
    assert "paused" in shown(app) and not button(app, "Delete …").disabled
    app = button(app, "Resume").click().run()
    found = ready_workspace.studies.get(study.id)
    assert (found.wanted, found.job.state) == ("running", "queued")
    ready_workspace.jobs.claim_next(study.job.lane)  # its worker has begun
    ready_workspace.studies.want(study.id, "paused")
    app = app.run()
    assert button(app, "Pause").disabled and "Pausing: " in shown(app)
    assert "Stop …" in [each.label for each in app.button]
    with opened_storage(ready_workspace) as storage:
        TrialStore(storage, study.name, Plan.of(study)).take("worker")  # which is gone
    ready_workspace.jobs.publish(study.id, "stopped", "", {}, "2026-01-01T00:00:00.000+00:00")
    app = app.run()
    assert list(table(app, "Evaluations")["State"]) == ["interrupted", "finished"]


def test_trials_are_added_and_made_by_hand(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study(num_trials=2)
    tell(ready_workspace, study, 10.0, 11.0)
    end(ready_workspace, study)
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    field(app, "number_input", "Further trials").set_value(3)
    app = button(app, "Add").click().run()
    found = ready_workspace.studies.get(study.id)
    assert Plan.of(found).num_trials == 5 and found.job.state == "queued"
    app = field(app, "text_input", "Learning rate").set_value("0.5").run()
    app = button(app, "Try these").click().run()
    assert "learning_rate 0.5 is outside of what this study searches" in shown(app)
    field(app, "text_input", "Learning rate").set_value("3e-5")
    app = button(app, "Try these").click().run()
    assert not app.exception
    waiting = read_trials(ready_workspace, ready_workspace.studies.get(study.id))[-1]
    assert (waiting.state, waiting.params) == ("waiting", {"learning_rate": 3e-5})
    assert waiting.by == "owner"
    assert field(app, "text_input", "Learning rate").value == ""


def test_a_full_grid_takes_no_further_trials_and_says_so(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = ready_workspace.corpora.all()[0].id
    plan = Plan(
        StudySettings(sampler="grid", num_trials=9),
        parse_space({"weight_decay": [0.0, 0.1]}),
        FineTuneSettings(corpus=corpus, engine="plain"),
    )
    study = studies.start(ready_workspace, "grid", plan)
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    assert not app.exception
    assert "0 of 2 trials" in app.get("progress")[0].proto.text
    popover = next(each for each in app.get("popover") if "Add trials" in each.proto.popover.label)
    assert popover.proto.popover.disabled


def test_the_best_trial_is_promoted_or_edited(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study(num_trials=3)
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    assert "Launch" not in [each.label for each in app.button]
    tell(ready_workspace, study, 10.0, 21.5)
    best = read_trials(ready_workspace, study)[1]
    app = app.run()
    assert field(app, "selectbox", "Trial").value == 1
    field(app, "number_input", "Epochs").set_value(9)
    app = button(app, "Launch").click().run()
    assert not app.exception
    (run,) = ready_workspace.runs.newest()
    assert run.settings["num_epochs"] == 9 and run.name == f"{NAME} best"
    assert run.settings["learning_rate"] == best.params["learning_rate"]
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    app = button(app, "Edit on the Fine-tune page").click().run()
    assert not app.exception
    rate = next(each for each in app.number_input if each.label == "Learning rate")
    assert rate.value == pytest.approx(best.params["learning_rate"])


def test_a_study_is_exported_and_its_storage_is_told_without_a_password(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study()
    tell(ready_workspace, study, 10.0)
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    labels = [each.proto.label for each in app.get("download_button")]
    assert labels == ["CSV", "LaTeX", "Optuna storage"]
    assert any(each.value.startswith("optuna-dashboard sqlite://") for each in app.code)


def test_a_trials_run_leads_to_its_study_and_the_runs_list_names_it(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study()
    run = stored_run(ready_workspace, "finished", name="alone")
    assert "Study" not in opened(ready_workspace, monkeypatch, "runs").dataframe[0].value
    trial = stored_trial(ready_workspace, run, study)
    rows = opened(ready_workspace, monkeypatch, "runs").dataframe[0].value.set_index("Name")
    assert rows["Study"]["a trial"] == NAME and rows["Study"].isna()["alone"]
    app = opened(ready_workspace, monkeypatch, "run", id=trial.id)
    assert not app.exception
    links = [each.proto.label for each in app.get("page_link")]
    assert r"A trial of \*a\* \<b\> \$x\$ \:red\[y\]" in links
    end(ready_workspace, study)
    studies.delete(ready_workspace, study.id)
    for run_id in (trial.id, run.id):
        app = opened(ready_workspace, monkeypatch, "run", id=run_id)
        assert not app.exception
        assert not [each for each in app.get("page_link") if "trial" in each.proto.label.lower()]


def stored_trial(workspace: Workspace, run: Run, study: Study) -> Run:
    """Stores a run like another one, as a trial of a study."""
    run_id = "11111111-0000-4000-8000-000000000000"
    shutil.copytree(workspace.run_folder(run.id), workspace.run_folder(run_id))
    job = replace(run.job, id=run_id, folder=f"runs/{run_id}", study=study.id)
    trial = replace(run, id=run_id, name="a trial", job=job)
    workspace.runs.add(trial)
    return trial


def dialog_page() -> None:
    """Opens one dialog at each run: a click within runs the whole page in these tests."""
    import os

    import streamlit as st

    from app import cache
    from app.navigation import page_path
    from app.searching import ablating, standing, study_actions

    def part() -> None:
        workspace, wanted = cache.workspace(), os.environ["ADAPTMLLM_TESTED"]
        if wanted == "ablate":
            ablating.ablate(workspace, workspace.runs.newest()[0])
            return
        found = workspace.studies.all()
        if found:
            now = standing.standing_of(workspace, found[0].id)
            study_actions._confirm_deletion(workspace, now)

    names = ("search", "study", "runs", "run", "emissions", "corpus")
    others = [st.Page(page_path(name)) for name in names]
    st.navigation([st.Page(part, default=True), *others], position="hidden").run()


def dialog(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, wanted: str) -> AppTest:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    monkeypatch.setenv("ADAPTMLLM_TESTED", wanted)
    return AppTest.from_function(dialog_page, default_timeout=60).run()


def test_a_study_is_deleted_with_its_runs(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    made_study: Callable[..., Study],
) -> None:
    study = made_study()
    tell(ready_workspace, study, 10.0)
    end(ready_workspace, study)
    app = dialog(ready_workspace, monkeypatch, "delete")
    assert NAME in shown(app)
    field(app, "toggle", "Delete its 1 run, too").set_value(True)
    app = button(app, "Delete for good").click().run()
    assert not app.exception
    assert ready_workspace.studies.all() == []


def test_an_ablation_is_planned_and_started_around_a_finished_run(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = FineTuneSettings(learning_rate=3e-4, weight_decay=0.1, engine="plain")
    run = stored_run(ready_workspace, "finished", settings, name="centre")
    path = RunFolder(ready_workspace.run_folder(run.id)).metrics_file
    scores = [{"name": "chrF++", "value": 20.0, "signature": "s", "num_segments": 9}]
    append_json_line(path, {"kind": "eval", "step": 10, "loss": 1.0, "scores": scores})
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert "Ablate …" in [each.label for each in app.button]
    app = dialog(ready_workspace, monkeypatch, "ablate")
    assert not app.exception
    assert field(app, "multiselect", "Factors").value == ["learning_rate", "weight_decay"]
    values = {each.label: each.value for each in app.text_input}
    assert values == {
        "Learning rate · 0.0003 in the run": "0.0001, 0.0009",
        "Weight decay · 0.1 in the run": "0",
    }
    assert "It takes 7 runs" in shown(app)
    decay = field(app, "text_input", "Weight decay · 0.1 in the run")
    app = decay.set_value("some").run()
    assert "Weight decay: 'some' is no number." in shown(app) and button(app, "Start").disabled
    field(app, "text_input", "Weight decay · 0.1 in the run").set_value("1")
    app = field(app, "number_input", "Seeds").set_value(1).run()
    assert "It takes 3 runs" in shown(app)
    app = button(app, "Start").click().run()
    assert not app.exception
    (study,) = ready_workspace.studies.all()
    assert study.purpose == "ablation" and study.name == "Ablation of centre"
    assert Plan.of(study).space["weight_decay"].choices == (0.1, 1.0)


def test_an_ablation_shows_effects_with_the_seeds_behind_them(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = ready_workspace.corpora.all()[0].id
    space = parse_space({"weight_decay": [0.0, 0.1], "seed": [1, 2]})
    base = FineTuneSettings(corpus=corpus, engine="plain", seed=1, weight_decay=0.0)
    plan = Plan(StudySettings(sampler="random", pruner="none", num_trials=4), space, base)
    fixed = [{"weight_decay": decay, "seed": seed} for decay in (0.0, 0.1) for seed in (1, 2)]
    study = studies.start(ready_workspace, NAME, plan, purpose="ablation", fixed=fixed)
    app = opened(ready_workspace, monkeypatch, "study", id=study.id)
    assert not app.exception and "An effect appears as soon as" in shown(app)
    tell(ready_workspace, study, 10.0, 11.0, 12.0)
    app = app.run()
    (row,) = table(app, "Factor").to_dict("records")
    assert (row["Factor"], row["Value"], row["Difference"]) == ("Weight decay", "0.1", 2.0)
    assert "With a single seed there is no interval" in shown(app)
    tell(ready_workspace, study, 14.0)
    app = app.run()
    (row,) = table(app, "Factor").to_dict("records")
    assert (row["Difference"], row["Seeds"], row["Clear"]) == (2.5, 2, "no")
    assert row["Low"] < 0 < row["High"]
    assert "Add" not in [each.label for each in app.button]
