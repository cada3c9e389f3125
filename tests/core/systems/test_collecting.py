from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from core.errors import ConfigError
from core.systems.collecting import Collected, cleaned, collect
from core.systems.failures import AskError
from core.systems.prompting import Prompting
from core.systems.protocol import (
    Delta,
    Finished,
    Ignored,
    Note,
    Request,
    Sent,
    SystemInfo,
    Usage,
)
from tests.core.systems.scripted import HANG, Scripted

REQUEST = Request("Hello", "eng_Latn", "gle_Latn")
KEY = "sk-4fJ8kQ2mZx7"
FAILURE = AskError("Mine answered 500.", hint="Try again.", kind="server")


def collected(*steps: Any, request: Request = REQUEST, **values: Any) -> Collected:
    return asyncio.run(collect(Scripted("Mine", *steps, **values), request))


def stopped(*steps: Any, **values: Any) -> Collected:
    """Collects until the script hangs, and stops then."""
    found = Collected()
    system = Scripted("Mine", *steps, HANG, **values)

    async def run() -> None:
        task = asyncio.create_task(collect(system, REQUEST, found))
        while not system.num_open or found.version < len(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert system.num_open == 0
    return found


def test_pieces_add_up_to_the_answer() -> None:
    found = collected(Delta("Dia"), Delta(" du"), Delta("it"), Finished())
    assert found.raw == found.text == "Dia duit"
    assert (found.state, found.finish_reason, found.problem) == ("done", "stop", "")
    assert found.has_ended and found.failure is None
    assert found.stages == {} and found.ignored == [] and found.messages == ()


def test_nothing_has_come_before_the_first_event() -> None:
    found = Collected()
    assert (found.state, found.has_ended, found.problem) == ("waiting", False, "")
    assert json.loads(json.dumps(found.figures()))["total_s"] is None


def test_answer_can_be_looked_at_while_it_grows() -> None:
    found = Collected()
    seen: list[tuple[str, str, str]] = []

    def look(_: Request) -> Delta:
        seen.append((found.state, found.note, found.text))
        return Delta("b")

    system = Scripted("Mine", Note("Loading."), look, Delta("c"), look, Finished())
    assert asyncio.run(collect(system, REQUEST, found)) is found
    assert seen == [("streaming", "Loading.", ""), ("streaming", "", "bc")]
    assert (found.note, found.text) == ("", "bcb")


def test_each_event_and_the_end_is_a_new_version() -> None:
    assert collected(Note(""), Delta("a"), Usage(), Finished()).version == 5


def test_texts_in_between_are_kept_apart() -> None:
    found = collected(
        Delta("Dra", "draft"), Delta("hm", "reasoning"), Delta("ft", "draft"), Delta("Dia"),
        Finished(),
    )  # fmt: skip
    assert found.stages == {"draft": "Draft", "reasoning": "hm"}
    assert found.text == "Dia"


def test_what_was_sent_and_what_was_left_out_is_kept() -> None:
    first, second = ({"role": "user", "content": "a"},), ({"role": "user", "content": "b"},)
    found = collected(
        Ignored("seed"), Sent(first), Ignored("top_k"), Ignored("seed"), Sent(second), Delta("x"),
        Finished(),
    )  # fmt: skip
    assert found.messages == second
    assert found.ignored == ["seed", "top_k"]


def test_tokens_of_a_draft_and_of_the_answer_add_up() -> None:
    found = collected(
        Usage(10, 5), Usage(20, 7, is_estimated=True), Delta("x"), Finished(),
        price_in_usd=1.0, price_out_usd=2.0,
    )  # fmt: skip
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (30, 12)
    assert found.usage.is_estimated
    assert found.cost_usd == pytest.approx((30 * 1.0 + 12 * 2.0) / 1e6)


def test_characters_of_each_call_are_paid() -> None:
    found = collected(
        Usage(characters=5), Usage(characters=5), Finished(), price_characters_usd=20.0
    )
    assert found.usage.characters == 10
    assert found.cost_usd == pytest.approx(10 * 20.0 / 1e6)


@pytest.mark.parametrize(
    ("usage", "cost_usd"),
    [
        (Usage(), 0.0),
        (Usage(1_000_000, 0), 0.15),
        (Usage(0, 1_000_000), 0.6),
        (Usage(2000, 1000), 0.0009),
        (Usage(characters=1_000_000), 20.0),
        (Usage(1_000_000, 1_000_000, 1_000_000), 20.75),
    ],
)
def test_cost_is_what_the_prices_say(usage: Usage, cost_usd: float) -> None:
    info = SystemInfo(
        "e", "Mine", "openai", price_in_usd=0.15, price_out_usd=0.6, price_characters_usd=20.0
    )
    assert info.priced(usage).cost_usd == pytest.approx(cost_usd)
    assert SystemInfo("e", "Mine", "openai").priced(usage).cost_usd == 0.0


def test_figures_are_plain_values() -> None:
    found = Collected(
        first_token_s=0.12345, total_s=1.98765, loading_s=2.00049, cost_usd=0.123456789,
        usage=Usage(3, 2, 5, True), ignored=["seed"],
    )  # fmt: skip
    assert found.figures() == {
        "loading_s": 2.0,
        "first_token_s": 0.123,
        "total_s": 1.988,
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "characters": 5,
        "is_estimated": True,
        "cost_usd": 0.12345679,
        "ignored": ["seed"],
    }
    json.dumps(found.figures())


class Slow(Scripted):
    """A system that takes its time before an event where the script says `HANG`."""

    async def ask(self, request: Request) -> Any:
        for step in self._steps:
            if step == HANG:
                await asyncio.sleep(0.03)
            else:
                yield step


def slowly(*steps: Any) -> Collected:
    return asyncio.run(collect(Slow("Mine", *steps), REQUEST))


def test_loading_is_no_part_of_the_answers_time() -> None:
    found = slowly(HANG, Note("Loading."), HANG, Note("Nearly."), Delta("a"), HANG, Finished())
    assert found.first_token_s is not None and found.total_s is not None
    assert found.loading_s >= 0.06 - 0.001
    assert found.total_s - found.first_token_s >= 0.03 - 0.001
    without = slowly(HANG, Delta("a"), Finished())
    assert without.loading_s == 0.0
    assert without.first_token_s is not None and without.first_token_s >= 0.03 - 0.001


def test_time_of_a_first_system_counts_although_a_second_one_is_loaded_later() -> None:
    found = slowly(Delta("a", "between"), HANG, Usage(), HANG, Note("Loading."), Delta("b"))
    assert found.first_token_s is not None and found.total_s is not None
    assert found.total_s >= 0.03 - 0.001  # of the first system
    assert found.loading_s >= 0.03 - 0.001  # of the second one
    assert found.total_s >= found.first_token_s


ENDS = [
    ((Delta("Dia"), Finished("length")), "done", "length", "cut at the maximum of tokens"),
    ((Delta("Dia"), Finished("incomplete")), "done", "incomplete", "is incomplete"),
    ((Delta("Dia"), Finished("content_filter")), "done", "content_filter", "content filter cut"),
    ((Delta("Dia"), Finished("eos_token")), "done", "eos_token", ""),
    ((Delta("Dia"),), "done", "", ""),
    ((Finished(),), "done", "stop", "The answer is empty."),
    ((Delta(" \n"), Finished()), "done", "stop", "The answer is empty."),
    ((Delta("hm", "reasoning"), Finished()), "done", "stop", "The answer is empty."),
    ((), "done", "", "The answer is empty."),
    ((Delta("Dia"), FAILURE), "failed", "incomplete", "Mine answered 500. Try again."),
    ((Finished("length"), FAILURE), "failed", "length", "Mine answered 500. Try again."),
    ((ConfigError("No template."),), "failed", "", "No template."),
]


@pytest.mark.parametrize(("steps", "state", "reason", "problem"), ENDS, ids=range(len(ENDS)))
def test_end_is_told_whatever_it_is(
    steps: tuple[Any, ...], state: str, reason: str, problem: str
) -> None:
    found = collected(*steps)
    assert (found.state, found.finish_reason) == (state, reason)
    assert problem in found.problem and bool(problem) == bool(found.problem)
    assert found.has_ended and found.total_s is not None


def test_failure_keeps_what_had_come() -> None:
    found = collected(Delta("Dr", "draft"), Delta("Dia"), Usage(3, 1), FAILURE, price_in_usd=1e6)
    assert found.failure is FAILURE
    assert (found.text, found.raw, found.stages) == ("Dia", "Dia", {"draft": "Dr"})
    assert found.cost_usd == 3.0


def test_stop_keeps_what_had_come() -> None:
    found = stopped(Delta("Dr", "draft"), Delta("Dia"), Note("…"))
    assert (found.state, found.text, found.raw) == ("stopped", "Dia", "Dia")
    assert found.stages == {"draft": "Dr"}
    assert (found.note, found.has_ended, found.problem) == ("", True, "")
    assert found.total_s is not None


def test_stop_before_anything_came_leaves_an_empty_answer() -> None:
    found = stopped()
    assert (found.state, found.text, found.first_token_s) == ("stopped", "", None)


def test_defect_of_a_system_is_not_hidden() -> None:
    found = Collected()
    system = Scripted("Mine", Delta("Dia"), ZeroDivisionError("a defect"))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(collect(system, REQUEST, found))
    assert found.text == "Dia"
    assert system.num_open == 0


def test_keys_are_taken_out_of_the_texts_however_they_were_cut_into_pieces() -> None:
    steps = (Delta("a " + KEY[:5], "draft"), Delta(KEY[5:], "draft"), Delta(KEY[:3]))
    for end in ((Delta(KEY[3:]), Finished()), (Delta(KEY[3:]), FAILURE)):
        found = collected(*steps, *end, secret=KEY)
        assert (found.raw, found.text, found.stages) == ("•••", "•••", {"draft": "a •••"})
    assert stopped(*steps, Delta(KEY[3:]), secret=KEY).text == "•••"


CHATTY = 'Here is the translation:\n\n"Dia duit"'
THINKING = "<think>\nHm.\n</think>\nDia duit"


@pytest.mark.parametrize("raw", [CHATTY, THINKING, "```\nDia duit\n```", "  Dia duit\n"])
def test_answer_is_cleaned_only_where_the_system_needs_it(raw: str) -> None:
    pieces = [Delta(char) for char in raw]
    found = collected(*pieces, Finished(), cleans=True)
    assert (found.text, found.raw) == ("Dia duit", raw)
    plain = collected(*pieces, Finished())
    assert plain.text == plain.raw == raw


def test_answer_is_cleaned_only_where_that_is_wanted() -> None:
    unwanted = Request("Hello", "eng_Latn", "gle_Latn", prompting=Prompting(cleans=False))
    chat = Request("Hello", "", "", messages=({"role": "user", "content": "Hello"},))
    for request in (unwanted, chat):
        assert collected(Delta(CHATTY), Finished(), request=request, cleans=True).text == CHATTY


def test_what_the_source_has_itself_stays() -> None:
    request = Request('"Hello"', "eng_Latn", "gle_Latn")
    found = collected(Delta('"Dia duit"'), Finished(), request=request, cleans=True)
    assert found.text == '"Dia duit"'
    assert cleaned('"Dia duit"', REQUEST) == "Dia duit"


def test_thoughts_are_not_shown_not_even_of_an_answer_that_broke_off() -> None:
    half = (Delta("<thi"), Delta("nk>Hm.</think>\nDia"))
    for found in (stopped(*half, cleans=True), collected(*half, FAILURE, cleans=True)):
        assert (found.text, found.raw) == ("Dia", "<think>Hm.</think>\nDia")
    found = stopped(Delta("<think>Hm."), cleans=True)
    assert (found.text, found.raw) == ("", "<think>Hm.")


def test_text_of_any_script_comes_as_it_is() -> None:
    text = "e\u0301 שלום नमस्ते 翻訳 👩🏽‍🔬 \u2028\x00"
    found = collected(*(Delta(char) for char in text), Finished())
    assert found.text == found.raw == text


def test_long_answer_of_single_characters_is_collected() -> None:
    found = collected(*[Delta("ab ")] * 20_000, Finished(), cleans=True)
    assert found.raw == "ab " * 20_000
