"""A real measurement: a model's own service, the supervisor's meter, and what is stored."""

from __future__ import annotations

import os

import pytest

from core.emissions.energy import sum_of
from core.emissions.inference import measured
from core.emissions.records import read_energy
from core.emissions.stored import job_energy
from core.errors import ConfigError
from core.finetune.run_folder import RunFolder
from core.storage.workspace import Workspace
from core.systems.footprint.measurements import (
    Measurement,
    measurement_state,
    measurements,
    start_measurement,
    wait_for,
)
from core.systems.footprint.measuring_job import KIND
from core.systems.footprint.settings import MeasureSettings

pytestmark = pytest.mark.launcher

WINDOW_S = 3.0


def ended_measurement(workspace: Workspace) -> Measurement:
    """Measures; again where the machine was too busy to look in time, as the sentence asks for."""
    settings = MeasureSettings(system="demo")
    for _ in range(3):
        started = start_measurement(workspace, settings, by="Ana", shortened_to_s=WINDOW_S)
        with pytest.raises(ConfigError, match="is being measured already"):
            start_measurement(workspace, settings)
        wait_for(workspace, started.job.id)
        state = measurement_state(workspace, started.job.id)
        if "were measured" not in state.reason:
            break
    assert state.state == "finished", state.reason
    return started


def test_a_local_model_is_measured_with_its_own_service(private_workspace: Workspace) -> None:
    workspace = private_workspace
    started = ended_measurement(workspace)

    (found,) = measured(workspace, system_id=started.plan.system_id)
    did = found.translated
    assert did.seconds >= WINDOW_S
    assert did.num_segments >= 64 and did.num_segments % 16 == 0
    assert did.num_source_characters > did.num_segments and did.num_output_characters > 0
    assert (found.engine, found.quantization) == ("ctranslate2", "int8")

    folder = RunFolder(workspace.footprint_folder(started.job.id))
    energy = read_energy(folder.energy_file)
    assert found.energy == energy.phases["translate"].energy
    assert energy.phases["translate"].seconds == pytest.approx(did.seconds, abs=1.0)
    whole = job_energy(workspace, started.job.id)
    assert whole is not None and (whole.kind, whole.person) == ("benchmark", "Ana")
    assert whole.total == sum_of(energy.phases.values())

    # The service is a child of the job: its processor time is what was measured, above all.
    (conditions,) = found.conditions
    assert conditions.methods["cpu"] == "load model" and conditions.cpu_power_w
    cores = os.cpu_count() or 1
    used_s = found.energy.cpu_kwh * 3.6e6 / conditions.cpu_power_w * cores
    assert used_s > 0.5 * did.seconds

    KIND.publish(workspace, folder)
    assert len(measured(workspace)) == 1
    assert [each.job.id for each in measurements(workspace)] == [started.job.id]
