"""Waits are only bounded from below: how long a busy machine takes is not ours to say."""

from __future__ import annotations

import asyncio
import time

import pytest

from core.systems.batch.pace import Pace

CLOCK_S = 0.001  # how exact the loop's clock is


async def beginnings(pace: Pace, count: int) -> list[float]:
    """When so many tasks, all waiting at once, may begin."""
    times: list[float] = []

    async def call() -> None:
        await pace.turn()
        times.append(time.monotonic())

    await asyncio.gather(*(call() for _ in range(count)))
    return times


def test_calls_begin_evenly() -> None:
    times = asyncio.run(beginnings(Pace(6000), 8))
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert min(gaps) >= 0.01 - CLOCK_S
    assert times[-1] - times[0] >= 0.07 - CLOCK_S


def test_first_call_waits_for_nothing() -> None:
    async def run() -> None:
        async with asyncio.timeout(30):  # of a pace of one call an hour
            await Pace(1).turn()
            await asyncio.gather(*(Pace(1).turn() for _ in range(100)))

    asyncio.run(run())


def test_time_that_was_not_used_is_not_saved_up() -> None:
    async def run() -> list[float]:
        pace = Pace(3000)
        await pace.turn()
        await asyncio.sleep(0.1)
        return await beginnings(pace, 3)

    first, second, third = asyncio.run(run())
    assert second - first >= 0.02 - CLOCK_S and third - second >= 0.02 - CLOCK_S


def test_no_limit_lets_all_begin() -> None:
    assert len(asyncio.run(beginnings(Pace(0), 10_000))) == 10_000


@pytest.mark.parametrize("calls_per_minute", [0, 100_000])
def test_no_call_begins_during_a_pause(calls_per_minute: int) -> None:
    async def run() -> float:
        pace = Pace(calls_per_minute)
        await pace.turn()
        until = time.monotonic() + 0.05
        pace.pause(0.05)
        pace.pause(0.01)  # a shorter one does not end it
        pace.pause(-1)
        return min(await beginnings(pace, 5)) - until

    assert asyncio.run(run()) >= -CLOCK_S


def test_pause_holds_up_those_who_wait_already() -> None:
    async def run() -> float:
        pace = Pace(1200)
        await pace.turn()
        waiting = asyncio.create_task(beginnings(pace, 3))
        await asyncio.sleep(0.005)
        until = time.monotonic() + 0.1
        pace.pause(0.1)
        return min(await waiting) - until

    assert asyncio.run(run()) >= -CLOCK_S


def test_one_who_gives_up_takes_no_turn() -> None:
    async def run() -> None:
        pace = Pace(600)
        await pace.turn()
        tasks = [asyncio.create_task(pace.turn()) for _ in range(1000)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(30):  # a thousand turns would take 100 s
            await pace.turn()

    asyncio.run(run())
