"""The calls for one segment, and what they probably cost: a chain's parts and drafts are paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.storage.workspace import Workspace
from core.systems.catalogue import find_system
from core.systems.parts import draft_system_of, systems_in
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
