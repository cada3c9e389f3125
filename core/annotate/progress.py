"""How far a campaign's raters are, how fast they are, and when they will have finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from core.annotate.creating import REPLACED
from core.storage.campaign_records import Campaign, Rater
from core.storage.rating_records import RaterProgress
from core.storage.workspace import Workspace

RaterState: TypeAlias = Literal["not begun", "working", "finished", "no work", "link taken back"]

DAY_S = 86_400
_FURTHEST_DAYS = 3650  # a guess beyond it says nothing


@dataclass(frozen=True)
class RaterRow:
    """How far one rater is.

    Attributes:
        rater: The record.
        state: In words.
        num_items, num_done: Items asked, and finished ones.
        active_s: Seconds of work, pauses left out.
        items_per_h: Finished items an hour of work; None before there is any.
        left_s: Seconds of work left, at that pace; None before there is one.
        finish_at: UTC ISO-8601 of the projected end; None where nothing can be projected.
        last_at: When the rater saved last or, without that, was here last.
    """

    rater: Rater
    state: RaterState
    num_items: int
    num_done: int
    active_s: float
    items_per_h: float | None = None
    left_s: float | None = None
    finish_at: str | None = None
    last_at: str | None = None


@dataclass(frozen=True)
class CampaignProgress:
    """How far all raters of a campaign are together.

    Attributes:
        rows: A rater each, in the order in which they were added.
        num_items, num_done: Items of all, and finished ones.
        active_s: Seconds of work.
        finish_at: The latest projected end; None as long as one who has work left has none.
    """

    rows: Sequence[RaterRow]
    num_items: int
    num_done: int
    active_s: float
    finish_at: str | None


def campaign_progress(
    workspace: Workspace, campaign: Campaign, *, now: datetime | None = None
) -> CampaignProgress:
    """Gives how far a campaign is.

    Args:
        workspace: Where it is stored.
        campaign: The campaign.
        now: The time from which ends are projected; else the clock's.
    """
    now = now or datetime.now(UTC)
    found = workspace.ratings.progress(campaign.id)
    rows = [
        _row(rater, found.get(rater.id, RaterProgress()), now)
        for rater in workspace.raters.of_campaign(campaign.id)
    ]
    open_rows = [row for row in rows if row.num_done < row.num_items]
    ends = [row.finish_at for row in open_rows if row.finish_at]
    return CampaignProgress(
        rows=rows,
        num_items=sum(row.num_items for row in rows),
        num_done=sum(row.num_done for row in rows),
        active_s=sum(row.active_s for row in rows),
        finish_at=max(ends) if ends and len(ends) == len(open_rows) else None,
    )


def _row(rater: Rater, done: RaterProgress, now: datetime) -> RaterRow:
    if rater.profile.get(REPLACED):  # what was left open is another's work now
        done = replace(done, num_items=done.num_done)
    pace_s = done.active_s / done.num_done if done.num_done and done.active_s > 0 else None
    num_left = done.num_items - done.num_done
    left_s = None if pace_s is None else num_left * pace_s
    return RaterRow(
        rater=rater,
        state=_state(rater, done),
        num_items=done.num_items,
        num_done=done.num_done,
        active_s=done.active_s,
        items_per_h=None if pace_s is None else 3600 / pace_s,
        left_s=left_s,
        finish_at=None if rater.revoked_at else _finish_at(done, left_s, now),
        last_at=done.last_at or rater.seen_at,
    )


def _state(rater: Rater, done: RaterProgress) -> RaterState:
    if done.num_items and done.num_done == done.num_items:
        return "finished"
    if rater.revoked_at:
        return "link taken back"
    if not done.num_items:
        return "no work"
    return "working" if done.first_at else "not begun"


def _finish_at(done: RaterProgress, left_s: float | None, now: datetime) -> str | None:
    """Projects the end: the rater goes on with as many hours of work a day as until now."""
    if not left_s or not done.first_at or done.active_s <= 0:
        return None
    elapsed_s = (now - datetime.fromisoformat(done.first_at)).total_seconds()
    days = left_s / (done.active_s / max(1.0, elapsed_s / DAY_S))
    if days > _FURTHEST_DAYS:
        return None
    return (now + timedelta(days=days)).isoformat(timespec="milliseconds")
