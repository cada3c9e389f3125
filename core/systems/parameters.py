"""What one may ask of a system besides the text: sampling of LLMs, search of MT models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from core.settings import Settings

MAX_STOPS = 4  # what OpenAI's API takes


def _field(description: str, group: str, **bounds: Any) -> Any:
    return Field(None, description=description, json_schema_extra={"group": group}, **bounds)


class Parameters(Settings):
    """None leaves a parameter to the system; it is then not sent at all."""

    version: Literal[1] = 1
    temperature: float | None = _field(
        "0 always takes the likeliest token; higher is more varied.", "Sampling", ge=0, le=2
    )
    top_p: float | None = _field(
        "Samples only among the likeliest tokens that together have this probability.",
        "Sampling",
        gt=0,
        le=1,
        title="Top-p",
    )
    top_k: int | None = _field(
        "Samples only among this many likeliest tokens; not all endpoints know it.",
        "Sampling",
        ge=1,
        le=1000,
        title="Top-k",
    )
    max_tokens: int | None = _field(
        "The answer is cut here.", "Sampling", ge=1, le=1_000_000, title="Maximum tokens"
    )
    repetition_penalty: float | None = _field(
        "Above 1 makes tokens that occurred less likely; not all endpoints know it.",
        "Sampling",
        gt=0,
        le=10,
    )
    presence_penalty: float | None = _field(
        "Above 0 makes tokens that occurred less likely, however often.", "Sampling", ge=-2, le=2
    )
    frequency_penalty: float | None = _field(
        "Above 0 makes tokens less likely the more often they occurred.", "Sampling", ge=-2, le=2
    )
    seed: int | None = _field(
        "Asks for the same answer again, as far as the endpoint can.",
        "Sampling",
        ge=0,
        le=2**31 - 1,
    )
    stop: tuple[str, ...] = Field(
        default=(),
        description="The answer ends before any of these texts.",
        max_length=MAX_STOPS,
        json_schema_extra={"group": "Sampling"},
    )
    num_beams: int | None = _field(
        "Beam size of MT models; 1 is fastest.", "Search of MT models", ge=1, le=16, title="Beams"
    )
    length_penalty: float | None = _field(
        "Above 1 prefers longer translations; counts with more than one beam.",
        "Search of MT models",
        ge=0,
        le=5,
    )

    @field_validator("stop")
    @classmethod
    def _no_empty_stop(cls, stops: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(stop for stop in stops if stop)

    def sampling(self) -> dict[str, Any]:
        """Gives what was set and is for LLMs."""
        return self._set_in("Sampling")

    def search(self) -> dict[str, Any]:
        """Gives what was set and is for MT models."""
        return self._set_in("Search of MT models")

    def _set_in(self, group: str) -> dict[str, Any]:
        found = {}
        for name, field in type(self).model_fields.items():
            extra = field.json_schema_extra
            value = getattr(self, name)
            if isinstance(extra, dict) and extra["group"] == group and value not in (None, ()):
                found[name] = list(value) if isinstance(value, tuple) else value
        return found
