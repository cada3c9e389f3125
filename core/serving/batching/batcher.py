"""The queue in front of an engine: bounded, batched by tokens, with deadlines and cancellation.

All of it runs in one event loop; only the engine's own work happens in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from core.finetune.decoding import length_batches
from core.serving.codec import Encoded
from core.serving.engines.engine import DecodeOptions, Engine

Priority = Literal["interactive", "background"]

# How often the queue looks whether those who are about to come have come.
LOOK_MS = 1.0
# A batch may wait for callers that nobody knows of yet for so much of the time that it takes: a
# large model needs almost as long for one sentence as for twenty.
WAIT_SHARE = 0.02
# A document's sentence that has waited for so long goes first for once.
PATIENCE_S = 10.0
# Waiting sentences that are considered for one batch; more would only cost sorting.
MAX_CONSIDERED = 512
# Before the first batch nothing is known of the engine's speed.
FIRST_GUESS_TOKENS_PER_S = 500.0

Ids = tuple[int, ...]


class BusyError(Exception):
    """The queue is full, or a deadline passed, or the service is about to end.

    Attributes:
        reason: One sentence for the caller.
        retry_after_s: When it is worth trying again.
    """

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = max(1, round(retry_after_s))


@dataclass(frozen=True)
class BatchLimits:
    """What bounds the queue.

    Attributes:
        tokens_per_batch: Longest sentence times sentences of one batch.
        window_ms: Longest wait for others to share a batch with.
        queue_limit: Sentences of requests that are accepted and not yet answered.
    """

    tokens_per_batch: int = 2048
    window_ms: float = 10.0
    queue_limit: int = 2000


@dataclass(eq=False)
class _Waiting:
    """One sentence in the queue."""

    encoded: Encoded
    options: DecodeOptions
    deadline: float
    answer: asyncio.Future[list[Ids]]
    since: float = field(default_factory=time.monotonic)

    @property
    def is_wanted(self) -> bool:
        return not self.answer.done()


@dataclass
class Load:
    """What the queue is doing, for statistics.

    Attributes:
        num_batches, num_segments: Batches and sentences translated so far.
        busy_s: Seconds that batches took, summed.
        least_batch_s: The shortest that one took; 0 before the first.
        tokens_per_s: Recent speed in source tokens, padding not counted.
    """

    num_batches: int = 0
    num_segments: int = 0
    busy_s: float = 0.0
    least_batch_s: float = 0.0
    tokens_per_s: float = field(default=FIRST_GUESS_TOKENS_PER_S)

    def add(self, num_segments: int, num_tokens: int, seconds: float) -> None:
        """Counts one batch."""
        self.num_batches += 1
        self.num_segments += num_segments
        self.busy_s += seconds
        self.least_batch_s = min(self.least_batch_s or seconds, seconds)
        speed = num_tokens / max(seconds, 1e-6)
        is_first = self.num_batches == 1
        self.tokens_per_s = speed if is_first else 0.8 * self.tokens_per_s + 0.2 * speed


class Batcher:
    """Collects sentences and hands them to an engine in batches.

    Attributes:
        load: What it has done so far.
        num_requests: Tells how many requests are being answered: one that has not come here yet
            is worth waiting for; with none on its way a batch starts at once.
    """

    def __init__(self, engine: Engine, limits: BatchLimits) -> None:
        self._engine = engine
        self._limits = limits
        self._queues: dict[Priority, deque[_Waiting]] = {
            "interactive": deque(),
            "background": deque(),
        }
        self._arrived = asyncio.Event()
        self._free = asyncio.Semaphore(engine.num_workers)
        self._threads = ThreadPoolExecutor(engine.num_workers, thread_name_prefix="translate")
        self._running: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._num_calls = 0
        self._num_in_model = 0
        self._taken: Counter[Priority] = Counter()
        self._is_refusing = False
        self._is_closing = False
        self.load = Load()
        self.num_requests: Callable[[], int] = lambda: 0

    def start(self) -> None:
        """Begins to work; must be called in the event loop."""
        self._loop = asyncio.create_task(self._work())

    @property
    def num_waiting(self) -> int:
        """Sentences that wait and are still wanted."""
        return sum(item.is_wanted for queue in self._queues.values() for item in queue)

    @contextlib.contextmanager
    def room(self, count: int, priority: Priority = "interactive") -> Iterator[None]:
        """Accepts a request of `count` sentences, or not, before any work on it.

        Whoever is accepted is answered: a request asks several times (for alternatives, for
        another form of a sentence), and its second question must not fail because of its first.

        Raises:
            BusyError: Too much is accepted already, or the service is ending.
        """
        if self._is_refusing:
            raise BusyError("The service is being stopped.", 5.0)
        # Each kind has its own room: documents must not keep people out.
        taken = self._taken[priority]
        # A request longer than the whole queue may pass alone: it would never fit.
        if count and taken and taken + count > self._limits.queue_limit:
            raise BusyError(
                f"The service is busy: {taken} sentences are waiting.", self._seconds_of_work()
            )
        self._taken[priority] += count
        try:
            yield
        finally:
            self._taken[priority] -= count

    async def submit(
        self,
        encoded: Sequence[Encoded],
        options: DecodeOptions,
        *,
        deadline: float,
        priority: Priority = "interactive",
    ) -> list[list[Ids]]:
        """Translates sentences with those of other callers; cancelling it takes them out again.

        Args:
            encoded: Sources, as token ids.
            options: How to search.
            deadline: Time of `time.monotonic()` after which the answer is worthless.
            priority: `background` waits behind everything interactive.

        Returns:
            For each source its translations as token ids, the best first.

        Raises:
            BusyError: The deadline passed, or the service is ending.
        """
        if self._is_closing:
            raise BusyError("The service is being stopped.", 5.0)
        loop = asyncio.get_running_loop()
        items = [_Waiting(row, options, deadline, loop.create_future()) for row in encoded]
        self._queues[priority].extend(items)
        self._arrived.set()
        self._num_calls += 1
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return list(await asyncio.gather(*(item.answer for item in items)))
        except TimeoutError:
            reason = "The translation took longer than the deadline of this service."
            raise BusyError(reason, self._seconds_of_work()) from None
        finally:
            self._num_calls -= 1
            for item in items:
                item.answer.cancel()

    def _seconds_of_work(self) -> float:
        tokens = sum(len(i.encoded.ids) for queue in self._queues.values() for i in queue)
        return tokens / self.load.tokens_per_s

    async def _work(self) -> None:
        """Starts a batch whenever a worker is free and something waits."""
        while True:
            await self._free.acquire()
            await self._gather()
            batch = self._take()
            if not batch:
                self._free.release()
                continue
            task = asyncio.create_task(self._translate(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _gather(self) -> None:
        """Waits for a first sentence, then shortly for those who are on their way."""
        while not self.num_waiting:
            self._arrived.clear()
            await self._arrived.wait()
        began_s = time.monotonic()
        window_s = self._limits.window_ms / 1000
        patience_s = min(window_s, WAIT_SHARE * self.load.least_batch_s)
        if patience_s < LOOK_MS / 1000:
            patience_s = 0.0  # one look would already be too long
        await asyncio.sleep(0)
        while self._waiting_tokens() < self._limits.tokens_per_batch:
            are_coming = self.num_requests() > self._num_calls
            if time.monotonic() - began_s >= (window_s if are_coming else patience_s):
                break
            await asyncio.sleep(LOOK_MS / 1000)

    def _waiting_tokens(self) -> int:
        return sum(len(item.encoded.ids) for item in self._wanted())

    def _wanted(self) -> Iterator[_Waiting]:
        """Gives the first sentences that are still wanted, interactive ones before others."""
        count = 0
        for queue in self._ordered_queues():
            for item in queue:
                if item.is_wanted:
                    yield item
                    count += 1
                    if count == MAX_CONSIDERED:
                        return

    def _ordered_queues(self) -> list[deque[_Waiting]]:
        """Gives the queues, the one first whose turn it is."""
        people, documents = self._queues["interactive"], self._queues["background"]
        first = next((item for item in documents if item.is_wanted), None)
        if first is not None and time.monotonic() - first.since > PATIENCE_S:
            return [documents, people]
        return [people, documents]

    def _take(self) -> list[_Waiting]:
        """Takes the batch that holds the sentence which waits longest, and others of its length."""
        for queue in self._queues.values():
            while queue and not queue[0].is_wanted:
                queue.popleft()
        items = list(self._wanted())
        if not items:
            return []
        alike = [item for item in items if item.options == items[0].options]
        groups = self._groups([len(item.encoded.ids) for item in alike])
        chosen = next(group for group in groups if 0 in group)
        batch = [alike[index] for index in chosen]
        taken = set(map(id, batch))
        for name, queue in self._queues.items():
            self._queues[name] = deque(i for i in queue if id(i) not in taken and i.is_wanted)
        return batch

    def _groups(self, lengths: list[int]) -> list[list[int]]:
        """Gives the batches that sentences of these lengths make, alike in length and in number.

        No batch is more than a worker's share of all that waits or is in the model: with a small
        rest in a batch of its own, one worker would be done long before the other.
        """
        slots = max(self._limits.tokens_per_batch, max(lengths))
        groups = length_batches(lengths, slots)
        share = -(-(len(lengths) + self._num_in_model) // self._engine.num_workers)
        count = max(len(groups), -(-len(lengths) // share))
        order = [index for group in groups for index in group]  # the longest first
        size = -(-len(order) // count)
        even = [order[first : first + size] for first in range(0, len(order), size)]
        fits = all(lengths[group[0]] * len(group) <= slots for group in even)
        return even if fits else groups

    async def _translate(self, batch: list[_Waiting]) -> None:
        began_s = time.monotonic()
        rows = [item.encoded for item in batch]
        self._num_in_model += len(batch)
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._results, rows, batch[0].options
            )
        finally:
            self._num_in_model -= len(batch)
            self._free.release()
        seconds = time.monotonic() - began_s
        self.load.add(len(batch), sum(len(row.ids) for row in rows), seconds)
        for item, result in zip(batch, found, strict=True):
            if not item.is_wanted:
                continue
            if isinstance(result, Exception):
                item.answer.set_exception(result)
            else:
                item.answer.set_result(result)

    def _results(self, rows: list[Encoded], options: DecodeOptions) -> list[list[Ids] | Exception]:
        """Gives each sentence its translations, or its own error and nobody else's."""
        try:
            return list(self._engine.generate(rows, options))
        except Exception as error:  # noqa: BLE001 (what engines raise is no closed list)
            if len(rows) == 1:
                return [error]
            return [result for row in rows for result in self._results([row], options)]

    def refuse(self) -> None:
        """Takes no new requests; those that are accepted go on."""
        self._is_refusing = True

    def refuse_waiting(self) -> None:
        """Refuses what still waits; what is being translated goes on."""
        self._is_refusing = self._is_closing = True
        for queue in self._queues.values():
            for item in queue:
                if item.is_wanted:
                    item.answer.set_exception(BusyError("The service is being stopped.", 5.0))
            queue.clear()

    async def close(self) -> None:
        """Ends: what still waits is refused, what is being translated is finished."""
        self.refuse_waiting()
        if self._running:
            await asyncio.wait(set(self._running))
        if self._loop is not None:
            self._loop.cancel()
        self._threads.shutdown(wait=True)
