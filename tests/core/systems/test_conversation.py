from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.errors import ConfigError
from core.storage.answer_records import AnswerRecord
from core.systems.bilingual import ANSWER_UNTRANSLATED, MESSAGE_TRANSLATED
from core.systems.conversation import (
    MAX_TURNS,
    ChatSettings,
    exported,
    messages_of_turns,
    next_turn,
    settings_of,
)
from core.systems.parameters import Parameters
from core.systems.protocol import SystemInfo

INFO = SystemInfo("endpoint:1", "LLM", "openai", is_llm=True)


def turn(position: int, **values: Any) -> AnswerRecord:
    plain = AnswerRecord(
        id=f"a{position}",
        ask_id="chat1",
        position=position,
        purpose="chat",
        system_id=INFO.id,
        system_name=INFO.name,
        src_lang="",
        tgt_lang="",
        source=f"message {position}",
        asked_at="2024-03-04T05:06:07.123+00:00",
        text=f"answer {position}",
        state="done",
    )
    return replace(plain, **values)


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def system(text: str) -> dict[str, str]:
    return {"role": "system", "content": text}


def test_turns_become_the_messages_before_the_next_one() -> None:
    found = messages_of_turns([turn(0), turn(1)], "Be kind.")
    assert found == [
        system("Be kind."),
        user("message 0"),
        assistant("answer 0"),
        user("message 1"),
        assistant("answer 1"),
    ]


@pytest.mark.parametrize("prompt", ["", " \n\t"])
def test_conversation_without_a_system_prompt_has_no_message_for_it(prompt: str) -> None:
    assert messages_of_turns([], prompt) == []


def test_system_prompt_is_sent_as_it_was_written() -> None:
    assert messages_of_turns([], " Be kind.\n") == [system(" Be kind.\n")]


@pytest.mark.parametrize(
    ("values", "is_kept"),
    [
        ({"state": "done"}, True),
        ({"state": "stopped", "text": "half an ans"}, True),
        ({"state": "failed", "text": "half an ans"}, True),
        ({"state": "interrupted", "text": "half an ans"}, True),
        ({"state": "failed", "text": ""}, False),
        ({"state": "done", "text": " \n"}, False),
        ({"state": "stopped", "text": ""}, False),
        ({"state": "streaming", "text": "half an ans"}, False),
        ({"state": "waiting", "text": ""}, False),
    ],
)
def test_turn_without_an_answer_is_left_out(values: dict[str, str], is_kept: bool) -> None:
    found = messages_of_turns([turn(0), turn(1, **values), turn(2)], "")
    kept = [user("message 1"), assistant(values.get("text", "answer 1"))] if is_kept else []
    assert found == [
        user("message 0"), assistant("answer 0"), *kept, user("message 2"), assistant("answer 2"),
    ]  # fmt: skip
    # Roles alternate, which many chat formats demand.
    assert [each["role"] for each in found] == ["user", "assistant"] * (len(found) // 2)


STAGES = [
    {"name": MESSAGE_TRANSLATED, "text": "Hello"},
    {"name": ANSWER_UNTRANSLATED, "text": "Hi"},
]


def test_llm_reads_a_bilingual_conversation_in_its_own_language() -> None:
    turns = [turn(0, stages=STAGES, source="Dia duit", text="Haigh")]
    assert messages_of_turns(turns, "") == [user("Hello"), assistant("Hi")]


def test_answer_that_could_not_be_translated_back_is_known_to_the_llm() -> None:
    turns = [turn(0, stages=STAGES, text="", state="failed")]
    assert messages_of_turns(turns, "") == [user("Hello"), assistant("Hi")]
    turns = [turn(0, stages=STAGES[:1], text="", state="failed")]
    assert messages_of_turns(turns, "") == []


def test_earliest_turns_of_a_long_conversation_are_left_out() -> None:
    found = messages_of_turns([turn(n) for n in range(MAX_TURNS + 5)], "Be kind.")
    assert len(found) == 1 + 2 * MAX_TURNS
    assert found[:2] == [system("Be kind."), user("message 5")]


def test_next_turn_asks_with_the_whole_conversation() -> None:
    parameters = Parameters(temperature=0.5)
    settings = ChatSettings(system_prompt="Be kind.")
    question = next_turn(INFO, settings, [turn(0), turn(3)], "And now?", parameters)
    assert question.info is INFO
    assert question.position == 4
    assert question.translator_id == ""
    assert question.request.source == "And now?"
    assert question.request.parameters is parameters
    assert question.request.messages == (
        system("Be kind."),
        user("message 0"),
        assistant("answer 0"),
        user("message 3"),
        assistant("answer 3"),
        user("And now?"),
    )


def test_first_turn_needs_no_turn_before() -> None:
    question = next_turn(INFO, ChatSettings(), [], "Hello", Parameters())
    assert question.position == 0
    assert question.request.messages == (user("Hello"),)


def test_message_in_another_language_is_left_to_the_translator() -> None:
    settings = ChatSettings(translator="model:starter", user_lang="gle_Latn", llm_lang="eng_Latn")
    turns = [turn(0, stages=STAGES, source="Dia duit", text="Haigh")]
    question = next_turn(INFO, settings, turns, "Slán", Parameters())
    assert question.translator_id == "model:starter"
    assert question.request.messages == (user("Hello"), assistant("Hi"))
    assert (question.request.src_lang, question.request.tgt_lang) == ("gle_Latn", "eng_Latn")
    assert question.request.source == "Slán"


def test_settings_are_kept_with_each_turn() -> None:
    settings = ChatSettings(system_prompt="Be kind.", user_lang="gle_Latn")
    assert settings_of(turn(0, request={"chat": settings.model_dump()})) == settings
    assert settings_of(turn(0)) == ChatSettings()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"user_lang": "ga"}, "user_lang: 'ga' is not a FLORES-200 language code"),
        ({"llm_lang": "english"}, "llm_lang: 'english' is not a FLORES-200 language code"),
        ({"system_prompt": "x" * 20_001}, "system_prompt: "),
        ({"temperature": 1}, "temperature: "),
    ],
)
def test_settings_that_do_not_fit_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ChatSettings.parse(values)
    assert sentence in caught.value.message


def test_export_has_a_line_a_turn_with_all_texts() -> None:
    hostile = "e\u0301 שלום नमस्ते 👩🏽‍🔬 \u2028\r\n\x00"
    chat = {"system_prompt": "Be kind."}
    turns = [
        turn(0, source=hostile, stages=STAGES, request={"chat": chat}, figures={"total_s": 1.5}),
        turn(1, state="failed", failure="It answered 500.", text=""),
    ]
    text = exported(turns)
    first, second = (json.loads(line) for line in text.split("\n")[:-1])
    assert text.endswith("}\n")
    assert first == {
        "turn": 0,
        "system": "LLM",
        "message": hostile,
        MESSAGE_TRANSLATED: "Hello",
        ANSWER_UNTRANSLATED: "Hi",
        "answer": "answer 0",
        "state": "done",
        "failure": "",
        "figures": {"total_s": 1.5},
        "asked_at": "2024-03-04T05:06:07.123+00:00",
        "settings": chat,
    }
    assert (second["turn"], second["state"], second["failure"]) == (
        1, "failed", "It answered 500.",
    )  # fmt: skip
    assert "नमस्ते" in text
    assert exported([]) == ""
