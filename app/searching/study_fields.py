"""The fields of a study's settings: goal, sampling, pruning, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.forms import group_fields, groups_of
from app.state import widget_value
from core.search.settings import StudySettings

_MEDIAN = "pruner_"


def study_fields(values: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Shows the settings of a study that do something, and gives all of them.

    What is not shown keeps what it was, for when it is shown again.
    """
    groups = groups_of(StudySettings)
    found = dict(values)
    for group in ("Goal", "Sampling"):
        st.markdown(f"**{group}**")
        found |= group_fields(StudySettings, _used(groups[group], found, key), found, key=key)
    st.markdown("**Pruning**")
    if found.get("second_objective", "none") != "none":
        st.selectbox(
            "Pruner",
            ["none"],
            key=f"{key}.no_pruner",
            disabled=True,
            help="With two objectives nothing is pruned: neither alone tells which trial is worse.",
        )
    else:
        found |= group_fields(StudySettings, _used(groups["Pruning"], found, key), found, key=key)
    st.markdown("**Limits**")
    return found | group_fields(StudySettings, groups["Limits"], found, key=key)


def effective(values: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the settings as they count: with two objectives nothing is pruned."""
    if values.get("second_objective", "none") == "none":
        return dict(values)
    return {**values, "pruner": "none"}


def _used(names: list[str], values: Mapping[str, Any], key: str) -> list[str]:
    """Leaves out what does nothing with the sampler and the pruner that are chosen now."""
    sampler = _chosen("sampler", values, key)
    pruner = _chosen("pruner", values, key)
    return [
        name
        for name in names
        if (name != "startup_trials" or sampler == "tpe")
        and (not name.startswith(_MEDIAN) or pruner == "median")
    ]


def _chosen(name: str, values: Mapping[str, Any], key: str) -> str:
    default = StudySettings.model_fields[name].default
    return str(widget_value(f"{key}.{name}") or values.get(name, default))
