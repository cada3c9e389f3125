"""The menu: sections and pages, nothing else."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

PAGES = Path(__file__).resolve().parents[1] / "pages"


def page_path(name: str) -> Path:
    """Gives the file of a page for `st.switch_page` and `st.page_link`."""
    return PAGES / f"{name}.py"


def menu() -> StreamlitPage:
    """Shows the menu and gives the page that was chosen."""
    home = st.Page(page_path("home"), title="Home", icon=":material/home:", default=True)
    corpora = st.Page(page_path("corpora"), title="Corpora", icon=":material/library_books:")
    finetune = st.Page(page_path("finetune"), title="Fine-tune", icon=":material/tune:")
    runs = st.Page(page_path("runs"), title="Runs", icon=":material/monitoring:")
    run = st.Page(page_path("run"), title="Run", visibility="hidden")
    deploy = st.Page(page_path("deploy"), title="Deploy", icon=":material/cloud_upload:")
    playground = st.Page(page_path("playground"), title="Playground", icon=":material/forum:")
    evaluate = st.Page(page_path("evaluate"), title="Evaluate", icon=":material/leaderboard:")
    campaigns = st.Page(page_path("campaigns"), title="Campaigns", icon=":material/rate_review:")
    annotate = st.Page(page_path("annotate"), title="Annotate", icon=":material/edit_note:")
    agreement = st.Page(page_path("agreement"), title="Agreement", icon=":material/handshake:")
    settings = st.Page(page_path("settings"), title="Settings", icon=":material/settings:")
    return st.navigation(
        {
            "": [home],
            "Build": [corpora, finetune, runs, run],
            "Compare": [playground, evaluate],
            "Judge": [campaigns, annotate, agreement],
            "Ship": [deploy],
            " ": [settings],
        }
    )
