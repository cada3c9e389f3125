"""What is measured: which version, on which text, and what is refused."""

from __future__ import annotations

import pytest

from core.corpora.sample import SAMPLE_NAME
from core.errors import ConfigError, DataError
from core.jobs import queue
from core.storage.job_records import WAITING
from core.storage.workspace import Workspace
from core.systems.footprint.measurements import (
    measurement_state,
    measurements,
    start_measurement,
    stop_measurement,
)
from core.systems.footprint.planning import plan_of, planned_test_set
from core.systems.footprint.settings import MeasureSettings, Plan
from tests.core.systems.footprint.stored_models import stored_llm, stored_run, stored_version
from tests.core.systems.small_corpus import TEST, add_corpus


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay in the queue: nothing here needs what they would do."""
    monkeypatch.setattr(queue, "advance", lambda workspace: None)


@pytest.mark.parametrize("seconds", [0, 29.9, 601])
def test_less_than_half_a_minute_is_no_measurement(seconds: float) -> None:
    with pytest.raises(ConfigError, match="seconds"):
        MeasureSettings.parse({"system": "demo", "seconds": seconds})


def test_a_run_is_measured_on_its_own_corpus(workspace: Workspace) -> None:
    own = add_corpus(workspace)
    run = stored_run(workspace, own)
    add_corpus(workspace, name="Newer")
    version = stored_version(workspace, run.id, run_id=run.id)
    plan = plan_of(workspace, MeasureSettings(system="demo"))
    assert (plan.system_id, plan.version) == (f"model:{run.id}", version.id)
    assert (plan.corpus, plan.src_lang, plan.tgt_lang) == (own.id, "eng_Latn", "gle_Latn")
    assert plan.seconds == 30 and plan.warm_up_s == 5
    assert list(planned_test_set(workspace, plan).pairs) == TEST


def test_the_direction_is_one_that_the_model_offers(workspace: Workspace) -> None:
    corpus = add_corpus(workspace)
    stored_version(workspace, "a/base", directions=(["gle_Latn"], ["eng_Latn"]))
    plan = plan_of(workspace, MeasureSettings(system="a/base", corpus="Small"))
    assert (plan.corpus, plan.src_lang, plan.tgt_lang) == (corpus.id, "gle_Latn", "eng_Latn")
    assert planned_test_set(workspace, plan).pairs[0] == TEST[0][::-1]


def test_without_a_corpus_the_bundled_sample_is_translated(workspace: Workspace) -> None:
    stored_version(workspace, "a/base")
    plan = plan_of(workspace, MeasureSettings(system="a/base"))
    assert workspace.corpora.get(plan.corpus).name == SAMPLE_NAME


def test_what_cannot_be_measured_is_refused_with_what_to_do(workspace: Workspace) -> None:
    corpus = add_corpus(workspace)
    llm = stored_llm(workspace)
    with pytest.raises(ConfigError, match="is no local model") as refused:
        plan_of(workspace, MeasureSettings(system=llm.id))
    assert "estimate" in refused.value.hint
    with pytest.raises(ConfigError, match="No system was chosen"):
        plan_of(workspace, MeasureSettings())
    run = stored_run(workspace, corpus)
    with pytest.raises(ConfigError, match="has not been prepared"):
        plan_of(workspace, MeasureSettings(system=run.id))
    stored_version(workspace, "a/german", directions=(["deu_Latn"], ["eng_Latn"]))
    with pytest.raises(ConfigError, match="No corpus with a test split"):
        plan_of(workspace, MeasureSettings(system="a/german"))
    with pytest.raises(ConfigError, match="does not translate between eng_Latn and gle_Latn"):
        plan_of(workspace, MeasureSettings(system="a/german", corpus="Small"))
    add_corpus(workspace, name="Empty", test=())
    stored_version(workspace, "a/base")
    with pytest.raises(DataError, match="is empty"):
        plan_of(workspace, MeasureSettings(system="a/base", corpus="Empty"))
    assert not workspace.footprints_folder.exists()


def test_a_measurement_waits_for_the_machine_and_comes_once_a_system(
    workspace: Workspace,
) -> None:
    add_corpus(workspace)
    stored_version(workspace, "a/base")
    settings = MeasureSettings(system="a/base")
    first = start_measurement(workspace, settings, by="Ana")
    assert (first.job.lane, first.job.state) == (queue.COMPUTE_LANE, WAITING)
    assert (first.job.title, first.job.person) == ("a/base", "Ana")
    with pytest.raises(ConfigError, match="is being measured already"):
        start_measurement(workspace, settings)
    stop_measurement(workspace, first.job.id)
    assert measurement_state(workspace, first.job.id).state == "stopped"
    second = start_measurement(workspace, settings)
    assert [each.job.id for each in measurements(workspace)] == [second.job.id]
    assert not workspace.footprint_folder(first.job.id).exists()
    assert measurements(workspace)[0].plan == second.plan
    with pytest.raises(ConfigError, match="There is no measurement"):
        measurement_state(workspace, first.job.id)


def test_a_plan_of_another_version_of_the_program_is_refused(workspace: Workspace) -> None:
    file = workspace.root / "settings.json"
    file.write_text('{"system": "demo"}')
    with pytest.raises(ConfigError, match="cannot be read"):
        Plan.load(file)
