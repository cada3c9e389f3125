"""Whose work the Annotate page shows: the rater's own, or one that the owner looks at."""

from __future__ import annotations

import streamlit as st

from app.navigation import page_path
from app.state import session
from core.access.roles import Visitor
from core.errors import DataError
from core.storage.campaign_records import Campaign, Rater
from core.storage.workspace import Workspace

RATER = "rater"
OWN = "is_own"  # in a rater's profile: the owner rates, too


def chosen_rater(workspace: Workspace, who: Visitor) -> Rater:
    """Gives the rater whose work is shown; an owner without a choice chooses, and it ends here.

    Raises:
        DataError: The rater's link was taken back since the page was opened.
    """
    if who.role == "rater":
        rater = workspace.raters.get(who.rater_id)
        if rater.revoked_at:
            raise DataError("Your link was taken back.", hint="Ask the organiser for a new one.")
    else:
        asked = st.query_params.get(RATER, "")
        rater = workspace.raters.get(asked) if asked else _choice(workspace)
    if session().rate.rater_id != rater.id:
        session().rate.rater_id = rater.id
        session().rate.go_to(None)
    return rater


def is_onlooker(who: Visitor, rater: Rater) -> bool:
    """Tells whether somebody else's work is looked at: then nothing can be changed."""
    return who.role != "rater" and not rater.profile.get(OWN)


def _choice(workspace: Workspace) -> Rater:
    campaigns = {each.id: each for each in workspace.campaigns.all()}
    raters = [
        rater
        for campaign_id in campaigns
        for rater in workspace.raters.of_campaign(campaign_id)
        if rater.link_version and not rater.revoked_at
    ]
    st.title("Annotate", anchor=False)
    st.caption("What raters see. They enter by their own links and see nothing but this page.")
    if not raters:
        st.info(
            "Nobody has been asked to judge translations yet. Set up a campaign and give each "
            "rater a personal link; you can be one of them."
        )
        st.page_link(page_path("campaigns"), label="Campaigns", icon=":material/rate_review:")
        st.stop()
    names = {each.id: f"{campaigns[each.campaign_id].name} · {each.name}" for each in raters}
    chosen = st.selectbox(
        "Whose work", list(names), format_func=lambda each: names[each], key="rate.whose"
    )
    if st.button("Open", type="primary", key="rate.open"):
        st.query_params[RATER] = chosen
        st.rerun()
    st.caption("The work of others is shown, but cannot be changed here.")
    st.stop()


def campaign_of(workspace: Workspace, rater: Rater) -> Campaign:
    """Gives the campaign in which somebody rates."""
    return workspace.campaigns.get(rater.campaign_id)
