"""A campaign between the database and plain values: stored whole, or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import cast

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import (
    CampaignData,
    JudgedItem,
    JudgedSegment,
    JudgedSystem,
    Kind,
    Protocol,
)
from core.annotate.stored_records import MAX_NAME as MAX_NAME
from core.annotate.stored_records import (
    check_names,
    gold_rows,
    item_records,
    rater_records,
    rating_row,
    settings_record,
    text_records,
)
from core.storage.campaign_records import Campaign, CampaignSegment, Item, Rater
from core.storage.files import utc_now
from core.storage.rating_records import Rating
from core.storage.workspace import Workspace


def load_campaign(workspace: Workspace, campaign_id: str) -> CampaignData:
    """Gives a campaign with its texts and everything that was judged so far.

    Items stand by rater, in the order in which raters were added, and by their place.

    Raises:
        DataError: There is no such campaign.
    """
    campaign = workspace.campaigns.get(campaign_id)
    raters = workspace.raters.of_campaign(campaign_id)
    return CampaignData(
        name=campaign.name,
        protocol=cast(Protocol, campaign.protocol),
        src_lang=campaign.src_lang,
        tgt_lang=campaign.tgt_lang,
        systems=tuple(
            JudgedSystem(each.name, each.set_id)
            for each in workspace.campaigns.systems(campaign_id)
        ),
        segments=tuple(map(_segment_of, workspace.campaigns.segments(campaign_id))),
        outputs={
            (each.segment, each.system): each.text
            for each in workspace.campaigns.outputs(campaign_id)
        },
        raters=tuple(rater.name for rater in raters),
        items=_judged_items(workspace, campaign_id, raters),
        gold={
            (each.segment, each.system): Annotation.of_json(each.annotation)
            for each in workspace.ratings.gold(campaign_id)
        },
        typology=_typology_of(campaign),
        origin=campaign.origin,
        campaign_id=campaign.id,
    )


def store_campaign(workspace: Workspace, data: CampaignData, *, state: str = "closed") -> Campaign:
    """Stores a campaign as a new one, such as that of a file.

    Args:
        workspace: Where it is stored.
        data: The campaign; the ids in it are replaced by new ones.
        state: `closed`, or `open` to go on with it.

    Raises:
        ConfigError: There is a campaign of this name.
        DataError: A name is missing or too long, or a name is there twice.
    """
    check_names(data)
    now = utc_now()
    campaign = Campaign(
        id=str(uuid.uuid4()),
        name=data.name,
        protocol=data.protocol,
        state=state,
        src_lang=data.src_lang,
        tgt_lang=data.tgt_lang,
        created_at=now,
        test_set_hash=_test_set_hash(workspace, data),
        settings=settings_record(data),
        origin=dict(data.origin),
        closed_at=now if state == "closed" else None,
    )
    raters = rater_records(campaign.id, data.raters)
    items = item_records(campaign.id, data, {rater.name: rater.id for rater in raters})
    pairs = zip(items, data.items, strict=True)
    workspace.campaigns.add(
        campaign,
        text_records(campaign.id, data),
        raters,
        items,
        [rating_row(item.id, judged) for item, judged in pairs],
        gold_rows(campaign.id, data, now),
    )
    return campaign


def _segment_of(record: CampaignSegment) -> JudgedSegment:
    return JudgedSegment(
        source=record.source,
        document=record.document,
        document_segment=record.document_segment,
        label=record.label,
        position=record.position,
        reference=record.reference,
    )


def _judged_items(
    workspace: Workspace, campaign_id: str, raters: Sequence[Rater]
) -> tuple[JudgedItem, ...]:
    """Gives the items that were begun."""
    order = {rater.id: number for number, rater in enumerate(raters)}
    ratings = workspace.ratings.of_campaign(campaign_id)
    # Raters may come and go while a campaign is read.
    items = [
        item
        for item in workspace.raters.items_of_campaign(campaign_id)
        if item.id in ratings and item.rater_id in order
    ]
    items.sort(key=lambda item: (order[item.rater_id], item.place))
    return tuple(
        _judged_item(item, ratings[item.id], raters[order[item.rater_id]].name) for item in items
    )


def _judged_item(item: Item, rating: Rating, rater: str) -> JudgedItem:
    return JudgedItem(
        rater=rater,
        segment=item.segment,
        systems=tuple(item.systems),
        annotation=Annotation.of_json(rating.annotation),
        kind=cast(Kind, item.kind),
        texts=tuple(item.texts),
        # No rating takes no time: 0 is what is stored where a file tells none.
        active_s=rating.active_s or None,
        saved_at=rating.saved_at,
        item_id=item.id,
        of_item=item.of_item or "",
        place=item.place,
        warnings=tuple(rating.warnings),
        origin=item.origin,
    )


def _typology_of(campaign: Campaign) -> str:
    own = campaign.settings.get("own_typology")
    return str(own["name"] if own else campaign.settings.get("typology", ""))


def _test_set_hash(workspace: Workspace, data: CampaignData) -> str:
    """Gives the hash of the test set that the systems translated, where it is known."""
    set_id = next((each.set_id for each in data.systems if each.set_id), None)
    return "" if set_id is None else workspace.translation_sets.get(set_id).test_set_hash
