r"""Energy and CO2eq of jobs as a LaTeX table for a paper; it needs the package booktabs only."""

from __future__ import annotations

from collections.abc import Sequence

from core.emissions.amounts import seconds_words, significant
from core.emissions.carbon import Basis
from core.emissions.energy import JobEnergy, Phase, sum_of
from core.emissions.sentence import NO_GRID, measured_by, methods_words
from core.latex import TABLE_HEAD, escaped


def to_latex(found: Sequence[JobEnergy], basis: Basis | None, *, pue: float = 1.0) -> str:
    """Gives a table of one row a job, with a total; the caption says how it was found.

    Args:
        found: What was measured.
        basis: What CO2eq is computed with; None leaves its column out.
        pue: Where there is no basis.
    """
    rows = [[escaped(energy.title or energy.job_id[:8]), *_cells(energy.total, basis, pue)]
            for energy in found]  # fmt: skip
    if len(rows) > 1:
        whole = _cells(sum_of(energy.total for energy in found), basis, pue)
        rows.append([r"\midrule Total", *whole])
    header = ["", "Time", "GPU", "CPU", "RAM", "kWh", *(["kg CO$_2$eq"] if basis else [])]
    lines = [" & ".join(cells) + r" \\" for cells in [header, *rows]]
    return TABLE_HEAD + "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            r"\small",
            rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            rf"\caption{{{_caption(found, basis, pue)}}}",
            r"\label{tab:energy}",
            r"\end{table}",
            "",
        ]
    )


def _cells(taken: Phase, basis: Basis | None, pue: float) -> list[str]:
    energy = taken.energy
    factor = basis.pue if basis else pue
    amounts = [energy.gpu_kwh, energy.cpu_kwh, energy.ram_kwh, energy.total_kwh * factor]
    kg = [basis.co2_kg(energy.total_kwh)] if basis else []
    return [seconds_words(taken.seconds), *(_number(each) for each in [*amounts, *kg])]


def _number(value: float) -> str:
    # A comma in a formula has a space behind it.
    return f"${significant(value, digits=3).replace(',', '{,}')}$"


def _caption(found: Sequence[JobEnergy], basis: Basis | None, pue: float) -> str:
    conditions = [each for energy in found for each in energy.conditions]
    factor = basis.pue if basis else pue
    parts = [
        f"Energy in kWh: by device without, the sum with a power usage effectiveness of {factor:g}"
    ]
    if basis:
        grid = basis.grid
        parts.append(
            f"CO2eq by {basis.label}: {grid.g_per_kwh:.1f} g/kWh, {grid.name} ({grid.source})"
        )
    else:
        parts.append(f"CO2eq is not told: {NO_GRID}")
    parts.append(", ".join([*measured_by(conditions), *methods_words(conditions)]))
    return " ".join(f"{escaped(part)}." for part in parts).replace("CO2eq", "CO$_2$eq")
