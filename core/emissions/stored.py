"""What jobs took, between the database and the words of `core.emissions.energy`."""

from __future__ import annotations

from core.emissions.energy import Conditions, Energy, JobEnergy, Phase
from core.errors import DataError
from core.storage.energy_records import JobEnergyRecord
from core.storage.workspace import Workspace


def job_energy(workspace: Workspace, job_id: str) -> JobEnergy | None:
    """Gives what a job took until now, or None where nothing was measured."""
    found = workspace.energy.get(job_id)
    return None if found is None else of_record(found)


def run_energy(workspace: Workspace, name_or_id: str) -> JobEnergy:
    """Gives what a run took; also of one that was deleted, by its id.

    Raises:
        TrainingError: There is no such run, or several have the name.
        DataError: Nothing was measured.
    """
    found = job_energy(workspace, name_or_id)
    if found is None:
        run = workspace.runs.get(name_or_id)
        found = job_energy(workspace, run.id)
        if found is None:
            raise DataError(
                f"Nothing was measured of the run {run.name!r}.",
                hint="Energy is recorded from the moment a run begins; older ones have no records.",
            )
    return found


def all_energy(workspace: Workspace, *, kinds: tuple[str, ...] = ()) -> list[JobEnergy]:
    """Gives what each job took, the newest first, those that failed or are deleted included."""
    return [of_record(record) for record in workspace.energy.all(kinds=kinds)]


def of_record(record: JobEnergyRecord) -> JobEnergy:
    """Gives the energy in a record."""
    return JobEnergy(
        job_id=record.job_id,
        kind=record.kind,
        title=record.title,
        person=record.person,
        system=record.system,
        study=record.study,
        phases={name: _phase(values) for name, values in record.phases.items()},
        conditions=tuple(Conditions.of_json(each) for each in record.conditions),
        warnings=tuple(record.warnings),
        started_at=record.started_at,
        ended_at=record.ended_at,
    )


def to_record(energy: JobEnergy) -> JobEnergyRecord:
    """Gives the record that stores it."""
    return JobEnergyRecord(
        job_id=energy.job_id,
        kind=energy.kind,
        title=energy.title,
        person=energy.person,
        system=energy.system,
        study=energy.study,
        phases={name: _plain(phase) for name, phase in energy.phases.items()},
        conditions=[each.to_json() for each in energy.conditions],
        warnings=list(energy.warnings),
        started_at=energy.started_at,
        ended_at=energy.ended_at,
    )


def _phase(values: dict[str, float]) -> Phase:
    energy = Energy(values["cpu_kwh"], values["ram_kwh"], values["gpu_kwh"])
    return Phase(values["seconds"], energy)


def _plain(phase: Phase) -> dict[str, float]:
    return {"seconds": phase.seconds, **vars(phase.energy)}
