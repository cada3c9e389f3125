from __future__ import annotations

import random
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.systems.arena.rules import WELL_KNOWN_NAMES, Answer, is_swapped, why_no_vote

A = Answer("Dia duit, a dhomhain", "stop", "", ("tiny-mt", "Irish model"), "Hello, world")
B = replace(A, text="Haigh, a shaoil", names=("other/mt-7b",))


def test_two_different_whole_answers_may_be_voted_on() -> None:
    assert why_no_vote(A, B) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"failure": "401: key refused"}, "One of the two answers failed, so there is no vote."),
        ({"failure": "401", "text": "", "finish_reason": ""}, "failed"),
        ({"finish_reason": "length"}, "cut off because it grew too long"),
        ({"finish_reason": "stopped"}, "was stopped"),
        ({"finish_reason": "cancelled"}, "was stopped"),
        ({"finish_reason": "content_filter"}, "withheld by a filter"),
        ({"finish_reason": ""}, "is incomplete"),
        ({"finish_reason": "tool_calls"}, "is incomplete"),
        ({"text": ""}, "is empty"),
        ({"text": " \n\t\u3000\ufeff\u200b\u200d\x00"}, "is empty"),
        ({"text": B.text}, "The two answers are the same, so there is no vote."),
        ({"text": "\n Haigh,\u00a0a \t shaoil\u200b\r\n"}, "are the same"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_whole_or_no_other_bars_the_vote(
    changes: dict[str, str], reason: str
) -> None:
    changed = replace(A, **changes)
    assert reason in why_no_vote(changed, B)
    assert why_no_vote(changed, B) == why_no_vote(B, changed)


@pytest.mark.parametrize(
    ("first", "second", "are_same"),
    [
        ("caf\u00e9", "cafe\u0301", True),
        ("नमस्ते  दुनिया", "नमस्ते दुनिया ", True),
        ("שלום\u2003עולם", "שלום עולם", True),
        ("\ud800 x", "\ud800  x", True),
        ("Dia duit", "dia duit", False),
        ("Dia duit", "Dia duit.", False),
        ("¡Hola!", "!Hola!", False),
        ("می\u200cخواهم", "میخواهم", False),
        ("①", "1", False),
        ("👍", "👍🏽", False),
    ],
)
def test_answers_are_the_same_when_a_rater_sees_no_difference(
    first: str, second: str, are_same: bool
) -> None:
    reason = why_no_vote(replace(A, text=first), replace(B, text=second))
    assert ("the same" in reason) == are_same


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I am tiny-mt.", "tiny-mt"),
        ("Mise TINY-MT!", "tiny-mt"),
        ("(irish\n model)", "Irish model"),
        ("Mar ChatGPT, ní féidir liom", "ChatGPT"),
        ("Is mise Claude.", "Claude"),
        ("claude's answer", "Claude"),
        ("我是ChatGPT模型", "ChatGPT"),
        ("ฉันคือClaudeครับ", "Claude"),
        ("ＣｈａｔＧＰＴ", "ChatGPT"),
        ("Chat\u200bGPT", "ChatGPT"),
        ("Made with GPT-4", "GPT"),
        ("GPT4o says", "GPT"),
        ("Qwen2.5", "Qwen"),
        ("llama-3 🦙", "Llama"),
        ("أنا Claude، مساعد", "Claude"),
    ],
)
def test_an_answer_that_names_a_system_bars_the_vote(text: str, name: str) -> None:
    betraying = replace(A, text=text)
    expected = f"One of the two answers names a system, “{name}”, so there is no vote."
    assert why_no_vote(betraying, B) == expected
    assert why_no_vote(B, betraying) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Claudette",
        "Claude\u0301",  # another letter
        "निClaude",
        "llamas",
        "tiny-mtx",
        "xtiny-mt",
        "other/mt-7b",  # the name of the other side
        "tiny mt",
        "Irish and model",
        "clau de",
    ],
)
def test_words_that_only_resemble_a_name_are_fine(text: str) -> None:
    assert why_no_vote(replace(A, text=text), B) == ""


def test_a_name_in_the_source_or_in_both_answers_is_no_betrayal() -> None:
    betraying = replace(A, text="Chuaigh Claude abhaile")
    assert why_no_vote(betraying, B) != ""
    assert why_no_vote(replace(betraying, source="CLAUDE went home"), B) == ""
    assert why_no_vote(replace(betraying, source="Claudes Haus"), B) == ""
    assert why_no_vote(betraying, replace(B, text="D'imigh Claude abhaile")) == ""
    # The one name is in the source, another is not.
    text = "Claude agus ChatGPT"
    assert "ChatGPT" in why_no_vote(replace(A, text=text, source="Claude"), B)


@pytest.mark.parametrize("name", ["", " ", "\u200b", "(", ".*", "a+b\\", "[", "\ud800"])
def test_odd_names_are_taken_literally(name: str) -> None:
    named = replace(A, names=(name,))
    assert why_no_vote(named, B) == ""
    if name.strip(" \u200b"):
        assert why_no_vote(replace(named, text=f"x {name} y"), B) != ""


def test_huge_answers_are_looked_through_to_the_end() -> None:
    text = "Claudette GPTs " * 100_000
    assert why_no_vote(replace(A, text=text), B) == ""
    assert "OpenAI" in why_no_vote(replace(A, text=text + "OpenAI"), B)


ANSWERS = st.builds(
    Answer,
    text=st.text(st.sampled_from("a é\u0301好ü\ud800\u200b 🙂"))
    | st.sampled_from(WELL_KNOWN_NAMES),
    finish_reason=st.sampled_from(["stop", "stop", "length", ""]),
    failure=st.sampled_from(["", "", "x"]),
    names=st.lists(st.text(max_size=2), max_size=2).map(tuple),
    source=st.text(max_size=5),
)


@given(ANSWERS, ANSWERS)
def test_sides_do_not_count_and_a_vote_needs_two_different_whole_answers(
    a: Answer, b: Answer
) -> None:
    assert bool(why_no_vote(a, b)) == bool(why_no_vote(b, a))
    assert why_no_vote(a, a) != ""
    if not why_no_vote(a, b):
        assert a.finish_reason == b.finish_reason == "stop"
        assert not a.failure and not b.failure
        assert a.text.strip() and b.text.strip() and a.text != b.text


@pytest.mark.parametrize("kind", ["random", "counted"])
def test_sides_are_swapped_for_half_of_the_ids(kind: str) -> None:
    generator = random.Random(9)
    ids = [
        str(uuid.UUID(int=generator.getrandbits(128) if kind == "random" else number))
        for number in range(20_000)
    ]
    swapped = [is_swapped(vote_id) for vote_id in ids]
    assert 9700 < sum(swapped) < 10_300  # four standard deviations are 283
    changes = sum(first != second for first, second in zip(swapped, swapped[1:], strict=False))
    assert 9700 < changes < 10_300


def test_sides_of_one_id_are_always_the_same() -> None:
    # Were these to change, a question that is open would be shown the other way round.
    ids = ("", "1", "2", "3", "é", "\ud800", "3f2b8c1e-5a64-4c0b-9a43-1f0e6f1f7c55")
    assert [is_swapped(vote_id) for vote_id in ids] == [
        True,
        True,
        False,
        False,
        False,
        True,
        False,
    ]
