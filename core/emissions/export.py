"""Energy and CO2eq of jobs as files: CSV for spreadsheets, JSON for programs, LaTeX for papers.

The JSON follows the names of BoAmps (github.com/Boavizta/BoAmps) where they say the same; what
BoAmps has no word for stands under `details`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from core.emissions.carbon import Basis
from core.emissions.energy import DEVICES, PHASES, Energy, JobEnergy, Phase, sum_of
from core.emissions.export_latex import to_latex as to_latex
from core.emissions.sentence import measured_by, sentence
from core.storage.cells import csv_line

# The machine's name stays here: these files are made to be published.
_PRIVATE = ("host",)
_STAGES = {
    "run": "finetuning",
    "translation": "inference",
    "service": "inference",
    "benchmark": "inference",
    "scoring": "evaluation",
}


def to_csv(found: Sequence[JobEnergy], basis: Basis | None, *, pue: float = 1.0) -> str:
    """Gives one line a job below a header; no cell is taken for a formula.

    Args:
        found: What was measured.
        basis: What CO2eq is computed with; None leaves its cells empty.
        pue: Where there is no basis.
    """
    rows = [flat(energy, basis, pue=pue) for energy in found]
    header = list(flat(_NOTHING, None))
    lines = [csv_line(header), *(csv_line([row[name] for name in header]) for row in rows)]
    return "".join(lines)


def to_json(found: Sequence[JobEnergy], basis: Basis | None, *, pue: float = 1.0) -> str:
    """Gives one object with the basis, the total, and a report for each job.

    Args:
        found: What was measured.
        basis: What CO2eq is computed with; None leaves it null.
        pue: Where there is no basis.
    """
    whole = sum_of(energy.total for energy in found)
    values = {
        "basis": basis_values(basis, pue=pue),
        "total": {
            "num_jobs": len(found),
            "seconds": whole.seconds,
            **energy_values(whole.energy, basis, pue=pue),
        },
        "reports": [_report(energy, basis, pue) for energy in found],
    }
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


FORMATS: dict[str, Callable[..., str]] = {"csv": to_csv, "json": to_json, "latex": to_latex}


def flat(energy: JobEnergy, basis: Basis | None, *, pue: float = 1.0) -> dict[str, Any]:
    """Gives what is known of a job under plain names: kWh, seconds, kg, and how they were found."""
    methods = energy.methods
    phases = {f"{name}_kwh": energy.phases.get(name, Phase()).energy.total_kwh for name in PHASES}
    return {
        "job_id": energy.job_id,
        "kind": energy.kind,
        "title": energy.title,
        "person": energy.person,
        "study": energy.study,
        "started_at": energy.started_at,
        "ended_at": energy.ended_at,
        "seconds": energy.total.seconds,
        **energy_values(energy.total.energy, basis, pue=pue),
        **phases,
        "heuristic_share": energy.heuristic_share,
        **{f"{name}_method": " + ".join(methods.get(name, ())) for name in DEVICES},
        "mode": _joined(each.mode for each in energy.conditions),
        "measured_by": " + ".join(measured_by(energy.conditions)),
        "cpu_model": _joined(each.cpu_model for each in energy.conditions),
        "gpus": " + ".join(_gpus(energy)),
        "num_attempts": len(energy.conditions),
        **basis_values(basis, pue=pue),
        "warnings": " ".join(energy.warnings),
    }


def energy_values(energy: Energy, basis: Basis | None, *, pue: float = 1.0) -> dict[str, Any]:
    """Gives kWh by device, with and without PUE, and kg of CO2eq (None without a grid)."""
    kwh = energy.total_kwh
    return {
        "cpu_kwh": energy.cpu_kwh,
        "ram_kwh": energy.ram_kwh,
        "gpu_kwh": energy.gpu_kwh,
        "devices_kwh": kwh,
        "facility_kwh": kwh * (basis.pue if basis else pue),
        "operational_kg": basis.operational_kg(kwh) if basis else None,
        "embodied_kg": basis.embodied_kg(kwh) if basis else None,
        "co2_kg": basis.co2_kg(kwh) if basis else None,
    }


def basis_values(
    basis: Basis | None, *, pue: float = 1.0, embodied_share: float | None = None
) -> dict[str, Any]:
    """Gives what CO2eq was computed with; None where no grid was chosen.

    Args:
        basis: What it was computed with, if with one grid.
        pue: Where there is no basis.
        embodied_share: Where there is no basis, but a share was applied.
    """
    grid = basis.grid if basis else None
    return {
        "pue": basis.pue if basis else pue,
        "embodied_share": basis.embodied_share if basis else embodied_share,
        "grid": grid.key if grid else None,
        "grid_name": grid.name if grid else None,
        "grid_year": grid.year if grid else None,
        "g_per_kwh": grid.g_per_kwh if grid else None,
        "grid_source": grid.source if grid else None,
    }


def _report(energy: JobEnergy, basis: Basis | None, pue: float) -> dict[str, Any]:
    first = energy.conditions[0] if energy.conditions else None
    components = [{"componentType": "gpu", "componentName": name} for name in _gpus(energy)]
    if first:
        components.insert(0, {"componentType": "cpu", "componentName": first.cpu_model})
    return {
        "header": {"reportId": energy.job_id, "reportDatetime": energy.ended_at},
        "task": {
            "taskStage": _STAGES.get(energy.kind, energy.kind),
            "taskFamily": "machine translation",
            "taskDescription": energy.title,
        },
        "measures": [_measure(energy)],
        "infrastructure": {"components": components},
        "environment": {
            "location": basis.grid.name if basis else None,
            "powerSourceCarbonIntensity": basis.grid.g_per_kwh if basis else None,
        },
        "details": {
            "sentence": sentence(energy, basis, pue=pue),
            **flat(energy, basis, pue=pue),
            "phases": {
                name: {"seconds": phase.seconds, **vars(phase.energy)}
                for name, phase in energy.phases.items()
            },
            "conditions": [
                {name: value for name, value in each.to_json().items() if name not in _PRIVATE}
                for each in energy.conditions
            ],
            "warnings": list(energy.warnings),
        },
    }


def _measure(energy: JobEnergy) -> dict[str, Any]:
    library, _, release = " + ".join(measured_by(energy.conditions)).partition(" ")
    methods = energy.methods
    return {
        "measurementMethod": library,
        "version": release,
        "cpuTrackingMode": " + ".join(methods.get("cpu", ())),
        "gpuTrackingMode": " + ".join(methods.get("gpu", ())),
        "powerConsumption": energy.total.energy.total_kwh,  # BoAmps means kWh
        "measurementDuration": energy.total.seconds,
        "measurementDateTime": energy.started_at,
    }


def _joined(words: Iterable[str]) -> str:
    return " + ".join(dict.fromkeys(word for word in words if word))


def _gpus(energy: JobEnergy) -> tuple[str, ...]:
    """Gives the GPUs of the attempt that had the most."""
    return max((each.gpus for each in energy.conditions), key=len, default=())


_NOTHING = JobEnergy("", "", "", "", "", "", {}, (), (), "", "")
