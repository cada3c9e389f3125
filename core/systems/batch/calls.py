"""The calls for one segment, and what they probably cost: a chain's parts and drafts are paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import ConfigError
from core.storage.workspace import Workspace
from core.systems.catalogue import MAX_DEPTH, find_system
from core.systems.descriptions import CHAIN
from core.systems.prompt_choice import PromptChoice, find_template
from core.systems.prompting import Prompting, messages_of
from core.systems.prompts.tokens import count_messages, estimate_tokens
from core.systems.protocol import Request, SystemInfo, Usage


@dataclass(frozen=True)
class Call:
    """One system that is asked for each segment.

    Attributes:
        info: Who is asked, and paid.
        count: How often; twice where an LLM edits its own draft.
        is_draft: Whether it writes a draft for another one, which is asked for without examples.
    """

    info: SystemInfo
    count: int = 1
    is_draft: bool = False

    def usage(self, request: Request, reference: str, *, max_tokens: int = 0) -> Usage:
        """Gives what it takes for a segment, probably, and what that costs.

        Args:
            request: The segment, with its prompt.
            reference: The answer is as long as this.
            max_tokens: The answer may be as long as that.

        Raises:
            ConfigError: The prompt cannot be made.
        """
        if not self.info.is_llm:
            return self.info.priced(Usage(characters=len(request.source), is_estimated=True))
        if self.is_draft:
            request = replace(request, prompting=Prompting())
        prompt = self.count * count_messages(messages_of(request, reference))
        answer = self.count * max(estimate_tokens(reference), max_tokens)
        return self.info.priced(Usage(prompt, answer, is_estimated=True))


def calls_of(workspace: Workspace, info: SystemInfo, choice: PromptChoice) -> tuple[Call, ...]:
    """Gives the calls of a system for each segment, as if all were for the same texts.

    Raises:
        ConfigError: A system or the template does not exist, or a chain contains itself.
    """
    found: list[Call] = []
    for part in systems_in(workspace, info):
        if not part.is_llm:
            found.append(Call(part))
            continue
        template, _ = find_template(workspace, choice.template, choice.template_version)
        found.append(Call(part, count=2 if template.draft_from == "itself" else 1))
        draft_id = draft_system_of(workspace, choice)
        if draft_id:
            drafting = systems_in(workspace, find_system(workspace, draft_id))
            found += [Call(each, is_draft=True) for each in drafting]
    return tuple(found)


def probable_usd(calls: Sequence[Call], request: Request, reference: str) -> float:
    """Gives what a segment may well cost: its own prompt, and the longest answer that is allowed.

    Raises:
        ConfigError: The prompt cannot be made.
    """
    longest = request.parameters.max_tokens or 0
    return sum(call.usage(request, reference, max_tokens=longest).cost_usd for call in calls)


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
