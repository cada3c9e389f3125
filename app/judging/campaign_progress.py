"""How far each rater of a campaign is, kept up to date while people work."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from app import cache
from app.access.visiting import visitor
from app.errors import shown_to_user
from app.text import ago, duration
from core.access.roles import check_may_see
from core.annotate.agreement.rater_table import RaterQuality, rater_table
from core.annotate.formats.writing import usual_preset
from core.annotate.progress import CampaignProgress, RaterRow, campaign_progress
from core.errors import ConfigError
from core.storage.campaign_records import Campaign
from core.storage.workspace import Workspace

INTERVAL_S = 5


def progress_view(workspace: Workspace, campaign: Campaign) -> None:
    """Shows a campaign's progress; while it is open it refreshes by itself.

    What the checks say is reckoned when the page is opened or something is clicked on it.
    """
    failed = _failed_checks(campaign)

    @st.fragment(run_every=INTERVAL_S if campaign.state == "open" else None)
    def live() -> None:
        with shown_to_user():
            check_may_see(visitor(), "campaigns")
            _show(campaign_progress(workspace, campaign), failed)

    live()


def _show(progress: CampaignProgress, failed: Mapping[str, str]) -> None:
    share = progress.num_done / progress.num_items if progress.num_items else 0.0
    st.progress(share, text=f"{progress.num_done:,} of {progress.num_items:,} items judged")
    columns = st.columns(3)
    columns[0].metric("Active time", duration(progress.active_s))
    pace = 3600 * progress.num_done / progress.active_s if progress.active_s else None
    columns[1].metric("Items an hour", "–" if pace is None else f"{pace:.0f}")
    columns[2].metric(
        "Projected finish",
        progress.finish_at[:10] if progress.finish_at else "–",
        help="At the hours a day and the pace of each rater until now; the slowest decides. It is "
        "open until everybody has begun.",
    )
    if not progress.rows:
        st.info("This campaign has no rater. Add one below.")
        return
    st.dataframe(
        pd.DataFrame([_row(row, failed) for row in progress.rows]),
        hide_index=True,
        width="stretch",
        column_config={
            "Done": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "Checks failed": st.column_config.TextColumn(
                help="Spoilt translations not scored worse, and wrong answers to gold; a ⚠ means "
                "that somebody should look at this rater's work, on the page Agreement."
            ),
            "Active": st.column_config.TextColumn(help="Pauses of more than a minute are cut."),
        },
    )


def _failed_checks(campaign: Campaign) -> dict[str, str]:
    """Gives in words what the hidden checks say of each rater who has finished something."""
    data = cache.campaign(campaign.id)
    try:
        table = rater_table(data, usual_preset(data))
    except ConfigError:
        return {}  # severities that need weights of one's own; Agreement says so
    return {each.rater: _check_words(each) for each in table}


def _check_words(quality: RaterQuality) -> str:
    words = f"{quality.checks.num_failed} of {quality.num_checks}" if quality.num_checks else "–"
    return f"⚠ {words}" if quality.is_suspicious else words


def _row(row: RaterRow, failed: Mapping[str, str]) -> dict[str, object]:
    return {
        "Rater": row.rater.name,
        "State": row.state,
        "Done": round(row.num_done / max(row.num_items, 1), 2),
        "Items": f"{row.num_done:,} of {row.num_items:,}",
        "Active": duration(row.active_s) if row.active_s else "–",
        "Items an hour": "–" if row.items_per_h is None else f"{row.items_per_h:.0f}",
        "Finish": row.finish_at[:10] if row.finish_at else "–",
        "Checks failed": failed.get(row.rater.name, "–"),
        "Last seen": ago(row.last_at),
    }
