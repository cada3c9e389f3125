"""What the data doctor looks for: a preset, and every check with its thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.forms import field_problems, group_fields, groups_of
from app.text import plain
from core.corpora.checking import CheckSettings
from core.corpora.doctor.checks import CHECKS
from core.corpora.doctor.settings import PRESETS, DoctorSettings, preset
from core.errors import ConfigError

LAST = "as last time"
LAST_SENTENCE = "The thresholds of the check that is shown below."
STANDARD = "standard"
IN_A_ROW = 3


def doctor_fields(last: CheckSettings | None, *, key: str) -> tuple[str, DoctorSettings | None]:
    """Shows preset, checks and thresholds, and gives the preset's name and the settings.

    Args:
        last: What the corpus was checked with last; None if it never was.
        key: Prefix of the widget keys; another one for another last check.

    Returns:
        The preset that the thresholds began as, and the settings; None while they are not right.
    """
    sentences = {name: sentence for name, (sentence, _) in PRESETS.items()}
    if last is not None and _is_changed(last):
        sentences[LAST] = LAST_SENTENCE
    usual = LAST if LAST in sentences else last.preset if last is not None else STANDARD
    chosen = st.radio(
        "Preset",
        list(sentences),
        index=list(sentences).index(usual),
        format_func=str.capitalize,
        captions=[plain(each) for each in sentences.values()],
        key=f"{key}.preset",
        horizontal=True,
    )
    is_last = chosen == LAST and last is not None
    began_as = last.preset if is_last and last is not None else chosen
    start = last.doctor if is_last and last is not None else preset(chosen)
    with st.expander("Checks and thresholds", icon=":material/tune:"):
        st.caption("Another preset fills all of them anew.")
        values = _fields(start.model_dump(), key=f"{key}.{chosen}")
    try:
        doctor = DoctorSettings.parse(values)
    except ConfigError as error:
        for each in field_problems(DoctorSettings, error):
            st.warning(plain(each))
        return began_as, None
    return began_as, doctor


def what_is_wrong(doctor: DoctorSettings | None) -> str:
    """Gives why a corpus cannot be checked with these settings; empty if it can."""
    if doctor is None:
        return "Correct the thresholds first."
    return "" if doctor.active else "Every check is switched off: switch one on."


def changed_words(settings: CheckSettings) -> str:
    """Gives the preset of a check, and whether its thresholds are still those of the preset."""
    return f"{settings.preset}, changed" if _is_changed(settings) else settings.preset


def _is_changed(settings: CheckSettings) -> bool:
    return settings.preset not in PRESETS or settings.doctor != preset(settings.preset)


def _fields(values: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {"version": values["version"]}
    for group, names in groups_of(DoctorSettings).items():
        st.markdown(f"**{group}**")
        for row in _rows(names):
            found |= group_fields(DoctorSettings, row, values, key=key)
    return found


def _rows(names: Sequence[str]) -> list[list[str]]:
    """Gives a group's fields by rows: bare switches together, each other one with its thresholds.

    A field that is no check belongs to the check before it.
    """
    blocks: list[list[str]] = []
    for name in names:
        if name in CHECKS or not blocks or blocks[-1][0] not in CHECKS:
            blocks.append([name])
        else:
            blocks[-1].append(name)
    bare = [block[0] for block in blocks if len(block) == 1]
    rows = [bare[first : first + IN_A_ROW] for first in range(0, len(bare), IN_A_ROW)]
    return rows + [block for block in blocks if len(block) > 1]
