"""The README's pictures of human evaluation: campaigns that made-up raters have partly judged."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from core.access.signing import rater_link
from core.annotate.arriving import read_arrived
from core.annotate.asking import AskedItem, ask
from core.annotate.creating import create_campaign
from core.annotate.saving import save
from core.annotate.settings import CampaignSettings
from core.annotate.sources import texts_of_sets
from core.storage.campaign_records import Campaign, Rater
from core.storage.workspace import Workspace

Shoot = Callable[[str, str, bool, tuple[int, int]], None]
NUM_SEGMENTS = 24
NUM_OPEN = 9  # items that each rater has still to do
SLIPS = ["very_fast", "same_score_again", "high_score_with_grave_error", "low_score_without_error"]


def take(workspace: Workspace, set_ids: Sequence[str], shoot: Shoot) -> None:
    """Has made-up raters judge translation sets, and photographs what they and the owner see.

    Args:
        workspace: Where the sets are.
        set_ids: Of one test set.
        shoot: Takes a page's address below the root, a picture's name, dark or not, and the size.
    """
    rng = random.Random(5)
    pictures = {
        "mqm": ("annotate-mqm", False, (1280, 1000)),
        "esa": ("annotate-phone-dark", True, (390, 844)),
    }
    for protocol, (name, is_dark, size) in pictures.items():
        settings = CampaignSettings.parse(
            {
                "protocol": protocol,
                "num_segments": NUM_SEGMENTS,
                "raters_per_segment": 2,
                "block_size": 4,
                "share_degraded": 0.1,
            }
        )
        texts = texts_of_sets(workspace, set_ids)
        raters = ("Áine", "Brian", "Caoimhe")
        campaign = create_campaign(workspace, f"Pilot {protocol.upper()}", settings, texts, raters)
        for rater in workspace.raters.of_campaign(campaign.id):
            _judge(workspace, campaign, rater, rng)
        last = workspace.raters.of_campaign(campaign.id)[-1]
        shoot(rater_link(workspace, last).lstrip("/"), name, is_dark, size)
        if protocol == "mqm":
            shoot(f"agreement?campaign={campaign.id}", "agreement", False, (1280, 1250))
            shoot(f"campaigns?campaign={campaign.id}", "campaigns", False, (1280, 900))


def _judge(workspace: Workspace, campaign: Campaign, rater: Rater, rng: random.Random) -> None:
    """Has a rater finish most items and begin the next one."""
    items = workspace.raters.items(rater.id)
    workspace.raters.change(rater.id, consented_at=rater.created_at)
    for item in items[: max(1, len(items) - NUM_OPEN)]:
        asked = ask(workspace, campaign, rater, item.place)
        is_last = item.place == max(0, len(items) - NUM_OPEN - 1)
        sent = {
            "item": item.id,
            "save_id": str(uuid.uuid4()),
            "annotation": _annotation(asked, rng, least=1 if is_last else 0),
            "to": "" if is_last else "next",
            "confirmed": SLIPS,
        }
        arrived = read_arrived(sent, asked.question)
        save(workspace, rater.id, asked, arrived, elapsed_s=rng.uniform(8, 50))


def _annotation(asked: AskedItem, rng: random.Random, *, least: int) -> dict[str, Any]:
    """Marks some words at random; the score goes down with each."""
    question, text = asked.question, asked.question.outputs[0]
    words, start = [], 0
    for word in text.split(" "):
        words.append((start, start + len(word)))
        start += len(word) + 1
    typology = question.typology
    assert typology is not None
    words = [each for each in words if each[0] < each[1]]
    num = min(len(words), max(least, rng.choice([0, 0, 0, 1, 1, 2])))
    categories = [each.name for each in typology.categories if not each.is_in_source]
    marks = [
        {
            "id": uuid.uuid4().hex[:8],
            "side": "target",
            "start": first,
            "end": end,
            "quote": text[first:end],
            "severity": rng.choice(typology.severities),
            "category": rng.choice(categories) if question.protocol == "mqm" else "",
        }
        for first, end in sorted(rng.sample(words, num))
    ]
    score = max(0, 96 - 24 * num - rng.randint(0, 8)) if question.asks_score else None
    return {"marks": marks, "score": score, "comment": ""}
