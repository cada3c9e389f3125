"""Emissions: what work and answers cost, what they were worth, what they would cost elsewhere."""

import streamlit as st

from app import cache
from app.emissions.choices import choices
from app.emissions.elsewhere import elsewhere
from app.emissions.overview import overview
from app.emissions.quality import quality
from app.emissions.work import SETTINGS_PART, grid_notice, work_of
from app.footprint_views import inference
from app.state import PART
from app.text import page_header

PARTS = {
    "Overview": overview,
    "Quality": quality,
    "What if": elsewhere,
    "Inference": inference,
    SETTINGS_PART: choices,
}
workspace = cache.workspace()
page_header("Emissions", "What the work cost in energy and CO2eq, and how sure that is.")

work = work_of(workspace)
grid_notice(work)
tabs = st.tabs(list(PARTS), key=PART, on_change="rerun", bind="query-params")
for tab, show in zip(tabs, PARTS.values(), strict=True):
    if tab.open:
        with tab:
            show(workspace, work)
