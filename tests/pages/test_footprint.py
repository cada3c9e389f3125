"""What translating takes, on the page: empty, measured, estimated, compared, and in Deploy."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.emissions.carbon import change_settings
from core.emissions.energy import Energy, Phase
from core.emissions.inference import Inference
from core.emissions.inference import to_record as system_record
from core.emissions.stored import to_record
from core.finetune.run_folder import RunFolder
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.run_records import Run
from core.storage.version_records import Version
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from core.systems.footprint.measurements import measurements, start_measurement
from core.systems.footprint.settings import MeasureSettings
from tests.core.emissions.made_energy import made
from tests.core.emissions.made_inference import made_inference
from tests.core.systems.footprint.stored_models import stored_llm, stored_run, stored_version
from tests.core.systems.small_corpus import add_corpus
from tests.pages.reading import button

NAME = "*a* <b> $x$"


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in the queue: nothing here needs what they would do."""
    monkeypatch.setattr(queue, "advance", lambda workspace: None)


def page() -> None:
    import streamlit as st

    from app import cache
    from app.emissions.work import work_of
    from app.footprint_views import inference
    from app.navigation import page_path

    def part() -> None:
        workspace = cache.workspace()
        inference(workspace, work_of(workspace))

    others = [st.Page(page_path(name)) for name in ("deploy", "settings")]  # that are linked to
    st.navigation([st.Page(part, default=True), *others], position="hidden").run()


def gate_page() -> None:
    from app import cache, gate_views

    workspace = cache.workspace()
    for version in workspace.versions.all():
        gate_views.energy(workspace, version)
        gate_views.energy_caption(workspace, version.model, version.id)


@pytest.fixture
def tuned(workspace: Workspace) -> tuple[Workspace, Run, Version]:
    """A workspace with a finished run and a version of it."""
    run = stored_run(workspace, add_corpus(workspace))
    return workspace, run, stored_version(workspace, run.id, run_id=run.id)


def opened(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, shown: object = page) -> AppTest:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = AppTest.from_function(shown, default_timeout=30).run()  # type: ignore[arg-type]
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    found = [*app.text, *app.markdown, *app.caption, *app.info, *app.warning]
    return "\n".join(str(element.value) for element in found)


def measured(workspace: Workspace, run: Run, version: Version, **changes: object) -> Inference:
    found = made_inference(system_id=f"model:{run.id}", version=version.id, name=NAME, **changes)
    workspace.energy.add_system(system_record(found))
    workspace.energy.put(to_record(made(run.id, phases={"train": Phase(100, Energy(0.5))})))
    return found


def test_an_empty_workspace_says_what_each_part_is_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = texts(opened(workspace, monkeypatch))
    for sentence in (
        "No local model was measured yet.",
        "A model must be prepared before it can be measured.",
        "There is no LLM endpoint yet.",
        "a fine-tuned model that was measured above",
    ):
        assert sentence in shown


def test_a_measurement_is_started_shown_and_stopped(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, _ = tuned
    app = opened(workspace, monkeypatch)
    app = button(app, "Measure").click().run()
    assert not app.exception
    (started,) = measurements(workspace)
    assert started.plan.system_id == f"model:{run.id}" and started.plan.seconds == 30
    button(app, "Stop").click().run()
    assert measurements(workspace)[0].job.state == "stopped"


def test_a_measurement_that_failed_says_why(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, _ = tuned
    job = start_measurement(workspace, MeasureSettings(system=run.id)).job
    state = JobState("failed", "The model could not be served: no memory.", "Measure again.")
    RunFolder(workspace.footprint_folder(job.id)).write_state(state)
    workspace.jobs.claim_next(job.lane)
    workspace.jobs.publish(job.id, "failed", state.reason, {}, None)
    shown = texts(opened(workspace, monkeypatch))
    assert "The model could not be served: no memory." in shown and "Measure again." in shown


def test_what_was_measured_stands_in_the_table_with_co2_once_a_grid_is_chosen(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, version = tuned
    measured(workspace, run, version, warnings=("Others were at work.",))
    app = opened(workspace, monkeypatch)
    frame = app.dataframe[0].value
    assert frame["Model"][0] == NAME
    assert frame["1,000 segments, Wh"][0] == pytest.approx(4.0)
    assert frame["Million characters, Wh"][0] == pytest.approx(80)
    assert list(frame["Found by"][0]) == ["CPU load model", "RAM heuristic"]
    assert "CO2eq needs a grid" in texts(app) and "Others were at work." in texts(app)
    change_settings(workspace, grid="codecarbon:IRL", pue=1.2)
    frame = opened(workspace, monkeypatch).dataframe[0].value
    assert frame["1,000 segments, Wh"][0] == pytest.approx(4.8)
    assert frame["CO2eq of 1,000 segments, g"][0] == pytest.approx(4.8 * 0.290805)


def test_an_llm_is_asked_about_then_estimated_and_compared(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, version = tuned
    measured(workspace, run, version)
    stored_llm(workspace, name=NAME, model="our-own", base_url="http://127.0.0.1:9/v1")
    app = opened(workspace, monkeypatch)
    assert "EcoLogits does not know the model 'our-own'." in texts(app)
    active = next(each for each in app.number_input if each.label.startswith("Active"))
    active.set_value(400.0)
    app = button(app, "Save").click().run()
    assert not app.exception
    frame = app.dataframe[1].value
    assert frame["Taken for"][0] == "400 billion parameters"
    assert " to " in frame["1,000 segments"][0]
    assert "After " in texts(app) and " segments (" in texts(app)


@pytest.mark.parametrize("grid", ["", "codecarbon:IRL"])
def test_deploy_tells_it_for_the_version_that_was_measured(
    tuned: tuple[Workspace, Run, Version], grid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, version = tuned
    assert "is not measured yet" in texts(opened(workspace, monkeypatch, gate_page))
    measured(workspace, run, version)
    change_settings(workspace, grid=grid, pue=1.2)
    app = opened(workspace, monkeypatch, gate_page)
    assert [each.value for each in app.metric] == ["4.8 Wh", "96 Wh"]
    shown = texts(app).replace("\\", "")
    assert "25% guessed" in shown and "Translating takes 4.8 Wh" in shown
    assert ("1.4 g CO2eq" in shown) == bool(grid)
