"""A conversation with an LLM: its turns are answers of one ask, and make up the next request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from core.settings import Settings, checked_language
from core.storage.answer_records import AnswerRecord
from core.systems.bilingual import ANSWER_UNTRANSLATED, MESSAGE_TRANSLATED
from core.systems.board import Question
from core.systems.parameters import Parameters
from core.systems.protocol import Request, SystemInfo

MAX_TURNS = 100  # the earliest are left out beyond it


class ChatSettings(Settings):
    """How a conversation is led; stored with each turn."""

    version: int = 1
    system_prompt: str = Field(
        default="", description="What the LLM is told before the first message.", max_length=20_000
    )
    translator: str = Field(
        default="", description="Id of the MT system between two languages; empty: none."
    )
    user_lang: str = Field(default="", description="Language that the user writes.")
    llm_lang: str = Field(default="", description="Language that the LLM reads and writes.")

    @field_validator("user_lang", "llm_lang")
    @classmethod
    def _is_language(cls, code: str) -> str:
        return checked_language(code) if code else code


def next_turn(
    info: SystemInfo,
    settings: ChatSettings,
    turns: Sequence[AnswerRecord],
    message: str,
    parameters: Parameters,
) -> Question:
    """Gives the question of the next turn.

    Args:
        info: The LLM.
        settings: How the conversation is led.
        turns: The turns before, in order.
        message: What the user writes.
        parameters: Sampling.
    """
    messages = messages_of_turns(turns, settings.system_prompt)
    if not settings.translator:
        messages = [*messages, {"role": "user", "content": message}]
    request = Request(
        message, settings.user_lang, settings.llm_lang, parameters, messages=tuple(messages)
    )
    position = turns[-1].position + 1 if turns else 0
    return Question(info, request, position=position, translator_id=settings.translator)


def messages_of_turns(turns: Sequence[AnswerRecord], system_prompt: str) -> list[dict[str, str]]:
    """Gives the conversation in the LLM's language; turns without an answer are left out."""
    messages = []
    if system_prompt.strip():
        messages.append({"role": "system", "content": system_prompt})
    for turn in turns[-MAX_TURNS:]:
        texts = {stage["name"]: stage["text"] for stage in turn.stages}
        message = texts.get(MESSAGE_TRANSLATED, turn.source)
        answer = texts.get(ANSWER_UNTRANSLATED, turn.text)
        if turn.has_ended and answer.strip():
            messages.append({"role": "user", "content": message})
            messages.append({"role": "assistant", "content": answer})
    return messages


def settings_of(turn: AnswerRecord) -> ChatSettings:
    """Gives how the conversation of a turn is led."""
    return ChatSettings.parse(turn.request.get("chat", {}))


def exported(turns: Sequence[AnswerRecord]) -> str:
    """Gives a conversation as JSON lines, a turn a line, with all texts."""
    return "".join(json.dumps(_values(turn), ensure_ascii=False) + "\n" for turn in turns)


def _values(turn: AnswerRecord) -> dict[str, Any]:
    return {
        "turn": turn.position,
        "system": turn.system_name,
        "message": turn.source,
        **{stage["name"]: stage["text"] for stage in turn.stages},
        "answer": turn.text,
        "state": turn.state,
        "failure": turn.failure,
        "figures": turn.figures,
        "asked_at": turn.asked_at,
        "settings": turn.request.get("chat", {}),
    }
