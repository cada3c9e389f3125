"""Grid tables of one's own: added from CSV, listed, and deleted."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.errors import shown_to_user
from app.problem_views import shown_in_place
from app.state import session
from app.text import counted, moment, plain
from core.emissions.own_grids import add_own_table
from core.storage.energy_records import GridTableRecord
from core.storage.workspace import Workspace

_EXAMPLE = (
    "code,name,year,g_per_kwh\nROOF,Our own roof,2025,41\nHALL-B,Data centre hall B,2025,120\n"
)


def own_tables(workspace: Workspace, chosen_grid: str) -> None:
    """Shows the tables that were added, and the form for another one.

    Args:
        workspace: Where they are stored.
        chosen_grid: Key of the grid that CO2eq is computed with; its table is not deleted.
    """
    found = workspace.energy.grid_tables()
    for record in found:
        _table_row(workspace, record, is_used=chosen_grid.partition(":")[0] == record.name)
    if not found:
        st.caption(
            "None yet. Add one where you know better: a contract, a roof, a newer national figure."
        )
    with st.expander("Add a table", icon=":material/add_circle:"):
        _add_form(workspace, found, chosen_grid)


def _table_row(workspace: Workspace, record: GridTableRecord, *, is_used: bool) -> None:
    with (
        st.container(border=True, key=f"emissions-table-{record.name}"),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        regions = counted(len(record.rows), "region")
        st.text(f"{record.name} · {regions} · {moment(record.created_at)}\n{record.source}")
        if st.button(
            "Delete",
            icon=":material/delete:",
            key=f"emissions.table.delete.{record.name}",
            disabled=is_used,
            help="The chosen grid is in it: choose another one first." if is_used else None,
        ):
            _confirm_deletion(workspace, record.name)


@st.dialog("Delete this grid table?")
def _confirm_deletion(workspace: Workspace, name: str) -> None:
    with shown_to_user():
        st.text(name)
        st.write("Its figures are deleted for good; what was measured stays as it is.")
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="emissions.table.delete.yes"):
                workspace.energy.delete_grid_table(name)
                session().notice = f"Deleted the grid table {name}."
                st.rerun()
            if st.button("Keep it", key="emissions.table.delete.no"):
                st.rerun()


def _add_form(workspace: Workspace, found: Sequence[GridTableRecord], chosen_grid: str) -> None:
    key = f"emissions.own.{session().form_version}"
    file = st.file_uploader(
        "CSV",
        type=["csv", "txt"],
        max_upload_size=1,  # MB
        key=f"{key}.file",
        help="UTF-8 with commas; the first line is code,name,year,g_per_kwh.",
    )
    left, right = st.columns(2)
    with left:
        name = st.text_input("Name", key=f"{key}.name", placeholder="own", max_chars=40).strip()
    with right:
        source = st.text_input(
            "Source", key=f"{key}.source", placeholder="Who published it, of which year"
        )
    st.code(_EXAMPLE, language=None)
    # Names of tables are stored in small letters.
    there = next((each for each in found if each.name == name.lower()), None)
    is_sure = there is None or _may_replace(there, chosen_grid, key=key)
    is_ready = file is not None and bool(name) and bool(source.strip()) and is_sure
    is_asked = st.button(
        "Replace table" if there else "Add table",
        type="primary",
        icon=":material/add:",
        key="emissions.own.add",
        disabled=not is_ready,
        help=None
        if is_ready
        else "Choose a file, and give it a name and a source."
        + ("" if is_sure else " Say that the table may be replaced."),
    )
    if is_asked and is_ready and file is not None:
        _add(workspace, name, source, file.getvalue(), is_new=there is None)


def _may_replace(there: GridTableRecord, chosen_grid: str, *, key: str) -> bool:
    """Asks whether a table may be replaced; what was agreed to holds for this table alone."""
    grids = counted(len(there.rows), "grid")
    said = f"{there.name} is there already with {grids}: replace it?"
    if chosen_grid.partition(":")[0] == there.name:
        said += (
            f" It is the one in use ({chosen_grid}): every CO2eq on display changes, that of the "
            "past included."
        )
    st.warning(plain(said), icon=":material/warning:")
    return st.checkbox("Replace it", key=f"{key}.replace.{there.name}.{there.created_at}")


def _add(workspace: Workspace, name: str, source: str, data: bytes, *, is_new: bool) -> None:
    with shown_in_place("No table was added"):
        record = add_own_table(workspace, name, source, data)
        done = "Added" if is_new else "Replaced"
        session().notice = f"{done} {record.name} with {counted(len(record.rows), 'region')}."
        session().form_version += 1
        st.rerun()
