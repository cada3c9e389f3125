"""What a batch will cost and how long it will take, before anything is sent."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from core.storage.workspace import Workspace
from core.systems.batch.calls import Call, calls_of
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import TestSet, read_test_set
from core.systems.catalogue import find_system
from core.systems.prompt_choice import Prompter
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
    calls = calls_of(workspace, info, settings.prompt)
    sample = []
    if any(call.info.is_llm for call in calls):
        sample = _sample(workspace, settings, test_set)
    usage = sum((_usage(call, test_set, sample) for call in calls), Usage())
    return Forecast(info, len(test_set.pairs), usage, usage.cost_usd, _seconds_of(workspace, info))


def _usage(call: Call, test_set: TestSet, sample: Sequence[tuple[Request, str]]) -> Usage:
    """Gives the usage of all segments: characters are counted, tokens as in the sample."""
    if not call.info.is_llm:
        characters = sum(len(source) for source, _ in test_set.pairs)
        return call.info.priced(Usage(characters=characters, is_estimated=True))
    found = sum((call.usage(request, reference) for request, reference in sample), Usage())
    scale = len(test_set.pairs) / len(sample)
    tokens = (round(found.prompt_tokens * scale), round(found.completion_tokens * scale))
    return call.info.priced(Usage(*tokens, is_estimated=True))


def _sample(
    workspace: Workspace, settings: BatchSettings, test_set: TestSet
) -> list[tuple[Request, str]]:
    """Gives segments from the whole test set, with their prompts and references."""
    direction = (test_set.src_lang, test_set.tgt_lang)
    prompter = Prompter(workspace, settings.prompt, *direction)
    step = max(1, len(test_set.pairs) // SAMPLE)
    return [
        (
            Request(source, *direction, settings.parameters, prompter.prompting_for(source)),
            reference,
        )
        for source, reference in test_set.pairs[::step][:SAMPLE]
    ]


def _seconds_of(workspace: Workspace, info: SystemInfo) -> float | None:
    """Gives the median time of earlier answers of a system."""
    found = workspace.answers.of_system(info.id, limit=REMEMBERED)
    times = [
        float(answer.figures["total_s"])
        for answer in found
        if answer.purpose != "chat" and answer.state == "done" and answer.figures.get("total_s")
    ]
    return statistics.median(times) if times else None
