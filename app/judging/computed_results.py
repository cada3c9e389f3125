"""Ranking and errors of a campaign, computed once for what was judged and how it is scored."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import streamlit as st

from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import Preset
from core.annotate.results.error_profile import ErrorProfile, profile_errors
from core.annotate.results.ranking import SystemRanking, rank_systems

KEPT = 12


@dataclass(frozen=True)
class ScoringChoice:
    """How a campaign is scored.

    Attributes:
        preset: What errors cost; it plays no part for SQM and ranking.
        uses_gold: Adjudicated annotations count instead of the raters' where there are any.
    """

    preset: Preset
    uses_gold: bool = False


def ranking_of(data: CampaignData, choice: ScoringChoice) -> SystemRanking:
    """Gives the ranking of a campaign's systems.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    return _ranking(stamp(data), repr(choice), data, choice)


def errors_of(data: CampaignData, choice: ScoringChoice) -> ErrorProfile:
    """Gives the errors of a campaign's systems.

    Raises:
        ConfigError: As for `ranking_of`.
    """
    return _errors(stamp(data), repr(choice), data, choice)


def stamp(data: CampaignData) -> tuple[str, int, int, str, str]:
    """Gives what is another after every save and every decision."""
    newest = max((item.saved_at for item in data.items), default="")
    num_done = sum(item.annotation.is_done for item in data.items)
    gold = repr(sorted(data.gold.items(), key=lambda each: each[0]))
    return data.campaign_id or data.name, len(data.items), num_done, newest, gold


@st.cache_data(max_entries=KEPT, show_spinner="Ranking the systems …")
def _ranking(
    stamp: Hashable, told: str, _data: CampaignData, _choice: ScoringChoice
) -> SystemRanking:
    return rank_systems(_data, _choice.preset, uses_gold=_choice.uses_gold)


@st.cache_data(max_entries=KEPT, show_spinner="Counting errors …")
def _errors(
    stamp: Hashable, told: str, _data: CampaignData, _choice: ScoringChoice
) -> ErrorProfile:
    return profile_errors(_data, _choice.preset, uses_gold=_choice.uses_gold)
