"""Who judges in a campaign, once it exists: raters added, replaced, locked out, let in again."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import replace

from core.annotate.asking import settings_of
from core.annotate.assigning import shared_segments
from core.annotate.campaign_data import JudgedSegment, Kind
from core.annotate.creating import REPLACED, checked_name, items_of, new_raters
from core.annotate.ordering import order_work
from core.annotate.planning import Plan
from core.annotate.sampling import documents_of
from core.annotate.settings import CampaignSettings
from core.errors import ConfigError
from core.storage.campaign_records import Campaign, Item, Rater
from core.storage.files import utc_now
from core.storage.workspace import Workspace


def add_rater(workspace: Workspace, campaign_id: str, name: str, *, is_own: bool = False) -> Rater:
    """Adds a rater with work of their own: as much as the others have on average.

    It is calibration, hidden gold and the shared segments, as everybody's, and then the documents
    that the fewest raters judge; these get one more rater than was asked for.

    Args:
        workspace: Where the campaign is stored.
        campaign_id: The campaign.
        name: Of the rater.
        is_own: Whether it is the owner, who rates, too.

    Raises:
        ConfigError: The name is empty, too long or taken, or the campaign has no work to give.
        DataError: There is no such campaign, or a translation cannot be spoilt.
    """
    campaign = workspace.campaigns.get(campaign_id)
    items = workspace.raters.items_of_campaign(campaign_id)
    _check_open_to_raters(campaign, items)
    settings = settings_of(campaign)
    raters = workspace.raters.of_campaign(campaign_id)
    rater = _new_rater(campaign_id, name, raters, is_own=is_own)
    plan = _stored_plan(workspace, campaign_id)
    work = order_work(
        _fresh_share(plan.segments, items, settings, len(raters)),
        len(raters),
        num_systems=len(workspace.campaigns.systems(campaign_id)),
        settings=settings,
        calibration=_segments_of(items, "calibration"),
        gold=_segments_of(items, "gold"),
    )
    workspace.raters.add(rater, items_of(plan, work, rater, settings, campaign.tgt_lang))
    return rater


def replace_rater(workspace: Workspace, rater_id: str, name: str) -> Rater:
    """Gives what a rater has not finished to a new one, and takes the old link back.

    What the old rater finished stays and counts, what was only begun is kept and does not. The
    new one does the calibration first, too.

    Raises:
        ConfigError: The name is empty, too long or taken.
        DataError: There is no such rater.
    """
    old = workspace.raters.get(rater_id)
    rater = _new_rater(old.campaign_id, name, workspace.raters.of_campaign(old.campaign_id))
    done = {item_id for item_id, _, is_done in workspace.ratings.states(rater_id) if is_done}
    calibration = [
        item
        for item in workspace.raters.items(rater_id)
        if item.kind == "calibration" and item.id in done
    ]
    again = [
        replace(item, id=str(uuid.uuid4()), rater_id=rater.id, place=place)
        for place, item in enumerate(calibration)
    ]
    ended = replace(old, revoked_at=utc_now(), profile={**old.profile, REPLACED: True})
    workspace.raters.replace(ended, rater, again)
    return rater


def revoke_rater(workspace: Workspace, rater_id: str) -> None:
    """Takes a rater's link back: what was judged stays, nothing more can be."""
    workspace.raters.change(rater_id, revoked_at=utc_now())


def renew_link(workspace: Workspace, rater_id: str) -> Rater:
    """Makes a new link for a rater and lets them in by it; every older link ends.

    Raises:
        DataError: There is no such rater.
    """
    version = workspace.raters.get(rater_id).link_version + 1
    workspace.raters.change(rater_id, link_version=version, revoked_at=None)
    return workspace.raters.get(rater_id)


def _stored_plan(workspace: Workspace, campaign_id: str) -> Plan:
    """Gives the texts of a campaign as a plan that nobody has work in yet."""
    segments = workspace.campaigns.segments(campaign_id)
    outputs = workspace.campaigns.outputs(campaign_id)
    return Plan(
        segments=tuple(JudgedSegment(each.source, each.document) for each in segments),
        outputs={(each.segment, each.system): each.text for each in outputs},
        work=(),
    )


def _new_rater(
    campaign_id: str, name: str, raters: Sequence[Rater], *, is_own: bool = False
) -> Rater:
    name = checked_name(name, "rater")
    if name.casefold() in {rater.name.casefold() for rater in raters}:
        raise ConfigError(
            f"The campaign has a rater {name!r} already.", hint="Choose another name."
        )
    (rater,) = new_raters(campaign_id, [name], own_name=name if is_own else "")
    return rater


def _check_open_to_raters(campaign: Campaign, items: Sequence[Item]) -> None:
    if campaign.origin or not any(item.kind == "main" for item in items):
        raise ConfigError(
            f"The campaign {campaign.name!r} came from a file; there is no work to share out.",
            hint="Create a campaign from its texts instead.",
        )


def _segments_of(items: Sequence[Item], kind: Kind) -> list[int]:
    """Gives the segments set aside for a kind of item, in order, as when they were first given."""
    return sorted({item.segment for item in items if item.kind == kind})


def _fresh_share(
    segments: Sequence[JudgedSegment],
    items: Sequence[Item],
    settings: CampaignSettings,
    num_raters: int,
) -> list[list[int]]:
    """Gives the segments of each document that a new rater is to judge."""
    judges: dict[int, set[str]] = {}
    for item in items:
        if item.kind == "main":
            judges.setdefault(item.segment, set()).add(item.rater_id)
    documents = [
        [segment for segment in document if segment in judges]
        for document in documents_of(segments)
    ]
    documents = [document for document in documents if document]
    shared = shared_segments(documents, settings)
    num_working = len({rater for raters in judges.values() for rater in raters})
    target = round(sum(len(raters) for raters in judges.values()) / num_working)
    random.Random(f"{settings.seed}/late/{num_raters}").shuffle(documents)
    documents.sort(key=lambda document: sum(len(judges[each]) for each in document) / len(document))
    own = set(shared)
    for document in documents:
        if len(own) < target:
            own.update(document)
    return [[each for each in document if each in own] for document in documents]
