"""One item before a rater's eyes: shown by the annotator, saved at once, left when it is whole."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import streamlit as st

from app import cache
from app.components.annotator.component import AnnotatorView, annotator
from app.errors import shown_to_user
from app.judging.rate_head import progress_line
from app.judging.rate_view import item_view
from app.judging.wording import Wording
from app.state import RateDraft, session
from core.annotate.arriving import read_arrived
from core.annotate.asking import AskedItem, ask, first_open_place
from core.annotate.saving import Saved, save
from core.errors import AdaptMLLMError
from core.storage.campaign_records import Campaign, Rater
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)


@st.fragment
def rate_item(
    workspace: Workspace,
    campaign: Campaign,
    rater: Rater,
    wording: Wording,
    *,
    is_locked: bool,
) -> None:
    """Shows an item; what the rater does with it is stored before the page says so.

    A save, and going on to the next item, draw this alone anew: a third of the whole page's time.
    """
    draft = session().rate
    place = draft.place
    if place is None:  # everything is done: the page around it changes as well
        st.rerun()
    with shown_to_user():
        asked = draft.take_asked(place) or ask(workspace, campaign, rater, place)
    if draft.item_id != asked.item.id:
        _open(workspace, draft, asked)
    progress_line(wording, draft.states)
    num_items = len(draft.states)
    view: AnnotatorView = item_view(
        workspace, campaign, rater, asked, draft, wording, num_items=num_items, is_locked=is_locked
    )
    draft.shown = asked
    key = f"rate-{asked.item.id}"
    ids = (campaign.id, rater.id, place)

    def arrived(payload: Any) -> None:
        if is_locked:
            _turn(payload, place, num_items)
        else:
            _take(ids, payload)

    left = annotator(view, key=key, on_save=arrived, on_go=arrived)
    if left and not is_locked:  # from before a restart of the server
        _take(ids, left)
        st.rerun()


def _open(workspace: Workspace, draft: RateDraft, asked: AskedItem) -> None:
    """Begins with another item: its time, and how far the rater is."""
    draft.item_id = asked.item.id
    draft.states = workspace.ratings.states(asked.item.rater_id)
    draft.elapsed_s()


def _turn(payload: Any, place: int, num_items: int) -> None:
    """Leafs through work that cannot be changed."""
    step = {"next": 1, "previous": -1}.get(str(payload.get("to")), 0)
    if 0 <= place + step < num_items:
        session().rate.go_to(place + step)


def _take(ids: tuple[str, str, int], payload: Any) -> None:
    """Stores what arrived and moves on where that was asked for; only remembers what failed."""
    workspace, draft = cache.workspace(), session().rate
    campaign_id, rater_id, _ = ids
    try:
        asked = _asked(workspace, ids)
        answer = read_arrived(payload, asked.question)
        found = save(workspace, rater_id, asked, answer, elapsed_s=draft.elapsed_s())
    except AdaptMLLMError as error:
        draft.problem = str(error)
        log.warning("a rating was not saved: %s", error)
        return
    draft.problem = ""
    draft.saved(answer.save_id)
    draft.asked = replace(asked, rating=found.rating)
    draft.missing, draft.warnings = found.missing, found.warnings
    if answer.goes_to:
        _go(workspace, campaign_id, draft, asked, found, answer.goes_to)


def _asked(workspace: Workspace, ids: tuple[str, str, int]) -> AskedItem:
    """Gives the item that an answer is about; the texts that were shown cannot have changed."""
    campaign_id, rater_id, place = ids
    shown = session().rate.shown
    if shown is not None and (shown.item.rater_id, shown.item.place) == (rater_id, place):
        return shown
    campaign, rater = workspace.campaigns.get(campaign_id), workspace.raters.get(rater_id)
    return ask(workspace, campaign, rater, place)


def _go(
    workspace: Workspace,
    campaign_id: str,
    draft: RateDraft,
    asked: AskedItem,
    found: Saved,
    goes_to: str | int,
) -> None:
    place = asked.item.place
    if goes_to == "previous":
        draft.go_to(max(place - 1, 0))
    elif isinstance(goes_to, int):
        draft.go_to(goes_to)
    elif found.may_go_on and _has_feedback(workspace, campaign_id, asked, draft):
        draft.feedback_for = asked.item.id
    elif found.may_go_on:
        draft.go_to(_next_place(workspace, asked))


def _next_place(workspace: Workspace, asked: AskedItem) -> int | None:
    """Gives the next open place after this one, else the first open one, else None."""
    states = workspace.ratings.states(asked.item.rater_id)
    behind = (place for _, place, is_done in states if not is_done and place > asked.item.place)
    return next(behind, None) or first_open_place(workspace, asked.item.rater_id)


def _has_feedback(
    workspace: Workspace, campaign_id: str, asked: AskedItem, draft: RateDraft
) -> bool:
    """Tells whether gold is to be shown before one goes on, once for a calibration item."""
    item = asked.item
    if item.kind != "calibration" or draft.feedback_for == item.id:
        return False
    gold = workspace.ratings.gold(campaign_id, [item.segment])
    return any(each.system in item.systems for each in gold)
