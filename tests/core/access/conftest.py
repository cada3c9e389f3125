"""A door that others can reach, and people who were given links."""

from __future__ import annotations

import pytest

from core.access.door import Door
from core.access.members import add_member
from core.access.owner_token import OwnerToken
from core.storage.campaign_records import Campaign, CampaignTexts, Rater
from core.storage.files import utc_now
from core.storage.member_records import Member
from core.storage.workspace import Workspace

TOKEN = OwnerToken("a-token-that-nobody-guesses")


@pytest.fixture
def door() -> Door:
    return Door("0.0.0.0", 8501, "https://mt.example.org", TOKEN)


@pytest.fixture
def local_door() -> Door:
    return Door("127.0.0.1", 8501, "", TOKEN)


@pytest.fixture
def rater(workspace: Workspace) -> Rater:
    campaign = Campaign("c1", "Health", "mqm", "open", "eng_Latn", "gle_Latn", utc_now())
    found = Rater("r1", "c1", "Áine", utc_now())
    workspace.campaigns.add(campaign, CampaignTexts([], [], []), [found])
    return found


@pytest.fixture
def member(workspace: Workspace) -> Member:
    return add_member(workspace, "Marta", email="Marta@Example.org")
