"""Campaigns: human evaluations - set up, given to raters, watched, closed."""

import streamlit as st

from app import cache
from app.judging.campaign_care import settings_view, state_buttons
from app.judging.campaign_files import export_view, import_form
from app.judging.campaign_form import campaign_form
from app.judging.campaign_list import campaign_table
from app.judging.campaign_progress import progress_view
from app.judging.campaign_publish import publish_view
from app.judging.campaign_raters import rater_view
from app.judging.chosen_campaign import CAMPAIGN, chosen_campaign
from app.navigation import page_path
from app.state import PART
from app.text import page_header

workspace = cache.workspace()
page_header("Campaigns", "People judge translations: set up, share, watch, close.")

campaigns = workspace.campaigns.all()
if not campaigns:
    st.info(
        "No campaign yet. In a campaign people judge what systems translated: they score segments, "
        "mark errors or compare systems. Each rater gets a personal link and sees nothing but "
        "their own work; scores and agreement appear as they go on."
    )
with st.expander("New campaign", icon=":material/add:", expanded=not campaigns):
    campaign_form(workspace, len(campaigns))
with st.expander("Open a finished file", icon=":material/upload_file:"):
    import_form(workspace, len(campaigns))
if not campaigns:
    st.stop()

campaign_table(workspace, campaigns)
# With the address in its key, so that a click on the table above changes it, too.
asked = st.query_params.get(CAMPAIGN, "")
campaign = chosen_campaign(campaigns, key=f"campaigns.chosen.{asked[:12]}")
with st.container(horizontal=True, vertical_alignment="center"):
    state_buttons(workspace, campaign)
    st.page_link(
        page_path("agreement"),
        label="Results",
        icon=":material/handshake:",
        query_params={CAMPAIGN: campaign.id},
    )
PROGRESS, RATERS, SETTINGS, EXPORT = "Progress", "Raters and links", "Settings", "Export"
tabs = st.tabs(
    [PROGRESS, RATERS, SETTINGS, EXPORT], key=PART, on_change="rerun", bind="query-params"
)
if tabs[0].open:
    with tabs[0]:
        progress_view(workspace, campaign)
if tabs[1].open:
    with tabs[1]:
        rater_view(workspace, campaign)
if tabs[2].open:
    with tabs[2]:
        settings_view(workspace, campaign)
if tabs[3].open:
    with tabs[3]:
        export_view(campaign)
        publish_view(workspace, campaign)
