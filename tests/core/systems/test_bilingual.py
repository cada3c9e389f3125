from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from core.systems.bilingual import ANSWER_UNTRANSLATED, MESSAGE_TRANSLATED, BilingualSystem
from core.systems.collecting import Collected, collect
from core.systems.failures import AskError
from core.systems.parameters import Parameters
from core.systems.prompting import Prompting
from core.systems.protocol import Delta, Event, Finished, Ignored, Note, Request, Sent, Usage
from tests.core.systems.scripted import HANG, Scripted

HISTORY = ({"role": "system", "content": "Be kind."},)
REQUEST = Request("Dia duit", "gle_Latn", "eng_Latn", Parameters(temperature=0.5), messages=HISTORY)


def translated(request: Request) -> Event:
    return Delta(f"[{request.tgt_lang}] {request.source}")


def translator(*steps: Any, **values: Any) -> Scripted:
    return Scripted("MT", *(steps or (translated, Finished())), kind="model", **values)


def llm(*steps: Any, **values: Any) -> Scripted:
    return Scripted("LLM", *(steps or (Delta("Hel"), Delta("lo"), Finished())), **values)


def collected(system: BilingualSystem, request: Request = REQUEST) -> Collected:
    return asyncio.run(collect(system, request))


def test_each_side_reads_its_own_language() -> None:
    speaker, interpreter = llm(is_llm=True), translator()
    system = BilingualSystem(speaker, interpreter)
    found = collected(system)
    assert found.text == found.raw == "[gle_Latn] Hello"
    assert found.stages == {
        MESSAGE_TRANSLATED: "[eng_Latn] Dia duit",
        ANSWER_UNTRANSLATED: "Hello",
    }
    assert (found.state, found.finish_reason, found.problem) == ("done", "stop", "")
    assert system.info is speaker.info
    assert speaker.num_open == interpreter.num_open == 0


def test_llm_gets_the_conversation_with_the_translated_message_at_its_end() -> None:
    speaker, interpreter = llm(), translator()
    collected(BilingualSystem(speaker, interpreter))
    (asked,) = speaker.requests
    assert asked.messages == (*HISTORY, {"role": "user", "content": "[eng_Latn] Dia duit"})
    assert asked.parameters == REQUEST.parameters
    there, back = interpreter.requests
    assert (there.source, there.src_lang, there.tgt_lang) == ("Dia duit", "gle_Latn", "eng_Latn")
    assert (back.source, back.src_lang, back.tgt_lang) == ("Hello", "eng_Latn", "gle_Latn")
    assert there.messages == back.messages == ()
    assert there.prompting == back.prompting == Prompting()


def test_first_message_of_a_conversation_needs_no_history() -> None:
    speaker = llm()
    collected(BilingualSystem(speaker, translator()), Request("Dia duit", "gle_Latn", "eng_Latn"))
    assert speaker.requests[0].messages == ({"role": "user", "content": "[eng_Latn] Dia duit"},)


def test_answers_are_shown_as_they_are() -> None:
    speaker = llm(Delta('"Hello"'), Finished(), cleans=True)
    system = BilingualSystem(speaker, translator(cleans=True))
    assert system.cleans is False
    assert collected(system).text == '[gle_Latn] "Hello"'


def test_tokens_are_those_of_the_llm() -> None:
    sent = Sent(({"role": "user", "content": "x"},))
    speaker = llm(sent, Ignored("seed"), Delta("hm", "reasoning"), Delta("Hello"), Usage(30, 2),
                  Finished(), is_llm=True, price_in_usd=1e6)  # fmt: skip
    interpreter = translator(Note("Loading."), translated, Usage(characters=8), Finished())
    found = collected(BilingualSystem(speaker, interpreter))
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (30, 2)
    assert found.cost_usd == 30.0
    assert found.ignored == ["seed"]
    assert found.messages == sent.messages
    assert found.stages[ANSWER_UNTRANSLATED] == "Hello"  # without its thoughts


def test_answer_that_the_llm_had_to_cut_ends_as_a_cut_one() -> None:
    speaker = llm(Delta("Hello, my"), Finished("length"))
    found = collected(BilingualSystem(speaker, translator()))
    assert found.text == "[gle_Latn] Hello, my"
    assert (found.state, found.finish_reason) == ("done", "length")
    assert found.problem == "The answer was cut at the maximum of tokens."


def test_translation_that_is_cut_tells_so_itself() -> None:
    ends = iter((Finished(), Finished("incomplete")))
    interpreter = translator(translated, lambda _: next(ends))
    assert collected(BilingualSystem(llm(), interpreter)).finish_reason == "incomplete"


