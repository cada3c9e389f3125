"""Taking the ratings of campaigns that judge the translations which are compared."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import cache
from app.problem_views import shown_in_place
from app.state import session
from app.text import counted, moment, plain
from core.annotate.formats.writing import usual_preset
from core.annotate.mqm_weights import PRESETS, Preset
from core.evaluate.people.from_campaign import publish_ratings
from core.evaluate.people.unpublished import UnpublishedCampaign, unpublished_campaigns
from core.storage.scoring_records import Scoring
from core.storage.workspace import Workspace


def campaign_ratings(workspace: Workspace, test_set: str, scorings: Sequence[Scoring]) -> bool:
    """Offers what is not among the ratings of a test set yet, and tells whether there is any.

    Args:
        workspace: Where all is stored.
        test_set: Hash of the test set.
        scorings: Its human ratings.
    """
    found = unpublished_campaigns(workspace, test_set, scorings)
    for each in found:
        with st.container(border=True, key=f"people-campaign-{each.campaign.id}"):
            _offer(workspace, each)
    return bool(found)


def _offer(workspace: Workspace, found: UnpublishedCampaign) -> None:
    campaign = found.campaign
    st.text(f"{campaign.name}: {counted(found.num_done, 'item')} finished")
    if found.published_at:
        st.caption(f"Its ratings here are those of {moment(found.published_at)}.")
    with (
        shown_in_place("No ratings were taken"),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        preset = _preset(campaign.id)
        if st.button(
            f"Take the ratings of {plain(campaign.name)}",
            icon=":material/group:",
            key=f"people.take.{campaign.id}",
        ):
            publish_ratings(workspace, campaign.id, preset)
            session().notice = f"Took the ratings of {campaign.name}."
            st.rerun()


def _preset(campaign_id: str) -> Preset:
    """Shows which weights MQM errors have; other protocols need none."""
    data = cache.campaign(campaign_id)
    usual = usual_preset(data)
    if data.protocol != "mqm":
        return usual
    names = list(PRESETS)
    name = st.selectbox(
        "Weights of MQM errors",
        names,
        index=names.index(usual.name),
        key=f"people.take.preset.{campaign_id}",
        width=220,
    )
    return PRESETS[name]
