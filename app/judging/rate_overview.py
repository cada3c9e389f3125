"""What a rater has done and what is left; any item can be opened again."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.judging.rate_data import own_data
from app.judging.wording import Wording
from app.state import session
from core.annotate.annotation import Annotation
from core.annotate.asking import settings_of
from core.annotate.settings import MARKING
from core.storage.campaign_records import Campaign, Rater
from core.storage.rating_records import Rating
from core.storage.workspace import Workspace


def overview(
    workspace: Workspace,
    campaign: Campaign,
    rater: Rater,
    wording: Wording,
    states: list[tuple[str, int, bool]],
) -> None:
    """Shows the items in order; one can be opened by its number or by a click on its row."""
    t = wording.t
    st.subheader(t("rate.overview"), anchor=False)
    ratings = workspace.ratings.of_rater(rater.id)
    rows = [_row(place, ratings.get(item_id), wording) for item_id, place, _ in states]
    with (
        st.form("rate.jump", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        number = st.number_input(
            t("rate.segment_number"), 1, max(len(states), 1), key="rate.number", width=160
        )
        if st.form_submit_button(t("rate.open_segment"), icon=":material/open_in_new:"):
            session().rate.go_to(int(number) - 1)
            st.rerun()
    found = st.dataframe(
        pd.DataFrame(rows, columns=_columns(campaign, wording)),
        hide_index=True,
        width="stretch",
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        key="rate.rows",
    )
    chosen = found["selection"]["rows"]
    if chosen:
        session().rate.go_to(states[chosen[0]][1])
        st.rerun()
    own_data(workspace, campaign, rater, wording)


def finished(
    workspace: Workspace,
    campaign: Campaign,
    rater: Rater,
    wording: Wording,
    states: list[tuple[str, int, bool]],
) -> None:
    """Thanks a rater who has done everything, and shows what can still be changed."""
    st.success(wording.t("rate.all_done", count=len(states)), icon=":material/task_alt:")
    st.caption(wording.t("rate.all_done_hint"))
    overview(workspace, campaign, rater, wording, states)


def _columns(campaign: Campaign, wording: Wording) -> list[str]:
    """Gives the names of the columns that the protocol fills."""
    settings = settings_of(campaign)
    shown = ["segment", "state"]
    if settings.protocol in ("sqm", "esa") or settings.asks_sqm:
        shown.append("score")
    if settings.protocol in MARKING:
        shown.append("errors")
    return [wording.t(f"rate.{each}") for each in [*shown, "comment"]]


def _row(place: int, rating: Rating | None, wording: Wording) -> dict[str, object]:
    annotation = Annotation.of_json(rating.annotation) if rating else Annotation()
    state = "done" if annotation.is_done else "begun" if rating else "open"
    return {
        wording.t("rate.segment"): place + 1,
        wording.t("rate.state"): wording.t(f"rate.state.{state}"),
        wording.t("rate.score"): None if annotation.score is None else int(annotation.score),
        wording.t("rate.errors"): len(annotation.marks),
        wording.t("rate.comment"): annotation.comment,
    }
