"""Agreement of a campaign's raters, computed once for what was judged and how it is scored."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import streamlit as st

from app.judging.computed_results import KEPT, stamp
from core.annotate.agreement.agreeing import AgreementResult, agree
from core.annotate.agreement.disagreements import LIMIT, DisputedOutput, disagreements
from core.annotate.agreement.rater_table import RaterQuality, rater_table
from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import Preset


@dataclass(frozen=True)
class ComputedAgreement:
    """What the views of agreement show."""

    result: AgreementResult
    raters: tuple[RaterQuality, ...]


def agreement_of(data: CampaignData, preset: Preset) -> ComputedAgreement:
    """Gives how far raters agree, and how each of them works.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    return _agreement(stamp(data), repr(preset), data, preset)


def disagreements_of(data: CampaignData, preset: Preset) -> tuple[DisputedOutput, ...]:
    """Gives the outputs on which raters disagree most, at most `LIMIT`.

    Raises:
        ConfigError: As for `agreement_of`.
    """
    return _disagreements(stamp(data), repr(preset), data, preset)


@st.cache_data(max_entries=KEPT, show_spinner="Comparing the raters …")
def _agreement(
    stamp: Hashable, told: str, _data: CampaignData, _preset: Preset
) -> ComputedAgreement:
    return ComputedAgreement(agree(_data, _preset), rater_table(_data, _preset))


@st.cache_data(max_entries=KEPT, show_spinner="Looking for disagreements …")
def _disagreements(
    stamp: Hashable, told: str, _data: CampaignData, _preset: Preset
) -> tuple[DisputedOutput, ...]:
    return disagreements(_data, _preset, LIMIT)
