"""`python -m core emissions summary|what-if|sentence|export`: what the work cost.

Nothing here changes what was measured: CO2eq is computed anew with the grid and PUE that are given,
or those of the settings.
"""

from __future__ import annotations

import argparse
import logging
import math
from pathlib import Path
from typing import Any

from core.commands import emissions_settings
from core.commands.answers import Answer, table
from core.commands.footprint import add_footprint_commands
from core.emissions.amounts import co2_words, kg_words, kwh_words, seconds_words, significant
from core.emissions.carbon import Basis, chosen_basis, chosen_pue
from core.emissions.energy import JobEnergy
from core.emissions.equivalences import equivalences
from core.emissions.export import FORMATS, basis_values, energy_values, flat
from core.emissions.grids import find_grids
from core.emissions.legacy import LegacyEstimate, legacy_estimate
from core.emissions.sentence import NO_GRID, measured_by, methods_words, sentence
from core.emissions.settings import emissions_settings as stored_settings
from core.emissions.stored import all_energy, run_energy
from core.emissions.totals import GROUPINGS, Total, grand_total, totals
from core.emissions.what_if import WhatIf, what_if
from core.errors import ConfigError, HostError
from core.storage.files import write_text
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `emissions`."""
    group = groups.add_parser("emissions", help="energy and CO2eq of runs and all other jobs")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    summing = commands.add_parser("summary", parents=[common], help="add up what was measured")
    summing.add_argument("--by", choices=GROUPINGS, help="(default: run; phase with --run)")
    summing.set_defaults(command=_summary)
    asking = commands.add_parser("what-if", parents=[common], help="the same work on other grids")
    note = "codes, names or keys with commas between them, such as IRL,SWE,notebook:CHN"
    asking.add_argument("--countries", required=True, help=note)
    asking.set_defaults(command=_what_if)
    telling = commands.add_parser("sentence", parents=[common], help="the sentence for a paper")
    telling.set_defaults(command=_sentence)
    exporting = commands.add_parser("export", parents=[common], help="all jobs as a file")
    exporting.add_argument("--format", choices=list(FORMATS), required=True)
    exporting.add_argument("--output", type=Path, metavar="FILE", help="(default: stdout)")
    exporting.set_defaults(command=_export)
    add_footprint_commands(commands, common)
    for parser in (summing, asking, telling, exporting):
        one = parser is telling
        rest = "" if one else "; left out: everything that was measured"
        parser.add_argument("--run", required=one, help=f"name or id, also of another job{rest}")
        parser.add_argument(
            "--grid", default="", help="such as codecarbon:IRL (default: the settings')"
        )
        parser.add_argument("--pue", type=float, help="(default: the settings')")
    emissions_settings.add_commands(commands, common)


def _summary(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    found, basis, pue = _asked(workspace, chosen)
    by = chosen.by or ("phase" if chosen.run else "run")
    whole = grand_total(found)
    co2_kg = basis.co2_kg(whole.energy.total_kwh) if basis else None
    told = equivalences(whole.energy.total_kwh * pue, co2_kg)
    groups = totals(found, by, names=workspace.studies.names())
    conditions = [each for energy in found for each in energy.conditions]
    values = {
        "basis": basis_values(basis, pue=pue),
        "by": by,
        "total": _total_values(whole, basis, pue),
        "totals": [_total_values(each, basis, pue) for each in groups],
        "equivalences": [vars(each) for each in told],
        "methods": [*measured_by(conditions), *methods_words(conditions)] if conditions else [],
        "heuristic_share": _heuristic_share(found),
        "warnings": list(dict.fromkeys(text for energy in found for text in energy.warnings)),
    }
    rows = [_total_row(each, basis, pue) for each in [*groups, whole]]
    lines = [table((by, "jobs", "time", "GPU", "CPU", "RAM", "with PUE", "CO2eq"), rows), ""]
    lines += _about(values, basis, pue)
    if chosen.run:
        legacy = _legacy(workspace, found[0], basis)
        values["run"] = flat(found[0], basis, pue=pue)
        values["legacy_estimate"] = vars(legacy) if legacy else None
        lines += _legacy_lines(legacy)
    return Answer("\n".join(lines), values)


def _what_if(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    found, basis, pue = _asked(workspace, chosen)
    grids = find_grids(workspace, chosen.countries.split(","))
    share = stored_settings(workspace).embodied_share
    kwh = grand_total(found).energy.total_kwh
    answers = what_if(kwh, grids, pue=pue, embodied_share=share, base=basis)
    values = {
        "devices_kwh": kwh,
        "facility_kwh": kwh * pue,
        "compared_with": basis.grid.key if basis else answers[0].grid.key,
        "base": basis_values(basis, pue=pue, embodied_share=share),
        "grids": [_what_if_values(each) for each in answers],
    }
    rows = [_what_if_row(each) for each in answers]
    text = table(("grid", "name", "g/kWh", "CO2eq", "ratio"), rows)
    taken = f"{kwh_words(kwh * pue, digits=3)} with PUE {pue:g}"
    taken += f", embodied share {share:g}" if share else ""
    return Answer(f"{text}\n\n{taken}; compared with {values['compared_with']}.", values)


def _sentence(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    (energy,), basis, pue = _asked(workspace, chosen)
    text = sentence(energy, basis, pue=pue)
    for warning in energy.warnings:  # on stderr: stdout is what goes into the paper
        log.warning("%s", warning)
    return Answer(text, {"sentence": text, **flat(energy, basis, pue=pue)})


def _export(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.commands.text_files import printable

    found, basis, pue = _asked(workspace, chosen)
    text = FORMATS[chosen.format](found, basis, pue=pue)
    values = {"format": chosen.format, "num_jobs": len(found)}
    if chosen.output is None:
        return Answer(text, {**values, "text": text})
    path = printable(chosen.output)
    if chosen.output.exists():
        raise ConfigError(f"{path} is there already.", hint="Give --output another name.")
    try:
        write_text(chosen.output, text)
    except OSError as error:
        raise HostError(f"{path} cannot be written: {error.strerror}.") from None
    return Answer(f"{len(found):,} jobs are in {path}.", {**values, "file": path})


def _asked(
    workspace: Workspace, chosen: argparse.Namespace
) -> tuple[list[JobEnergy], Basis | None, float]:
    """Gives what a command is about, what CO2eq is computed with, and the PUE."""
    from core.jobs import queue

    basis = chosen_basis(workspace, grid=chosen.grid, pue=chosen.pue)
    pue = chosen_pue(workspace, chosen.pue)
    queue.reconcile(workspace)  # a job whose supervisor was killed is counted too
    found = [run_energy(workspace, chosen.run)] if chosen.run else all_energy(workspace)
    return found, basis, pue


def _total_values(total: Total, basis: Basis | None, pue: float) -> dict[str, Any]:
    return {
        "label": total.label,
        "key": total.key,
        "num_jobs": total.num_jobs,
        "seconds": total.seconds,
        **energy_values(total.energy, basis, pue=pue),
    }


def _total_row(total: Total, basis: Basis | None, pue: float) -> list[str]:
    energy = total.energy
    return [
        total.label,
        f"{total.num_jobs:,}",
        seconds_words(total.seconds),
        *(kwh_words(each, digits=3) for each in (energy.gpu_kwh, energy.cpu_kwh, energy.ram_kwh)),
        kwh_words(energy.total_kwh * pue, digits=3),
        kg_words(basis.co2_kg(energy.total_kwh), digits=3) if basis else "-",
    ]


def _about(values: dict[str, Any], basis: Basis | None, pue: float) -> list[str]:
    """Gives what belongs below a table: basis, methods, comparisons, warnings."""
    lines = [f"{basis.label} ({basis.grid.name}: {basis.grid.g_per_kwh:.1f} g/kWh, "
             f"{basis.grid.source})" if basis else f"{NO_GRID}, PUE {pue:g}"]  # fmt: skip
    if values["methods"]:
        guessed = f"{100 * values['heuristic_share']:.0f} % of the energy is guessed"
        lines.append(", ".join([*values["methods"], guessed]))
    same = ", ".join(each["text"] for each in values["equivalences"])
    return [*lines, f"As much as {same}", *values["warnings"]]


def _legacy(workspace: Workspace, energy: JobEnergy, basis: Basis | None) -> LegacyEstimate | None:
    g_per_kwh = basis.grid.g_per_kwh if basis else None
    return legacy_estimate(energy, workspace.run_folder(energy.job_id), g_per_kwh=g_per_kwh)


def _legacy_lines(legacy: LegacyEstimate | None) -> list[str]:
    if legacy is None:  # no GPU, or not a run
        return []
    kg = "" if legacy.co2_kg is None else f", {co2_words(legacy.co2_kg)}"
    watts = " + ".join(f"{each:g}" for each in legacy.gpu_powers_w)
    return [f"Legacy estimate: {kwh_words(legacy.kwh)}{kg} (last GPU power {watts} W × time)"]


def _heuristic_share(found: list[JobEnergy]) -> float:
    whole = sum(each.total.energy.total_kwh for each in found)
    guessed = sum(each.heuristic_share * each.total.energy.total_kwh for each in found)
    return guessed / whole if whole else 0.0


def _what_if_values(answer: WhatIf) -> dict[str, Any]:
    grid = answer.grid
    return {
        "grid": grid.key,
        "name": grid.name,
        "year": grid.year,
        "g_per_kwh": grid.g_per_kwh,
        "source": grid.source,
        "co2_kg": answer.co2_kg,
        "ratio": answer.ratio if math.isfinite(answer.ratio) else None,
    }


def _what_if_row(answer: WhatIf) -> list[str]:
    grid = answer.grid
    ratio = f"× {significant(answer.ratio, digits=3)}" if math.isfinite(answer.ratio) else "-"
    kg = kg_words(answer.co2_kg, digits=3)
    return [grid.key, grid.label, f"{grid.g_per_kwh:.1f}", kg, ratio]
