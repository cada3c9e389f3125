"""What a batch will cost and how long it will take, before anything is sent."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from core.storage.workspace import Workspace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import TestSet, read_test_set
from core.systems.catalogue import find_system
from core.systems.descriptions import CHAIN
from core.systems.prompt_choice import Prompter
from core.systems.prompting import messages_of
from core.systems.prompts.tokens import count_messages, estimate_tokens
from core.systems.protocol import Request, SystemInfo, Usage

SAMPLE = 20  # segments whose prompts are made; the rest is like them
REMEMBERED = 50  # earlier answers from which the speed is known


@dataclass(frozen=True)
class Forecast:
    """The probable cost of one system.

    Attributes:
        info: The system.
        num_segments: Segments that are to be translated.
        usage: Tokens or characters of all of them, estimated.
        cost_usd: In US dollars; 0 where no price is known.
        seconds: How long one call takes; None while nothing was asked yet.
    """

    info: SystemInfo
    num_segments: int
    usage: Usage
    cost_usd: float
    seconds: float | None

    @property
    def cost_per_segment_usd(self) -> float:
        """What one call probably costs."""
        return self.cost_usd / self.num_segments if self.num_segments else 0.0


def forecast(workspace: Workspace, settings: BatchSettings) -> list[Forecast]:
    """Gives the forecast of each system.

    Raises:
        AdaptMLLMError: A system, the corpus or the prompt does not exist or does not fit.
    """
    test_set = read_test_set(workspace, settings)
    return [
        forecast_of(workspace, settings, test_set, find_system(workspace, system_id))
        for system_id in settings.systems
    ]


def forecast_of(
    workspace: Workspace, settings: BatchSettings, test_set: TestSet, info: SystemInfo
) -> Forecast:
    """Gives the forecast of one system for a test set that is read already."""
    usage = _usage(workspace, settings, test_set, info)
    return Forecast(info, len(test_set.pairs), usage, usage.cost_usd, _seconds_of(workspace, info))


def _usage(
    workspace: Workspace, settings: BatchSettings, test_set: TestSet, info: SystemInfo
) -> Usage:
    """Gives the usage of a system; that of a chain is both systems', as if for the same texts."""
    if info.kind == CHAIN:
        parts = (find_system(workspace, info.provenance[part]) for part in ("first", "second"))
        return sum((_usage(workspace, settings, test_set, part) for part in parts), Usage())
    if not info.is_llm:
        characters = sum(len(source) for source, _ in test_set.pairs)
        return info.priced(Usage(characters=characters, is_estimated=True))
    usage = info.priced(_tokens(workspace, settings, test_set))
    if settings.prompt.draft_system:
        drafting = find_system(workspace, settings.prompt.draft_system)
        usage += _usage(workspace, settings, test_set, drafting)
    return usage


def _tokens(workspace: Workspace, settings: BatchSettings, test_set: TestSet) -> Usage:
    direction = (test_set.src_lang, test_set.tgt_lang)
    prompter = Prompter(workspace, settings.prompt, *direction)
    step = max(1, len(test_set.pairs) // SAMPLE)
    chosen = test_set.pairs[::step][:SAMPLE]
    calls = 1 if prompter.template.draft_from != "itself" else 2
    prompt = answer = 0
    for source, reference in chosen:
        request = Request(source, *direction, settings.parameters, prompter.prompting_for(source))
        answer_tokens = estimate_tokens(reference)
        prompt += calls * count_messages(list(messages_of(request, reference)))
        answer += calls * answer_tokens
    scale = len(test_set.pairs) / len(chosen)
    return Usage(round(prompt * scale), round(answer * scale), is_estimated=True)


def _seconds_of(workspace: Workspace, info: SystemInfo) -> float | None:
    """Gives the median time of earlier answers of a system."""
    found = workspace.answers.of_system(info.id, limit=REMEMBERED)
    times = [
        float(answer.figures["total_s"])
        for answer in found
        if answer.purpose != "chat" and answer.state == "done" and answer.figures.get("total_s")
    ]
    return statistics.median(times) if times else None
