"""The questions of a judge: one a segment and translation set, ready to be sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.evaluate.scorers.judge.prompts import REPAIR, messages, prompts_of
from core.evaluate.scorers.judge.settings import JudgeSettings
from core.evaluate.scorers.scoring_inputs import ScoringInput, Translated
from core.languages import language_name
from core.systems.prompts.tokens import count_messages
from core.systems.protocol import Request, SystemInfo, Usage

MAX_REPEATED = 4000  # characters of an unreadable answer that the second question shows


@dataclass(frozen=True)
class Question:
    """What is judged.

    Attributes:
        segment: The segment with its translation.
        request: With the messages.
    """

    segment: Translated
    request: Request


def chosen(given: ScoringInput, settings: JudgeSettings) -> Iterator[Translated]:
    """Gives the translated segments that are to be judged, position by position."""
    return given.translated(settings.positions(given.texts.num_segments))


def question(given: ScoringInput, settings: JudgeSettings, segment: Translated) -> Question:
    """Gives the question about one segment.

    Raises:
        ConfigError: The prompt cannot be filled, or would be too long.
    """
    system_prompt, prompt = prompts_of(settings.mode, settings.system_prompt, settings.prompt)
    reference = segment.references[0] if settings.uses_reference and segment.references else ""
    filled = messages(
        system_prompt,
        prompt,
        {
            "source": segment.source,
            "hypothesis": segment.hypothesis,
            "reference": reference,
            "source_language": language_name(given.src_lang),
            "target_language": language_name(given.tgt_lang),
        },
    )
    languages = (given.src_lang, given.tgt_lang)
    request = Request(segment.source, *languages, settings.parameters, messages=filled)
    return Question(segment, request)


def repair(request: Request, answer: str, mode: str) -> Request:
    """Gives the second and last question, after an answer that cannot be read."""
    more = (
        {"role": "assistant", "content": answer[:MAX_REPEATED]},
        {"role": "user", "content": REPAIR[mode]},
    )
    return replace(request, messages=(*request.messages, *more))


def probable_usage(info: SystemInfo, request: Request, num_answer_tokens: int) -> Usage:
    """Gives what one call takes, probably, with its price."""
    prompt_tokens = count_messages(request.messages)
    return info.priced(Usage(prompt_tokens, num_answer_tokens, is_estimated=True))
