"""The records of a campaign that comes as plain values, with new ids."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.settings import MARKING
from core.annotate.typologies import TYPOLOGIES, Category, Typology
from core.errors import DataError
from core.storage.campaign_records import (
    CampaignOutput,
    CampaignSegment,
    CampaignSystem,
    CampaignTexts,
    Item,
    Rater,
)

MAX_NAME = 200
_MAX_SYSTEM = 300
_MAX_DOCUMENT = 300
_MAX_LABEL = 64
_DECIDED_BY = "import"
# What a typology may hold.
_MAX_TYPOLOGY = 80
_MAX_CATEGORY = 120
_MOST_CATEGORIES = 200
_MOST_SEVERITIES = 6


def check_names(data: CampaignData) -> None:
    """Refuses names that the database could not hold, or not tell apart.

    Raises:
        DataError: One is missing or too long, or there twice.
    """
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
        twice = next((name for name, count in Counter(names).items() if count > 1), None)
        if twice is not None:
            raise DataError(f"Two {what}s are called {twice!r}.", hint="Rename one of them.")


def settings_record(data: CampaignData) -> dict[str, Any]:
    """Gives the settings of a campaign that comes without ours.

    Where its marks name what its typology lacks, that is added, so that they can be edited; a
    typology that is not built in is made of them.
    """
    settings: dict[str, Any] = {"protocol": data.protocol, "typology": data.typology}
    if data.protocol not in MARKING:
        return settings | {"typology": data.typology if data.typology in TYPOLOGIES else ""}
    annotations = [item.annotation for item in data.items] + list(data.gold.values())
    marks = [mark for annotation in annotations for mark in annotation.marks]
    base = TYPOLOGIES.get(data.typology)
    names = [category.name for category in base.categories] if base else []
    categories = _grown(names, [mark.category for mark in marks], _MOST_CATEGORIES, _MAX_CATEGORY)
    severities = _grown(
        base.severities if base else ("major", "minor"),
        [mark.severity for mark in marks],
        _MOST_SEVERITIES,
        _MAX_CATEGORY,
    )
    is_known = len(categories) == len(names) and base is not None
    if not categories or (is_known and base and len(severities) == len(base.severities)):
        return settings | {"typology": data.typology if base else ""}
    old = {category.name: category for category in base.categories} if base else {}
    own = Typology(
        name=data.typology[:_MAX_TYPOLOGY],
        categories=tuple(old.get(name, Category(name=name)) for name in categories),
        severities=tuple(severities),
    )
    return settings | {"typology": "", "own_typology": own.model_dump(mode="json")}


def _grown(names: Sequence[str], found: Sequence[str], most: int, longest: int) -> list[str]:
    """Gives names with those that were found besides, the most frequent first, as far as fit."""
    grown = {name.casefold(): name for name in names}
    for name, _ in Counter(found).most_common():
        if name.strip() and len(name) <= longest and len(grown) < most:
            grown.setdefault(name.casefold(), name)
    return list(grown.values())


def rater_records(campaign_id: str, names: Sequence[str]) -> list[Rater]:
    """Gives the records of raters without links, each a millisecond younger than the one before.

    Raters are told in the order in which they were added.
    """
    first = datetime.now(UTC)
    return [
        Rater(
            id=str(uuid.uuid4()),
            campaign_id=campaign_id,
            name=name,
            created_at=(first + timedelta(milliseconds=number)).isoformat(timespec="milliseconds"),
            link_version=0,
        )
        for number, name in enumerate(names)
    ]


def text_records(campaign_id: str, data: CampaignData) -> CampaignTexts:
    """Gives the records of all texts."""
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


def item_records(campaign_id: str, data: CampaignData, rater_ids: Mapping[str, str]) -> list[Item]:
    """Gives the records of all items, parallel to `data.items`, with new ids."""
    new = [str(uuid.uuid4()) for _ in data.items]
    known = {item.item_id: own for item, own in zip(data.items, new, strict=True) if item.item_id}
    return [
        Item(
            id=own,
            campaign_id=campaign_id,
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


def rating_row(item_id: str, item: JudgedItem) -> dict[str, Any]:
    """Gives the row of what was made of an item."""
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


def gold_rows(campaign_id: str, data: CampaignData, decided_at: str) -> list[dict[str, Any]]:
    """Gives the rows of what was adjudicated."""
    return [
        {
            "campaign_id": campaign_id,
            "segment": segment,
            "system": system,
            "annotation": annotation.to_json(),
            "decided_by": _DECIDED_BY,
            "decided_at": decided_at,
        }
        for (segment, system), annotation in data.gold.items()
    ]
