"""Forms out of settings models: each field's type, bounds and description make its widget."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

import streamlit as st
from pydantic.fields import FieldInfo

from app.text import rows_of
from core.errors import ConfigError
from core.languages import language_name, selectable_languages
from core.settings import Settings, bounds_of, choices_of

_EMPTY = ("String should have at least 1 character", "String should match pattern '\\S'")


def groups_of(model: type[Settings]) -> dict[str, list[str]]:
    """Gives the field names of a model by their group, in the order of declaration."""
    groups: dict[str, list[str]] = {}
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict):
            groups.setdefault(str(extra["group"]), []).append(name)
    return groups


def group_fields(
    model: type[Settings],
    names: list[str],
    values: Mapping[str, Any],
    *,
    key: str,
    columns: int = 3,
) -> dict[str, Any]:
    """Shows the fields in a grid and gives what they hold now.

    Args:
        model: The settings model.
        names: The fields to show.
        values: Values to start from; a missing one starts from the field's default.
        key: Prefix of the widget keys.
        columns: Fields in a row.
    """
    found: dict[str, Any] = {}
    for row in rows_of(names, columns):
        for column, name in zip(st.columns(columns), row, strict=False):
            field = model.model_fields[name]
            with column:
                found[name] = _widget(name, field, values.get(name, field.default), f"{key}.{name}")
    return found


def optional_fields(
    model: type[Settings], names: list[str], values: Mapping[str, Any], *, key: str
) -> dict[str, Any]:
    """Shows number fields that may be left empty, and gives those that were filled."""
    found: dict[str, Any] = {}
    for row in rows_of(names, 4):
        for column, name in zip(st.columns(4), row, strict=False):
            field = model.model_fields[name]
            with column:
                value = _optional_number(name, field, values.get(name), f"{key}.{name}")
            if value is not None:
                found[name] = value
    return found


def _optional_number(name: str, field: FieldInfo, value: Any, key: str) -> int | float | None:
    kind: Any = int if int in get_args(field.annotation) else float
    least, greatest = (None if bound is None else kind(bound) for bound in bounds_of(field))
    return st.number_input(
        field.title or name.replace("_", " ").capitalize(),
        min_value=least,
        max_value=greatest,
        value=None if value is None else kind(value),
        step=1 if kind is int else 0.1,
        format="%d" if kind is int else "%g",
        placeholder="system's own",
        key=key,
        persist_state="session",
        help=f"{field.description} Range: {least:g} to {greatest:g}. Empty: not sent.",
    )


def _widget(name: str, field: FieldInfo, value: Any, key: str) -> Any:
    label = field.title or name.replace("_", " ").capitalize()
    default = f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
    note = f"{field.description} Default: {default}." if default else str(field.description)
    choices = choices_of(field)
    if choices:
        return st.selectbox(label, choices, index=choices.index(value), key=key, help=note)
    if field.annotation is bool:
        return st.toggle(label, value=bool(value), key=key, help=note)
    least, greatest = bounds_of(field)
    if least is not None and greatest is not None:
        note += f" Range: {least:g} to {greatest:g}."
    if field.annotation is int:
        return st.number_input(
            label,
            min_value=None if least is None else int(least),
            max_value=None if greatest is None else int(greatest),
            value=int(value),
            step=1,
            key=key,
            help=note,
        )
    if field.annotation is float:
        return st.number_input(
            label,
            min_value=None if least is None else float(least),
            max_value=None if greatest is None else float(greatest),
            value=float(value),
            step=_step(float(value)),
            format="%g",
            key=key,
            help=note,
        )
    extra = field.json_schema_extra
    if isinstance(extra, dict) and extra.get("is_long"):
        return st.text_area(label, value=value, key=key, help=note, height=100)
    return st.text_input(label, value=value, key=key, help=note)


def _step(value: float) -> float:
    """Gives a step that suits the size of a value: a tenth of its power of ten."""
    return float(f"{value:.0e}".replace(f"{value:.0e}"[0], "1", 1)) / 10 if value else 0.1


def language_select(label: str, code: str, *, key: str) -> str:
    """Shows a language picker by name and gives the FLORES-200 code."""
    options = [item.code for item in selectable_languages()]
    return st.selectbox(
        label,
        options,
        index=options.index(code) if code in options else 0,
        format_func=lambda option: f"{language_name(option)} · {option}",
        key=key,
        help="Type to search by name or code.",
    )


def field_problems(
    model: type[Settings], error: ConfigError, titles: Mapping[str, str] | None = None
) -> list[str]:
    """Gives what is wrong with the fields of a form, each by the title that people see.

    Args:
        model: The settings that were refused.
        error: The refusal.
        titles: Titles that the model does not know, by field name.
    """
    known = {
        name: field.title or name.replace("_", " ").capitalize()
        for name, field in model.model_fields.items()
    }
    known |= titles or {}
    names = "|".join(known)
    found = []
    for part in re.split(rf"(?:^|; )(?=(?:{names})(?:\.\w+)*: )", error.message):
        field, colon, said = part.partition(": ")
        name = field.partition(".")[0]
        if colon and name in known:
            part = f"{known[name]}: {_said(name, said)}"
        if part:
            found.append(part.rstrip(".") + ("" if part.endswith("?") else "."))
    return found


def _said(name: str, said: str) -> str:
    """Gives pydantic's words as one would say them."""
    if said.startswith(_EMPTY):
        return "give it a name" if name == "name" else "it is empty"
    most = re.match(r"String should have at most (\d+) character", said)
    return f"at most {most[1]} characters are allowed" if most else said
