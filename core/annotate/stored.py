"""A campaign between the database and plain values: stored whole, or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import (
    CampaignData,
    JudgedItem,
    JudgedSegment,
    JudgedSystem,
    Kind,
    Protocol,
)
from core.errors import DataError
from core.storage.campaign_records import (
    Campaign,
    CampaignOutput,
    CampaignSegment,
    CampaignSystem,
    CampaignTexts,
    Item,
    Rater,
)
from core.storage.files import utc_now
from core.storage.rating_records import Rating
from core.storage.workspace import Workspace

MAX_NAME = 200
_MAX_SYSTEM = 300
_MAX_DOCUMENT = 300
_MAX_LABEL = 64
_DECIDED_BY = "import"


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
    _check_names(data)
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
        settings={"protocol": data.protocol, "typology": data.typology},
        origin=dict(data.origin),
        closed_at=now if state == "closed" else None,
    )
    raters = _raters(campaign, data.raters)
    items = _items(campaign, data, {rater.name: rater.id for rater in raters})
    pairs = zip(items, data.items, strict=True)
    workspace.campaigns.add(
        campaign,
        _texts(campaign.id, data),
        raters,
        items,
        [_rating(item.id, judged) for item, judged in pairs],
        [
            {
                "campaign_id": campaign.id,
                "segment": segment,
                "system": system,
                "annotation": annotation.to_json(),
                "decided_by": _DECIDED_BY,
                "decided_at": now,
            }
            for (segment, system), annotation in data.gold.items()
        ],
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
    items = workspace.raters.items_of_campaign(campaign_id)
    items.sort(key=lambda item: (order[item.rater_id], item.place))
    return tuple(
        _judged_item(item, ratings[item.id], raters[order[item.rater_id]].name)
        for item in items
        if item.id in ratings
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


def _check_names(data: CampaignData) -> None:
    """Refuses what the database could not hold, or not tell apart."""
    labels = [label for each in data.segments for label in (each.label, each.document_segment)]
    for what, names, most in (
        ("campaign", [data.name], MAX_NAME),
        ("system", [each.name for each in data.systems], _MAX_SYSTEM),
        ("rater", data.raters, MAX_NAME),
        ("document", [each.document for each in data.segments], _MAX_DOCUMENT),
        ("segment", labels, _MAX_LABEL),
    ):
        long = next((name for name in names if len(name) > most), None)
        if long is not None:
            raise DataError(
                f"The name of a {what} has {len(long)} characters: {long[:40]!r}….",
                hint=f"Use at most {most}.",
            )
    for what, names in (
        ("campaign", [data.name]),
        ("system", [each.name for each in data.systems]),
        ("rater", data.raters),
    ):
        if not all(name.strip() for name in names):
            raise DataError(f"A {what} has no name.", hint=f"Name every {what}.")
        twice = [name for name in set(names) if list(names).count(name) > 1]
        if twice:
            raise DataError(f"Two {what}s are called {twice[0]!r}.", hint="Rename one of them.")


def _test_set_hash(workspace: Workspace, data: CampaignData) -> str:
    """Gives the hash of the test set that the systems translated, where it is known."""
    set_id = next((each.set_id for each in data.systems if each.set_id), None)
    return "" if set_id is None else workspace.translation_sets.get(set_id).test_set_hash


def _raters(campaign: Campaign, names: Sequence[str]) -> list[Rater]:
    """Gives the records of raters without links, each a millisecond younger than the one before.

    Raters are told in the order in which they were added.
    """
    first = datetime.now(UTC)
    return [
        Rater(
            id=str(uuid.uuid4()),
            campaign_id=campaign.id,
            name=name,
            created_at=(first + timedelta(milliseconds=number)).isoformat(timespec="milliseconds"),
            link_version=0,
        )
        for number, name in enumerate(names)
    ]


def _texts(campaign_id: str, data: CampaignData) -> CampaignTexts:
    return CampaignTexts(
        [
            CampaignSystem(campaign_id, number, each.name, each.set_id)
            for number, each in enumerate(data.systems)
        ],
        [
            CampaignSegment(campaign_id, number, **asdict(each))
            for number, each in enumerate(data.segments)
        ],
        [
            CampaignOutput(campaign_id, segment, system, text)
            for (segment, system), text in data.outputs.items()
        ],
    )


def _items(campaign: Campaign, data: CampaignData, rater_ids: dict[str, str]) -> list[Item]:
    """Gives the records of all items, parallel to `data.items`, with new ids."""
    new = [str(uuid.uuid4()) for _ in data.items]
    known = {item.item_id: own for item, own in zip(data.items, new, strict=True) if item.item_id}
    return [
        Item(
            id=own,
            campaign_id=campaign.id,
            rater_id=rater_ids[item.rater],
            place=item.place,
            kind=item.kind,
            segment=item.segment,
            systems=list(item.systems),
            texts=list(item.texts),
            of_item=known.get(item.of_item),
            origin=item.origin,
        )
        for item, own in zip(data.items, new, strict=True)
    ]


def _rating(item_id: str, item: JudgedItem) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "revision": 1,
        "annotation": item.annotation.to_json(),
        "is_done": item.annotation.is_done,
        "active_s": item.active_s or 0.0,
        "warnings": list(item.warnings),
        "started_at": item.saved_at,
        "saved_at": item.saved_at,
    }
