"""Working through items at the same time; asking itself is tested with `SystemBatch`."""

from __future__ import annotations

import asyncio

import pytest

from core.systems.batch.asking import work_through


def test_items_are_begun_in_order_and_so_many_at_a_time() -> None:
    begun: list[int] = []
    under_way, most = 0, 0

    async def work(item: int) -> None:
        nonlocal under_way, most
        begun.append(item)
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    asyncio.run(work_through(range(20), work, concurrency=3, stopping=asyncio.Event()))
    assert begun == list(range(20)) and most == 3


def test_failure_ends_it_and_what_is_under_way_finishes() -> None:
    done: list[int] = []

    async def work(item: int) -> None:
        if item == 1:
            raise ValueError("item 1")
        await asyncio.sleep(0.05)
        done.append(item)

    with pytest.raises(ValueError, match="item 1"):
        asyncio.run(work_through(range(20), work, concurrency=3, stopping=asyncio.Event()))
    assert done == [0, 2]


def test_nothing_is_begun_after_a_stop() -> None:
    begun: list[int] = []

    async def all_of_it() -> None:
        stopping = asyncio.Event()

        async def work(item: int) -> None:
            begun.append(item)
            if item == 4:
                stopping.set()

        await work_through(range(20), work, concurrency=1, stopping=stopping)

    asyncio.run(all_of_it())
    assert begun == [0, 1, 2, 3, 4]
