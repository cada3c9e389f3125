"""What if: the same work on other grids, with another PUE; nothing stored changes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.emissions.charts import what_if_chart
from app.emissions.own_tables import own_tables
from app.emissions.work import Work, name_of
from app.text import moment, plain
from core.emissions.amounts import co2_words, kwh_words
from core.emissions.carbon import Basis
from core.emissions.grids import Grid, GridTable, tables
from core.emissions.totals import grand_total, totals
from core.emissions.what_if import what_if
from core.storage.workspace import Workspace

DEFAULT_CODES = ("IRL", "SWE", "POL", "IND")
ALL, UNIT = "all", "1 kWh"
MOST_PUE, LEAST_PUE = 2.5, 1.0


def elsewhere(workspace: Workspace, work: Work) -> None:
    """Shows what the same work would stand for elsewhere, and the tables that say so."""
    st.caption(
        "Nothing is measured anew and no record is rewritten: energy stays as it was, CO2eq is "
        "computed here for other places."
    )
    devices_kwh = _chosen_kwh(work)
    found = tables(workspace)
    pue, share = _building(work)
    grids = _grids(found, work)
    if grids:
        _answers(devices_kwh, grids, pue, share, work)
    else:
        st.info("Choose one or more regions.")
    st.subheader("Own grid tables", anchor=False)
    own_tables(workspace, work.settings.grid)


def _chosen_kwh(work: Work) -> float:
    """Shows what can be asked about and gives its kWh, without PUE."""
    kwhs: dict[str, float] = {UNIT: 1.0}
    labels = {UNIT: "1 kWh of the devices"}
    if work.found:
        kwhs = {ALL: grand_total(work.found).energy.total_kwh, **kwhs}
        labels[ALL] = "Everything that was measured"
    for each in totals(work.found, "search"):
        if each.key:
            kwhs[f"search {each.key}"] = each.energy.total_kwh
            labels[f"search {each.key}"] = f"Search {each.label} · {each.num_jobs:,} jobs"
    for energy in work.found:
        kwhs[energy.job_id] = energy.total.energy.total_kwh
        labels[energy.job_id] = f"{name_of(energy)} · {energy.kind} · {moment(energy.started_at)}"
    chosen = st.selectbox(
        "What",
        list(kwhs),
        format_func=lambda key: labels[key],
        key="emissions.what",
        persist_state="session",
    )
    return kwhs.get(chosen or UNIT, 1.0)


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
            key="emissions.what.pue",
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
            key="emissions.what.share",
            help="Share of the whole footprint that comes from making the hardware. It stays the "
            "same share on every grid.",
        )
    return pue, share


def _answers(
    devices_kwh: float, grids: Sequence[Grid], pue: float, share: float, work: Work
) -> None:
    base = work.basis
    asked = list(grids)
    if base and base.grid.key not in {each.key for each in asked}:
        asked.append(base.grid)  # so that the eye has something to compare with
    answers = what_if(devices_kwh, asked, pue=pue, embodied_share=share, base=base)
    base_key = base.grid.key if base else answers[0].grid.key
    st.plotly_chart(
        what_if_chart(answers, base_key, has_choice=base is not None),
        width="stretch",
        key="emissions.what_if",
        alt="The same work on other grids, the lowest CO2eq first",
    )
    st.caption(plain(_about(devices_kwh, pue, share, base)))
    with st.expander("Years and sources"):
        for each in answers:
            grid = each.grid
            st.text(f"{grid.label} ({grid.key}): {grid.g_per_kwh:.1f} g CO2eq/kWh. {grid.source}")


def _about(devices_kwh: float, pue: float, share: float, base: Basis | None) -> str:
    said = f"{kwh_words(devices_kwh * pue)} with PUE {pue:g}"
    if share:
        said += f", embodied share {share:.0%}"
    if base is None:
        return f"{said}. Ratios are to the lowest one, as no grid is chosen."
    kg = co2_words(base.co2_kg(devices_kwh))
    return f"{said}. Ratios are to the settings of this installation: {kg} ({base.label})."
