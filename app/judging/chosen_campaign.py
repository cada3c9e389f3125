"""Which campaign a page is about: that of its address, else one that is chosen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.storage.campaign_records import Campaign

CAMPAIGN = "campaign"  # the parameter of the page's address


def chosen_campaign(campaigns: Sequence[Campaign], *, key: str) -> Campaign:
    """Shows the campaigns by name and gives the one that is chosen; the address follows.

    Args:
        campaigns: At least one, the newest first.
        key: Of the widget.
    """
    ids = [each.id for each in campaigns]
    asked = st.query_params.get(CAMPAIGN, "")
    names = {each.id: f"{each.name} · {each.protocol.upper()} · {each.state}" for each in campaigns}
    chosen: str = st.selectbox(
        "Campaign",
        ids,
        index=ids.index(asked) if asked in ids else 0,
        format_func=lambda each: names[each],
        key=f"{key}.{len(ids)}",
        help="Type to search.",
    )
    if chosen != asked:
        st.query_params[CAMPAIGN] = chosen
    return campaigns[ids.index(chosen)]
