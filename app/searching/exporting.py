"""A study as a file, and the command that opens its storage in Optuna's own dashboard."""

from __future__ import annotations

import shlex
from functools import partial

import streamlit as st

from app.searching.standing import Standing
from core.search.export import export_file, file_name
from core.storage.study_records import Study
from core.storage.workspace import Workspace

# Kind, label, media type, what it is for.
FILES = (
    ("csv", "CSV", "text/csv", "A row for each trial."),
    ("latex", "LaTeX", "application/x-tex", "A table for a paper."),
    ("optuna", "Optuna storage", "application/vnd.sqlite3", "This study alone, in SQLite."),
)


def export_menu(workspace: Workspace, standing: Standing) -> None:
    """Offers the study as files; each is made when it is asked for."""
    study = standing.study
    with st.popover("Export", icon=":material/download:", key="study.export"):
        for kind, label, media_type, purpose in FILES:
            st.download_button(
                label,
                partial(_content, workspace, study, kind),
                file_name=file_name(study, kind),
                mime=media_type,
                icon=":material/download:",
                key=f"study.export.{kind}",
                on_click="ignore",
                help=purpose,
                width="stretch",
            )
        url = workspace.database.url.render_as_string(hide_password=True)
        st.caption("Optuna's dashboard, installed by `pip install optuna-dashboard`, reads it live")
        st.code(shlex.join(["optuna-dashboard", url]), language=None, wrap_lines=True)
        if workspace.database.url.password:
            st.caption("The password stands in the place of the asterisks.")


def _content(workspace: Workspace, study: Study, kind: str) -> bytes:
    return export_file(workspace, workspace.studies.get(study.id), kind).content
