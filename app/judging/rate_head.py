"""The lines above a rater's work: guidelines, overview, pause, language; how far one is."""

from __future__ import annotations

import streamlit as st

from app.judging.guidelines import show_guidelines
from app.judging.rate_view import UNITS, unit_of
from app.judging.rate_welcome import language_choice
from app.judging.wording import Wording
from app.state import session
from core.annotate.asking import settings_of
from core.storage.campaign_records import Campaign, Rater
from core.storage.workspace import Workspace


def progress_line(wording: Wording, states: list[tuple[str, int, bool]]) -> None:
    """Shows how many items are done."""
    num_done = sum(is_done for _, _, is_done in states)
    said = wording.t("rate.progress", done=num_done, count=len(states))
    st.progress(num_done / max(len(states), 1), text=said)


def head(
    workspace: Workspace,
    campaign: Campaign,
    rater: Rater,
    wording: Wording,
) -> None:
    """Shows the few things that are always at hand."""
    draft, t = session().rate, wording.t
    with st.container(horizontal=True, key="rate-head"):
        if st.button(
            t("rate.guidelines"), icon=":material/menu_book:", key="rate.guidelines", shortcut="F2"
        ):
            show_guidelines(
                settings_of(campaign), settings_of(campaign).protocol, wording, rater.language
            )
        is_overview = draft.view == "overview"
        st.button(
            t("rate.back_to_work") if is_overview else t("rate.overview"),
            icon=":material/list:",
            key="rate.overview",
            on_click=_switch,
            args=("work" if is_overview else "overview",),
        )
        is_paused = draft.view == "pause"
        st.button(
            t("rate.go_on") if is_paused else t("rate.pause"),
            icon=":material/play_arrow:" if is_paused else ":material/pause:",
            key="rate.pause",
            on_click=_switch,
            args=("work" if is_paused else "pause",),
        )
        with st.popover(t("rate.more"), icon=":material/tune:", key="rate.more"):
            language_choice(workspace, rater, wording)
            _unit_choice(workspace, campaign, rater, wording)


def _switch(view: str) -> None:
    """Pauses or goes on; what passed before a pause still counts, what passes in it does not."""
    draft = session().rate
    draft.view = view
    draft.elapsed_s()


def _unit_choice(workspace: Workspace, campaign: Campaign, rater: Rater, wording: Wording) -> None:
    now = unit_of(campaign, rater)
    chosen = st.segmented_control(
        wording.t("rate.unit"),
        UNITS,
        default=now,
        format_func=lambda unit: wording.t(f"rate.unit.{unit}"),
        key="rate.unit",
        required=True,
        help=wording.t("rate.unit_help"),
    )
    if chosen and chosen != now:
        workspace.raters.change(rater.id, profile={**rater.profile, "unit": chosen})
        st.rerun()
