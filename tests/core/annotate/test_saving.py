"""A save is stored once, finishes an item only when it is whole, and only for its own rater."""

import uuid
from typing import Any

import pytest

from core.annotate.arriving import read_arrived
from core.annotate.asking import ask, first_open_place
from core.annotate.saving import IDLE_CAP_S, Saved, save
from core.annotate.staffing import replace_rater
from core.errors import DataError
from core.storage.campaign_records import Campaign, Rater
from core.storage.workspace import Workspace
from tests.core.annotate.small_campaign import OUTPUTS, SOURCES, small_campaign


def answer(
    workspace: Workspace,
    campaign: Campaign,
    rater: Rater,
    place: int,
    *,
    save_id: str = "",
    elapsed_s: float = 5.0,
    to: Any = "",
    confirmed: tuple[str, ...] = (),
    **annotation: Any,
) -> Saved:
    asked = ask(workspace, campaign, rater, place)
    sent = {
        "item": asked.item.id,
        "save_id": save_id or str(uuid.uuid4()),
        "annotation": annotation,
        "to": to,
        "confirmed": list(confirmed),
    }
    arrived = read_arrived(sent, asked.question)
    return save(workspace, rater.id, asked, arrived, elapsed_s=elapsed_s)


def test_an_item_shows_its_texts_and_its_neighbours_of_the_same_system(
    workspace: Workspace,
) -> None:
    campaign, (anna, _) = small_campaign(workspace, num_context=1)
    asked = ask(workspace, campaign, anna, 4)
    assert asked.question.source == SOURCES[1] and asked.question.outputs == (OUTPUTS[1][1],)
    assert [each.outputs for each in asked.before] == [(OUTPUTS[1][0],)]
    assert [each.source for each in asked.after] == [SOURCES[2]]


def test_every_save_is_kept_and_sending_one_again_changes_nothing(workspace: Workspace) -> None:
    campaign, (anna, _) = small_campaign(workspace, "sqm")
    first = answer(workspace, campaign, anna, 0, save_id="save-one-1", score=3)
    again = answer(workspace, campaign, anna, 0, save_id="save-one-1", score=3)
    assert first.rating == again.rating
    second = answer(workspace, campaign, anna, 0, save_id="save-two-2", score=4, comment="maith")
    assert second.rating.revision == 2
    saves = workspace.ratings.saves(first.rating.item_id)
    assert [(each[0], each[2]["score"]) for each in saves] == [
        ("save-one-1", 3),
        ("save-two-2", 4),
    ]


def test_a_late_repetition_of_an_old_save_does_not_undo_a_newer_one(workspace: Workspace) -> None:
    campaign, (anna, _) = small_campaign(workspace, "sqm")
    answer(workspace, campaign, anna, 0, save_id="save-one-1", score=3)
    answer(workspace, campaign, anna, 0, save_id="save-two-2", score=4)
    late = answer(workspace, campaign, anna, 0, save_id="save-one-1", score=3)
    assert late.rating.annotation["score"] == 4


def test_going_on_needs_a_score_and_then_finishes_the_item(workspace: Workspace) -> None:
    campaign, (anna, _) = small_campaign(workspace, "sqm")
    refused = answer(workspace, campaign, anna, 0, to="next", comment="?")
    assert refused.missing == ("score",) and not refused.rating.is_done
    assert refused.rating.annotation["comment"] == "?"
    found = answer(workspace, campaign, anna, 0, to="next", score=0)
    assert found.may_go_on and found.rating.is_done
    assert first_open_place(workspace, anna.id) == 1


def test_a_slip_is_asked_about_once_and_logged(workspace: Workspace) -> None:
    campaign, (anna, _) = small_campaign(workspace, "sqm")
    save_id = str(uuid.uuid4())
    asked = answer(workspace, campaign, anna, 0, save_id=save_id, to="next", score=6, elapsed_s=0.4)
    assert asked.warnings == ("very_fast",) and not asked.rating.is_done
    found = answer(
        workspace, campaign, anna, 0, save_id=save_id, to="next", score=6, elapsed_s=0.4,
        confirmed=("very_fast",),
    )  # fmt: skip
    assert found.may_go_on and found.rating.is_done
    assert found.rating.warnings == ["very_fast"]


