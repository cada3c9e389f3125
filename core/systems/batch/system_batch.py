"""One system's part of a batch: each segment is asked, stored at once, and tried again."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.storage.translation_set_records import Hypothesis
from core.storage.workspace import Workspace
from core.systems.batch.budget import Budget
from core.systems.batch.cache_key import cache_key
from core.systems.batch.pace import Pace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import TestSet
from core.systems.collecting import Collected, collect
from core.systems.failures import AskError
from core.systems.prompt_choice import Prompter
from core.systems.protocol import Request, System

CONTEXT_SEGMENTS = 3
LONGEST_PAUSE_S = 120.0
# After so many segments in a row that failed for the connection, the others would fail, too.
PATIENCE = 8
# With these the next segment would fail in the same way.
HOPELESS = ("key", "address", "quota", "protocol", "loading")

log = logging.getLogger(__name__)


class HopelessError(AskError):
    """A system is given up for this batch."""


@dataclass
class Outlook:
    """How one system's part goes on.

    Attributes:
        num_failed_in_a_row: Segments whose last attempt failed for the connection.
        is_stopping: Set from outside: no new segment begins.
    """

    num_failed_in_a_row: int = 0
    is_stopping: bool = False


@dataclass(frozen=True)
class Terms:
    """On which terms a system is asked.

    Attributes:
        concurrency: Calls at the same time.
        pace: When they may begin.
        budget: Shared by all systems of the batch.
        probable_usd: What one call probably costs.
    """

    concurrency: int
    pace: Pace
    budget: Budget
    probable_usd: float


@dataclass
class SystemBatch:
    """Translates the segments of a set that have no hypothesis yet.

    Attributes:
        workspace: Where hypotheses and cache are.
        settings: Of the batch.
        test_set: What is translated.
        set_id: The translation set.
        system: Who translates.
        prompter: Fills the prompts; None for MT systems.
        terms: How the system may be asked.
        on_segment: Called after each segment, translated or not.
        outlook: How it goes on.
    """

    workspace: Workspace
    settings: BatchSettings
    test_set: TestSet
    set_id: str
    system: System
    prompter: Prompter | None
    terms: Terms
    on_segment: Callable[[], None]
    outlook: Outlook = field(default_factory=Outlook)

    async def run(self, positions: Sequence[int]) -> None:
        """Translates the segments at these positions.

        Raises:
            HopelessError: The system is given up: the next segments would fail in the same way.
            BudgetError: The budget is used up.
        """
        waiting = iter(positions)

        async def work() -> None:
            for position in waiting:
                if self.outlook.is_stopping:
                    return
                await self._segment(position)

        workers = [asyncio.create_task(work()) for _ in range(self.terms.concurrency)]
        try:
            # The first failure that is final ends it; calls under way may still finish.
            done, rest = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            self.outlook.is_stopping = True
            if rest:
                await asyncio.wait(rest)
            for worker in (*done, *rest):
                worker.result()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _segment(self, position: int) -> None:
        """Translates one segment and stores what came of it."""
        source, reference = self.test_set.pairs[position]
        request = await asyncio.to_thread(self._request, position)
        key = cache_key(self.system.info, request) if self.settings.uses_cache else ""
        cached = await asyncio.to_thread(self.workspace.cache.get, key) if key else None
        if cached is not None:
            figures = {**cached["figures"], "cost_usd": 0.0, "is_cached": True}
            text, raw, failure = cached["text"], cached["raw"], ""
        else:
            found = await self._asked(request)
            text, raw, failure = found.text, found.raw, found.problem
            figures = found.figures()
            if key and not failure:
                content = {"text": text, "raw": raw, "figures": figures}
                await asyncio.to_thread(self.workspace.cache.put, key, content)
        hypothesis = Hypothesis(
            set_id=self.set_id,
            position=position,
            source=source,
            reference=reference,
            hypothesis=None if failure else text,
            raw=raw if failure or raw != text else "",
            failure=failure,
            figures=figures,
        )
        await asyncio.to_thread(self.workspace.translation_sets.store, [hypothesis])
        self.on_segment()

    def _request(self, position: int) -> Request:
        test_set = self.test_set
        source, _ = test_set.pairs[position]
        request = Request(source, test_set.src_lang, test_set.tgt_lang, self.settings.parameters)
        if self.prompter is None:
            return request
        before = test_set.pairs[max(0, position - CONTEXT_SEGMENTS) : position]
        context = [(earlier, "") for earlier, _ in before]
        prompting = self.prompter.prompting_for(source, context)
        return Request(
            source, test_set.src_lang, test_set.tgt_lang, self.settings.parameters, prompting
        )

    async def _asked(self, request: Request) -> Collected:
        """Asks until there is an answer, or no sense in asking again.

        Raises:
            HopelessError: The next segments would fail in the same way.
            BudgetError: The budget is used up.
        """
        cost_usd, attempt = 0.0, 0
        while True:
            await self.terms.pace.turn()
            found = await self._one_call(request)
            cost_usd += found.cost_usd
            found.cost_usd = cost_usd
            error = _passing_failure(found)
            if error is None:
                self.outlook.num_failed_in_a_row = 0
                return found
            attempt += 1
            if attempt == self.settings.max_attempts or self.outlook.is_stopping:
                self._count_failure(error)
                return found
            pause_s = _pause_s(error, attempt)
            log.info("tried again in %.1f s: %s", pause_s, error.message)
            if error.kind == "rate":
                self.terms.pace.pause(pause_s)
            else:
                await asyncio.sleep(pause_s)

    async def _one_call(self, request: Request) -> Collected:
        probable_usd = self.terms.probable_usd
        self.terms.budget.reserve(probable_usd)
        found = Collected()
        try:
            return await collect(self.system, request, found)
        finally:
            self.terms.budget.settle(probable_usd, found.cost_usd)

    def _count_failure(self, error: AskError) -> None:
        if error.kind not in ("connection", "timeout", "server"):
            return
        self.outlook.num_failed_in_a_row += 1
        if self.outlook.num_failed_in_a_row >= PATIENCE:
            raise HopelessError(
                f"{PATIENCE} segments in a row failed; the last one: {error.message}",
                hint=f"{error.hint} Then resume; what is translated is kept.",
                kind=error.kind,
            )


def _passing_failure(found: Collected) -> AskError | None:
    """Gives a failure after which it makes sense to ask again; None for an answer as it is.

    Raises:
        HopelessError: The next segments would fail in the same way.
    """
    error = found.failure
    if error is None:
        return None
    if not isinstance(error, AskError):  # what our own code refuses, it refuses again
        raise HopelessError(error.message, hint=error.hint)
    if error.kind in HOPELESS:
        raise HopelessError(error.message, hint=error.hint, kind=error.kind)
    return error if error.is_retryable else None


def _pause_s(error: AskError, attempt: int) -> float:
    """Gives how long to wait: what the endpoint says, else longer each time, never in step."""
    if error.retry_after_s is not None:
        return min(error.retry_after_s, LONGEST_PAUSE_S)
    return float(min(2.0 ** (attempt - 1), LONGEST_PAUSE_S)) * random.uniform(0.5, 1.0)
