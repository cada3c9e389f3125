from __future__ import annotations

from dataclasses import replace

from core.annotate.annotation import Annotation
from core.evaluate.people.unpublished import unpublished_campaigns
from core.storage.campaign_records import Item
from core.storage.files import utc_now
from core.storage.rating_records import Rating
from core.storage.scoring_records import Scoring
from core.storage.workspace import Workspace
from tests.core.annotate.small_campaign import small_campaign

HASH = "h" * 64
LATE = "2999-01-01T00:00:00.000+00:00"


def test_a_campaign_is_offered_from_its_first_finished_item_and_after_each_later_one(
    workspace: Workspace,
) -> None:
    campaign, raters = small_campaign(workspace, "sqm")
    items = workspace.raters.items(raters[0].id)
    workspace.campaigns.link_sets(campaign.id, HASH, {}, {})
    assert unpublished_campaigns(workspace, HASH, []) == []
    finish(workspace, items[0], utc_now())
    (found,) = unpublished_campaigns(workspace, HASH, [])
    assert (found.campaign.id, found.num_done, found.published_at) == (campaign.id, 1, None)
    scoring = Scoring("s", "human", "SQM", HASH, utc_now(), settings={"campaign": campaign.id})
    other = replace(scoring, settings={"campaign": "another"})
    assert unpublished_campaigns(workspace, HASH, [scoring]) == []
    assert len(unpublished_campaigns(workspace, HASH, [other])) == 1
    finish(workspace, items[1], LATE)
    (found,) = unpublished_campaigns(workspace, HASH, [scoring])
    assert (found.num_done, found.published_at) == (2, scoring.created_at)
    assert unpublished_campaigns(workspace, "g" * 64, []) == []


def test_a_campaign_without_translation_sets_has_no_test_set_to_be_offered_at(
    workspace: Workspace,
) -> None:
    _, raters = small_campaign(workspace, "sqm")
    finish(workspace, workspace.raters.items(raters[0].id)[0], utc_now())
    assert unpublished_campaigns(workspace, "", []) == []


def finish(workspace: Workspace, item: Item, saved_at: str) -> None:
    done = Annotation(score=3, is_done=True).to_json()
    workspace.ratings.save(Rating(item.id, 0, done, True, 1.0, saved_at, saved_at), "save")
