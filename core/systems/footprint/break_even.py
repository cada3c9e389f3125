"""After how many translations a fine-tuned model has paid for its training, against an LLM."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.emissions.energy import JobEnergy, sum_of
from core.emissions.inference import Inference
from core.emissions.stored import all_energy
from core.errors import DataError
from core.storage.workspace import Workspace
from core.systems.descriptions import MODEL
from core.systems.footprint.estimated import LlmEstimate
from core.systems.footprint.span import Span


@dataclass(frozen=True)
class FineTuning:
    """What the training of a model took.

    Attributes:
        kwh: Of the devices, without PUE.
        num_runs: One, or all runs of the search that it came from.
        title: What people call the run.
    """

    kwh: float
    num_runs: int
    title: str


@dataclass(frozen=True)
class BreakEven:
    """When the saved energy reaches that of the training; energies with PUE.

    Attributes:
        fine_tuning_kwh: What has to be paid back.
        local_kwh, llm_kwh: For one segment.
        earliest: Segments, against the LLM at its most; None = never.
        latest: Segments, against the LLM at its least; None = never.
        characters_per_segment: Of the text that both are compared on.
    """

    fine_tuning_kwh: float
    local_kwh: float
    llm_kwh: Span
    earliest: float | None
    latest: float | None
    characters_per_segment: float

    @property
    def words(self) -> str:
        """Says it, as `after 1,200 to 3,400 segments (60,000 to 170,000 characters)`."""
        if self.earliest is None:
            return "never: the local model takes as much for each segment, or more"
        first = f"{_count(self.earliest)} segments"
        if self.latest is None:
            characters = _count(self.earliest * self.characters_per_segment)
            return (
                f"after {first} ({characters} characters) at the earliest; never, if the LLM takes "
                "as little as it may"
            )
        each = self.characters_per_segment
        segments = Span(self.earliest, self.latest).words(lambda value: f"{_count(value)} segments")
        characters = Span(self.earliest * each, self.latest * each).words(
            lambda value: f"{_count(value)} characters"
        )
        return f"after {segments} ({characters})"


def fine_tuning_of(workspace: Workspace, system_id: str) -> FineTuning:
    """Gives what the training of a local model took, with the whole search that it came from.

    Raises:
        DataError: It is a base model, or nothing was measured of its run.
    """
    found = fine_tunings_of(workspace, [system_id])
    if not found:
        raise DataError(
            "No fine-tuning of this model was measured.",
            hint="Base models have none; runs are measured from the moment when they begin.",
        )
    return found[system_id]


def fine_tunings_of(workspace: Workspace, system_ids: Iterable[str]) -> dict[str, FineTuning]:
    """Gives the same for several, by their ids; those of which no training was measured lack."""
    runs = {each.job_id: each for each in all_energy(workspace, kinds=("run",))}
    owners = {each: each.removeprefix(f"{MODEL}:").partition("@")[0] for each in system_ids}
    return {
        system_id: _summed(runs[run_id], list(runs.values()))
        for system_id, run_id in owners.items()
        if run_id in runs
    }


def _summed(own: JobEnergy, runs: Sequence[JobEnergy]) -> FineTuning:
    counted = [each for each in runs if own.study and each.study == own.study] or [own]
    kwh = sum_of(each.total for each in counted).energy.total_kwh
    return FineTuning(kwh, len(counted), own.title or own.job_id[:8])


def break_even(
    fine_tuning: FineTuning, local: Inference, llm: LlmEstimate, *, pue: float = 1.0
) -> BreakEven:
    """Gives after how many segments the training is paid for.

    Args:
        fine_tuning: What the training took.
        local: What translating with the model was measured to take.
        llm: What the LLM takes for the text of that measurement; it has its own PUE.
        pue: Of this installation, for training and local model.
    """
    whole_kwh = fine_tuning.kwh * pue
    local_kwh = local.kwh_per_1000_segments / 1000 * pue
    return BreakEven(
        fine_tuning_kwh=whole_kwh,
        local_kwh=local_kwh,
        llm_kwh=llm.kwh,
        earliest=_segments(whole_kwh, llm.kwh.high - local_kwh),
        latest=_segments(whole_kwh, llm.kwh.low - local_kwh),
        characters_per_segment=local.translated.characters_per_segment,
    )


def _segments(whole_kwh: float, saved_kwh: float) -> float | None:
    return whole_kwh / saved_kwh if saved_kwh > 0 else None


def _count(number: float) -> str:
    """Gives a number of things, at least one, with two digits that count: `1,200`."""
    return f"{float(f'{max(math.ceil(number), 1):.1e}'):,.0f}"
