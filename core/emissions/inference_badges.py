"""By what a measurement's figures were found, as badges say it."""

from __future__ import annotations

from core.emissions.energy import JobEnergy, Phase
from core.emissions.inference import Inference


def as_job(inference: Inference) -> JobEnergy:
    """Gives a measurement as the energy of a job, which is what badges are made of."""
    return JobEnergy(
        job_id=inference.id,
        kind="benchmark",
        title=inference.name,
        person="",
        system=inference.name,
        study="",
        phases={"translate": Phase(inference.translated.seconds, inference.energy)},
        conditions=inference.conditions,
        warnings=inference.warnings,
        started_at=inference.created_at,
        ended_at=inference.created_at,
    )


def badge_names(inference: Inference) -> list[str]:
    """Gives each device with the ways it was measured, such as `CPU load model`."""
    methods = as_job(inference).methods
    return [f"{device.upper()} {way}" for device, ways in methods.items() for way in ways]


def found_by_words(inference: Inference) -> str:
    """Says it with the share that is only guessed: `CPU load model, RAM heuristic, 25% guessed`."""
    names = badge_names(inference) or ["method unknown"]
    return ", ".join([*names, f"{inference.heuristic_share:.0%} guessed"])
