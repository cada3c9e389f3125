"""Whether a run fits: its needs of GPU, host memory and disk beside what the machine has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.finetune.preflight.gpu_memory import gpu_need
from core.finetune.preflight.host_memory import host_need
from core.finetune.preflight.longest_batch import CorpusLengths
from core.finetune.preflight.shapes import Shape
from core.finetune.preflight.states import Case
from core.finetune.preflight.terms import Need
from core.finetune.settings import FineTuneSettings

# An estimate may be wrong by so much: only what is over a machine by more is refused.
UNCERTAINTY = {"host memory": 0.15, "GPU": 0.25}
_CALIBRATED = 0.05
PLACES = ("GPU", "host memory")


@dataclass(frozen=True)
class Memories:
    """What a machine has.

    Attributes:
        host_bytes: Host memory as a whole.
        gpu_bytes: Of the smallest GPU that a run would use; 0 where it trains on processors.
        num_gpus: GPUs that may be used.
    """

    host_bytes: int
    gpu_bytes: int = 0
    num_gpus: int = 0

    @property
    def on_gpu(self) -> bool:
        """Whether runs train on GPUs."""
        return self.num_gpus > 0

    def of(self, place: str) -> int:
        """Gives the bytes of one of PLACES; 0 where they are not told."""
        return self.gpu_bytes if place == "GPU" else self.host_bytes


@dataclass(frozen=True)
class Estimate:
    """What a run needs of memory.

    Attributes:
        shape: Dimensions of the model.
        lengths: What was known of the corpus.
        needs: Host memory, and before it the GPU where there is one.
        calibrated: When a dry run measured it, ISO-8601; empty for none.
    """

    shape: Shape
    lengths: CorpusLengths
    needs: tuple[Need, ...]
    calibrated: str = ""

    def need(self, place: str) -> Need:
        """Gives what is needed of one place.

        Raises:
            KeyError: The run needs nothing of it.
        """
        for need in self.needs:
            if need.place == place:
                return need
        raise KeyError(place)

    def margin(self, place: str) -> float:
        """Gives by which share the estimate may be too high."""
        return _CALIBRATED if self.calibrated else UNCERTAINTY[place]

    def lacks(self, memories: Memories) -> list[Need]:
        """Gives the needs that are surely over what the machine has."""
        return [
            need
            for need in self.needs
            if (has := memories.of(need.place))
            and need.num_bytes * (1 - self.margin(need.place)) > has
        ]

    def fits(self, memories: Memories) -> bool:
        """Whether the estimate itself is within what the machine has, without any margin."""
        return all(need.num_bytes <= has for need in self.needs if (has := memories.of(need.place)))

    def to_dict(self) -> dict[str, Any]:
        """Gives values that JSON can hold."""
        return {"calibrated": self.calibrated, "needs": [need.to_dict() for need in self.needs]}


def estimate(
    shape: Shape, settings: FineTuneSettings, lengths: CorpusLengths, *, on_gpu: bool
) -> Estimate:
    """Gives what a run needs of memory, uncalibrated."""
    case = Case(shape, settings, lengths, on_gpu)
    needs = (gpu_need(case), host_need(case)) if on_gpu else (host_need(case),)
    return Estimate(shape, lengths, needs)


def calibrated(found: Estimate, factors: Mapping[str, float], when: str) -> Estimate:
    """Gives an estimate corrected by what a dry run measured.

    Args:
        found: Uncalibrated.
        factors: Measured bytes by estimated ones, of each place that was measured.
        when: When it was, ISO-8601.
    """
    needs = tuple(replace(need, factor=factors.get(need.place, 1.0)) for need in found.needs)
    return replace(found, needs=needs, calibrated=when)
