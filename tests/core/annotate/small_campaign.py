"""A campaign of three segments, two systems and two raters, stored without drawing lots."""

import uuid

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

SOURCES = ("Tá an cat dubh.", "Tá an madra bán.", "Rith siad abhaile.")
OUTPUTS = (
    ("The dog is black.", "The dog is white.", "They ran home."),
    ("Cat black.", "Dog white is.", "Ran they home."),
)


def small_campaign(
    workspace: Workspace, protocol: str = "mqm", name: str = "Small", **settings: object
) -> tuple[Campaign, list[Rater]]:
    """Stores it and gives it with its raters; each judges all six outputs."""
    campaign = Campaign(
        id=str(uuid.uuid4()),
        name=name,
        protocol=protocol,
        state="open",
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        created_at=utc_now(),
        settings={"protocol": protocol, **settings},
    )
    raters = [
        Rater(str(uuid.uuid4()), campaign.id, each, utc_now(), consented_at=utc_now())
        for each in ("Anna", "Brendan")
    ]
    segments = [
        CampaignSegment(campaign.id, at, "story", str(at + 1), str(at + 1), at, text, None)
        for at, text in enumerate(SOURCES)
    ]
    outputs = [
        CampaignOutput(campaign.id, segment, system, text)
        for system, texts in enumerate(OUTPUTS)
        for segment, text in enumerate(texts)
    ]
    systems = [CampaignSystem(campaign.id, at, each) for at, each in enumerate(("A", "B"))]
    shown = [[0, 1]] if protocol == "ranking" else [[0], [1]]
    items = [
        Item(str(uuid.uuid4()), campaign.id, rater.id, place, "main", segment, systems_)
        for rater in raters
        for place, (systems_, segment) in enumerate(
            (systems_, segment) for systems_ in shown for segment in range(len(SOURCES))
        )
    ]
    workspace.campaigns.add(campaign, CampaignTexts(systems, segments, outputs), raters, items)
    return campaign, raters
