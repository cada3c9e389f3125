"""The section Energy of a run's page, from a written `energy.jsonl`."""

import os
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.energy_figures import budget_use
from core.emissions.carbon import change_settings
from core.emissions.course import EnergyCourseReader
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs.folder import JobState
from core.jobs.job_energy import publish_from_folder
from core.jobs.processes import ProcessIdentity
from core.storage.files import append_json_line, utc_now
from core.storage.run_records import Run
from core.storage.workspace import Workspace
from tests.pages.test_pages import opened, stored_run, texts

CONDITIONS = {
    "methods": {"cpu": "load model", "ram": "heuristic", "gpu": "counter"},
    "cpu_model": "AMD *EPYC*",
    "cpu_power_w": 8.0,
    "is_cpu_power_known": False,
    "gpus": ["NVIDIA H200"],
    "measured_by": "codecarbon 3.3.2",
}
WARNING = "Others used GPU 0 meanwhile."


def measured_run(
    workspace: Workspace, state: str, settings: FineTuneSettings | None = None, *, step: int = 0
) -> Run:
    """Stores a run of 20 steps, two epochs, with 0.1 kWh before training and 0.01 each step."""
    run = stored_run(workspace, state, settings)
    folder = RunFolder(workspace.run_folder(run.id))
    seconds = kwh = 0.0
    line: dict[str, Any] = {"attempt": 1, "time": utc_now()}
    append_json_line(folder.energy_file, {**line, "kind": "begin", "conditions": CONDITIONS})
    append_json_line(folder.energy_file, {**line, "kind": "warning", "text": WARNING})
    plan = {"kind": "plan", "total_steps": 20, "steps_per_epoch": 10, "num_train": 32}
    append_json_line(folder.metrics_file, {**plan, "padding_share": 0.1, "elapsed_s": 0.0})
    for phase, taken_kwh in [("prepare", 0.1), *[("train", 0.01)] * step]:
        seconds, kwh = seconds + 60, kwh + taken_kwh
        parts = {"cpu_kwh": 0.5 * kwh, "ram_kwh": 0.25 * kwh, "gpu_kwh": 0.25 * kwh}
        reading = {**line, "kind": "energy", "phase": phase, "seconds": seconds, **parts}
        append_json_line(folder.energy_file, reading)
    for number in range(1, step + 1):
        record = {"kind": "train", "step": number, "loss": 1.0, "elapsed_s": float(number)}
        append_json_line(folder.metrics_file, record)
    if state == "training":
        supervisor = ProcessIdentity.of(os.getpid())
        folder.write_state(JobState(state, supervisor=supervisor, heartbeat=utc_now()))
    publish_from_folder(workspace, run.job, "run", folder)
    return run


def figures(app: AppTest) -> dict[str, tuple[str, str]]:
    return {item.label: (item.value, item.delta) for item in app.metric}


def alarms(app: AppTest) -> list[str]:
    return [str(item.value).replace("\\", "") for item in [*app.warning, *app.error]]


def test_a_run_that_ended_shows_sums_badges_and_phases(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = measured_run(ready_workspace, "stopped", step=10)
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    assert figures(app)["Energy"] == ("0.200 kWh", "in 11 min 0 s")
    assert figures(app)["CO2eq"] == ("–", "no grid chosen")
    assert "Forecast at the end" not in figures(app) and "Budget used" not in figures(app)
    assert alarms(app) == [WARNING]
    shown = texts(app).replace("\\", "")
    for badge in ("CPU load model", "RAM heuristic", "GPU counter"):
        assert badge in shown
    assert "25% of the energy, that of the memory, is only guessed from its size." in shown
    badges = [str(item.help).replace("\\", "") for item in app.markdown if item.help]
    assert any("(AMD *EPYC*, 8 W, guessed from its number of cores)" in each for each in badges)
    table = next(each.value for each in app.dataframe if "Phase" in each.value)
    assert list(table["Phase"]) == ["prepare", "train", "total"]
    assert list(table["Sum (kWh)"]) == pytest.approx([0.1, 0.1, 0.2])
    assert list(table["GPU (kWh)"]) == pytest.approx([0.025, 0.025, 0.05])
    assert list(table["Share"]) == pytest.approx([0.5, 0.5, 1])


@pytest.mark.parametrize(
    ("budget_kwh", "action", "step", "forecast", "alarm"),
    [
        (0.0, "warn", 9, "–", ""),
        (
            0.25,
            "stop and save",
            10,
            "0.360 kWh",
            "The run will take about 0.30 kWh, 20% more than its budget of 0.25 kWh (without PUE). "
            "It will be stopped and saved when it gets there.",
        ),
        (
            0.19,
            "warn",
            10,
            "0.360 kWh",
            "The run has taken 0.20 kWh, 5% more than its budget of 0.19 kWh (without PUE). "
            "It goes on: the budget only warns.",
        ),
    ],
)
def test_a_live_run_foretells_its_end_and_raises_the_alarm(
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    budget_kwh: float,
    action: str,
    step: int,
    forecast: str,
    alarm: str,
) -> None:
    change_settings(ready_workspace, grid="IRL", pue=1.2)
    settings = FineTuneSettings.parse({"energy_budget_kwh": budget_kwh, "budget_action": action})
    run = measured_run(ready_workspace, "training", settings, step=step)
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    assert figures(app)["Forecast at the end"][0] == forecast
    assert ("Budget used" in figures(app)) == bool(budget_kwh)
    assert set(alarms(app)) == {alarm, WARNING} - {""}
    kg, basis = figures(app)["CO2eq so far"]
    assert kg == {9: "66.3 g", 10: "69.8 g"}[step]  # 0.2 kWh × 1.2 × 290.8 g/kWh
    assert basis.replace("\\", "") == "IRL 2023, PUE 1.2"
    assert not any("Phase" in each.value for each in app.dataframe)


@pytest.mark.parametrize(
    ("state", "note"),
    [
        ("training", "Measuring begins about two seconds after the job."),
        ("failed", "Nothing was measured: the run ended at once, or is older than"),
    ],
)
def test_before_the_first_reading_it_says_why_there_is_none(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, state: str, note: str
) -> None:
    run = stored_run(ready_workspace, state)
    if state == "training":
        folder = RunFolder(ready_workspace.run_folder(run.id))
        supervisor = ProcessIdentity.of(os.getpid())
        folder.write_state(JobState(state, supervisor=supervisor, heartbeat=utc_now()))
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    assert note in texts(app)


def test_the_list_of_runs_tells_their_kwh(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured_run(ready_workspace, "stopped", step=10)
    stored_run(ready_workspace, "failed")
    table = opened(ready_workspace, monkeypatch, "runs").dataframe[0].value
    assert list(table["kWh"].dropna()) == pytest.approx([0.2]) and len(table) == 2


def test_a_resumed_attempt_has_its_budget_anew_before_it_is_measured(
    ready_workspace: Workspace,
) -> None:
    settings = FineTuneSettings(energy_budget_kwh=0.15)
    run = measured_run(ready_workspace, "training", settings, step=10)
    course = EnergyCourseReader(RunFolder(ready_workspace.run_folder(run.id)).energy_file).read()
    first = budget_use(run, JobState("training", started_at="2000-01-01T00:00:00"), course, None)
    assert (first.used_kwh, first.is_resumed) == (pytest.approx(0.2), False)
    again = budget_use(run, JobState("preparing", started_at="2999-01-01T00:00:00"), course, None)
    assert (again.used_kwh, again.is_resumed) == (0, True)
