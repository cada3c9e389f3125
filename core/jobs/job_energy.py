"""What a job took, from its folder into the database."""

from __future__ import annotations

from core.emissions.energy import JobEnergy
from core.emissions.records import Measured, read_energy
from core.emissions.stored import to_record
from core.jobs.folder import JobFolder
from core.storage.job_records import Job
from core.storage.workspace import Workspace


def publish_energy(workspace: Workspace, job: Job, energy_kind: str, measured: Measured) -> None:
    """Stores what a job took until now; nothing where nothing was measured."""
    if not measured.phases:
        return
    energy = JobEnergy(
        job_id=job.id,
        kind=energy_kind,
        title=job.title,
        person=job.person,
        system=job.system,
        study=job.study,
        phases=dict(measured.phases),
        conditions=tuple(measured.conditions),
        warnings=tuple(measured.warnings),
        started_at=measured.started_at,
        ended_at=measured.ended_at,
    )
    workspace.energy.put(to_record(energy))


def publish_from_folder(
    workspace: Workspace, job: Job, energy_kind: str, folder: JobFolder
) -> None:
    """Does the same for a job whose supervisor is gone."""
    publish_energy(workspace, job, energy_kind, read_energy(folder.energy_file))
