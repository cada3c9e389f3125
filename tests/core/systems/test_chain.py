from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from core.errors import ConfigError
from core.systems.chain import BETWEEN, ChainSettings, ChainSystem
from core.systems.collecting import Collected, collect
from core.systems.failures import AskError
from core.systems.parameters import Parameters
from core.systems.prompting import Prompting
from core.systems.protocol import (
    Delta,
    Event,
    Finished,
    Ignored,
    Note,
    Request,
    Sent,
    System,
    SystemInfo,
    Usage,
)
from tests.core.systems.scripted import HANG, Scripted

INFO = SystemInfo("chain:1", "Chain", "chain")
REQUEST = Request("Dia duit", "gle_Latn", "mar_Deva", Parameters(temperature=0.5))


def chain(first: System, second: System, pivot_lang: str = "eng_Latn") -> ChainSystem:
    return ChainSystem(INFO, first, second, pivot_lang)


def english(*pieces: str, **values: Any) -> Scripted:
    return Scripted("English", *(Delta(piece) for piece in pieces), Finished(), **values)


def echo(**values: Any) -> Scripted:
    """A system that repeats what it is asked, with the direction."""

    def say(request: Request) -> Event:
        return Delta(f"[{request.src_lang}>{request.tgt_lang}] {request.source}")

    return Scripted("Echo", say, Finished(), **values)


def events_of(system: System, request: Request = REQUEST) -> list[Event]:
    async def run() -> list[Event]:
        async with aclosing(system.ask(request)) as events:
            return [event async for event in events]

    return asyncio.run(run())


def failure_of(system: System, request: Request = REQUEST) -> tuple[list[Event], AskError]:
    found: list[Event] = []

    async def run() -> None:
        async with aclosing(system.ask(request)) as events:
            async for event in events:
                found.append(event)

    with pytest.raises(AskError) as caught:
        asyncio.run(run())
    return found, caught.value


def test_second_system_gets_the_answer_of_the_first() -> None:
    first, second = english("Good ", "day"), echo()
    assert events_of(chain(first, second)) == [
        Delta("Good ", BETWEEN),
        Delta("day", BETWEEN),
        Delta("[eng_Latn>mar_Deva] Good day"),
        Finished("stop"),
    ]
    (asked,) = first.requests
    assert (asked.source, asked.src_lang, asked.tgt_lang) == ("Dia duit", "gle_Latn", "eng_Latn")
    assert asked.messages == ()
    assert asked.parameters == second.requests[0].parameters == REQUEST.parameters
    assert first.num_open == second.num_open == 0


def test_text_in_between_is_shown_beside_the_answer() -> None:
    found = asyncio.run(collect(chain(english("Good day"), echo()), REQUEST))
    assert found.stages == {BETWEEN: "Good day"}
    assert found.text == "[eng_Latn>mar_Deva] Good day"
    assert (found.state, found.finish_reason, found.problem) == ("done", "stop", "")


def test_first_system_writes_where_the_language_in_between_is_that_of_the_source() -> None:
    first, second = english("A poem"), echo()
    request = Request("Write a poem.", "eng_Latn", "gle_Latn")
    events_of(chain(first, second), request)
    (asked,) = first.requests
    assert asked.messages == ({"role": "user", "content": "Write a poem."},)
    assert (second.requests[0].source, second.requests[0].messages) == ("A poem", ())


def test_second_system_is_not_asked_where_the_language_in_between_is_wanted() -> None:
    second = echo()
    events = events_of(chain(english(" Good day\n"), second, "mar_Deva"))
    assert events[-2:] == [Delta("Good day"), Finished("stop")]
    assert second.requests == []


def test_conversation_goes_to_the_first_system_only() -> None:
    messages = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"})
    first, second = english("Hello"), echo()
    events_of(chain(first, second), Request("Hi", "gle_Latn", "mar_Deva", messages=messages))
    assert first.requests[0].messages == messages
    assert second.requests[0].messages == ()


def test_what_either_system_tells_is_passed_on() -> None:
    note, sent = Note("Loading the model."), Sent(({"role": "user", "content": "x"},))
    first = Scripted(
        "First", note, sent, Ignored("seed"), Delta("hm", "reasoning"), Delta("Good day"),
        Usage(3, 2), Finished(),
    )  # fmt: skip
    second = Scripted("Second", Note("Loading."), Delta("x"), Usage(characters=8), Finished())
    events = events_of(chain(first, second))
    assert events == [
        note, sent, Ignored("seed"), Delta("hm", "reasoning"), Delta("Good day", BETWEEN),
        Usage(3, 2), Note("Loading."), Delta("x"), Usage(characters=8), Finished(),
    ]  # fmt: skip
    assert second.requests[0].source == "Good day"  # thoughts are no text in between


def test_answer_of_an_llm_is_cleaned_before_it_goes_on() -> None:
    answer = '<think>Hm.</think>Here is the translation:\n\n"Good day"'
    second = echo()
    events = events_of(chain(english(answer, cleans=True), second))
    assert second.requests[0].source == "Good day"
    assert events[0] == Delta(answer, BETWEEN)


@pytest.mark.parametrize("direction", [("gle_Latn", "mar_Deva"), ("eng_Latn", "gle_Latn")])
def test_answer_of_an_mt_system_or_of_a_writer_goes_on_as_it_is(direction: tuple[str, str]) -> None:
    cleans = direction[0] == "eng_Latn"  # then the first system writes rather than translates
    second = echo()
    events_of(chain(english(' "Good day" ', cleans=cleans), second), Request("x", *direction))
    assert second.requests[0].source == '"Good day"'


