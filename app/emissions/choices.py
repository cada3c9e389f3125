"""Settings: where the electricity comes from, what the building adds, and how is measured."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.emissions.work import Work, basis_words
from app.forms import field_problems, group_fields, groups_of
from app.problem_views import problem
from app.state import session
from core.emissions.carbon import change_settings
from core.emissions.grids import Grid, tables
from core.emissions.settings import EmissionsSettings
from core.errors import ConfigError
from core.storage.workspace import Workspace

_NOTES = {
    "Grid": "Holds for everything that is shown, the past included; what was measured stays.",
    "Measuring": "Holds for jobs that start from now on.",
}
_NONE = ""


def choices(workspace: Workspace, work: Work) -> None:
    """Shows the form, and says what holds now with its source."""
    if work.basis:
        st.text(basis_words(work))
    key = f"emissions.settings.{session().form_version}"
    now = work.settings.model_dump()
    with st.form(f"{key}.form"):
        values: dict[str, Any] = {}
        for group, names in groups_of(EmissionsSettings).items():
            st.markdown(f"**{group}**")
            st.caption(_NOTES[group])
            if "grid" in names:
                values["grid"] = _grid_select(workspace, work.settings.grid, key=f"{key}.grid")
                names = [name for name in names if name != "grid"]
            values |= group_fields(EmissionsSettings, names, now, key=key)
        is_asked = st.form_submit_button("Save", type="primary", icon=":material/save:")
    if is_asked:
        _save(workspace, values, had_grid=bool(work.settings.grid))


def _grid_select(workspace: Workspace, chosen: str, *, key: str) -> str:
    """Shows the grids of all tables in one list, to be searched by name, code or table."""
    grids = {grid.key: grid for table in tables(workspace) for grid in table.grids}
    gone = [chosen] if chosen and chosen not in grids else []
    options = [_NONE, *gone, *grids]
    picked = st.selectbox(
        "Where the electricity comes from",
        options,
        index=options.index(chosen),
        format_func=lambda option: _label(grids.get(option), option),
        key=key,
        help="Type a country, a region or a table. Each figure has its year and its source.",
    )
    return picked or _NONE


def _label(grid: Grid | None, option: str) -> str:
    if grid is not None:
        return f"{grid.label} · {grid.g_per_kwh:.1f} g/kWh · {grid.key}"
    return f"{option} (gone)" if option else "Not chosen: energy without CO2eq"


def _save(workspace: Workspace, values: dict[str, Any], *, had_grid: bool) -> None:
    try:
        changed = change_settings(workspace, **values)
    except ConfigError as error:
        said = field_problems(EmissionsSettings, error)
        problem("Nothing was saved", " ".join(said) or error.message, error.hint)
        return
    session().form_version += 1
    session().notice = "Saved. CO2eq is shown now." if changed.grid and not had_grid else "Saved."
    st.rerun()
