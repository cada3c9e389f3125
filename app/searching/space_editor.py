"""The editor of a space: which settings are varied, and over which values."""

from __future__ import annotations

import streamlit as st

from app.searching.space_fields import RANGE, VALUES, Fields, first_fields, named_choices
from app.searching.wording import field_title, value_words
from app.state import SearchDraft
from app.text import plain
from core.finetune.settings import FineTuneSettings
from core.search.space import searchable


def space_editor(draft: SearchDraft, settings: FineTuneSettings, *, key: str) -> None:
    """Shows what is varied, a row for each setting; what was typed goes to the draft."""
    draft.varied = st.multiselect(
        "Vary",
        searchable(),
        default=draft.varied,
        format_func=field_title,
        key=vary_key(key),
        wrap=True,
        placeholder="Choose the settings that are searched",
    )
    for name in draft.varied:
        fields = draft.fields.get(name) or first_fields(name, settings)
        with st.container(border=True):
            head, body = st.columns([1, 3])
            with head:
                st.markdown(f"**{plain(field_title(name))}**")
                st.caption(
                    plain(f"now {value_words(getattr(settings, name))}"),
                    help=plain(FineTuneSettings.model_fields[name].description or ""),
                )
            with body:
                draft.fields[name] = _row(name, fields, key=f"{key}.space.{name}")


def vary_key(key: str) -> str:
    """Gives the key of the widget that says what is varied."""
    return f"{key}.vary"


def _row(name: str, fields: Fields, *, key: str) -> Fields:
    named = named_choices(name)
    if named:
        chosen = st.multiselect(
            "Values", named, default=fields["values"], key=f"{key}.values", wrap=True
        )
        return {"kind": VALUES, "values": chosen}
    kind = st.segmented_control(
        f"How {field_title(name)} is varied",
        [VALUES, RANGE],
        default=fields["kind"],
        required=True,
        key=f"{key}.kind",
        label_visibility="collapsed",
    )
    fields = {**fields, "kind": kind or VALUES}
    if fields["kind"] == RANGE:
        return {**fields, **_range(fields, key=key)}
    typed = st.text_input(
        "Values",
        value=fields.get("values") or ", ".join(_ends(fields)),
        key=f"{key}.values",
        help="Separated by commas, such as 1e-5, 3e-5.",
    )
    return {**fields, "values": typed}


def _range(fields: Fields, *, key: str) -> Fields:
    low, high, step, log = st.columns(4, vertical_alignment="bottom")
    first, last = _ends(fields)
    with log:
        is_log = st.toggle(
            "Log scale",
            value=bool(fields.get("log", False)),
            key=f"{key}.log",
            help="Each power of ten is drawn from as often, as fits learning rates.",
        )
    with low:
        begin = st.text_input("From", value=fields.get("low", first), key=f"{key}.low")
    with high:
        end = st.text_input("To", value=fields.get("high", last), key=f"{key}.high")
    with step:
        by = st.text_input(
            "Step",
            value=fields.get("step", ""),
            key=f"{key}.step",
            placeholder="none",
            disabled=is_log,
            help="A logarithmic range has no steps." if is_log else "A grid needs steps.",
        )
    return {"low": begin, "high": end, "log": is_log, "step": by}


def _ends(fields: Fields) -> tuple[str, str]:
    """Gives the ends of a range, from its values where it was none before."""
    if "low" in fields:
        return str(fields["low"]), str(fields["high"])
    values = [each.strip() for each in str(fields.get("values", "")).split(",") if each.strip()]
    return (values[0], values[-1]) if values else ("", "")
