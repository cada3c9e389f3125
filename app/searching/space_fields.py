"""What stands in the editor of a space, and what it says: a study's space in plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.searching.wording import field_title
from core.errors import ConfigError
from core.finetune.settings import FineTuneSettings
from core.search.ablation import default_values
from core.search.space import Value
from core.settings import choices_of

VALUES, RANGE = "Values", "Range"
NUM_SEEDS = 3

Fields = dict[str, Any]


def named_choices(name: str) -> list[str] | None:
    """Gives the values of a setting that is chosen by name; None for a number."""
    return choices_of(FineTuneSettings.model_fields[name])


def fields_of(given: Mapping[str, Any], name: str) -> Fields:
    """Gives what the editor shows of a parameter, from what `parse_space` reads."""
    if "choices" in given:
        choices = list(given["choices"])
        return {"kind": VALUES, "values": choices if named_choices(name) else _listed(choices)}
    return {
        "kind": RANGE,
        "low": _written(given["low"]),
        "high": _written(given["high"]),
        "log": bool(given.get("log", False)),
        "step": _written(given["step"]) if given.get("step") else "",
    }


def first_fields(name: str, settings: FineTuneSettings) -> Fields:
    """Gives what the editor shows of a parameter that was chosen just now."""
    own = getattr(settings, name)
    if named := named_choices(name):
        return {"kind": VALUES, "values": named}
    if name == "learning_rate":
        low, high = (min(1.0, float(f"{own * factor:.2g}")) for factor in (1 / 3, 3))
        return fields_of({"low": low, "high": high, "log": True}, name)
    if name == "seed":
        return fields_of({"choices": [own + i for i in range(NUM_SEEDS)]}, name)
    others = [each for each in default_values(settings, name) if not isinstance(each, str)]
    return fields_of({"choices": sorted([own, *others])}, name)


def space_values(name: str, fields: Fields) -> dict[str, Any]:
    """Gives what `parse_space` reads.

    Raises:
        ConfigError: Something typed is no number.
    """
    if fields["kind"] == VALUES:
        given = fields["values"]
        parts = given if isinstance(given, list) else _parts(str(given))
        is_named = named_choices(name) is not None
        return {"choices": [each if is_named else number(name, each) for each in parts]}
    ends = {end: number(name, fields.get(end, "")) for end in ("low", "high")}
    is_log, step = bool(fields.get("log")), str(fields.get("step", "")).strip()
    if is_log or not step:
        return {**ends, "log": is_log}
    return {**ends, "step": number(name, step)}


def number(name: str, text: str) -> Value:
    """Reads a number as people type it.

    Raises:
        ConfigError: It is none.
    """
    typed = str(text).strip()
    is_whole = FineTuneSettings.model_fields[name].annotation is int
    try:
        value = float(typed)
    except ValueError:
        said = f"{typed!r} is no number" if typed else "a number is missing"
        raise ConfigError(
            f"{field_title(name)}: {said}.", hint="Write numbers such as 3e-5, 0.1 or 16."
        ) from None
    return int(value) if is_whole and value.is_integer() else value


def _parts(text: str) -> list[str]:
    return [each for each in re.split(r"[,;\s]+", text) if each]


def _listed(values: list[Value]) -> str:
    return ", ".join(_written(each) for each in values)


def _written(value: Value) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
