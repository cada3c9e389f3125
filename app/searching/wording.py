"""How settings, their values and the states of studies are said on the pages."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.text import STATE_COLOURS, STATE_MEANINGS
from core.emissions.amounts import kwh_words, seconds_words
from core.finetune.settings import FineTuneSettings
from core.search.forecast import Forecast
from core.search.space import Value

# Where a state means something else than it does for a run.
_MEANINGS = {
    "queued": "Begins as soon as its worker is started.",
    "preparing": "Its worker is being started.",
    "stopped": "Ended on request; Resume lets it go on with the next trial.",
    "finished": "All trials are done, or a limit was reached.",
    "lost": "Its worker was killed or the machine restarted; ended trials are kept.",
}


def field_title(name: str) -> str:
    """Gives a setting of a run as its form calls it."""
    field = FineTuneSettings.model_fields[name]
    return field.title or name.replace("_", " ").capitalize()


def value_words(value: Value | None) -> str:
    """Gives a value with the digits that one reads; `drawn` where there is none yet."""
    if value is None:
        return "drawn"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def params_words(params: Mapping[str, Value]) -> str:
    """Gives values by their titles in one line."""
    return " · ".join(f"{field_title(name)} {value_words(params[name])}" for name in params)


def study_badge(state: str) -> None:
    """Shows the state of a study as a coloured word."""
    meaning = _MEANINGS.get(state, STATE_MEANINGS[state])
    st.badge(state, color=STATE_COLOURS[state], help=meaning)  # type: ignore[arg-type]


def forecast_words(found: Forecast) -> str:
    """Says what trials will take, with the range and what it is told from."""
    hours = _range(*(seconds_words(each * 3600) for each in _hours(found)))
    kwh = _range(*(kwh_words(each) for each in _kwh(found)))
    trials = "1 trial" if found.num_trials == 1 else f"{found.num_trials:,} trials"
    return f"{trials}: about {hours}, and {kwh} without PUE. {found.basis}"


def _hours(found: Forecast) -> tuple[float, float, float]:
    return found.hours, found.low_hours, found.high_hours


def _kwh(found: Forecast) -> tuple[float, float, float]:
    return found.kwh, found.low_kwh, found.high_kwh


def _range(mean: str, low: str, high: str) -> str:
    return mean if low == high else f"{mean} ({low} to {high})"
