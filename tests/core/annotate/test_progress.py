from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.annotate.progress import campaign_progress
from core.annotate.staffing import revoke_rater
from core.storage.workspace import Workspace
from tests.core.annotate.test_staffing import campaign, finish

NOW = datetime(2026, 1, 3, 10, tzinfo=UTC)


def test_progress_tells_pace_and_the_end_at_as_many_hours_a_day_as_until_now(
    workspace: Workspace,
) -> None:
    made, (ann, ben) = campaign(workspace)
    for item in workspace.raters.items(ann.id)[:5]:
        finish(workspace, item.id, active_s=36, at="2026-01-01T10:00:00")
    found = campaign_progress(workspace, made, now=NOW)
    row, other = found.rows
    assert (row.rater.id, row.state, row.num_done, row.num_items) == (ann.id, "working", 5, 20)
    assert row.items_per_h == pytest.approx(100)
    assert row.left_s == pytest.approx(15 * 36)
    # 180 s in two days: the 540 s that are left take six more.
    assert row.finish_at == "2026-01-09T10:00:00.000+00:00"
    assert row.last_at == "2026-01-01T10:00:00+00:00"
    assert (other.rater.id, other.state, other.items_per_h) == (ben.id, "not begun", None)
    assert (found.num_done, found.num_items, found.active_s) == (5, 40, 180)
    assert found.finish_at is None  # Ben has not begun


def test_the_first_day_counts_whole(workspace: Workspace) -> None:
    made, (ann, _) = campaign(workspace)
    for item in workspace.raters.items(ann.id)[:10]:
        finish(workspace, item.id, active_s=60, at="2026-01-03T09:00:00")
    row = campaign_progress(workspace, made, now=NOW).rows[0]
    assert row.finish_at == "2026-01-04T10:00:00.000+00:00"


def test_who_has_finished_or_lost_the_link_needs_no_projection(workspace: Workspace) -> None:
    made, (ann, ben) = campaign(workspace)
    for item in workspace.raters.items(ann.id):
        finish(workspace, item.id)
    finish(workspace, workspace.raters.items(ben.id)[0].id)
    assert campaign_progress(workspace, made, now=NOW).finish_at
    revoke_rater(workspace, ben.id)
    found = campaign_progress(workspace, made, now=NOW)
    assert [row.state for row in found.rows] == ["finished", "link taken back"]
    assert [row.finish_at for row in found.rows] == [None, None]


def test_a_pace_that_would_take_decades_is_not_projected(workspace: Workspace) -> None:
    made, (ann, _) = campaign(workspace)
    finish(workspace, workspace.raters.items(ann.id)[0].id, at="1990-01-01T10:00:00")
    row = campaign_progress(workspace, made, now=NOW).rows[0]
    assert row.finish_at is None and row.left_s == pytest.approx(19 * 30)
