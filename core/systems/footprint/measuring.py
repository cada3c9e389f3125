"""The process of a measurement: `python -m core.systems.footprint.measuring FOLDER`.

It translates with a service of its own; the job's supervisor measures meanwhile, and takes the
phase `translating` for the window that counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.emissions.energy import Phase
from core.emissions.records import Measured, read_energy
from core.errors import HostError
from core.jobs.folder import JobFolder
from core.jobs.recorder import Recorder
from core.jobs.segment_process import run_in_folder
from core.serving.servable import load_servable
from core.serving.versions import model_folder
from core.storage.files import utc_now, write_json
from core.storage.job_records import ACTIVE
from core.storage.workspace import Workspace
from core.systems.batch.test_set import TestSet
from core.systems.footprint.own_service import (
    NUM_CALLERS,
    TEXTS_PER_REQUEST,
    Amount,
    own_service,
    translate_for,
)
from core.systems.footprint.planning import planned_test_set, text_words
from core.systems.footprint.settings import PHASE, Plan
from core.systems.prompts.tokens import estimate_tokens

LAST_PHASE = "save"
METER_LIMIT_S = 60.0
MISSING_S = 0.1  # what is told of times is rounded
WAITING_S, WAITING_SHARE = 1.0, 0.05
_POLL_S = 0.02
SERVICE_FOLDER = "service"


def measure(workspace: Workspace, folder: JobFolder) -> None:
    """Translates as the plan says and leaves what was translated in `result.json`.

    Raises:
        AdaptMLLMError: The model cannot be served, or nothing measures this job.
    """
    plan = Plan.load(folder.settings_file)
    recorder = Recorder(folder, 0)
    recorder.add("plan", total_steps=round(plan.seconds))
    recorder.phase("preparing", "starting a service of its own")
    test_set = planned_test_set(workspace, plan)
    version = workspace.versions.get(plan.version)
    model = model_folder(workspace, version)
    with own_service(workspace, model, folder.path / SERVICE_FOLDER) as port:
        amount, others = _window(workspace, folder, plan, recorder, port, test_set)
    write_json(
        folder.result_file,
        {
            "system_id": plan.system_id,
            "name": plan.name,
            "version": plan.version,
            "engine": version.engine,
            "quantization": version.quantization,
            "translated": _described(test_set, amount),
            "batching": _batching(model),
            "others": others,
            "time": utc_now(),
        },
    )


def _window(
    workspace: Workspace,
    folder: JobFolder,
    plan: Plan,
    recorder: Recorder,
    port: int,
    test_set: TestSet,
) -> tuple[Amount, list[str]]:
    """Warms up, then translates in a phase of its own; gives what, and who else was at work."""
    sources = [source for source, _ in test_set.pairs]
    direction = (plan.src_lang, plan.tgt_lang)
    recorder.phase("preparing", "warming up")
    translate_for(port, sources, direction, plan.warm_up_s)
    energy_file = folder.energy_file
    _wait_for(energy_file, lambda now: bool(now.conditions))
    others = _others_at_work(workspace, folder.path.name)
    _begin_window(recorder, energy_file)
    total = round(plan.seconds)
    amount = translate_for(
        port,
        sources,
        direction,
        plan.seconds,
        tell=lambda elapsed_s: recorder.translated(min(int(elapsed_s), total), total),
    )
    _end_window(recorder, energy_file)
    _check_whole(read_energy(energy_file), amount.seconds)
    others += _others_at_work(workspace, folder.path.name)
    return amount, list(dict.fromkeys(others))


def _begin_window(recorder: Recorder, energy_file: Path) -> None:
    """Begins the phase that counts, and waits for the reading that ends the one before.

    Readings come every few seconds, too, and bear the same name. So the switch is made right after
    one of them: the next reading is then the one that the switch caused, see `EnergyLog.note`.
    """
    before_s = read_energy(energy_file).total.seconds
    _wait_for(energy_file, lambda now: now.total.seconds > before_s)
    began_s = read_energy(energy_file).total.seconds
    recorder.phase("translating")
    _wait_for(energy_file, lambda now: now.total.seconds > began_s)


def _end_window(recorder: Recorder, energy_file: Path) -> None:
    """Ends it, and waits for a reading of the phase after it: by then its own last one is there."""
    before_s = _seconds(read_energy(energy_file), LAST_PHASE)
    recorder.phase("saving")
    _wait_for(energy_file, lambda now: _seconds(now, LAST_PHASE) > before_s)


def _seconds(now: Measured, phase: str) -> float:
    return now.phases.get(phase, Phase()).seconds


def _check_whole(now: Measured, seconds: float) -> None:
    """Refuses a window of which something was not measured, or that holds much waiting.

    Nothing is scaled: between a switch and its reading the meter's pause passes, which counts.

    Raises:
        HostError: The figures would be too low or too high.
    """
    measured_s = _seconds(now, PHASE)
    spare_s = max(WAITING_S, WAITING_SHARE * seconds)
    if not seconds - MISSING_S <= measured_s <= seconds + spare_s:
        raise HostError(
            f"For {seconds:.1f} s of translating, {measured_s:.1f} s were measured.",
            hint="The machine was too busy to look in time. Measure again.",
        )


def _wait_for(energy_file: Path, is_there: Callable[[Measured], bool]) -> None:
    """Waits until the supervisor has written what is needed.

    Raises:
        HostError: It does not: there is nobody who measures.
    """
    deadline_s = time.monotonic() + METER_LIMIT_S
    while not is_there(read_energy(energy_file)):
        if time.monotonic() > deadline_s:
            raise HostError(
                "The energy of this job is not being measured.",
                hint="supervisor.log in the measurement's folder says why.",
            )
        time.sleep(_POLL_S)


def _described(test_set: TestSet, amount: Amount) -> dict[str, Any]:
    """Gives the values of `core.emissions.inference.Translated`."""
    tokens = sum(estimate_tokens(reference) for _, reference in test_set.pairs)
    return {
        "text": text_words(test_set),
        "src_lang": test_set.src_lang,
        "tgt_lang": test_set.tgt_lang,
        **{name: value for name, value in asdict(amount).items() if name != "seconds"},
        "seconds": round(amount.seconds, 3),
        "reference_tokens": round(tokens / len(test_set.pairs), 3),
    }


def _batching(model: Path) -> Mapping[str, int]:
    return {
        "segments_at_once": NUM_CALLERS * TEXTS_PER_REQUEST,
        "segments_per_request": TEXTS_PER_REQUEST,
        "num_beams": load_servable(model).num_beams,
    }


def _others_at_work(workspace: Workspace, own_id: str) -> list[str]:
    """Names other jobs that compute on this installation; a service may just wait for requests."""
    active = [state for state in ACTIVE if state != "serving"]
    found = workspace.jobs.in_states(*active)
    return [job.title or job.id[:8] for job in found if job.id != own_id]


if __name__ == "__main__":
    run_in_folder(measure)
