"""The settings of a measurement, declared once, and the plan that its process is given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from core.errors import ConfigError
from core.settings import Settings
from core.storage.files import read_json, write_json

WARM_UP_S = 5.0
PHASE = "translate"  # of the job; the one that is measured


def _field(default: Any, description: str, **bounds: Any) -> Any:
    extra: dict[str, Any] = {"group": "Measurement"}
    return Field(default, description=description, json_schema_extra=extra, **bounds)


class MeasureSettings(Settings):
    """Which local model is measured, on what, and for how long."""

    version: Literal[1] = 1
    system: str = _field("", "A local model: a run, RUN@STEP or a base model.", max_length=1000)
    corpus: str = _field(
        "",
        "Corpus whose test split is translated, again and again; empty: the run's own, else one "
        "of the model's languages.",
        max_length=200,
    )
    seconds: float = _field(
        30.0,
        "How long it is measured, after the warm-up; longer is surer.",
        ge=30,
        le=600,
        title="Seconds",
    )


@dataclass(frozen=True)
class Plan:
    """Everything that the measuring process needs to know, resolved when it was started.

    Attributes:
        system_id, name: The system, and what people call it.
        version: The prepared version that is measured.
        corpus: Id of the corpus whose test split is translated.
        src_lang, tgt_lang: FLORES-200 codes.
        seconds: How long it is measured.
        warm_up_s: How long it translates before.
    """

    system_id: str
    name: str
    version: str
    corpus: str
    src_lang: str
    tgt_lang: str
    seconds: float
    warm_up_s: float = WARM_UP_S

    def save(self, path: Path) -> None:
        """Writes the plan as JSON."""
        write_json(path, asdict(self))

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Reads what `save` wrote.

        Raises:
            ConfigError: There is none, or it is of another version of the program.
        """
        try:
            return cls(**read_json(path))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(
                f"The plan {path} cannot be read: {error}.", hint="Measure again."
            ) from None
