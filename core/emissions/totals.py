"""Adds up what jobs took, by whatever they are grouped; each grouping has the same sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.emissions.energy import DEVICES, Device, Energy, JobEnergy, Phase
from core.errors import ConfigError

GROUPINGS = ("run", "search", "kind", "phase", "device", "system", "month", "person")

NO_RUN = "no run"
NO_SEARCH = "no search"
NO_SYSTEM = "no system, or several"
NOBODY = "nobody named"


@dataclass(frozen=True)
class Total:
    """What the jobs of a group took together.

    Attributes:
        label: Of the group; two runs may have the same.
        num_jobs: Jobs that took part.
        seconds: How long they were measured; of jobs at the same time, more than by the clock.
        energy: What they took, without PUE.
        key: What the group was made by: a job's or a search's id, a kind, `2026-11`.
    """

    label: str
    num_jobs: int
    seconds: float
    energy: Energy
    key: str = ""


def totals(
    found: Sequence[JobEnergy], by: str, *, names: Mapping[str, str] | None = None
) -> list[Total]:
    """Gives the total of each group, the largest first; months in their order.

    What is of no run, search, system or person has a group of its own, so that every grouping
    adds up to the same sum.

    Args:
        found: What was measured.
        by: One of GROUPINGS. A job belongs to the month, in UTC, in which it began.
        names: Labels of groups by their key, such as the titles of searches by id.

    Raises:
        ConfigError: There is no such grouping.
    """
    if by not in GROUPINGS:
        raise ConfigError(
            f"Energy cannot be added up by {by!r}.", hint=f"By {', '.join(GROUPINGS)}."
        )
    groups: dict[str, tuple[str, set[str], Phase]] = {}
    for energy in found:
        for key, label, phase in _parts(energy, by):
            label_before, jobs, sum_before = groups.get(key, (label, set(), Phase()))
            jobs.add(energy.job_id)
            groups[key] = (label_before, jobs, sum_before + phase)
    summed = [
        Total((names or {}).get(key, label), len(jobs), phase.seconds, phase.energy, key)
        for key, (label, jobs, phase) in groups.items()
    ]
    if by == "month":
        return sorted(summed, key=lambda total: total.key)
    return sorted(summed, key=lambda total: -total.energy.total_kwh)


def grand_total(found: Sequence[JobEnergy]) -> Total:
    """Gives the total of everything."""
    phase = sum((energy.total for energy in found), Phase())
    return Total("total", len(found), phase.seconds, phase.energy)


def _parts(energy: JobEnergy, by: str) -> Iterator[tuple[str, str, Phase]]:
    """Gives key and label of each group that a job belongs to, with its share."""
    if by == "phase":
        for name, phase in energy.phases.items():
            yield name, name, phase
    elif by == "device":
        whole = energy.total
        for device in DEVICES:
            taken = whole.energy.of(device)
            if taken or device in energy.methods:
                yield device, device.upper(), Phase(whole.seconds, _only(device, taken))
    else:
        key, label = _group(energy, by)
        yield key, label, energy.total


def _group(energy: JobEnergy, by: str) -> tuple[str, str]:
    title = energy.title or energy.job_id[:8]
    if by == "run":
        return (energy.job_id, title) if energy.kind == "run" else ("", NO_RUN)
    if by == "search":
        return (energy.study, energy.study[:8]) if energy.study else ("", NO_SEARCH)
    if by == "system":
        return energy.system, energy.system or NO_SYSTEM
    if by == "month":
        return energy.started_at[:7], energy.started_at[:7]
    if by == "person":
        return energy.person, energy.person or NOBODY
    return energy.kind, energy.kind


def _only(device: Device, kwh: float) -> Energy:
    return {"cpu": Energy(cpu_kwh=kwh), "ram": Energy(ram_kwh=kwh), "gpu": Energy(gpu_kwh=kwh)}[
        device
    ]
