"""A campaign's guidelines and settings; closing it, opening it again, deleting it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.judging.chosen_campaign import CAMPAIGN
from app.judging.guideline_fields import guideline_fields
from app.problem_views import shown_in_place
from app.state import session
from core.annotate.asking import settings_of
from core.annotate.creating import MAX_NAME, checked_name
from core.annotate.privacy import consent_record
from core.annotate.settings import CampaignSettings
from core.storage.campaign_records import Campaign
from core.storage.workspace import Workspace

SHOWN_APART = ("version", "guidelines", "consent_text", "no_ai_notice", "own_typology")


def state_buttons(workspace: Workspace, campaign: Campaign) -> None:
    """Shows buttons that close the campaign or open it again, and one that deletes it."""
    is_open = campaign.state == "open"
    with st.container(horizontal=True):
        if st.button(
            "Close" if is_open else "Open again",
            icon=":material/lock:" if is_open else ":material/lock_open:",
            key=f"campaigns.state.{campaign.id}.{campaign.state}",
            help="Raters can look at their work, but change nothing."
            if is_open
            else "Raters can go on.",
        ):
            workspace.campaigns.set_state(campaign.id, "closed" if is_open else "open")
            session().notice = f"{campaign.name} is {'closed' if is_open else 'open again'}."
            st.rerun()
        if st.button("Delete", icon=":material/delete:", key=f"campaigns.delete.{campaign.id}"):
            _confirm_deletion(workspace, campaign)


def settings_view(workspace: Workspace, campaign: Campaign) -> None:
    """Shows the settings; name, guidelines and terms can be changed."""
    with shown_in_place("Nothing was changed"):
        settings = settings_of(campaign)
        key = f"campaigns.edit.{campaign.id}"
        name = st.text_input("Name", campaign.name, key=f"{key}.name", max_chars=MAX_NAME)
        stored = settings.model_dump(mode="json")
        changed = settings.changed(**guideline_fields(stored, key=key))
        is_same = changed == settings and name == campaign.name
        if st.button(
            "Save changes",
            icon=":material/save:",
            key=f"{key}.save",
            disabled=is_same,
            help="Nothing was changed." if is_same else None,
        ):
            if name != campaign.name:
                workspace.campaigns.rename(campaign.id, checked_name(name, "campaign"))
            workspace.campaigns.change_settings(campaign.id, changed.model_dump(mode="json"))
            session().notice = "Saved."
            st.rerun()
        st.dataframe(_setting_rows(settings), hide_index=True, width="stretch")
        _consents(workspace, campaign)


def _setting_rows(settings: CampaignSettings) -> pd.DataFrame:
    rows = [
        {
            "Setting": field.title or name.replace("_", " ").capitalize(),
            "Value": str(getattr(settings, name)),
            "What it is": field.description,
        }
        for name, field in CampaignSettings.model_fields.items()
        if name not in SHOWN_APART
    ]
    typology = settings.chosen_typology
    names = ", ".join(category.name for category in typology.categories)
    own = {
        "Setting": "Categories",
        "Value": names,
        "What it is": f"Of the typology {typology.name}",
    }
    return pd.DataFrame([*rows, own] if settings.protocol == "mqm" else rows)


def _consents(workspace: Workspace, campaign: Campaign) -> None:
    rows = consent_record(workspace, campaign.id)
    if rows:
        with st.expander("Who agreed to the terms", icon=":material/verified_user:"):
            st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")


def _confirm_deletion(workspace: Workspace, campaign: Campaign) -> None:
    @st.dialog("Delete a campaign?")
    def window() -> None:
        with shown_in_place():
            st.text(campaign.name)
            st.write(
                "Everything that people judged in it is deleted for good, and their links end. "
                "Export it first if it may be needed."
            )
            with st.container(horizontal=True):
                key = f"campaigns.delete.go.{campaign.id}"
                if st.button("Delete for good", type="primary", key=key):
                    workspace.campaigns.delete(campaign.id)
                    st.query_params.pop(CAMPAIGN, None)
                    session().notice = f"Deleted {campaign.name}."
                    st.rerun()
                if st.button("Keep it", key="campaigns.delete.no"):
                    st.rerun()

    window()
