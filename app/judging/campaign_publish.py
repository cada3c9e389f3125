"""Publishing a campaign's ratings to Evaluate, where they stand beside automatic metrics."""

from __future__ import annotations

import streamlit as st

from app import cache
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.state import session
from core.annotate.formats.writing import usual_preset
from core.annotate.mqm_weights import PRESETS
from core.evaluate.people.from_campaign import add_translation_sets, publish_ratings
from core.storage.campaign_records import Campaign
from core.storage.workspace import Workspace


def publish_view(workspace: Workspace, campaign: Campaign) -> None:
    """Stores the ratings as scores of the systems' translation sets; these are made if need be."""
    st.subheader("To Evaluate", anchor=False)
    with shown_in_place("Nothing was published"):
        data = cache.campaign(campaign.id)
        preset = usual_preset(data)
        if campaign.protocol == "mqm":
            names = list(PRESETS)
            name = st.selectbox(
                "Weights of errors",
                names,
                index=names.index(preset.name),
                key=f"campaigns.publish.{campaign.id}",
            )
            preset = PRESETS[name]
        has_sets = any(system.set_id for system in data.systems)
        st.caption(
            "What raters gave so far stands beside BLEU and the other metrics there. Publish it "
            "again when there is more."
            + ("" if has_sets else " Its texts become a test set with a translation set a system.")
        )
        num_done = sum(1 for _ in data.done())
        if st.button(
            "Publish",
            icon=":material/publish:",
            key=f"campaigns.publish.go.{campaign.id}",
            disabled=not num_done,
            help=None if num_done else "No item is finished yet.",
        ):
            if not has_sets:
                add_translation_sets(workspace, campaign.id)
            scoring = publish_ratings(workspace, campaign.id, preset)
            session().evaluate.replace(scoring.test_set_hash, {})
            st.success("Published.", icon=":material/check:")
            st.page_link(page_path("evaluate"), label="See it there", icon=":material/leaderboard:")
