"""Saving what a rater did: at once, once, and only what the rater may change."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.annotate.arriving import Arrived
from core.annotate.asking import AskedItem
from core.annotate.doubts import contradictions, missing
from core.errors import DataError
from core.storage.files import utc_now
from core.storage.rating_records import Rating, Standing, not_yours_any_more
from core.storage.workspace import Workspace

# A longer gap between two signs of life is a pause, and counts as this much.
IDLE_CAP_S = 60.0


@dataclass(frozen=True)
class Saved:
    """What became of a save.

    Attributes:
        rating: The item's newest state.
        missing: Codes of what the answer lacks; one cannot go on.
        warnings: Codes of contradictions that the rater has not confirmed.
    """

    rating: Rating
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def may_go_on(self) -> bool:
        """Whether the item is finished."""
        return not self.missing and not self.warnings


def save(
    workspace: Workspace, rater_id: str, asked: AskedItem, arrived: Arrived, *, elapsed_s: float
) -> Saved:
    """Stores an answer; where the rater wants to go on, finishes the item if nothing is amiss.

    Args:
        workspace: Where it is stored.
        rater_id: Who answers.
        asked: The item that was shown; its state may be an older one.
        arrived: The checked answer.
        elapsed_s: Seconds since the item was shown or saved last; pauses are cut.

    Raises:
        DataError: The campaign is closed, the rater's link was taken back, or the item belongs to
            somebody else.
        HostError: The disk is full.
    """
    before = _checked(workspace, rater_id, asked).rating
    active_s = (before.active_s if before else 0.0) + min(max(elapsed_s, 0.0), IDLE_CAP_S)
    wants_on = arrived.goes_to == "next"
    lacks = missing(asked.question, arrived.annotation)
    doubts = _doubts(workspace, asked, arrived, active_s) if wants_on and not lacks else []
    open_doubts = [code for code in doubts if code not in arrived.confirmed]
    was_done = before is not None and before.is_done
    is_done = not lacks and (was_done or (wants_on and not open_doubts))
    rating = _rating(asked, before, arrived, active_s, doubts, is_done=is_done)
    # Going on is another save of the same answer, and so is going on once it is confirmed.
    suffix = "" if not wants_on else ".done" if is_done else ".open"
    stored = workspace.ratings.save(rating, arrived.save_id + suffix, rater_id=rater_id)
    return Saved(stored, tuple(lacks) if wants_on else (), tuple(open_doubts))


def _checked(workspace: Workspace, rater_id: str, asked: AskedItem) -> Standing:
    """Gives where an item stands now, if the rater may still change it."""
    if asked.item.rater_id != rater_id:
        raise DataError("This segment belongs to somebody else.", hint="Open your own work.")
    found = workspace.ratings.standing(asked.item.id)
    if found is None or found.rater_id != rater_id:
        raise not_yours_any_more()
    if found.campaign_state != "open":
        raise DataError(
            "This evaluation is closed; nothing more can be changed.",
            hint="Ask the organiser to open it again.",
        )
    if found.revoked_at:
        raise DataError("Your link was taken back.", hint="Ask the organiser for a new one.")
    return found


def _doubts(workspace: Workspace, asked: AskedItem, arrived: Arrived, active_s: float) -> list[str]:
    return contradictions(
        asked.question,
        arrived.annotation,
        active_s=active_s,
        scores_before=_scores_before(workspace, asked),
    )


def _rating(
    asked: AskedItem,
    before: Rating | None,
    arrived: Arrived,
    active_s: float,
    doubts: list[str],
    *,
    is_done: bool,
) -> Rating:
    now = utc_now()
    warnings = before.warnings if before else []
    return Rating(
        item_id=asked.item.id,
        revision=0,
        annotation=replace(arrived.annotation, is_done=is_done).to_json(),
        is_done=is_done,
        active_s=active_s,
        started_at=now,
        saved_at=now,
        warnings=sorted({*warnings, *doubts}),
    )


def _scores_before(workspace: Workspace, asked: AskedItem) -> list[float | None]:
    if not asked.question.asks_score:
        return []
    rated = workspace.ratings.of_rater(asked.item.rater_id).values()
    done = sorted((each for each in rated if each.is_done), key=lambda each: each.saved_at)
    return [each.annotation["score"] for each in done if each.item_id != asked.item.id]
