"""Changes of a run's settings: what a remedy proposes, and how runs differ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError
from core.finetune.settings import FineTuneSettings, MixedCorpus

_UNITS = {"_gb": "GB", "_kwh": "kWh", "_steps": "steps", "_epochs": "epochs", "_tokens": "tokens"}
_NOTE = re.compile(r"\(([^)]+)\)$")


@dataclass(frozen=True)
class Change:
    """One setting and its new value.

    Attributes:
        field: Name of the setting.
        before, after: Its values.
    """

    field: str
    before: Any
    after: Any

    @property
    def words(self) -> str:
        """The change as `tokens_per_batch 1920 → 960`."""
        return f"{self.field} {value_words(self.before)} → {value_words(self.after)}"

    def as_dict(self) -> dict[str, Any]:
        """Gives the plain values for JSON."""
        return {"field": self.field, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class Remedy:
    """Changes that would help, and why.

    Attributes:
        why: One sentence.
        changes: At least one; settings with them applied are valid.
    """

    why: str
    changes: tuple[Change, ...]

    @property
    def diff(self) -> str:
        """All changes in one line."""
        return ", ".join(change.words for change in self.changes)

    def applied(self, settings: FineTuneSettings) -> FineTuneSettings:
        """Gives the corrected settings.

        Raises:
            ConfigError: The settings are others than those the remedy was made for, and a value
                does not fit them.
        """
        return settings.changed(**{change.field: change.after for change in self.changes})

    def as_dict(self) -> dict[str, Any]:
        """Gives the plain values for JSON."""
        changes = [change.as_dict() for change in self.changes]
        return {"why": self.why, "diff": self.diff, "changes": changes}


def remedy(settings: FineTuneSettings, why: str, **values: Any) -> Remedy | None:
    """Gives a remedy that sets `values`; None if they change nothing or are not allowed.

    Args:
        settings: Of the run.
        why: One sentence.
        **values: New values by the name of the setting.
    """
    try:
        found = changes_between(settings, settings.changed(**values))
    except ConfigError:
        return None
    return Remedy(why, tuple(found)) if found else None


def changes_between(settings: FineTuneSettings, other: FineTuneSettings) -> list[Change]:
    """Gives the settings that differ, in the order in which they are declared."""
    pairs = ((name, getattr(settings, name), getattr(other, name)) for name in _names())
    return [Change(name, before, after) for name, before, after in pairs if before != after]


def label_of(field: str) -> str:
    """Gives a setting's label as the form shows it, without its unit."""
    declared = FineTuneSettings.model_fields.get(field)
    title = declared.title if declared else None
    if title:
        return _NOTE.sub("", title).strip()
    return field.replace("_", " ").capitalize()


def unit_of(field: str) -> str:
    """Gives the unit of a setting; empty for one that has none."""
    declared = FineTuneSettings.model_fields.get(field)
    note = _NOTE.search((declared.title or "") if declared else "")
    if note and note[1] not in ("d_model", "each side"):
        return note[1]
    unit = next((unit for ending, unit in _UNITS.items() if field.endswith(ending)), "")
    return "" if unit in label_of(field).lower() else unit


def value_words(value: Any) -> str:
    """Gives a setting's value in short: `0.00002` as `2e-05`, an empty text as `(empty)`."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, MixedCorpus):
        value = value.model_dump()
    if isinstance(value, Mapping):  # a corpus that is mixed in
        tag = f", tag {value['tag']}" if value["tag"] else ""
        return f"{value['corpus']} × {value['weight']:g}{tag}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(value_words, value)) or "(none)"
    return "(empty)" if value == "" else str(value)


def _names() -> list[str]:
    return [name for name in FineTuneSettings.model_fields if name != "version"]
