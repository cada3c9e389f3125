"""A measurement as a kind of job."""

from __future__ import annotations

import json
from typing import Any

from core.emissions.energy import Phase
from core.emissions.inference import Inference, Translated, to_record
from core.emissions.records import read_energy
from core.jobs.folder import JobFolder, JobState
from core.jobs.kind import Failure, Stage
from core.jobs.segment_job import SegmentJob
from core.storage.files import read_json
from core.storage.workspace import Workspace
from core.systems.footprint.settings import PHASE

AGAIN_HINT = "Measure again."
_JOB = SegmentJob(
    "core.systems.footprint.measuring",
    "measurement",
    AGAIN_HINT,
    unit="",
    energy_kind="benchmark",
    uses_gpus=1,
)


class MeasuringKind:
    """Translates with one local model while the supervisor measures."""

    energy_kind = _JOB.energy_kind

    def num_gpus(self, folder: JobFolder) -> int | None:
        """Gives one: it starts one engine."""
        return _JOB.num_gpus(folder)

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the one command."""
        return _JOB.stages(workspace, folder)

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why there is no measurement."""
        return _JOB.diagnose(folder, exit_code, state)

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped."""
        return f"The measurement was stopped ({who}); nothing was kept."

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Stores what translating took; once, however often it is asked for."""
        try:
            result: dict[str, Any] = read_json(folder.result_file)
        except (FileNotFoundError, json.JSONDecodeError):
            return
        found = read_energy(folder.energy_file)
        phase = found.phases.get(PHASE, Phase())
        if not phase.seconds:
            return
        inference = Inference(
            id=folder.path.name,
            system_id=result["system_id"],
            name=result["name"],
            translated=Translated(**result["translated"]),
            energy=phase.energy,
            conditions=tuple(found.conditions[-1:]),
            warnings=(*found.warnings, *_sharing(result["others"])),
            version=result["version"],
            engine=result["engine"],
            quantization=result["quantization"],
            batching=result["batching"],
            created_at=result["time"],
        )
        workspace.energy.add_system(to_record(inference))


def _sharing(others: list[str]) -> tuple[str, ...]:
    if not others:
        return ()
    named = ", ".join(repr(name) for name in others[:4])
    return (
        f"Other jobs were at work on this installation meanwhile ({named}); the figures may be "
        "higher than alone.",
    )


KIND = MeasuringKind()
"""What the supervisor looks for."""
