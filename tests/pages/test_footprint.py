"""What translating takes, on the page: empty, measured, estimated, compared, and in Deploy."""

from __future__ import annotations

import os
import time

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
from core.jobs.processes import ProcessIdentity
from core.serving import services
from core.serving.settings import ServeSettings
from core.storage.files import utc_now
from core.storage.run_records import Run
from core.storage.service_records import ServiceRecord
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


def service_page() -> None:
    from app import cache, service_views

    workspace = cache.workspace()
    for record in workspace.services.all():
        service_views.service_card(workspace, record)


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


def shown_plainly(app: AppTest) -> str:
    """Gives what is shown, without what keeps it from being Markdown."""
    return texts(app).replace("\\", "")


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
    app = button(app, "Stop").click().run()
    assert measurements(workspace)[0].job.state == "stopped"
    assert "was not measured" not in texts(app)  # somebody wanted it so


def test_a_measurement_that_failed_says_why(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, _ = tuned
    job = start_measurement(workspace, MeasureSettings(system=run.id)).job
    state = JobState("failed", "The model could not be served: no memory.", "Measure again.")
    RunFolder(workspace.footprint_folder(job.id)).write_state(state)
    workspace.jobs.claim_next(job.lane)
    workspace.jobs.publish(job.id, "failed", state.reason, {}, None)
    app = opened(workspace, monkeypatch)
    shown = texts(app)
    assert "The model could not be served: no memory." in shown and "Measure again." in shown
    app = button(app, "Dismiss").click().run()
    assert not app.exception and "no memory" not in texts(app)
    assert workspace.jobs.get(job.id) is None
    assert not workspace.footprint_folder(job.id).exists()


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
    assert (frame["Version"][0], frame["At once"][0]) == (version.id[:8], 64)
    assert "CO2eq needs a grid" in texts(app) and "Others were at work." in texts(app)
    change_settings(workspace, grid="codecarbon:IRL", pue=1.2)
    frame = opened(workspace, monkeypatch).dataframe[0].value
    assert frame["1,000 segments, Wh"][0] == pytest.approx(4.8)
    assert frame["CO2eq of 1,000 segments, g"][0] == pytest.approx(4.8 * 0.290805)
    assert frame["CO2eq of a million, g"][0] == pytest.approx(96 * 0.290805)


def test_the_unit_of_a_mass_counts_pue_once(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, version = tuned
    # 0.2 kWh for a million characters x PUE 1.5 x 290.8 g/kWh = 0.087 kg: below 0.1 kg it is in g.
    measured(workspace, run, version, energy=Energy(0.0075, 0.0025))
    change_settings(workspace, grid="codecarbon:IRL", pue=1.5)
    frame = opened(workspace, monkeypatch).dataframe[0].value
    assert frame["CO2eq of a million, g"][0] == pytest.approx(0.2 * 1.5 * 290.805)


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
    assert list(frame["Found by"][0]) == ["estimated"]
    assert "After " in texts(app) and " segments (" in texts(app)
    assert "CPU load model, RAM heuristic, 25% guessed; LLM: estimated" in shown_plainly(app)
    change_settings(workspace, grid="codecarbon:IRL")
    frame = opened(workspace, monkeypatch).dataframe[1].value
    assert (
        " to " in frame["CO2eq of 1,000 segments"][0] and " to " in frame["CO2eq of a million"][0]
    )


def test_versions_of_one_model_are_told_apart(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, first = tuned
    second = stored_version(workspace, run.id, run_id=run.id)
    measured(workspace, run, first)
    measured(workspace, run, second, id="m-2")
    stored_llm(workspace)
    app = opened(workspace, monkeypatch)
    box = next(each for each in app.selectbox if each.label == "Fine-tuned model")
    assert {each.rpartition(" · ")[2] for each in box.options} == {first.id[:8], second.id[:8]}


def test_a_corpus_that_cannot_be_read_does_not_end_the_page(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, version = tuned
    measured(workspace, run, version)
    stored_llm(workspace)
    (corpus,) = workspace.corpora.all()
    workspace.split_file(corpus.id, "test").write_text('{"source": 1}\n')
    app = opened(workspace, monkeypatch)
    assert "cannot be read (KeyError)" in texts(app) and "taken instead" in texts(app)
    assert len(app.dataframe) == 2 and "LLM: estimated" in shown_plainly(app)


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
    shown = shown_plainly(app)
    badges = "CPU load model, RAM heuristic, 25% guessed"
    assert f"codecarbon 3.3.2, CPU modelled, RAM estimated · {badges} · " in shown
    assert "Translating takes 4.8 Wh" in shown and f"({badges})." in shown
    assert ("1.4 g CO2eq" in shown) == bool(grid)


def served(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> ServiceRecord:
    """Gives a service as it is once it serves, without its process."""
    monkeypatch.setattr(services, "check_memory", lambda servable: None)
    monkeypatch.setattr(services, "check_port", lambda host, port: None)
    monkeypatch.setattr(services, "is_healthy", lambda record: True)
    record = services.start(workspace, ServeSettings(model="demo", port=5999))
    run_on(workspace, record)
    return record


def run_on(workspace: Workspace, record: ServiceRecord) -> None:
    workspace.jobs.claim_next(record.job.lane)
    state = JobState("serving", supervisor=ProcessIdentity.of(os.getpid()), heartbeat=utc_now())
    RunFolder(workspace.service_folder(record.id)).write_state(state)
    workspace.jobs.publish(record.id, "serving", "", {}, None)


def test_a_service_shows_the_version_that_it_loaded_whatever_is_decided_later(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, first = tuned
    second = stored_version(workspace, run.id, run_id=run.id)
    measured(workspace, run, first)
    measured(workspace, run, second, id="m-2", energy=Energy(0.006, 0.002))
    for version in (first, second):
        workspace.versions.decide(version.id, "accepted")
        time.sleep(0.002)  # decisions are told apart by their milliseconds
    record = served(workspace, monkeypatch)
    shown = shown_plainly(opened(workspace, monkeypatch, service_page))
    assert "Translating takes 8.0 Wh per 1,000 segments" in shown
    assert "is the accepted one now" not in shown

    workspace.versions.decide(second.id, "refused")  # the first is the accepted one again
    shown = shown_plainly(opened(workspace, monkeypatch, service_page))
    assert "Translating takes 8.0 Wh per 1,000 segments" in shown
    assert f"It serves the version {second.id[:8]}; {first.id[:8]} is the accepted one" in shown

    ended = JobState("stopped", "The service was stopped (on request).")
    RunFolder(workspace.service_folder(record.id)).write_state(ended)
    workspace.jobs.publish(record.id, "stopped", ended.reason, {}, None)
    services.restart(workspace, record.id)
    run_on(workspace, record)
    shown = shown_plainly(opened(workspace, monkeypatch, service_page))
    assert "Translating takes 4.0 Wh per 1,000 segments" in shown
    assert "is the accepted one now" not in shown
    # The model's name stays that of the record: people's settings name no folder.
    assert workspace.services.get(record.id).settings["model"] == run.id


def test_a_service_whose_version_is_not_known_shows_no_figures(
    tuned: tuple[Workspace, Run, Version], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, run, version = tuned
    measured(workspace, run, version)
    workspace.versions.decide(version.id, "accepted")
    record = served(workspace, monkeypatch)
    named = ServeSettings(model=run.id, port=5999)  # as earlier releases stored it
    named.save(RunFolder(workspace.service_folder(record.id)).settings_file)
    assert "Translating takes" not in texts(opened(workspace, monkeypatch, service_page))
