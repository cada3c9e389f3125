"""Setting up a campaign: what is judged, how, by whom, and what that takes."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.forms import field_problems, group_fields
from app.judging.campaign_protocol import protocol_fields
from app.judging.campaign_sources import source_fields
from app.judging.chosen_campaign import CAMPAIGN
from app.judging.guideline_fields import guideline_fields
from app.problem_views import problem, shown_in_place
from app.state import session
from core.annotate.creating import MAX_NAME, checked_raters, create_campaign
from core.annotate.planning import SECONDS_PER_ITEM, forecast
from core.annotate.settings import CampaignSettings
from core.annotate.sources import CampaignSources
from core.errors import ConfigError
from core.storage.workspace import Workspace

SAMPLE = ["num_segments", "num_context", "block_size", "raters_per_segment", "share_shared", "seed"]
CHECKS = ["num_calibration", "share_degraded", "share_repeats", "share_gold"]
COST = ["unit", "cost_per_hour", "currency"]
NOT_CREATED = "The campaign cannot be created so"


def campaign_form(workspace: Workspace, num_campaigns: int) -> None:
    """Shows the fields of a new campaign with its forecast, and creates it.

    Args:
        workspace: Where it is stored.
        num_campaigns: How many there are: after one was created the fields start empty.
    """
    key = f"campaigns.new.{num_campaigns}"
    name = st.text_input("Name", key=f"{key}.name", max_chars=MAX_NAME)
    with shown_in_place(NOT_CREATED):
        texts = source_fields(workspace, key=key)
        values = protocol_fields(key=key)
        if texts is None:
            st.caption("Choose what is judged; then comes who judges how much of it.")
            return
        values |= _work_fields(values, texts, key)
        raters, own_name = _rater_fields(key)
        values |= guideline_fields({}, texts, key=key)
        try:
            settings = CampaignSettings.parse(values)
            names = checked_raters([*raters, own_name])
        except ConfigError as error:
            for sentence in field_problems(CampaignSettings, error):
                problem(NOT_CREATED, sentence)
            return
        _create(workspace, name, settings, texts, raters, own_name, len(names), key)


def _work_fields(values: dict[str, Any], texts: CampaignSources, key: str) -> dict[str, Any]:
    """Shows the numbers of the sample, the overlap and the checks."""
    usual = CampaignSettings()
    # A default that the test set could not give would be a fault before anybody chose anything.
    start = {"num_segments": usual.num_segments if len(texts.segments) > 2 * 100 else 0}
    key = f"{key}.{texts.test_set_hash[:12] or len(texts.segments)}"
    found: dict[str, Any] = {}
    with st.expander("Sample and overlap", icon=":material/groups:", expanded=True):
        found |= group_fields(CampaignSettings, SAMPLE, start, key=key)
    with st.expander("Calibration and checks", icon=":material/fact_check:"):
        st.caption(
            "Calibration comes first and is the same for all. Checks are hidden among the items; "
            "what they tell of a rater stands on the page Agreement."
        )
        checks = [
            each for each in CHECKS if values["protocol"] != "ranking" or each != "share_degraded"
        ]
        found |= group_fields(CampaignSettings, checks, {}, key=key)
    with st.expander("Marking and cost", icon=":material/payments:"):
        found |= group_fields(CampaignSettings, COST, {}, key=key)
    return found


def _rater_fields(key: str) -> tuple[list[str], str]:
    """Gives the names of the raters, and the owner's own or ""."""
    text = st.text_area(
        "Raters, one a line",
        key=f"{key}.raters",
        height=110,
        placeholder="Áine\nBreandán",
        help="Each gets a personal link. Names are yours alone: exports give numbers instead.",
    )
    own_name = ""
    if st.toggle("I rate, too", key=f"{key}.own", help="You need no link: open it from here."):
        own_name = st.text_input("Your name here", "Organiser", key=f"{key}.own_name", max_chars=80)
    return text.splitlines(), own_name


def _create(
    workspace: Workspace,
    name: str,
    settings: CampaignSettings,
    texts: CampaignSources,
    raters: list[str],
    own_name: str,
    num_raters: int,
    key: str,
) -> None:
    missing = "Name at least one rater." if not num_raters else ""
    if num_raters:
        _show_forecast(settings, texts, num_raters)
    missing = missing or ("" if name.strip() else "Give the campaign a name.")
    if st.button(
        "Create",
        type="primary",
        icon=":material/add:",
        key=f"{key}.create",
        disabled=bool(missing),
        help=missing or "Raters can begin at once, each by their own link.",
    ):
        made = create_campaign(workspace, name, settings, texts, raters, own_name=own_name)
        st.query_params[CAMPAIGN] = made.id
        session().notice = f"Created {made.name}. Copy the raters' links below."
        st.rerun()


def _show_forecast(settings: CampaignSettings, texts: CampaignSources, num_raters: int) -> None:
    found = forecast(settings, texts, num_raters)
    least, most = found.least_items, found.most_items
    with st.container(border=True):
        st.caption("What this takes")
        columns = st.columns(4)
        columns[0].metric("Items a rater", f"{most:,}" if least == most else f"{least:,}–{most:,}")
        columns[1].metric("Segments", f"{found.num_segments:,}")
        columns[2].metric("Time a rater", f"{found.longest_h:.1f} h")
        if found.cost is None:
            columns[3].metric("Time in all", f"{found.total_h:.1f} h")
        else:
            columns[3].metric("Cost", f"{found.cost:,.0f} {settings.currency}")
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in found.counts.items())
        words = "" if found.num_words is None else f" {found.num_words:,} words to read."
        st.text(
            f"All raters together: {kinds}.{words} Reckoned with "
            f"{SECONDS_PER_ITEM[settings.protocol]:.0f} s an item."
        )
