from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedSegment, JudgedSystem
from core.annotate.creating import create_campaign
from core.annotate.progress import campaign_progress
from core.annotate.settings import CampaignSettings
from core.annotate.staffing import add_rater, renew_link, replace_rater, revoke_rater
from core.annotate.stored import store_campaign
from core.errors import ConfigError
from core.storage.campaign_records import Campaign, Rater
from core.storage.rating_records import Rating
from core.storage.workspace import Workspace
from tests.core.annotate.test_creating import sources


def campaign(workspace: Workspace, **values: Any) -> tuple[Campaign, list[Rater]]:
    settings = CampaignSettings.parse({"num_segments": 0, "share_shared": 0, **values})
    made = create_campaign(workspace, "c", settings, sources(20, 2), ["Ann", "Ben"])
    return made, workspace.raters.of_campaign(made.id)


def finish(
    workspace: Workspace, item_id: str, *, active_s: float = 30, at: str = "2026-01-01T10:00:00"
) -> None:
    done = Annotation(score=4, is_done=True).to_json()
    at += "+00:00"
    rating = Rating(item_id, 0, done, True, active_s, at, at)
    workspace.ratings.save(rating, f"save-{item_id}-{at}")


def test_a_replacement_takes_over_what_is_open_after_a_calibration_of_their_own(
    workspace: Workspace,
) -> None:
    made, (ann, _) = campaign(workspace, num_calibration=3)
    items = workspace.raters.items(ann.id)
    for item in items[:5]:
        finish(workspace, item.id)
    cleo = replace_rater(workspace, ann.id, " Cleo ")
    assert (cleo.name, cleo.revoked_at) == ("Cleo", None)
    left = workspace.raters.items(ann.id)
    assert [item.id for item in left] == [item.id for item in items[:5]]
    assert workspace.raters.get(ann.id).revoked_at
    taken = workspace.raters.items(cleo.id)
    assert [item.place for item in taken] == list(range(len(items) - 2))
    assert [item.kind for item in taken[:4]] == ["calibration"] * 3 + ["main"]
    assert [item.segment for item in taken] == [item.segment for item in [*items[:3], *items[5:]]]
    assert len(workspace.ratings.of_campaign(made.id)) == 5


def test_what_a_replaced_rater_had_begun_is_kept_and_asked_anew(workspace: Workspace) -> None:
    made, (ann, ben) = campaign(workspace)
    first, second, *_ = workspace.raters.items(ann.id)
    finish(workspace, first.id)
    begun = Annotation(score=1, comment="half").to_json()
    at = "2026-01-01T00:00:00.000+00:00"
    workspace.ratings.save(Rating(second.id, 0, begun, False, 3.0, at, at), "save-of-a-begun-one")
    num = len(workspace.raters.items(ann.id))
    cleo = replace_rater(workspace, ann.id, "Cleo")
    assert [each[0] for each in workspace.ratings.saves(second.id)] == ["save-of-a-begun-one"]
    taken = workspace.raters.items(cleo.id)
    assert (len(taken), taken[0].segment, taken[0].id != second.id) == (
        num - 1,
        second.segment,
        True,
    )
    assert workspace.ratings.get(taken[0].id) is None
    rows = {row.rater.name: row for row in campaign_progress(workspace, made).rows}
    assert (rows["Ann"].num_done, rows["Ann"].num_items) == (1, 1)


def test_a_replacement_with_the_name_of_another_changes_nothing(workspace: Workspace) -> None:
    _, (ann, _) = campaign(workspace)
    num = len(workspace.raters.items(ann.id))
    with pytest.raises(ConfigError, match="has a rater 'ben' already"):
        replace_rater(workspace, ann.id, "ben")
    assert len(workspace.raters.items(ann.id)) == num
    assert workspace.raters.get(ann.id).revoked_at is None


def test_a_late_rater_gets_a_mean_share_of_what_the_fewest_judge(workspace: Workspace) -> None:
    made, raters = campaign(
        workspace, num_calibration=2, share_gold=0.1, share_shared=0.2, share_degraded=0.1
    )
    late = add_rater(workspace, made.id, "Dara")
    works = {rater.id: workspace.raters.items(rater.id) for rater in [*raters, late]}
    segments = {
        rater: {item.segment for item in work if item.kind == "main"}
        for rater, work in works.items()
    }
    first, second, new = segments.values()
    assert len(new) == round((len(first) + len(second)) / 2)
    assert first & second <= new
    kinds = Counter(item.kind for item in works[late.id])
    assert kinds["calibration"] == 2 and kinds["degraded"] == round(kinds["main"] / 10)
    aside = [
        {(item.segment, *item.systems) for item in work if item.kind in ("gold", "calibration")}
        for work in works.values()
    ]
    assert aside[0] == aside[1] == aside[2]
    assert [item.segment for item in works[late.id][:2]] == [
        item.segment for item in works[raters[0].id][:2]
    ]


def test_late_raters_share_what_is_left_among_them(workspace: Workspace) -> None:
    made, _ = campaign(workspace)
    late = [add_rater(workspace, made.id, name) for name in ("C", "D")]
    shares = [{item.segment for item in workspace.raters.items(rater.id)} for rater in late]
    assert shares[0] | shares[1] == set(range(20)) and not shares[0] & shares[1]


def test_a_campaign_from_a_file_has_no_work_for_others(workspace: Workspace) -> None:
    data = CampaignData(
        name="file", protocol="mqm", src_lang="", tgt_lang="", systems=(JudgedSystem("a"),),
        segments=(JudgedSegment("s"),), outputs={(0, 0): "t"}, raters=("r",), items=(),
        origin={"format": "wmt-mqm"},
    )  # fmt: skip
    stored = store_campaign(workspace, data)
    with pytest.raises(ConfigError, match="'file' came from a file; there is no work"):
        add_rater(workspace, stored.id, "x")


def test_a_renewed_link_lets_in_again_and_ends_the_one_before(workspace: Workspace) -> None:
    _, (ann, _) = campaign(workspace)
    revoke_rater(workspace, ann.id)
    assert workspace.raters.get(ann.id).revoked_at
    renewed = renew_link(workspace, ann.id)
    assert renewed.revoked_at is None
    assert renewed.link_version == ann.link_version + 1


def test_the_owner_may_rate_from_the_start_or_later(workspace: Workspace) -> None:
    settings = CampaignSettings(num_segments=0)
    made = create_campaign(workspace, "own", settings, sources(), ["Ann"], own_name=" Me ")
    ann, me = workspace.raters.of_campaign(made.id)
    assert (ann.profile, me.name, me.profile) == ({}, "Me", {"is_own": True})
    assert workspace.raters.items(me.id)
    later, _ = campaign(workspace)
    assert add_rater(workspace, later.id, "Me", is_own=True).profile == {"is_own": True}
