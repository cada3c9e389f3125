"""Agreement: what raters found - scores, ranking, errors, and how far raters agree."""

import streamlit as st

from app import cache
from app.judging.adjudication import adjudication_view
from app.judging.agreement_disputes import ADJUDICATION, disagreement_view
from app.judging.agreement_views import agreement_view
from app.judging.chosen_campaign import chosen_campaign
from app.judging.error_views import errors_view
from app.judging.results_views import results_view
from app.judging.scoring_choice import scoring_choice
from app.navigation import page_path
from app.state import PART
from app.text import page_header

SCORED = {
    "Scores": results_view,
    "Errors": errors_view,
    "Agreement": agreement_view,
    "Disagreements": disagreement_view,
}
workspace = cache.workspace()
page_header("Agreement", "What people found: scores, errors, and how far they agree.")

campaigns = workspace.campaigns.all()
if not campaigns:
    st.info(
        "No campaign yet. In a campaign people judge translations; its scores, its errors and how "
        "far the raters agree are shown here. A finished file of WMT's MQM opens as one, too."
    )
    st.page_link(page_path("campaigns"), label="Set one up", icon=":material/rate_review:")
    st.stop()

data = cache.campaign(chosen_campaign(campaigns, key="agreement.campaign").id)
if not any(item.annotation.is_done for item in data.items):
    st.info("No segment is finished in this campaign yet. Results appear as raters go on.")
    st.page_link(page_path("campaigns"), label="See how far they are", icon=":material/group:")
    st.stop()

choice = scoring_choice(data)
tabs = st.tabs([*SCORED, ADJUDICATION], key=PART, on_change="rerun", bind="query-params")
for tab, show in zip(tabs, SCORED.values(), strict=False):
    if tab.open and choice is not None:
        with tab:
            show(data, choice)
if tabs[-1].open:
    with tabs[-1]:
        adjudication_view(workspace, data)
