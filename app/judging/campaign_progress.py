"""How far each rater of a campaign is, kept up to date while people work."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.access.visiting import visitor
from app.errors import shown_to_user
from app.text import ago, duration
from core.access.roles import check_may_see
from core.annotate.progress import CampaignProgress, RaterRow, campaign_progress
from core.storage.campaign_records import Campaign
from core.storage.workspace import Workspace

INTERVAL_S = 5


def progress_view(workspace: Workspace, campaign: Campaign) -> None:
    """Shows a campaign's progress; while it is open it refreshes by itself."""

    @st.fragment(run_every=INTERVAL_S if campaign.state == "open" else None)
    def live() -> None:
        with shown_to_user():
            check_may_see(visitor(), "campaigns")
            _show(campaign_progress(workspace, campaign))

    live()


def _show(progress: CampaignProgress) -> None:
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
        pd.DataFrame([_row(row) for row in progress.rows]),
        hide_index=True,
        width="stretch",
        column_config={
            "Done": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "Active": st.column_config.TextColumn(help="Pauses of more than a minute are cut."),
        },
    )


def _row(row: RaterRow) -> dict[str, object]:
    return {
        "Rater": row.rater.name,
        "State": row.state,
        "Done": row.num_done / row.num_items if row.num_items else 0.0,
        "Items": f"{row.num_done:,} of {row.num_items:,}",
        "Active": duration(row.active_s) if row.active_s else "–",
        "Items an hour": None if row.items_per_h is None else round(row.items_per_h),
        "Work left": duration(row.left_s),
        "Finish": row.finish_at[:10] if row.finish_at else "–",
        "Last seen": ago(row.last_at),
    }
