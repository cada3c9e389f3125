"""One system's part of a batch: each segment is asked, stored at once, and tried again."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import AdaptMLLMError
from core.storage.translation_set_records import Hypothesis
from core.storage.workspace import Workspace
from core.systems.batch.budget import Budget, BudgetError
from core.systems.batch.cache_key import cache_key
from core.systems.batch.calls import Call, probable_usd
from core.systems.batch.known_answers import KnownAnswers
from core.systems.batch.pace import Pace, wait_for_stop
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import TestSet
from core.systems.collecting import Collected, collect
from core.systems.failures import AskError
from core.systems.prompt_choice import Prompter
from core.systems.protocol import Request, System

CONTEXT_SEGMENTS = 3
LONGEST_PAUSE_S = 120.0
# After so many segments in a row that failed, the others would fail, too.
PATIENCE = 8
# With these the next segment would fail in the same way.
HOPELESS = ("key", "address", "quota", "protocol", "loading")
# With these it would not: they are about the one segment.
ABOUT_SEGMENT = ("too long",)
CENSORED = "content_filter"  # so is a finish reason

log = logging.getLogger(__name__)


class HopelessError(AskError):
    """A system is given up for this batch."""


@dataclass
class Outlook:
    """How one system's part goes on.

    Attributes:
        num_failed_in_a_row: Segments without a hypothesis since the last one that has one.
        stopping: Set from outside: no new call begins, and nobody waits any longer.
    """

    num_failed_in_a_row: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Terms:
    """On which terms a system is asked.

    Attributes:
        concurrency: Calls at the same time.
        pace: When they may begin.
        budget: Shared by all systems of the batch.
        known: Answers that were paid for, shared by all systems of the batch.
        calls: What is asked, and paid, for one segment.
    """

    concurrency: int
    pace: Pace
    budget: Budget
    known: KnownAnswers
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Question:
    """One segment, ready to be asked.

    Attributes:
        request: With its prompt.
        key: In the cache; empty where answers are not kept.
        probable_usd: What one call probably costs.
    """

    request: Request
    key: str
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
                if self.outlook.stopping.is_set():
                    return
                await self._segment(position)

        workers = [asyncio.create_task(work()) for _ in range(self.terms.concurrency)]
        try:
            # The first failure that is final ends it; calls under way may still finish.
            done, rest = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            self.outlook.stopping.set()
            if rest:
                await asyncio.wait(rest)
            for worker in (*done, *rest):
                worker.result()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _segment(self, position: int) -> None:
        """Translates one segment and stores what came of it; nothing after a stop.

        Raises:
            HopelessError: The next segments would fail in the same way.
            BudgetError: The budget is used up.
        """
        try:
            question = await asyncio.to_thread(self._question, position)
        except AdaptMLLMError as error:  # such as a segment that is too long for any prompt
            await self._store(position, Collected(state="failed", failure=error))
            self._judge(AskError(error.message, hint=error.hint))
            return
        async with self.terms.known.alone(question.key):
            cached = await self.terms.known.get(question.key)
            if cached is not None:
                await self._store_cached(position, cached)
                return
            found = await self._asked(question)
            if found is None:
                return
            if not found.problem:
                content = {"text": found.text, "raw": found.raw, "figures": found.figures()}
                await self.terms.known.put(question.key, content)
        await self._store(position, found)
        if found.finish_reason != CENSORED:
            self._judge(_failure(found))

    def _question(self, position: int) -> Question:
        request = self._request(position)
        _, reference = self.test_set.pairs[position]
        key = cache_key(self.system.info, request) if self.settings.uses_cache else ""
        return Question(request, key, probable_usd(self.terms.calls, request, reference))

    def _request(self, position: int) -> Request:
        test_set = self.test_set
        source, _ = test_set.pairs[position]
        request = Request(source, test_set.src_lang, test_set.tgt_lang, self.settings.parameters)
        if self.prompter is None:
            return request
        before = test_set.pairs[max(0, position - CONTEXT_SEGMENTS) : position]
        context = [(earlier, "") for earlier, _ in before]
        return replace(request, prompting=self.prompter.prompting_for(source, context))

    async def _store_cached(self, position: int, cached: dict[str, Any]) -> None:
        figures = {**cached["figures"], "is_cached": True}
        figures.pop("cost_usd", None)
        text, raw = cached["text"], cached["raw"]
        await self._store_hypothesis(position, text, raw if raw != text else "", figures=figures)

    async def _store(self, position: int, found: Collected) -> None:
        problem, figures = found.problem, found.figures()
        cost_usd = figures.pop("cost_usd")
        await self._store_hypothesis(
            position,
            None if problem else found.text,
            found.raw if problem or found.raw != found.text else "",
            failure=problem,
            figures=figures,
            cost_usd=cost_usd,
        )

    async def _store_hypothesis(
        self, position: int, text: str | None, raw: str, **values: Any
    ) -> None:
        source, reference = self.test_set.pairs[position]
        record = Hypothesis(self.set_id, position, source, reference, text, raw, **values)
        await asyncio.to_thread(self.workspace.translation_sets.store, [record])
        self.on_segment()

    async def _asked(self, question: Question) -> Collected | None:
        """Asks until there is an answer, or no sense in asking again.

        Gives None where a stop came before the first call.

        Raises:
            BudgetError: The budget does not allow the first call.
        """
        found: Collected | None = None
        cost_usd = 0.0
        for attempt in range(1, self.settings.max_attempts + 1):
            if not await self.terms.pace.turn(self.outlook.stopping):
                break
            try:
                self.terms.budget.reserve(question.probable_usd)
            except BudgetError:
                if found is None:
                    raise
                break  # what failed is stored with what it cost; the next segment tells
            found = await self._one_call(question)
            cost_usd += found.cost_usd
            found.cost_usd = cost_usd
            error = found.failure
            if not isinstance(error, AskError) or not error.is_retryable:
                break
            if attempt < self.settings.max_attempts:
                await self._back_off(error, attempt)
        return found

    async def _one_call(self, question: Question) -> Collected:
        found = Collected()
        try:
            return await collect(self.system, question.request, found)
        finally:
            self.terms.budget.settle(question.probable_usd, found.cost_usd)

    async def _back_off(self, error: AskError, attempt: int) -> None:
        """Waits before the next attempt, no longer than until a stop."""
        pause_s = _pause_s(error, attempt)
        log.info("tried again in %.1f s: %s", pause_s, error.message)
        if error.kind == "rate":
            self.terms.pace.pause(pause_s)
        else:
            await wait_for_stop(self.outlook.stopping, pause_s)

    def _judge(self, error: AskError | None) -> None:
        """Gives the system up where the next segments would fail in the same way.

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
                hint=f"{error.hint} Then resume; what is translated is kept.".strip(),
                kind=error.kind,
            )


def _failure(found: Collected) -> AskError | None:
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
