"""A new campaign: planned, given to its raters, and stored whole or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from core.annotate.ordering import PlannedItem
from core.annotate.planning import Plan, plan_campaign, shown_texts
from core.annotate.settings import CampaignSettings
from core.annotate.sources import CampaignSources
from core.errors import ConfigError
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
from core.storage.workspace import Workspace

MAX_NAME = 200
MAX_RATERS = 200
REPLACED = "is_replaced"  # in a rater's profile: another one took over what was open
OWN = "is_own"  # in a rater's profile: it is the owner, who rates without a link


def create_campaign(
    workspace: Workspace,
    name: str,
    settings: CampaignSettings,
    texts: CampaignSources,
    raters: Sequence[str],
    *,
    own_name: str = "",
) -> Campaign:
    """Draws the segments, shares them out and stores the campaign, open.

    Args:
        workspace: Where it is stored.
        name: Unique.
        settings: Stored with the campaign.
        texts: What is judged.
        raters: Their names; each gets a link of their own.
        own_name: Under which the owner rates, too; "" if not.

    Raises:
        ConfigError: A name is empty, too long or taken, or the campaign cannot be planned so.
        DataError: A translation cannot be spoilt, for all others are the same.
    """
    name = checked_name(name, "campaign")
    names = checked_raters([*raters, own_name])
    plan = plan_campaign(settings, texts, len(names))
    campaign = _campaign(name, settings, texts)
    people = new_raters(campaign.id, names, own_name=" ".join(own_name.split()))
    items = [
        item
        for number, rater in enumerate(people)
        for item in items_of(plan, plan.work[number], rater, settings, texts.tgt_lang)
    ]
    workspace.campaigns.add(campaign, _texts(campaign.id, plan, texts), people, items)
    return campaign


def checked_raters(raters: Sequence[str]) -> list[str]:
    """Gives the names of raters without white space around them; empty ones are left out.

    Raises:
        ConfigError: One is too long or there twice, or there are too many.
    """
    names = [checked_name(each, "rater") for each in raters if each.strip()]
    if len(names) > MAX_RATERS:
        raise ConfigError(f"{len(names)} raters are too many.", hint=f"Name {MAX_RATERS} at most.")
    lowered = [name.casefold() for name in names]
    twice = [name for name in names if lowered.count(name.casefold()) > 1]
    if twice:
        raise ConfigError(
            f"The rater {twice[0]!r} is there twice.", hint="Give each rater a name of their own."
        )
    return names


def checked_name(name: str, what: str) -> str:
    """Gives a name on one line, without white space around it.

    Raises:
        ConfigError: It is empty or too long.
    """
    name = " ".join(name.split())
    if not name:
        raise ConfigError(f"The {what} has no name.", hint="Type one.")
    if len(name) > MAX_NAME:
        raise ConfigError(
            f"The name of the {what} has {len(name)} characters.", hint=f"Use at most {MAX_NAME}."
        )
    return name


def new_raters(campaign_id: str, names: Sequence[str], *, own_name: str = "") -> list[Rater]:
    """Gives records of raters, each a millisecond younger than the one before: so they stay.

    Args:
        campaign_id: Their campaign.
        names: Theirs.
        own_name: Which of them is the owner.
    """
    first = datetime.now(UTC)
    return [
        Rater(
            id=str(uuid.uuid4()),
            campaign_id=campaign_id,
            name=name,
            created_at=(first + timedelta(milliseconds=number)).isoformat(timespec="milliseconds"),
            profile={OWN: True} if name == own_name else {},
        )
        for number, name in enumerate(names)
    ]


def items_of(
    plan: Plan,
    planned: Sequence[PlannedItem],
    rater: Rater,
    settings: CampaignSettings,
    tgt_lang: str,
) -> list[Item]:
    """Gives the records of a rater's items.

    Raises:
        DataError: A translation cannot be spoilt, for all others are the same.
    """
    ids = [str(uuid.uuid4()) for _ in planned]
    return [
        Item(
            id=item_id,
            campaign_id=rater.campaign_id,
            rater_id=rater.id,
            place=place,
            kind=item.kind,
            segment=item.segment,
            systems=list(item.systems),
            texts=shown_texts(plan, item, settings, tgt_lang),
            of_item=None if item.of is None else ids[item.of],
        )
        for place, (item_id, item) in enumerate(zip(ids, planned, strict=True))
    ]


def _campaign(name: str, settings: CampaignSettings, texts: CampaignSources) -> Campaign:
    return Campaign(
        id=str(uuid.uuid4()),
        name=name,
        protocol=settings.protocol,
        state="open",
        src_lang=texts.src_lang,
        tgt_lang=texts.tgt_lang,
        created_at=utc_now(),
        test_set_hash=texts.test_set_hash,
        settings=settings.model_dump(mode="json"),
    )


def _texts(campaign_id: str, plan: Plan, texts: CampaignSources) -> CampaignTexts:
    return CampaignTexts(
        systems=[
            CampaignSystem(campaign_id, number, each.name, each.set_id)
            for number, each in enumerate(texts.systems)
        ],
        segments=[
            CampaignSegment(campaign_id, number, **asdict(each))
            for number, each in enumerate(plan.segments)
        ],
        outputs=[
            CampaignOutput(campaign_id, segment, system, text)
            for (segment, system), text in plan.outputs.items()
        ],
    )
