"""Which systems are asked in the end: a chain's parts, and who writes the drafts."""

from __future__ import annotations

from core.errors import ConfigError
from core.storage.workspace import Workspace
from core.systems.catalogue import MAX_DEPTH, find_system
from core.systems.descriptions import CHAIN
from core.systems.prompt_choice import PromptChoice, find_template
from core.systems.protocol import SystemInfo


def systems_in(workspace: Workspace, info: SystemInfo, *, depth: int = 0) -> list[SystemInfo]:
    """Gives the systems that are asked in the end: those of a chain, else the system itself.

    Raises:
        ConfigError: One does not exist, or a chain contains itself.
    """
    if info.kind != CHAIN:
        return [info]
    if depth >= MAX_DEPTH:
        raise ConfigError(
            f"The chain {info.name!r} contains itself, or too many others.",
            hint="Change one of its two systems in the settings.",
        )
    found: list[SystemInfo] = []
    for name in ("first", "second"):
        if name not in info.provenance:
            raise ConfigError(f"The chain {info.name!r} cannot be used: {info.detail}.")
        part = find_system(workspace, info.provenance[name])
        found += systems_in(workspace, part, depth=depth + 1)
    return found


def is_prompted(workspace: Workspace, info: SystemInfo) -> bool:
    """Whether a prompt reaches an LLM: a chain's as well, whichever of its parts is one.

    Raises:
        ConfigError: As `systems_in`.
    """
    return any(part.is_llm for part in systems_in(workspace, info))


def draft_system_of(workspace: Workspace, choice: PromptChoice) -> str:
    """Gives the id of the system that writes drafts; empty where the template edits none.

    Raises:
        ConfigError: The template does not exist.
    """
    template, _ = find_template(workspace, choice.template, choice.template_version)
    return choice.draft_system if template.draft_from == "system" else ""
