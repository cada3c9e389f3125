"""Asking one system within pace and budget: again where it may help, until it is given up."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from core.systems.batch.budget import Budget, BudgetError
from core.systems.batch.pace import Pace, wait_for_stop
from core.systems.collecting import Collected, collect
from core.systems.failures import AskError
from core.systems.protocol import Request, System

LONGEST_PAUSE_S = 120.0
# After so many segments in a row that failed, the others would fail, too.
PATIENCE = 8
# With these the next segment would fail in the same way.
HOPELESS = ("key", "address", "quota", "protocol", "loading")
# With these it would not: they are about the one segment.
ABOUT_SEGMENT = ("too long",)

Item = TypeVar("Item")
log = logging.getLogger(__name__)


class HopelessError(AskError):
    """A system is given up for this job."""


@dataclass
class Outlook:
    """How one system's part goes on.

    Attributes:
        num_failed_in_a_row: Segments without an answer since the last one that has one.
        stopping: Set from outside: no new call begins, and nobody waits any longer.
    """

    num_failed_in_a_row: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Asker:
    """Asks a system on the terms of a job.

    Attributes:
        system: Who is asked.
        pace: When calls may begin.
        budget: What they may cost together.
        max_attempts: How often a call is tried that failed for a passing reason.
        kept: What a job that is given up keeps, in words.
        outlook: How it goes on.
    """

    system: System
    pace: Pace
    budget: Budget
    max_attempts: int
    kept: str
    outlook: Outlook = field(default_factory=Outlook)

    async def ask(self, request: Request, probable_usd: float) -> Collected | None:
        """Asks until there is an answer, or no sense in asking again.

        Gives None where a stop came before the first call. The cost is that of all attempts.

        Args:
            request: What is asked.
            probable_usd: What one call probably costs.

        Raises:
            BudgetError: The budget does not allow the first call.
        """
        found: Collected | None = None
        cost_usd = 0.0
        for attempt in range(1, self.max_attempts + 1):
            if not await self.pace.turn(self.outlook.stopping):
                break
            try:
                self.budget.reserve(probable_usd)
            except BudgetError:
                if found is None:
                    raise
                break  # what failed is stored with what it cost; the next segment tells
            found = await self._one_call(request, probable_usd)
            cost_usd += found.cost_usd
            found.cost_usd = cost_usd
            error = found.failure
            if not isinstance(error, AskError) or not error.is_retryable:
                break
            if attempt < self.max_attempts:
                await self._back_off(error, attempt)
        return found

    def judge(self, error: AskError | None) -> None:
        """Gives the system up where the next segments would fail in the same way.

        Args:
            error: How the last segment failed; None if it did not.

        Raises:
            HopelessError: They would.
        """
        if error is None:
            self.outlook.num_failed_in_a_row = 0
            return
        if error.kind in HOPELESS:
            raise HopelessError(error.message, hint=error.hint, kind=error.kind)
        if error.kind in ABOUT_SEGMENT or self.outlook.stopping.is_set():
            return
        self.outlook.num_failed_in_a_row += 1
        if self.outlook.num_failed_in_a_row >= PATIENCE:
            raise HopelessError(
                f"{PATIENCE} segments in a row failed; the last one: {error.message}",
                hint=f"{error.hint} Then resume; {self.kept} is kept.".strip(),
                kind=error.kind,
            )

    async def _one_call(self, request: Request, probable_usd: float) -> Collected:
        found = Collected()
        try:
            return await collect(self.system, request, found)
        finally:
            self.budget.settle(probable_usd, found.cost_usd)

    async def _back_off(self, error: AskError, attempt: int) -> None:
        """Waits before the next attempt, no longer than until a stop."""
        pause_s = _pause_s(error, attempt)
        log.info("tried again in %.1f s: %s", pause_s, error.message)
        if error.kind == "rate":
            self.pace.pause(pause_s)
        else:
            await wait_for_stop(self.outlook.stopping, pause_s)


async def work_through(
    items: Iterable[Item],
    work: Callable[[Item], Awaitable[None]],
    *,
    concurrency: int,
    stopping: asyncio.Event,
) -> None:
    """Works on items, so many at a time, in their order.

    The first failure that is final ends it; calls under way may still finish.

    Args:
        items: What is worked on.
        work: Does one of them.
        concurrency: How many at the same time.
        stopping: Once it is set, no further item is begun.

    Raises:
        Exception: What `work` raised first.
    """
    waiting = iter(items)

    async def work_on() -> None:
        for item in waiting:
            if stopping.is_set():
                return
            await work(item)

    workers = [asyncio.create_task(work_on()) for _ in range(concurrency)]
    try:
        done, rest = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        stopping.set()
        if rest:
            await asyncio.wait(rest)
        for worker in (*done, *rest):
            worker.result()
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def failure_of(found: Collected) -> AskError | None:
    """Gives why there is no whole answer; None if there is one."""
    if not found.problem:
        return None
    if isinstance(found.failure, AskError):
        return found.failure
    if found.failure is not None:  # what our own code refuses, it refuses again
        return AskError(found.failure.message, hint=found.failure.hint, kind="loading")
    return AskError(found.problem, kind="cut")


def _pause_s(error: AskError, attempt: int) -> float:
    """Gives how long to wait: what the endpoint says, else longer each time, never in step."""
    if error.retry_after_s is not None:
        return min(error.retry_after_s, LONGEST_PAUSE_S)
    return float(min(2.0 ** (attempt - 1), LONGEST_PAUSE_S)) * random.uniform(0.5, 1.0)