def test_an_item_that_was_finished_stays_so_while_it_is_whole(workspace: Workspace) -> None:
    campaign, (anna, _) = small_campaign(workspace, "sqm")
    answer(workspace, campaign, anna, 0, to="next", score=2)
    assert answer(workspace, campaign, anna, 0, score=5).rating.is_done
    assert not answer(workspace, campaign, anna, 0, score=None).rating.is_done


def test_a_segment_without_errors_is_a_judgement_too(workspace: Workspace) -> None:
    campaign, (anna, _) = small_campaign(workspace, "mqm")
    found = answer(workspace, campaign, anna, 0, to="next")
    assert found.rating.is_done and found.rating.annotation["marks"] == []


def test_a_pause_counts_as_the_cap(workspace: Workspace) -> None:
    campaign, (anna, _) = small_campaign(workspace, "sqm")
    answer(workspace, campaign, anna, 0, score=1, elapsed_s=10)
    found = answer(workspace, campaign, anna, 0, score=2, elapsed_s=3600)
    assert found.rating.active_s == 10 + IDLE_CAP_S


def test_nothing_is_taken_after_the_end_nor_by_a_link_that_was_taken_back(
    workspace: Workspace,
) -> None:
    campaign, (anna, brendan) = small_campaign(workspace, "sqm")
    workspace.raters.change(brendan.id, revoked_at="2026-01-01T00:00:00.000+00:00")
    with pytest.raises(DataError, match="taken back"):
        answer(workspace, campaign, workspace.raters.get(brendan.id), 0, score=1)
    workspace.campaigns.set_state(campaign.id, "closed")
    with pytest.raises(DataError, match="closed"):
        answer(workspace, workspace.campaigns.get(campaign.id), anna, 0, score=1)
    workspace.campaigns.set_state(campaign.id, "open")
    assert answer(workspace, workspace.campaigns.get(campaign.id), anna, 0, score=1).rating


def test_the_item_of_another_rater_cannot_be_reached(workspace: Workspace) -> None:
    campaign, (anna, brendan) = small_campaign(workspace, "sqm")
    asked = ask(workspace, campaign, brendan, 0)
    sent = {"item": asked.item.id, "save_id": "save-one-1", "annotation": {"score": 0}}
    with pytest.raises(DataError, match="somebody else"):
        save(workspace, anna.id, asked, read_arrived(sent, asked.question), elapsed_s=1)
    with pytest.raises(DataError, match="not about this segment"):
        read_arrived(sent, ask(workspace, campaign, anna, 0).question)
    with pytest.raises(DataError, match="no segment 7"):
        ask(workspace, campaign, anna, 6)


def test_a_save_after_the_campaign_was_deleted_is_refused_and_leaves_nothing(
    workspace: Workspace,
) -> None:
    campaign, (anna, _) = small_campaign(workspace, "sqm")
    asked = ask(workspace, campaign, anna, 0)
    sent = {"item": asked.item.id, "save_id": "save-one-1", "annotation": {"score": 0}}
    arrived = read_arrived(sent, asked.question)
    workspace.campaigns.delete(campaign.id)
    with pytest.raises(DataError, match="not part of your work any more"):
        save(workspace, anna.id, asked, arrived, elapsed_s=1)
    assert workspace.ratings.get(asked.item.id) is None


def test_a_save_that_was_under_way_while_the_rater_was_replaced_is_not_the_new_ones(
    workspace: Workspace,
) -> None:
    campaign, (anna, _) = small_campaign(workspace, "sqm")
    asked = ask(workspace, campaign, anna, 0)
    sent = {"item": asked.item.id, "save_id": "save-one-1", "annotation": {"score": 0}}
    arrived = read_arrived(sent, asked.question)
    clara = replace_rater(workspace, anna.id, "Clara")
    with pytest.raises(DataError, match="not part of your work any more"):
        save(workspace, anna.id, asked, arrived, elapsed_s=1)
    assert workspace.ratings.of_rater(clara.id) == {}
