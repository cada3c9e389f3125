"""The queue with an engine whose work can be held back; what it does is seen from its batches."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from core.serving.batching.batcher import Batcher, BatchLimits, BusyError, Priority
from core.serving.codec import Encoded
from core.serving.engines.engine import DecodeOptions


class HeldEngine:
    """Echoes its input once it may; remembers every batch."""

    num_workers = 1

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.may_go.set()
        self.batches: list[list[int]] = []
        self.error: Exception | None = None

    def generate(
        self, batch: Sequence[Encoded], options: DecodeOptions
    ) -> list[list[tuple[int, ...]]]:
        self.may_go.wait(10)
        if self.error:
            raise self.error
        self.batches.append([row.ids[0] for row in batch])
        return [[row.ids] for row in batch]

    def close(self) -> None: ...


def row(number: int, length: int = 4) -> Encoded:
    return Encoded((number,) * length, None)


def later(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def run(work: Any, **limits: Any) -> HeldEngine:
    """Runs `work(batcher, engine)` in an event loop of its own."""
    engine = HeldEngine()

    async def main() -> None:
        batcher = Batcher(engine, BatchLimits(**limits))
        batcher.start()
        try:
            await asyncio.wait_for(work(batcher, engine), 20)
        finally:
            engine.may_go.set()
            await batcher.close()

    asyncio.run(main())
    return engine


async def answered(
    batcher: Batcher,
    number: int,
    *,
    deadline: float | None = None,
    priority: Priority = "interactive",
) -> int:
    ends = later() if deadline is None else deadline
    with batcher.room(1, priority):
        ((ids,),) = await batcher.submit(
            [row(number)], DecodeOptions(), deadline=ends, priority=priority
        )
    return ids[0]


async def while_busy(
    batcher: Batcher, engine: HeldEngine, *work: Coroutine[Any, Any, Any]
) -> list[Any]:
    """Lets calls queue up behind a batch that is held back."""
    engine.may_go.clear()
    first = asyncio.create_task(answered(batcher, 1000))
    await asyncio.sleep(0.05)
    tasks = [asyncio.create_task(each) for each in work]
    await asyncio.sleep(0.05)
    engine.may_go.set()
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_callers_share_batches_and_get_their_own_answers() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        calls = [answered(batcher, number) for number in range(30)]
        assert await while_busy(batcher, engine, *calls) == list(range(30))

    engine = run(work)
    assert len(engine.batches) == 2 and sorted(engine.batches[1]) == list(range(30))


def test_a_batch_holds_no_more_tokens_than_allowed_and_batches_are_alike() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        await while_busy(batcher, engine, *[answered(batcher, number) for number in range(40)])

    engine = run(work, tokens_per_batch=64)  # 16 sentences of four tokens
    assert [len(batch) for batch in engine.batches] == [1, 14, 13, 13]


def test_every_worker_gets_its_share() -> None:
    class Two(HeldEngine):
        num_workers = 2

    async def main() -> list[int]:
        engine = Two()
        batcher = Batcher(engine, BatchLimits())
        batcher.start()
        rows = [row(number, 4 + number % 9) for number in range(40)]
        found = await batcher.submit(rows, DecodeOptions(), deadline=later())
        assert [ids for (ids,) in found] == [each.ids for each in rows]
        await batcher.close()
        return sorted(len(batch) for batch in engine.batches)

    sizes = asyncio.run(main())
    assert sum(sizes) == 40 and max(sizes) == 20


def test_a_request_on_its_way_is_waited_for_and_no_longer_than_the_window() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        batcher.num_requests = lambda: 2  # one of them never comes
        first = asyncio.create_task(answered(batcher, 1))
        await asyncio.sleep(0.005)
        assert await asyncio.gather(first, answered(batcher, 2)) == [1, 2]
        began_s = time.monotonic()
        await answered(batcher, 3)
        assert time.monotonic() - began_s >= 0.02
        batcher.num_requests = lambda: 1

    assert run(work, window_ms=20).batches == [[1, 2], [3]]


def test_a_slow_model_waits_for_callers_that_nobody_knows_of_and_a_fast_one_does_not() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        for least_batch_s in (1000.0, 0.0):
            batcher.load.least_batch_s = least_batch_s
            first = asyncio.create_task(answered(batcher, 1))
            await asyncio.sleep(0.1)
            assert await asyncio.gather(first, answered(batcher, 2)) == [1, 2]

    assert run(work, window_ms=5000, tokens_per_batch=8).batches == [[1, 2], [1], [2]]


def test_a_sentence_alone_waits_hardly_and_callers_at_once_share_a_window() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        assert await asyncio.gather(*(answered(batcher, n) for n in range(8))) == list(range(8))

    assert [len(batch) for batch in run(work, window_ms=20).batches] == [8]


def test_a_sentence_longer_than_a_batch_is_translated_all_the_same() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        long = row(7, 500)
        assert await batcher.submit([long], DecodeOptions(), deadline=later()) == [[long.ids]]

    run(work, tokens_per_batch=64)


def test_people_come_before_documents() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        documents = [answered(batcher, n, priority="background") for n in range(20)]
        await while_busy(batcher, engine, *documents, answered(batcher, 99))

    engine = run(work, tokens_per_batch=16)
    assert 99 in engine.batches[1]


def test_a_caller_that_leaves_takes_its_sentences_along() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        engine.may_go.clear()
        first = asyncio.create_task(answered(batcher, 1))
        await asyncio.sleep(0.05)
        gone, stays = (asyncio.create_task(answered(batcher, n)) for n in (2, 3))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0)
        assert batcher.num_waiting == 1
        engine.may_go.set()
        assert await asyncio.gather(first, stays) == [1, 3]

    assert run(work).batches == [[1], [3]]


def test_a_full_queue_says_when_to_come_back() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        found = await while_busy(batcher, engine, *[answered(batcher, n) for n in range(9)])
        refused = [answer for answer in found if isinstance(answer, BusyError)]
        assert len(refused) == 4 and all(error.retry_after_s >= 1 for error in refused)
        assert "6 sentences are waiting" in refused[0].reason  # with the one in the model

    run(work, queue_limit=6)


def test_an_accepted_request_asks_as_often_as_it_must() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        with batcher.room(8):
            rows = [row(number) for number in range(8)]
            asked = [
                asyncio.create_task(batcher.submit(rows, options, deadline=later()))
                for options in (DecodeOptions(), DecodeOptions(num_beams=4))
            ]
            with pytest.raises(BusyError, match="8 sentences are waiting"):
                await answered(batcher, 9)
            with batcher.room(0):  # a text without a sentence costs nothing
                pass
            batcher.refuse()
            assert [len(found) for found in await asyncio.gather(*asked)] == [8, 8]
        with pytest.raises(BusyError, match="being stopped"):
            await answered(batcher, 10)

    run(work, queue_limit=5)


def test_a_request_larger_than_the_whole_queue_passes_when_nothing_waits() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        rows = [row(number) for number in range(50)]
        with batcher.room(50):
            assert len(await batcher.submit(rows, DecodeOptions(), deadline=later())) == 50

    run(work, queue_limit=5)


def test_a_deadline_that_passes_is_told_and_forgotten() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        engine.may_go.clear()
        first = asyncio.create_task(answered(batcher, 1))
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError, match="longer than the deadline"):
            await answered(batcher, 2, deadline=later(0.05))
        engine.may_go.set()
        assert await first == 1

    assert run(work).batches == [[1]]


def test_an_error_of_the_engine_reaches_its_callers_and_no_others() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        engine.error = RuntimeError("out of memory")
        with pytest.raises(RuntimeError, match="out of memory"):
            await answered(batcher, 1)
        engine.error = None
        assert await answered(batcher, 2) == 2

    run(work)


def test_a_sentence_that_breaks_the_engine_harms_nobody_else() -> None:
    class Brittle(HeldEngine):
        def generate(
            self, batch: Sequence[Encoded], options: DecodeOptions
        ) -> list[list[tuple[int, ...]]]:
            if any(row.ids[0] == 13 for row in batch):
                raise RuntimeError("no position encodings")
            return super().generate(batch, options)

    async def main() -> None:
        batcher = Batcher(Brittle(), BatchLimits())
        batcher.start()
        calls = [answered(batcher, number) for number in range(10, 16)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [n for n in found if isinstance(n, int)] == [10, 11, 12, 14, 15]
        assert "no position encodings" in str(found[3])
        await batcher.close()

    asyncio.run(main())


def test_documents_have_room_of_their_own() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        documents = [answered(batcher, n, priority="background") for n in range(5)]
        people = [answered(batcher, n) for n in range(5, 9)]
        found = await while_busy(batcher, engine, *documents, *people)
        assert found == list(range(9))

    run(work, queue_limit=5)


@pytest.mark.parametrize(
    "other",
    [DecodeOptions(num_beams=4), DecodeOptions(length_penalty=0.0)],
    ids=["beams", "length penalty"],
)
def test_other_options_are_another_batch(other: DecodeOptions) -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        calls = [batcher.submit([row(n)], other, deadline=later()) for n in (5, 6)]
        await while_busy(batcher, engine, answered(batcher, 1), *calls, answered(batcher, 2))

    assert run(work).batches[1:] == [[1, 2], [5, 6]]


def test_closing_finishes_what_is_in_the_model_and_refuses_what_waits() -> None:
    async def work(batcher: Batcher, engine: HeldEngine) -> None:
        engine.may_go.clear()
        first = asyncio.create_task(answered(batcher, 1))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(answered(batcher, 2))
        await asyncio.sleep(0.05)
        closing = asyncio.create_task(batcher.close())
        with pytest.raises(BusyError, match="being stopped"):
            await second
        with pytest.raises(BusyError, match="being stopped"):
            await answered(batcher, 3)
        engine.may_go.set()
        await closing
        assert await first == 1

    assert run(work).batches == [[1]]
