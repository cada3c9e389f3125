"""One system's part of a batch: each segment is asked, stored at once, and tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import AdaptMLLMError
from core.storage.translation_set_records import Hypothesis
from core.storage.workspace import Workspace
from core.systems.batch.asking import Asker, Outlook, failure_of, work_through
from core.systems.batch.budget import Budget
from core.systems.batch.cache_key import cache_key
from core.systems.batch.calls import Call, probable_usd
from core.systems.batch.known_answers import KnownAnswers
from core.systems.batch.pace import Pace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import TestSet
from core.systems.collecting import Collected
from core.systems.failures import AskError
from core.systems.prompt_choice import Prompter
from core.systems.protocol import Request, System

CONTEXT_SEGMENTS = 3
CENSORED = "content_filter"  # a finish reason that is about the one segment


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

    def __post_init__(self) -> None:
        """Makes ready who asks, on these terms."""
        self._asker = Asker(
            self.system,
            self.terms.pace,
            self.terms.budget,
            self.settings.max_attempts,
            "what is translated",
            self.outlook,
        )

    async def run(self, positions: Sequence[int]) -> None:
        """Translates the segments at these positions.

        Raises:
            HopelessError: The system is given up: the next segments would fail in the same way.
            BudgetError: The budget is used up.
        """
        await work_through(
            positions,
            self._segment,
            concurrency=self.terms.concurrency,
            stopping=self.outlook.stopping,
        )

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
            self._asker.judge(AskError(error.message, hint=error.hint))
            return
        async with self.terms.known.alone(question.key):
            cached = await self.terms.known.get(question.key)
            if cached is not None:
                await self._store_cached(position, cached)
                return
            found = await self._asker.ask(question.request, question.probable_usd)
            if found is None:
                return
            if not found.problem:
                content = {"text": found.text, "raw": found.raw, "figures": found.figures()}
                await self.terms.known.put(question.key, content)
        await self._store(position, found)
        if found.finish_reason != CENSORED:
            self._asker.judge(failure_of(found))

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
