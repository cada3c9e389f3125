"""What a judge will cost, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.evaluate.scorers.judge.questions import chosen, probable_usage, question
from core.evaluate.scorers.judge.settings import JudgeSettings
from core.evaluate.scorers.scoring_inputs import ScoringInput, Translated, scoring_input
from core.storage.workspace import Workspace
from core.systems.batch.cache_key import cache_key
from core.systems.catalogue import find_system
from core.systems.protocol import SystemInfo, Usage

SAMPLE = 50  # segments whose tokens are counted; the rest is like them
LOOKED_UP = 2000  # segments that are looked up in the cache; of more, so many evenly spread ones
# Tokens of an answer as our prompts ask for it: a number, or two or three errors.
ANSWER_TOKENS = {"score": 10, "mqm": 120}


@dataclass(frozen=True)
class JudgeForecast:
    """The probable cost of a judge.

    Attributes:
        info: The LLM.
        num_segments: Segments that are to be judged, of all translation sets together.
        num_untranslated: Chosen segments that have no translation; they are left out.
        num_calls: Calls, if every answer can be read; one that cannot takes another.
        num_known: Questions that were paid for before; they are no calls.
        usage: Prompt and answer tokens of all calls, estimated, with their price.
    """

    info: SystemInfo
    num_segments: int
    num_untranslated: int
    num_calls: int
    num_known: int
    usage: Usage

    @property
    def cost_usd(self) -> float:
        """In US dollars; 0 where no price is known."""
        return self.usage.cost_usd


def forecast(workspace: Workspace, settings: JudgeSettings) -> JudgeForecast:
    """Gives the forecast of a judge.

    Raises:
        AdaptMLLMError: The LLM or a translation set does not exist, or the prompt does not fit.
    """
    given = scoring_input(workspace, settings.translation_sets)
    return forecast_of(workspace, settings, given)


def forecast_of(
    workspace: Workspace, settings: JudgeSettings, given: ScoringInput
) -> JudgeForecast:
    """Gives the forecast for texts that are read already."""
    info = find_system(workspace, settings.system)
    segments = list(chosen(given, settings))
    num_positions = len(settings.positions(given.texts.num_segments))
    sample = [question(given, settings, each) for each in _spread(segments, SAMPLE)]
    longest = settings.parameters.max_tokens or ANSWER_TOKENS["mqm"]
    num_answer_tokens = min(ANSWER_TOKENS[settings.mode], longest)
    usage = sum((probable_usage(info, each.request, num_answer_tokens) for each in sample), Usage())
    num_calls, num_known = _calls(workspace, info, settings, given, segments)
    scale = num_calls / len(sample) if sample else 0.0
    tokens = (round(usage.prompt_tokens * scale), round(usage.completion_tokens * scale))
    return JudgeForecast(
        info,
        len(segments),
        num_positions * len(given.texts.sets) - len(segments),
        num_calls,
        num_known,
        info.priced(Usage(*tokens, is_estimated=True)),
    )


def _calls(
    workspace: Workspace,
    info: SystemInfo,
    settings: JudgeSettings,
    given: ScoringInput,
    segments: Sequence[Translated],
) -> tuple[int, int]:
    """Gives how many calls it takes, and how many questions were paid for before.

    The same translation of two systems is asked for once.
    """
    if not settings.uses_cache or not segments:
        return len(segments), 0
    looked_up = _spread(segments, LOOKED_UP)
    keys = [cache_key(info, question(given, settings, each).request) for each in looked_up]
    distinct = set(filter(None, keys))
    known = workspace.cache.known(sorted(distinct))
    scale = len(segments) / len(looked_up)
    num_calls = len(distinct) - len(known) + keys.count("")
    return round(num_calls * scale), round(sum(key in known for key in keys) * scale)


def _spread(segments: Sequence[Translated], num: int) -> Sequence[Translated]:
    """Gives at most so many segments, from everywhere."""
    return segments[:: max(1, math.ceil(len(segments) / num))]
