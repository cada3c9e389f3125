"""Campaigns whose ratings are not beside the metrics yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.storage.campaign_records import Campaign
from core.storage.scoring_records import Scoring
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class UnpublishedCampaign:
    """A campaign with finished items that are not among the ratings of its test set.

    Attributes:
        campaign: The campaign.
        num_done: Finished items, checks of the raters included.
        published_at: When earlier ones were published last, UTC ISO-8601; None if never.
    """

    campaign: Campaign
    num_done: int
    published_at: str | None


def unpublished_campaigns(
    workspace: Workspace, test_set_hash: str, scorings: Sequence[Scoring]
) -> list[UnpublishedCampaign]:
    """Gives the campaigns that judge translations of a test set and have something new to tell.

    Args:
        workspace: Where the campaigns are.
        test_set_hash: Of the test set.
        scorings: Its scorings.
    """
    found = []
    for campaign in workspace.campaigns.all():
        if not test_set_hash or campaign.test_set_hash != test_set_hash:
            continue
        progress = workspace.ratings.progress(campaign.id).values()
        num_done = sum(each.num_done for each in progress)
        last_at = max((each.last_at or "" for each in progress), default="")
        published = [
            each.created_at for each in scorings if each.settings.get("campaign") == campaign.id
        ]
        published_at = max(published, default=None)
        if num_done and (published_at is None or last_at > published_at):
            found.append(UnpublishedCampaign(campaign, num_done, published_at))
    return found