@pytest.mark.parametrize("reason", ["length", "incomplete", "content_filter"])
def test_half_a_message_is_not_sent(reason: str) -> None:
    speaker = llm()
    interpreter = translator(translated, Finished(reason))
    found = collected(BilingualSystem(speaker, interpreter))
    assert found.failure is not None
    assert found.failure.message == f"MT did not finish ({reason})."
    assert speaker.requests == []
    assert speaker.num_open == interpreter.num_open == 0


@pytest.mark.parametrize("reason", ["incomplete", "content_filter"])
def test_answer_that_just_ended_is_not_translated(reason: str) -> None:
    interpreter = translator()
    found = collected(BilingualSystem(llm(Delta("Hel"), Finished(reason)), interpreter))
    assert found.failure is not None
    assert found.failure.message == f"LLM did not finish ({reason})."
    assert len(interpreter.requests) == 1
    assert found.stages[ANSWER_UNTRANSLATED] == "Hel"


@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_is_not_translated(text: str) -> None:
    interpreter = translator()
    found = collected(BilingualSystem(llm(Delta(text), Finished()), interpreter))
    assert found.failure is not None and found.failure.message == "LLM gave no text."
    speaker = llm()
    found = collected(BilingualSystem(speaker, translator(Delta(text), Finished())))
    assert found.failure is not None and found.failure.message == "MT gave no text."
    assert speaker.requests == []


FAILURE = AskError("It answered 500.", kind="server")


def test_failure_of_the_first_translation_is_that_of_the_turn() -> None:
    speaker = llm()
    found = collected(BilingualSystem(speaker, translator(Delta("[eng"), FAILURE)))
    assert (found.state, found.failure) == ("failed", FAILURE)
    assert found.stages == {MESSAGE_TRANSLATED: "[eng"}
    assert speaker.requests == []


def test_failure_of_the_llm_keeps_the_translated_message() -> None:
    found = collected(BilingualSystem(llm(Delta("Hel"), FAILURE), translator()))
    assert found.failure is FAILURE
    assert found.stages == {MESSAGE_TRANSLATED: "[eng_Latn] Dia duit", ANSWER_UNTRANSLATED: "Hel"}
    assert found.text == ""


def test_failure_of_the_last_translation_keeps_the_answer_of_the_llm() -> None:
    def fail_second(request: Request) -> Event:
        if request.tgt_lang == "gle_Latn":
            raise FAILURE
        return translated(request)

    interpreter = translator(fail_second, Finished())
    found = collected(BilingualSystem(llm(), interpreter))
    assert found.failure is FAILURE
    assert found.stages[ANSWER_UNTRANSLATED] == "Hello"
    assert found.text == ""


@pytest.mark.parametrize("place", ["message", "llm", "answer"])
def test_stop_ends_whoever_is_at_work(place: str) -> None:
    steps: dict[str, Any] = {"message": (HANG,), "llm": (translated, Finished())}
    speaker = llm(Delta("Hel"), HANG) if place == "llm" else llm()
    interpreter = translator(*steps.get(place, (translated, Finished())))
    if place == "answer":
        interpreter = OnceThenHangs("MT", translated, Finished())
    found = Collected()

    async def run() -> None:
        task = asyncio.create_task(collect(BilingualSystem(speaker, interpreter), REQUEST, found))
        wanted = {"message": (1, 0), "llm": (1, 1), "answer": (2, 1)}[place]
        while (len(interpreter.requests), len(speaker.requests)) != wanted:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert speaker.num_open == interpreter.num_open == 0

    asyncio.run(run())
    assert found.state == "stopped"
    assert found.stages.get(ANSWER_UNTRANSLATED) == {"answer": "Hello"}.get(place)


class OnceThenHangs(Scripted):
    """A system that answers its first request only."""

    def ask(self, request: Request) -> Any:
        if self.requests:
            self._steps = (HANG,)
        return super().ask(request)


def test_turn_that_nobody_reads_any_more_is_closed() -> None:
    speaker, interpreter = llm(), translator()

    async def run() -> None:
        for last in (MESSAGE_TRANSLATED, ANSWER_UNTRANSLATED, ""):
            system = BilingualSystem(speaker, interpreter)
            async with aclosing(system.ask(REQUEST)) as events:
                async for event in events:
                    if isinstance(event, Delta) and event.stage == last:
                        break
            assert speaker.num_open == interpreter.num_open == 0

    asyncio.run(run())


def test_closing_closes_both_even_where_one_fails() -> None:
    speaker, interpreter = llm(), translator()
    asyncio.run(BilingualSystem(speaker, interpreter).close())
    assert (speaker.num_closed, interpreter.num_closed) == (1, 1)
    with pytest.raises(OSError, match="not closed"):
        asyncio.run(BilingualSystem(llm(is_stubborn=True), interpreter).close())
    assert interpreter.num_closed == 2


def test_keys_of_both_are_hidden() -> None:
    system = BilingualSystem(llm(secret="first-key"), translator(secret="second-key"))
    assert system.scrub("a first-key and a second-key") == "a ••• and a •••"
