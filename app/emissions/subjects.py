"""What a what-if can be asked about: jobs, searches, everything, or one kWh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.emissions.work import name_of
from app.text import moment
from core.emissions.energy import JobEnergy
from core.emissions.totals import grand_total

ALL, UNIT = "all", "1 kWh"
NUM_DEFAULT = 3


@dataclass(frozen=True)
class Subject:
    """Work whose CO2eq is computed elsewhere.

    Attributes:
        name: As the chart has it.
        label: As it is chosen by; no two are alike.
        devices_kwh: What it took, without PUE.
        jobs: The jobs behind it; none for one kWh.
    """

    name: str
    label: str
    devices_kwh: float
    jobs: Sequence[JobEnergy] = ()


def subjects(
    found: Sequence[JobEnergy], searches: Mapping[str, str] | None = None
) -> dict[str, Subject]:
    """Gives all that can be asked about, by a key that stays; `searches` are names by id."""
    unit = Subject(UNIT, "1 kWh of the devices", 1.0)
    if not found:
        return {UNIT: unit}
    whole = Subject("Everything", "Everything that was measured", _kwh(found), found)
    by_search: dict[str, list[JobEnergy]] = {}
    for energy in found:
        if energy.study:
            by_search.setdefault(energy.study, []).append(energy)
    asked = {
        f"search {study}": _search((searches or {}).get(study, study[:8]), jobs)
        for study, jobs in by_search.items()
    }
    return _distinct({ALL: whole, UNIT: unit, **asked, **{e.job_id: _job(e) for e in found}})


def default_keys(found: Sequence[JobEnergy]) -> list[str]:
    """Gives what is asked about at first: the newest runs, or what there is."""
    runs = [each.job_id for each in found if each.kind == "run"]
    return runs[:NUM_DEFAULT] or ([ALL] if found else [UNIT])


def _search(called: str, jobs: Sequence[JobEnergy]) -> Subject:
    name = f"Search {called}"
    return Subject(name, f"{name} · {len(jobs):,} jobs", _kwh(jobs), jobs)


def _job(energy: JobEnergy) -> Subject:
    label = f"{name_of(energy)} · {energy.kind} · {moment(energy.started_at)}"
    return Subject(name_of(energy), label, energy.total.energy.total_kwh, (energy,))


def _kwh(jobs: Sequence[JobEnergy]) -> float:
    return grand_total(jobs).energy.total_kwh


def _distinct(found: dict[str, Subject]) -> dict[str, Subject]:
    """Adds the id where labels are alike: a widget knows its options by their labels."""
    counts = Counter(each.label for each in found.values())
    return {
        key: replace(each, label=f"{each.label} · {key}") if counts[each.label] > 1 else each
        for key, each in found.items()
    }
