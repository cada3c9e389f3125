"""What if: the same work on other grids, with another PUE; nothing stored changes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.emissions.badges import badge_row
from app.emissions.charts import comparison_chart, what_if_chart
from app.emissions.own_tables import own_tables
from app.emissions.subjects import Subject, default_keys, subjects
from app.emissions.wording import energy_unit, mass_unit
from app.emissions.work import Work
from app.text import plain
from core.emissions.amounts import co2_words, kwh_words
from core.emissions.carbon import Basis
from core.emissions.energy import JobEnergy
from core.emissions.grids import Grid, GridTable, tables
from core.emissions.what_if import WhatIf, what_if
from core.storage.workspace import Workspace

DEFAULT_CODES = ("IRL", "SWE", "POL", "IND")
MOST_COMPARED = 8  # colours that can be told apart
MOST_PUE, LEAST_PUE = 2.5, 1.0


def elsewhere(workspace: Workspace, work: Work) -> None:
    """Shows what the same work would stand for elsewhere, and the tables that say so."""
    st.caption(
        "Nothing is measured anew and no record is rewritten: energy stays as it was, CO2eq is "
        "computed here for other places."
    )
    chosen = _chosen(work)
    found = tables(workspace)
    pue, share = _building(work)
    grids = _grids(found, work)
    if grids and chosen:
        _answers(chosen, grids, pue, share, work)
    else:
        st.info("Choose one or more regions." if chosen else "Choose one or more runs.")
    st.subheader("Own grid tables", anchor=False)
    own_tables(workspace, work.settings.grid)


def _chosen(work: Work) -> list[Subject]:
    """Shows what can be asked about and gives what was chosen, the least energy first."""
    found = subjects(work.found, work.searches)
    chosen = st.multiselect(
        "What",
        list(found),
        default=default_keys(work.found),
        format_func=lambda key: found[key].label,
        # What is first measured after the page was opened must come in by itself.
        key="emissions.what" if work.found else "emissions.what.nothing",
        persist_state="session",
        max_selections=MOST_COMPARED,
        help="Several runs are compared side by side.",
        wrap=True,
    )
    return sorted((found[key] for key in chosen), key=lambda each: each.devices_kwh)


def _grids(found: Sequence[GridTable], work: Work) -> list[Grid]:
    by_name = {table.name: table for table in found}
    name = st.selectbox(
        "Table",
        list(by_name),
        format_func=lambda each: by_name[each].title,
        key="emissions.table",
        persist_state="session",
    )
    table = by_name.get(name or "", found[0])
    by_code = {grid.code: grid for grid in table.grids}
    default = [code for code in DEFAULT_CODES if code in by_code]
    chosen_grid = work.basis.grid if work.basis else None
    if chosen_grid and chosen_grid.table == table.name and chosen_grid.code not in default:
        default = [chosen_grid.code, *default]
    codes = st.multiselect(
        "Regions",
        list(by_code),
        default=default or list(by_code)[:4],
        format_func=lambda code: f"{by_code[code].label} ({code})",
        key=f"emissions.regions.{table.name}",
        persist_state="session",
        help="Type to search by name or code.",
        wrap=True,
    )
    st.caption(plain(table.source))
    return [by_code[code] for code in codes]


def _building(work: Work) -> tuple[float, float]:
    """Shows PUE and embodied share, at first those of the settings."""
    left, right = st.columns(2, gap="medium")
    with left:
        pue = st.slider(
            "PUE",
            LEAST_PUE,
            max(MOST_PUE, work.pue),
            work.pue,
            0.05,
            key=f"emissions.what.pue.{work.pue:g}",  # other settings start it anew
            persist_state="session",
            help="What the building takes for each kWh of the machine: 1.0 under a desk, 1.1 to "
            "1.6 in a data centre.",
        )
    with right:
        share = st.slider(
            "Embodied share",
            0.0,
            0.9,
            work.settings.embodied_share,
            0.05,
            key=f"emissions.what.share.{work.settings.embodied_share:g}",
            persist_state="session",
            help="Share of the whole footprint that comes from making the hardware. It stays the "
            "same share on every grid.",
        )
    return pue, share


def _answers(
    chosen: Sequence[Subject], grids: Sequence[Grid], pue: float, share: float, work: Work
) -> None:
    base = work.basis
    asked = list(grids)
    if base and base.grid.key not in {each.key for each in asked}:
        asked.append(base.grid)  # so that the eye has something to compare with
    answers = [
        sorted(  # for work that took nothing, too
            what_if(each.devices_kwh, asked, pue=pue, embodied_share=share, base=base),
            key=lambda answer: (answer.grid.g_per_kwh, answer.grid.name),
        )
        for each in chosen
    ]
    if len(chosen) == 1:
        key = base.grid.key if base else answers[0][0].grid.key
        chart = what_if_chart(answers[0], key, has_choice=base is not None)
    else:
        chart = comparison_chart([each.name for each in chosen], answers)
    st.plotly_chart(chart, width="stretch", key="emissions.what_if", alt=_alt(chosen, answers))
    badge_row(_jobs(chosen), "Energy behind it")
    st.caption(plain(_about(chosen, pue, share, base)))
    with st.expander("In figures"):
        _figures(chosen, answers, pue, is_to_lowest=base is None)
    with st.expander("Years and sources"):
        for grid in (each.grid for each in answers[0]):
            st.text(f"{grid.label} ({grid.key}): {grid.g_per_kwh:.1f} g CO2eq/kWh. {grid.source}")


def _jobs(chosen: Sequence[Subject]) -> list[JobEnergy]:
    """Gives the jobs behind all that was chosen, each once."""
    return list({job.job_id: job for each in chosen for job in each.jobs}.values())


def _alt(chosen: Sequence[Subject], answers: Sequence[Sequence[WhatIf]]) -> str:
    # Both are sorted: the least work on the lowest grid, and the most on the highest.
    ends = (("highest", chosen[-1], answers[-1][-1]), ("lowest", chosen[0], answers[0][0]))
    told = [
        f"{word} {co2_words(each.co2_kg)} ({subject.name}, {each.grid.label})"
        for word, subject, each in ends
    ]
    return f"The same work on other grids: {', '.join(told)}"


def _figures(
    chosen: Sequence[Subject],
    answers: Sequence[Sequence[WhatIf]],
    pue: float,
    *,
    is_to_lowest: bool,
) -> None:
    """Shows each work on each grid, with its ratio to the base and to the least work."""
    unit_kwh, energy_name = energy_unit(each.devices_kwh * pue for each in chosen)
    unit_kg, mass_name = mass_unit(each.co2_kg for found in answers for each in found)
    ratio_name = "Ratio to the lowest grid" if is_to_lowest else "Ratio to the chosen grid"
    rows = []
    for subject, found in zip(chosen, answers, strict=True):
        for each, least in zip(found, answers[0], strict=True):
            row: dict[str, object] = {
                "What": subject.name,
                "Grid": each.grid.label,
                f"Energy, {energy_name}": subject.devices_kwh * pue / unit_kwh,
                f"CO2eq, {mass_name}": each.co2_kg / unit_kg,
                ratio_name: each.ratio if math.isfinite(each.ratio) else None,
            }
            if len(chosen) > 1:
                has_ratio = bool(least.co2_kg)
                row["Ratio to the least work"] = each.co2_kg / least.co2_kg if has_ratio else None
            rows.append(row)
    number = st.column_config.NumberColumn(format="%.3g")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="emissions.what_if.figures",
        column_config={name: number for name in rows[0] if name not in ("What", "Grid")},
    )


def _about(chosen: Sequence[Subject], pue: float, share: float, base: Basis | None) -> str:
    is_one = len(chosen) == 1
    told = [kwh_words(each.devices_kwh * pue) for each in chosen]
    said = told[0] if is_one else f"{told[0]} to {told[-1]}"
    said += f" with PUE {pue:g}"
    if share:
        said += f", embodied share {share:.0%}"
    if base is None:
        return f"{said}. Ratios are to the lowest one, as no grid is chosen."
    kg = f"{co2_words(base.co2_kg(chosen[0].devices_kwh))} " if is_one else ""
    at = f"{kg}({base.label})"
    return f"{said}. Ratios are to the settings of this installation{':' if is_one else ''} {at}."
