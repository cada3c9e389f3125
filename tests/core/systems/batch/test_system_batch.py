"""One system's part of a batch, in this process, against a system that plays a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.corpora.segments import Pair
from core.storage.translation_set_records import SetCounts, TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.asking import PATIENCE, HopelessError
from core.systems.batch.budget import Budget, BudgetError
from core.systems.batch.calls import Call
from core.systems.batch.known_answers import KnownAnswers
from core.systems.batch.pace import Pace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.system_batch import SystemBatch, Terms
from core.systems.batch.test_set import TestSet
from core.systems.failures import AskError
from core.systems.protocol import Delta, Event, Finished, Request, Usage
from tests.core.systems.scripted import HANG, Scripted
from tests.core.systems.small_corpus import add_corpus

SET_ID = "set"
DONE = Finished("stop")
USAGE = Usage(characters=1_000_000)  # costs one price
LIMIT_S = 30.0  # far less than the waits that are cut short, far more than a busy machine needs


def translated(request: Request) -> Event:
    return Delta(f"ga: {request.source}")


def pairs(num: int) -> list[Pair]:
    return [(f"Source {number}.", f"Reference {number}.") for number in range(num)]


def part(
    workspace: Workspace,
    system: Scripted,
    segments: Sequence[Pair],
    *,
    pace: Pace | None = None,
    concurrency: int = 1,
    budget_usd: float = 0.0,
    **values: Any,
) -> SystemBatch:
    corpus = add_corpus(workspace)
    test_set = TestSet(corpus, "test", "eng_Latn", "gle_Latn", tuple(segments))
    workspace.translation_sets.add(
        TranslationSet(
            SET_ID, None, system.info.id, system.info.name, corpus.id, corpus.name, "test",
            "eng_Latn", "gle_Latn", test_set.hash, len(segments), "2024-01-01",
        )
    )  # fmt: skip
    settings = BatchSettings.parse({"corpus": corpus.id, "systems": ("one",), **values})
    known = KnownAnswers(workspace.cache)
    budget = Budget(budget_usd)
    terms = Terms(concurrency, pace or Pace(0), budget, known, (Call(system.info),))
    return SystemBatch(
        workspace, settings, test_set, SET_ID, system, None, terms, on_segment=lambda: None
    )


def run(what: SystemBatch, *, stop_when: Callable[[], bool] | None = None) -> None:
    async def all_of_it() -> None:
        async with asyncio.timeout(LIMIT_S):
            running = asyncio.create_task(what.run(range(len(what.test_set.pairs))))
            if stop_when is not None:
                while not stop_when():
                    await asyncio.sleep(0.01)
                what.outlook.stopping.set()
            await running

    asyncio.run(all_of_it())


def counts(workspace: Workspace) -> SetCounts:
    return workspace.translation_sets.counts(SET_ID)


def failing(kind: Any, **values: Any) -> AskError:
    return AskError(f"It failed: {kind}.", kind=kind, **values)


def test_stop_ends_the_wait_for_a_turn_and_asks_nobody_any_more(workspace: Workspace) -> None:
    system = Scripted("one", translated, DONE)
    what = part(workspace, system, pairs(20), pace=Pace(1), concurrency=8)
    run(what, stop_when=lambda: counts(workspace).num_done == 1)
    assert len(system.requests) == 1
    assert counts(workspace) == SetCounts(1, 0, 0.0)  # the others stay to be asked


@pytest.mark.parametrize("kind", ["rate", "server"])
def test_stop_ends_the_wait_before_another_attempt(kind: str, workspace: Workspace) -> None:
    system = Scripted("one", failing(kind, retry_after_s=110.0), price_characters_usd=1.0)
    what = part(workspace, system, pairs(20), concurrency=4)
    run(what, stop_when=lambda: bool(system.requests))
    num_asked = len(system.requests)
    assert 1 <= num_asked <= 4
    assert counts(workspace) == SetCounts(0, num_asked, 0.0)  # with their reason


def test_calls_under_way_finish_after_a_stop(workspace: Workspace) -> None:
    gate = asyncio.Event()

    class Slow(Scripted):
        async def ask(self, request: Request) -> Any:
            self.requests.append(request)
            await gate.wait()
            yield translated(request)
            yield DONE

    system = Slow("one")
    what = part(workspace, system, pairs(20), concurrency=3)

    async def stopped() -> None:
        async with asyncio.timeout(LIMIT_S):
            running = asyncio.create_task(what.run(range(20)))
            while len(system.requests) < 3:
                await asyncio.sleep(0.01)
            what.outlook.stopping.set()
            gate.set()
            await running

    asyncio.run(stopped())
    assert counts(workspace) == SetCounts(3, 0, 0.0) and len(system.requests) == 3


def test_call_that_ends_the_part_is_paid_for_and_stored(workspace: Workspace) -> None:
    system = Scripted("one", USAGE, failing("quota"), price_characters_usd=2.0)
    with pytest.raises(HopelessError, match="quota"):
        run(part(workspace, system, pairs(5)))
    assert counts(workspace) == SetCounts(0, 1, 2.0)


def test_every_attempt_is_counted_in_the_cost(workspace: Workspace) -> None:
    system = Scripted("one", USAGE, failing("server", retry_after_s=0.0), price_characters_usd=2.0)
    run(part(workspace, system, pairs(1), max_attempts=3))
    assert counts(workspace) == SetCounts(0, 1, 6.0)


def test_budget_that_ends_between_two_attempts_keeps_what_the_first_cost(
    workspace: Workspace,
) -> None:
    system = Scripted("one", USAGE, failing("server", retry_after_s=0.0), price_characters_usd=2.0)
    with pytest.raises(BudgetError):
        run(part(workspace, system, pairs(3), budget_usd=2.0))
    assert len(system.requests) == 1
    assert counts(workspace) == SetCounts(0, 1, 2.0)


def test_long_segment_reserves_what_itself_will_cost(workspace: Workspace) -> None:
    system = Scripted("one", translated, DONE, price_characters_usd=1e6)  # a USD a character
    segments = [("ab", "x"), ("c" * 1000, "x"), ("de", "x")]
    with pytest.raises(BudgetError):
        run(part(workspace, system, segments, budget_usd=100.0))
    assert [request.source for request in system.requests] == ["ab"]


@pytest.mark.parametrize("kind", ["rate", "request", "parameter", "server", "timeout", "cut"])
def test_system_that_fails_for_every_segment_is_given_up(kind: str, workspace: Workspace) -> None:
    system = Scripted("one", failing(kind, retry_after_s=0.0))
    with pytest.raises(HopelessError, match=f"{PATIENCE} segments in a row failed"):
        run(part(workspace, system, pairs(100), max_attempts=2))
    assert counts(workspace).num_failed == PATIENCE
    assert len(system.requests) == PATIENCE * (1 if kind in ("request", "parameter") else 2)


@pytest.mark.parametrize("reason", ["length", "incomplete", "stop"])
def test_system_that_never_gives_a_whole_answer_is_given_up(
    reason: str, workspace: Workspace
) -> None:
    system = Scripted("one", Finished(reason))
    with pytest.raises(HopelessError, match="segments in a row failed"):
        run(part(workspace, system, pairs(100)))
    assert len(system.requests) == PATIENCE


@pytest.mark.parametrize("step", [failing("too long"), Finished("content_filter")])
def test_failures_that_are_about_the_segment_are_no_reason_to_give_up(
    step: Any, workspace: Workspace
) -> None:
    run(part(workspace, Scripted("one", step), pairs(3 * PATIENCE)))
    assert counts(workspace) == SetCounts(0, 3 * PATIENCE, 0.0)


def test_success_in_between_is_a_reason_to_go_on(workspace: Workspace) -> None:
    def sometimes(request: Request) -> Event:
        number = int(request.source.split()[1].rstrip("."))
        return translated(request) if number % PATIENCE == 0 else Delta("")

    system = Scripted("one", sometimes, DONE)
    run(part(workspace, system, pairs(3 * PATIENCE)))
    assert counts(workspace) == SetCounts(3, 3 * PATIENCE - 3, 0.0)


@pytest.mark.parametrize("concurrency", [1, 16])
def test_same_question_is_paid_once(concurrency: int, workspace: Workspace) -> None:
    system = Scripted("one", translated, USAGE, DONE, kind="deepl", price_characters_usd=1.0)
    segments = [("The same.", f"Reference {number}.") for number in range(40)] + pairs(2)
    run(part(workspace, system, segments, concurrency=concurrency))
    assert sorted({request.source for request in system.requests}) == sorted(
        request.source for request in system.requests
    )
    assert counts(workspace) == SetCounts(42, 0, 3.0)


def test_same_question_that_failed_is_asked_again(workspace: Workspace) -> None:
    system = Scripted("one", failing("too long"), kind="deepl")
    run(part(workspace, system, [("The same.", "x")] * 3, concurrency=3))
    assert len(system.requests) == 3


def test_without_cache_every_segment_is_asked(workspace: Workspace) -> None:
    system = Scripted("one", translated, DONE, kind="deepl")
    run(part(workspace, system, [("The same.", "x")] * 5, uses_cache=False))
    assert len(system.requests) == 5 and workspace.cache.count() == 0


def test_hanging_call_is_cancelled_with_the_part(workspace: Workspace) -> None:
    what = part(workspace, Scripted("one", HANG), pairs(3), concurrency=3)

    async def cancelled() -> None:
        running = asyncio.create_task(what.run(range(3)))
        await asyncio.sleep(0.2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(cancelled())
    assert counts(workspace) == SetCounts(0, 0, 0.0)
