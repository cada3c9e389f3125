"""How a new campaign judges: the protocol, and for MQM the categories of errors."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.annotate.campaign_data import PROTOCOLS
from core.annotate.typologies import TYPOLOGIES, Typology

OWN = "own"
TITLES = {"sqm": "SQM", "mqm": "MQM", "esa": "ESA", "ranking": "Ranking"}
EXPLAINED = {
    "sqm": "A score from 0 to 6 with worded anchors. Quick; tells how good a translation is.",
    "mqm": "Errors are marked, each with category and severity. Slow; tells what is wrong.",
    "esa": "Errors are marked with severity only, then a score from 0 to 100. In between.",
    "ranking": "Systems side by side, put into an order. Tells which is better, not how good.",
}


def protocol_fields(*, key: str) -> dict[str, Any]:
    """Shows protocol and typology, and gives their settings."""
    protocol = st.radio(
        "Protocol",
        list(PROTOCOLS),
        index=list(PROTOCOLS).index("mqm"),
        format_func=lambda each: TITLES[each],
        captions=[EXPLAINED[each] for each in PROTOCOLS],
        key=f"{key}.protocol",
    )
    values: dict[str, Any] = {"protocol": protocol}
    if protocol == "mqm":
        values |= _typology_fields(key)
        values["asks_sqm"] = st.toggle(
            "Ask for an SQM score, too",
            key=f"{key}.asks_sqm",
            help="A score from 0 to 6 after the errors of a segment, as the adaptMLLM paper does.",
        )
    return values


def _typology_fields(key: str) -> dict[str, Any]:
    names = {name: f"{name} · {each.description}" for name, each in TYPOLOGIES.items()}
    names[OWN] = "your own, edited here"
    chosen = st.selectbox(
        "Categories of errors",
        list(names),
        format_func=lambda each: names[each],
        key=f"{key}.typology",
    )
    if chosen != OWN:
        with st.expander("See its categories"):
            st.text("\n".join(each.name for each in TYPOLOGIES[chosen].categories))
            st.text("Severities: " + ", ".join(TYPOLOGIES[chosen].severities))
        return {"typology": chosen}
    return {"own_typology": _own_typology(key)}


def _own_typology(key: str) -> dict[str, Any]:
    """Shows a table of categories to edit; it starts from the paper's."""
    start: Typology = TYPOLOGIES["adaptmllm"]
    categories = _edited_categories(start, key)
    severities = st.text_input(
        "Severities, parted by commas",
        ", ".join(start.severities),
        key=f"{key}.severities",
        max_chars=300,
        help="The presets of weights know critical, major, minor and neutral.",
    )
    has_non_translation = st.toggle(
        "Offer 'no translation at all'",
        value=True,
        key=f"{key}.non_translation",
        help="For a segment that is no translation of its source, instead of single errors.",
    )
    return {
        "name": OWN,
        "categories": categories,
        "severities": [each.strip().lower() for each in severities.split(",") if each.strip()],
        "has_non_translation": has_non_translation,
    }


def _edited_categories(start: Typology, key: str) -> list[dict[str, Any]]:
    rows = [
        {"Category": each.name, "In the source": each.is_in_source} for each in start.categories
    ]
    edited = st.data_editor(
        pd.DataFrame(rows),
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        key=f"{key}.categories",
        column_config={
            "Category": st.column_config.TextColumn(
                help="`Dimension/Subtype`, or a dimension alone.", required=True, max_chars=120
            ),
            "In the source": st.column_config.CheckboxColumn(
                help="Marked in the source: what is missing, or wrong there already.", default=False
            ),
        },
    )
    return [
        {"name": row["Category"].strip(), "is_in_source": row["In the source"] is True}
        for row in edited.to_dict("records")
        if isinstance(row["Category"], str)  # an empty cell holds no text
    ]