@pytest.mark.parametrize("reason", ["length", "incomplete", "content_filter", "error"])
def test_half_an_answer_is_not_translated_further(reason: str) -> None:
    second = echo()
    first = Scripted("English", Delta("Good"), Finished(reason))
    events, error = failure_of(chain(first, second))
    assert error.message == f"English did not finish ({reason}), so Echo was not asked."
    assert error.kind == "cut"
    assert events == [Delta("Good", BETWEEN)]
    assert second.requests == []
    assert first.num_open == 0


@pytest.mark.parametrize("text", ["", " \n\t", "\u2003"])
def test_empty_answer_is_not_translated_further(text: str) -> None:
    second = echo()
    _, error = failure_of(chain(english(text), second))
    assert error.message == "English gave no text, so Echo was not asked."
    assert second.requests == []


def test_answer_with_nothing_but_thoughts_is_empty() -> None:
    _, error = failure_of(chain(english("<think>Hm.</think>", cleans=True), echo()))
    assert "gave no text" in error.message


def test_failure_of_the_first_system_is_that_of_the_chain() -> None:
    failure = AskError("English answered 401.", kind="key")
    second = echo()
    events, error = failure_of(chain(Scripted("English", Delta("Go"), failure), second))
    assert error is failure
    assert events == [Delta("Go", BETWEEN)]
    assert second.requests == []


def test_failure_of_the_second_system_keeps_the_text_in_between() -> None:
    failure = AskError("Echo answered 500.", kind="server")
    second = Scripted("Echo", Delta("Sl"), failure)
    found = asyncio.run(collect(chain(english("Good day"), second), REQUEST))
    assert (found.state, found.failure, found.text) == ("failed", failure, "Sl")
    assert found.stages == {BETWEEN: "Good day"}


@pytest.mark.parametrize("hanging", [0, 1])
def test_stop_ends_whichever_system_is_at_work(hanging: int) -> None:
    first = Scripted("English", Delta("Good day"), *([HANG] if hanging == 0 else []), Finished())
    second = Scripted("Echo", Delta("Sl"), HANG)
    found = Collected()

    async def run() -> None:
        task = asyncio.create_task(collect(chain(first, second), REQUEST, found))
        while found.raw != "Sl" if hanging else not found.stages:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # At once, not when the garbage is collected.
        assert first.num_open == second.num_open == 0

    asyncio.run(run())
    assert found.state == "stopped"
    assert found.stages == {BETWEEN: "Good day"}
    assert found.text == ("Sl" if hanging else "")
    assert len(second.requests) == hanging


def test_answer_that_nobody_reads_any_more_is_closed() -> None:
    first, second = english("Good", " day"), echo()

    async def run() -> None:
        for last in (BETWEEN, ""):
            async with aclosing(chain(first, second).ask(REQUEST)) as events:
                async for event in events:
                    if isinstance(event, Delta) and event.stage == last:
                        break
            assert first.num_open == second.num_open == 0

    asyncio.run(run())


def test_chain_can_be_a_part_of_a_chain() -> None:
    inner = chain(english("Good day"), Scripted("French", Delta("Bonjour"), Finished()), "eng_Latn")
    third = echo()
    found = asyncio.run(collect(chain(inner, third, "fra_Latn"), REQUEST))
    assert found.text == "[fra_Latn>mar_Deva] Bonjour"
    assert inner.cleans is False


def test_closing_closes_both() -> None:
    first, second = english(), echo()
    asyncio.run(chain(first, second).close())
    assert (first.num_closed, second.num_closed) == (1, 1)


def test_second_system_is_closed_even_where_the_first_one_fails() -> None:
    second = echo()
    with pytest.raises(OSError, match="not closed"):
        asyncio.run(chain(english(is_stubborn=True), second).close())
    assert second.num_closed == 1


def test_keys_of_both_are_hidden() -> None:
    both = chain(english(secret="first-key"), echo(secret="second-key"))
    assert both.scrub("a first-key and a second-key") == "a ••• and a •••"


def test_chain_cleans_as_its_second_system() -> None:
    assert chain(english(), echo(cleans=True)).cleans
    assert not chain(english(cleans=True), echo()).cleans


def test_pairs_of_the_whole_direction_are_shown_to_neither_half() -> None:
    prompting = Prompting(
        glossary=(("a", "b"),), examples=(("c", "d"),), context=(("e", ""),), cleans=False
    )
    first, second = english("Good day"), echo()
    events_of(chain(first, second), Request("x", "gle_Latn", "mar_Deva", prompting=prompting))
    assert first.requests[0].prompting == second.requests[0].prompting == Prompting(cleans=False)


def test_pairs_are_shown_where_the_second_system_has_the_whole_direction() -> None:
    prompting = Prompting(glossary=(("a", "b"),))
    first, second = english("Good day"), echo()
    events_of(chain(first, second), Request("x", "eng_Latn", "mar_Deva", prompting=prompting))
    assert second.requests[0].prompting == prompting


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": ""}, "name: "),
        ({"name": "x" * 201}, "name: "),
        ({"first": ""}, "first: "),
        ({"second": ""}, "second: "),
        ({"pivot_lang": "en"}, "pivot_lang: 'en' is not a FLORES-200 language code"),
        ({"pivot_lang": ""}, "pivot_lang: "),
    ],
)
def test_settings_that_do_not_fit_are_refused(values: dict[str, str], sentence: str) -> None:
    plain = {"name": "Chain", "first": "model:a", "second": "model:b"}
    with pytest.raises(ConfigError) as caught:
        ChainSettings.parse({**plain, **values})
    assert sentence in caught.value.message
    assert ChainSettings.parse(plain).pivot_lang == "eng_Latn"
