"""What a rater is asked at one place: the texts, their context, and where the work stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from core.annotate.annotation import Annotation
from core.annotate.arriving import Question
from core.annotate.campaign_data import Protocol
from core.annotate.settings import CampaignSettings
from core.errors import DataError
from core.storage.campaign_records import Campaign, CampaignSegment, Item, Rater
from core.storage.rating_records import Rating
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Neighbour:
    """A segment of the same document, to be read only.

    Attributes:
        source: The text.
        outputs: What the systems of the item made of it, in the order shown; may be empty.
    """

    source: str
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class AskedItem:
    """One item as a rater sees it: nothing in it names a system.

    Attributes:
        item: The record.
        question: Texts and form, against which answers are checked.
        document: Name of the document, or "".
        before, after: Its neighbours in the document.
        rating: The newest state, or None.
    """

    item: Item
    question: Question
    document: str
    before: tuple[Neighbour, ...]
    after: tuple[Neighbour, ...]
    rating: Rating | None

    @property
    def annotation(self) -> Annotation:
        """What the rater made of it until now."""
        return Annotation.of_json(self.rating.annotation) if self.rating else Annotation()


def ask(workspace: Workspace, campaign: Campaign, rater: Rater, place: int) -> AskedItem:
    """Gives what a rater is asked at a place, counted from 0.

    Raises:
        DataError: The rater has no such item.
    """
    item = workspace.raters.item_at(rater.id, place)
    if item is None:
        raise DataError(
            f"There is no segment {place + 1} in this work.", hint="Go back to your overview."
        )
    settings = settings_of(campaign)
    reach = settings.num_context
    numbers = range(max(0, item.segment - reach), item.segment + reach + 1)
    segments = {each.number: each for each in workspace.campaigns.segments_at(campaign.id, numbers)}
    texts = {
        (each.segment, each.system): each.text
        for each in workspace.campaigns.outputs(campaign.id, list(segments))
    }
    own = segments[item.segment]
    outputs = tuple(item.texts) or tuple(texts[own.number, system] for system in item.systems)
    near = [each for each in segments.values() if _is_of(own, each)]
    around = [
        (each.number, _neighbour(each, item, texts)) for each in near if each.number != own.number
    ]
    return AskedItem(
        item=item,
        question=_question(campaign, settings, item, own.source, outputs),
        document=own.document,
        before=tuple(each for number, each in around if number < own.number),
        after=tuple(each for number, each in around if number > own.number),
        rating=workspace.ratings.get(item.id),
    )


def settings_of(campaign: Campaign) -> CampaignSettings:
    """Gives a campaign's settings; an imported one has those of its protocol."""
    return CampaignSettings.parse({"protocol": campaign.protocol, **campaign.settings})


def first_open_place(workspace: Workspace, rater_id: str) -> int | None:
    """Gives the first place that is not finished; None where everything is."""
    states = workspace.ratings.states(rater_id)
    return next((place for _, place, is_done in states if not is_done), None)


def _question(
    campaign: Campaign,
    settings: CampaignSettings,
    item: Item,
    source: str,
    outputs: tuple[str, ...],
) -> Question:
    protocol = cast(Protocol, campaign.protocol)
    marks = protocol in ("mqm", "esa")
    return Question(
        item_id=item.id,
        protocol=protocol,
        source=source,
        outputs=outputs,
        typology=settings.chosen_typology if marks else None,
        asks_score=protocol in ("sqm", "esa") or (protocol == "mqm" and settings.asks_sqm),
    )


def _is_of(own: CampaignSegment, other: CampaignSegment) -> bool:
    """Tells whether another segment is of the same document; a segment alone has no context."""
    return bool(own.document) and own.document == other.document


def _neighbour(
    segment: CampaignSegment, item: Item, texts: dict[tuple[int, int], str]
) -> Neighbour:
    found = (texts.get((segment.number, system)) for system in item.systems)
    return Neighbour(segment.source, tuple(text for text in found if text is not None))
