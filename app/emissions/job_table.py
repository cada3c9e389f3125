"""The jobs that were measured, one a row, and the same as files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from app.emissions.amount_columns import AmountColumns
from app.emissions.wording import ALL_BADGES, BADGE_COLOURS, badge_words
from app.emissions.work import Work, name_of
from app.state import set_widget, widget_value
from app.text import duration, moment
from core.emissions.energy import JobEnergy
from core.emissions.export import to_csv, to_json, to_latex

JOB = "emissions.job"  # the selectbox that says which job is looked at
TABLE_PX = 320
FILES: dict[str, tuple[Callable[..., str], str, str]] = {
    "CSV": (to_csv, "energy.csv", "text/csv"),
    "JSON": (to_json, "energy.json", "application/json"),
    "LaTeX": (to_latex, "energy.tex", "application/x-tex"),
}
_HELP = {
    "Found by": "How sure each figure is: counter and sampled are measured; load model is the "
    "nominal power times the load; constant was set by somebody; heuristic is a guess.",
    "Guessed": "The share that is guessed from the size of the memory.",
}


def job_table(work: Work) -> None:
    """Shows the jobs of a period; a click on one shows it from near, below the table."""
    found = work.found
    # A selection is a row number: in a list that changed it would be another job.
    shown = hashlib.sha256(" ".join(each.job_id for each in found).encode()).hexdigest()[:12]
    key = f"emissions.jobs.{shown}"
    columns = AmountColumns(work, (each.total.energy.total_kwh for each in found))
    rows = [_row(each, work, columns) for each in found]
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height=TABLE_PX if len(found) > 8 else "auto",
        placeholder="–",
        key=key,
        on_select=lambda: _look_at(key, found),
        selection_mode="single-row",
        alt="The jobs that were measured",
        column_config={
            "Name": text(width=170, pinned=True),
            "Found by": st.column_config.MultiselectColumn(
                options=ALL_BADGES, color=BADGE_COLOURS, width=250, help=_HELP["Found by"]
            ),
            "Guessed": number(format="percent", help=_HELP["Guessed"]),
            "Warnings": text(width=200),
            **columns.config(rows[0]),
        },
    )
    _downloads(work)


def _look_at(key: str, found: Sequence[JobEnergy]) -> None:
    rows = widget_value(key).selection.rows
    if rows:
        set_widget(JOB, found[rows[0]].job_id)


def _row(energy: JobEnergy, work: Work, columns: AmountColumns) -> dict[str, object]:
    total = energy.total
    taken = total.energy
    has_gpu = "gpu" in energy.methods
    return {
        "Name": name_of(energy),
        "Kind": energy.kind,
        "State": work.state(energy.job_id),
        "Person": energy.person or None,
        "Time": duration(total.seconds),
        **columns.energy("Energy", taken.total_kwh),
        **columns.co2(taken.total_kwh),
        **columns.energy("GPU", taken.gpu_kwh if has_gpu else None),
        **columns.energy("CPU", taken.cpu_kwh),
        **columns.energy("RAM", taken.ram_kwh),
        "Found by": badge_words(energy),
        "Guessed": energy.heuristic_share,
        "Started": moment(energy.started_at),
        "Search": work.search(energy.study) or None,
        "Warnings": " ".join(energy.warnings) or None,
    }


def _downloads(work: Work) -> None:
    """Shows a button a format; each file is made when it is asked for."""
    with st.container(horizontal=True):
        for label, (written, name, media_type) in FILES.items():
            st.download_button(
                label,
                partial(_file, written, work),
                file_name=name,
                mime=media_type,
                icon=":material/download:",
                key=f"emissions.{name}",
                on_click="ignore",
                help="All jobs of the table, with the grid, its year and source.",
            )


def _file(written: Callable[..., str], work: Work) -> bytes:
    return written(work.found, work.basis, pue=work.pue).encode()
