"""How large an LLM is, as far as people know it: for estimates of what it takes."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from core.errors import ConfigError
from core.settings import Settings
from core.storage.workspace import Workspace
from core.systems.catalogue import endpoint_settings, find_system
from core.systems.protocol import SystemInfo

_PREFERENCE = "llm-size:"


def _field(description: str, title: str) -> Any:
    extra: dict[str, Any] = {"group": "Size"}
    return Field(
        0.0, description=description, ge=0, le=100_000, title=title, json_schema_extra=extra
    )


class ModelSize(Settings):
    """Parameters of an LLM, in billions (10⁹)."""

    version: Literal[1] = 1
    active_b: float = _field(
        "Parameters that work on each token, in billions; for a dense model all. 0 = not known.",
        "Active parameters (billions)",
    )
    total_b: float = _field(
        "All parameters of a mixture of experts, in billions; 0 = as many as active.",
        "All parameters (billions)",
    )

    @model_validator(mode="after")
    def _holds_the_active(self) -> Self:
        if self.total_b and self.total_b < self.active_b:
            raise ValueError(
                f"{self.total_b:g} billion parameters cannot hold {self.active_b:g} billion active "
                "ones"
            )
        if self.total_b and not self.active_b:
            raise ValueError("the active parameters are missing")
        return self

    @property
    def is_known(self) -> bool:
        """Whether anything was said."""
        return self.active_b > 0

    @property
    def whole_b(self) -> float:
        """All parameters, in billions."""
        return self.total_b or self.active_b

    @property
    def words(self) -> str:
        """Says it, as `8 billion parameters` or `3 of 30 billion parameters active`."""
        if self.whole_b == self.active_b:
            return f"{self.active_b:g} billion parameters"
        return f"{self.active_b:g} of {self.whole_b:g} billion parameters active"


def size_of(workspace: Workspace, info: SystemInfo) -> ModelSize:
    """Gives what was said of an endpoint: for estimates, else in its settings."""
    stored = workspace.preferences.get(_name(info))
    if stored:
        return ModelSize.parse(stored)
    return ModelSize(active_b=endpoint_settings(workspace, info.id).parameters_b)


def store_size(workspace: Workspace, system: str, size: ModelSize) -> SystemInfo:
    """Stores how large an endpoint's LLM is; nothing known takes it away.

    Raises:
        ConfigError: There is no such endpoint, or it is no LLM.
    """
    info = llm_endpoint(workspace, system)
    workspace.preferences.put(_name(info), size.model_dump() if size.is_known else {})
    return info


def llm_endpoint(workspace: Workspace, system: str) -> SystemInfo:
    """Gives an LLM endpoint by id or name.

    Raises:
        ConfigError: There is none, or the system is something else.
    """
    info = find_system(workspace, system)
    if not info.is_llm:
        raise ConfigError(
            f"{info.name!r} is no LLM endpoint: what it takes cannot be estimated.",
            hint="Choose an OpenAI-compatible endpoint; local models are measured.",
        )
    return info


def _name(info: SystemInfo) -> str:
    return f"{_PREFERENCE}{info.id.partition(':')[2]}"
