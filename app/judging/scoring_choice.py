"""How a campaign is scored: the preset of weights or a table of one's own, with gold or without."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.judging.computed_results import ScoringChoice
from app.problem_views import shown_in_place
from app.text import counted, plain
from core.annotate.campaign_data import CampaignData
from core.annotate.formats.writing import usual_preset
from core.annotate.mqm_weights import PRESETS, Preset
from core.annotate.results.own_weights import OWN_WEIGHTS, read_weights, weights_of

SCALE_NAMES = {
    "penalty": "Minus the points",
    "per word": "100 less the points for each hundred words",
}


def scoring_choice(data: CampaignData) -> ScoringChoice | None:
    """Shows the fields and gives what was chosen; None while weights of one's own are unusable.

    Raters' own scores and ranks need no weights.
    """
    usual = usual_preset(data)
    preset: Preset | None = usual
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _preset_select(data, usual.name) if data.protocol in ("mqm", "esa") else ""
        uses_gold = bool(data.gold) and st.toggle(
            f"Use gold ({counted(len(data.gold), 'output')})",
            key="agreement.gold",
            help="What was adjudicated counts instead of all raters' annotations of that output.",
        )
    if name == OWN_WEIGHTS:
        preset = _own_weights(usual)
    elif name:
        preset = PRESETS[name]
        st.caption(plain(preset.description))
    return None if preset is None else ScoringChoice(preset, uses_gold)


def _preset_select(data: CampaignData, usual: str) -> str:
    options = [*PRESETS, OWN_WEIGHTS]
    what = "Weights of errors" if data.protocol == "mqm" else "Weights of spans"
    beside = "" if data.protocol == "mqm" else "Spans are a diagnosis beside the score itself. "
    told = " ".join(f"{each.name}: {each.description}" for each in PRESETS.values())
    name: str = st.selectbox(
        what,
        options,
        index=options.index(usual),
        key=f"agreement.preset.{data.campaign_id}",
        help=f"{beside}{plain(told)}",
        width=260,
    )
    return name


def _own_weights(usual: Preset) -> Preset | None:
    """Shows the table of weights; ranking and intervals follow each change."""
    with st.expander("Own weights", icon=":material/tune:", expanded=True):
        start, scale = _start_fields(usual)
        edited = st.data_editor(
            [each.model_dump() for each in weights_of(PRESETS[start]).weights],
            num_rows="dynamic",
            hide_index=True,
            width="stretch",
            column_config=_columns(),
            key=f"agreement.weights.{start}",
            alt="Weights of errors: severity, category, points",
        )
        st.caption(
            "The first row that fits an error counts. \\* stands for any text, such as "
            "`Fluency/*`. Case does not matter."
        )
        with shown_in_place("Not scored"):
            return read_weights(edited, scale).preset()
    return None


def _start_fields(usual: Preset) -> tuple[str, str]:
    left, right = st.columns(2)
    names = list(PRESETS)
    with left:
        start: str = st.selectbox(
            "Start from",
            names,
            index=names.index(usual.name),
            key="agreement.weights.start",
            help="Another choice replaces the table.",
        )
    with right:
        scales = list(SCALE_NAMES)
        scale: str = st.selectbox(
            "Score",
            scales,
            index=scales.index(PRESETS[start].scale),
            format_func=lambda each: SCALE_NAMES[each],
            key=f"agreement.weights.scale.{start}",
        )
    return start, scale


def _columns() -> dict[str, Any]:
    return {
        "severity": st.column_config.TextColumn(
            "Severity", required=True, max_chars=40, help="Such as major; * is any that is named."
        ),
        "category": st.column_config.TextColumn(
            "Category", default="*", max_chars=120, help="Such as Fluency/Punctuation, or *."
        ),
        "penalty": st.column_config.NumberColumn(
            "Points", required=True, min_value=0, max_value=1000, help="For each such error."
        ),
    }
