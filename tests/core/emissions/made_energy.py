"""Energy records for tests of what is shown: a run with a GPU, an attempt without, other jobs."""

from __future__ import annotations

from core.emissions.energy import Conditions, Energy, JobEnergy, Phase

ON_GPU = Conditions(
    methods={"cpu": "load model", "ram": "heuristic", "gpu": "counter"},
    cpu_model="AMD EPYC",
    cpu_power_w=8.0,
    gpus=("NVIDIA H200",),
    host="secret-host",
    measured_by="codecarbon 3.3.2",
)
ON_CPU = Conditions(
    methods={"cpu": "counter", "ram": "heuristic"},
    is_cpu_whole=True,
    host="secret-host",
    measured_by="codecarbon 3.3.2",
)


def made(job_id: str = "run-1", kind: str = "run", **changes: object) -> JobEnergy:
    """Gives a run of 0.5083 kWh in 3,690 s, or another job by what is changed."""
    values: dict[str, object] = {
        "title": "EN–GA",
        "person": "Ana",
        "system": "EN–GA",
        "study": "",
        "phases": {
            "prepare": Phase(30, Energy(0.0001, 0.0002, 0.001)),
            "train": Phase(3600, Energy(0.02, 0.02, 0.45)),
            "evaluate": Phase(60, Energy(0.001, 0.001, 0.015)),
        },
        "conditions": (ON_GPU,),
        "warnings": (),
        "started_at": "2026-10-31T23:59:00.000+00:00",
        "ended_at": "2026-11-01T01:00:30.000+00:00",
        **changes,
    }
    return JobEnergy(job_id=job_id, kind=kind, **values)  # type: ignore[arg-type]


def some_jobs() -> list[JobEnergy]:
    """Gives a run, two trials of a search (one failed early), and a translation."""
    small = {"train": Phase(100, Energy(0.00002, 0.0004))}
    november = "2026-11-03T10:00:00.000+00:00"
    return [
        made(),
        made("run-2", title="trial 1", study="s1", phases=small, started_at=november),
        made(
            "run-3",
            title="trial 2",
            study="s1",
            phases=small,
            person="",
            system="",
            started_at=november,
        ),
        made(
            "batch-1",
            "translation",
            title="Sample test by nllb",
            system="nllb",
            phases={"translate": Phase(50, Energy(0.001, 0.0004))},
            conditions=(ON_CPU,),
            started_at=november,
        ),
    ]
