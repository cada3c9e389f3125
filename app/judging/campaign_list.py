"""The list of campaigns: state, protocol, how far each is; a click on one shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.judging.chosen_campaign import CAMPAIGN
from app.text import ago
from core.annotate.progress import campaign_progress
from core.languages import language_name
from core.storage.campaign_records import Campaign
from core.storage.workspace import Workspace


def campaign_table(workspace: Workspace, campaigns: Sequence[Campaign]) -> None:
    """Shows campaigns as rows; a click on one makes it the one that is looked at."""
    # A selection is a row number: in a list that changed it would be another campaign. Once it
    # was followed, the table starts anew, so that the address can name another one.
    shown = hashlib.sha256(" ".join(each.id for each in campaigns).encode()).hexdigest()[:12]
    asked = st.query_params.get(CAMPAIGN, "")
    chosen = st.dataframe(
        pd.DataFrame([_row(workspace, each) for each in campaigns]),
        hide_index=True,
        key=f"campaigns.table.{shown}.{asked[:12]}",
        on_select="rerun",
        selection_mode="single-row",
        width="stretch",
        column_config={
            "Progress": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
        },
    )
    selected = chosen.selection.rows
    if selected and campaigns[selected[0]].id != asked:
        st.query_params[CAMPAIGN] = campaigns[selected[0]].id
        st.rerun()


def _row(workspace: Workspace, campaign: Campaign) -> dict[str, object]:
    progress = campaign_progress(workspace, campaign)
    names = [
        language_name(each) if each else "–" for each in (campaign.src_lang, campaign.tgt_lang)
    ]
    return {
        "Name": campaign.name,
        "State": campaign.state,
        "Protocol": campaign.protocol.upper(),
        "Progress": round(progress.num_done / max(progress.num_items, 1), 2),
        "Items": f"{progress.num_done:,} of {progress.num_items:,}",
        "Raters": len(progress.rows),
        "Direction": f"{names[0]} → {names[1]}",
        "Made": ago(campaign.created_at),
    }
