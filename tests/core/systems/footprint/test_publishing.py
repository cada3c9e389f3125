"""What of a measuring job's files is stored, and how its end is told."""

from __future__ import annotations

from typing import Any

import pytest

from core.emissions.energy import Energy
from core.emissions.inference import measured
from core.errors import HostError
from core.finetune.run_folder import RunFolder
from core.jobs.folder import JobState
from core.storage.files import append_json_line, write_json
from core.storage.workspace import Workspace
from core.systems.footprint.measuring import _check_whole
from core.systems.footprint.measuring_job import KIND
from tests.core.emissions.made_inference import CONDITIONS, TRANSLATED

RESULT: dict[str, Any] = {
    "system_id": "model:starter",
    "name": "starter",
    "version": "v-1",
    "engine": "ctranslate2",
    "quantization": "int8",
    "translated": vars(TRANSLATED),
    "batching": {"segments_at_once": 64},
    "others": [],
    "time": "2026-11-01T10:00:00.000+00:00",
}


def ended(workspace: Workspace, *, phases: tuple[str, ...], **changes: Any) -> RunFolder:
    """Gives the folder of a measurement: each phase took 10 s, 1 Wh of CPU and 2 Wh of RAM."""
    folder = RunFolder(workspace.footprint_folder("m-1"))
    folder.path.mkdir(parents=True)
    line = {"attempt": 1, "time": "2026-11-01T10:00:00.000+00:00"}
    begin = {"kind": "begin", "conditions": CONDITIONS.to_json()}
    append_json_line(folder.energy_file, {**line, **begin})
    for number, phase in enumerate(phases, start=1):
        amounts = {"cpu_kwh": 0.001 * number, "ram_kwh": 0.002 * number, "gpu_kwh": 0.0}
        values = {"kind": "energy", "phase": phase, "seconds": 10.0 * number, **amounts}
        append_json_line(folder.energy_file, {**line, **values})
    write_json(folder.result_file, {**RESULT, **changes})
    return folder


def test_only_the_phase_that_translates_counts_and_it_counts_once(workspace: Workspace) -> None:
    folder = ended(workspace, phases=("prepare", "translate", "save"))
    KIND.publish(workspace, folder)
    KIND.publish(workspace, folder)
    (found,) = measured(workspace, system_id="model:starter")
    assert found.energy == Energy(0.001, 0.002, 0.0)
    assert (found.id, found.translated, found.conditions) == ("m-1", TRANSLATED, (CONDITIONS,))
    assert found.kwh_per_1000_segments == pytest.approx(0.003)
    assert found.warnings == ()


def test_other_work_at_the_same_time_is_told(workspace: Workspace) -> None:
    folder = ended(workspace, phases=("translate",), others=["a batch", "a run"])
    KIND.publish(workspace, folder)
    (warning,) = measured(workspace)[0].warnings
    assert "'a batch', 'a run'" in warning and "higher than alone" in warning


def test_a_job_without_a_result_or_a_measured_phase_stores_nothing(workspace: Workspace) -> None:
    folder = ended(workspace, phases=("prepare",))
    KIND.publish(workspace, folder)
    folder.result_file.unlink()
    KIND.publish(workspace, folder)
    assert measured(workspace) == []


def test_a_window_that_was_not_measured_whole_is_refused(workspace: Workspace) -> None:
    from core.emissions.records import read_energy

    folder = ended(workspace, phases=("prepare", "translate"))
    _check_whole(read_energy(folder.energy_file), 9.6)
    with pytest.raises(HostError, match=r"For 30\.0 s of translating, 10\.0 s were measured"):
        _check_whole(read_energy(folder.energy_file), 30.0)


def test_its_end_is_told_in_its_own_words(workspace: Workspace) -> None:
    folder = ended(workspace, phases=())
    found = KIND.diagnose(folder, -9, JobState(state="translating"))
    assert found.reason == "The process of the measurement was ended by SIGKILL before its end."
    assert found.hint == "Measure again."
    assert KIND.stop_sentence(0, "on request").startswith("The measurement was stopped")
