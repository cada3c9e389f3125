"""One segment before the judge: asked, read, asked once more if need be, and stored at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.errors import AdaptMLLMError
from core.evaluate.scorers.judge.answers import AnswerError
from core.evaluate.scorers.judge.error_answers import read_errors
from core.evaluate.scorers.judge.questions import probable_usage, question, repair
from core.evaluate.scorers.judge.score_answers import read_score
from core.evaluate.scorers.judge.settings import JudgeSettings
from core.evaluate.scorers.judge.spans import JudgedError
from core.evaluate.scorers.judge.weights import mqm_score
from core.evaluate.scorers.scoring_inputs import ScoringInput, Translated
from core.storage.scoring_records import SegmentScore
from core.storage.workspace import Workspace
from core.systems.batch.asking import Asker, HopelessError, failure_of
from core.systems.batch.budget import BudgetError
from core.systems.batch.cache_key import cache_key
from core.systems.batch.known_answers import KnownAnswers
from core.systems.collecting import Collected
from core.systems.failures import AskError
from core.systems.protocol import Request

MAX_ANSWER = 4000  # characters of an answer that are stored
# After so many answers in a row that cannot be read, the judge does not keep to any form.
PATIENCE = 25
CENSORED = "content_filter"  # a finish reason that is about the one segment


@dataclass(frozen=True)
class Verdict:
    """What was read from an answer.

    Attributes:
        value: From 0 to 100 (mode score), or by the weights of the errors (mode mqm).
        errors: None in the mode score.
    """

    value: float
    errors: tuple[JudgedError, ...] | None = None


@dataclass
class Asked:
    """What the calls for one segment came to.

    Attributes:
        answer: The last one.
        verdict: None where it could not be read.
        failure: Why there is no verdict; empty if there is one.
        figures: Tokens, calls, cost.
        error: What the failure says of the endpoint; None for an answer that cannot be read.
        is_unreadable: Whether it is one of these.
    """

    answer: str = ""
    verdict: Verdict | None = None
    failure: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    error: AskError | None = None
    is_unreadable: bool = False


def read(answer: str, hypothesis: str, settings: JudgeSettings) -> Verdict:
    """Reads an answer.

    Raises:
        AnswerError: It cannot be read.
    """
    if settings.mode == "score":
        return Verdict(read_score(answer))
    errors = read_errors(answer, hypothesis)
    value = mqm_score(errors, settings.weights, hypothesis, max_errors=settings.max_errors)
    return Verdict(value, errors)


@dataclass
class SegmentJudge:
    """Judges segments and stores what came of it.

    Attributes:
        workspace: Where scores and cache are.
        scoring_id: The scoring.
        settings: Of the judge.
        given: The texts.
        asker: Asks within pace and budget.
        known: Answers that were paid for.
        costs: What earlier attempts cost, by set and position.
        on_segment: Called after each segment, judged or not.
    """

    workspace: Workspace
    scoring_id: str
    settings: JudgeSettings
    given: ScoringInput
    asker: Asker
    known: KnownAnswers
    costs: Mapping[tuple[str, int], float]
    on_segment: Callable[[], None]
    _num_unreadable: int = 0

    async def judge(self, segment: Translated) -> None:
        """Judges one segment; nothing is stored of one that a stop kept from being asked.

        Raises:
            HopelessError: The next segments would fail in the same way.
            BudgetError: The budget is used up.
        """
        try:
            request = question(self.given, self.settings, segment).request
            key = cache_key(self.asker.system.info, request) if self.settings.uses_cache else ""
        except AdaptMLLMError as error:  # such as a segment that is too long for any prompt
            await self._store(segment, Asked(failure=str(error)))
            return
        async with self.known.alone(key):
            asked = self._from_cache(await self.known.get(key), segment)
            if asked is None:
                asked = await self._asked(request, segment)
                if asked is None:
                    return
                if asked.verdict is not None:
                    content = {"text": asked.answer, "raw": asked.answer, "figures": asked.figures}
                    await self.known.put(key, content)
        await self._store(segment, asked)
        self._consider(asked)

    def _from_cache(self, content: dict[str, Any] | None, segment: Translated) -> Asked | None:
        """Gives what is known; an answer that cannot be read is asked for again."""
        if content is None:
            return None
        answer = str(content["raw"])
        try:
            verdict = read(answer, segment.hypothesis, self.settings)
        except AnswerError:
            return None
        return Asked(answer, verdict, figures={"is_cached": True, "num_calls": 0})

    async def _asked(self, request: Request, segment: Translated) -> Asked | None:
        """Asks, and once more after an answer that cannot be read; None if a stop came first."""
        asked: Asked | None = None
        for is_repair in (False, True):
            if asked is not None:
                request = repair(request, asked.answer, self.settings.mode)
            try:
                found = await self.asker.ask(request, self._probable_usd(request))
            except BudgetError:
                if asked is None:
                    raise
                break  # the first answer is stored with what it cost; the next segment tells
            if found is None:
                break
            asked = self._taken(found, segment, asked)
            if not asked.is_unreadable or is_repair:
                break
        return asked

    def _probable_usd(self, request: Request) -> float:
        longest = self.settings.parameters.max_tokens or 0
        return probable_usage(self.asker.system.info, request, longest).cost_usd

    def _taken(self, found: Collected, segment: Translated, before: Asked | None) -> Asked:
        """Gives what an answer came to, together with the one before it."""
        figures = _added(before.figures if before else {}, found)
        if found.problem:
            error = failure_of(found) if found.finish_reason != CENSORED else None
            return Asked(found.raw, None, found.problem, figures, error)
        try:
            verdict = read(found.raw, segment.hypothesis, self.settings)
        except AnswerError as error:
            return Asked(found.raw, None, error.message, figures, is_unreadable=True)
        return Asked(found.raw, verdict, "", figures)

    async def _store(self, segment: Translated, asked: Asked) -> None:
        place = (segment.set_id, segment.position)
        figures = dict(asked.figures)
        figures["cost_usd"] = figures.get("cost_usd", 0.0) + self.costs.get(place, 0.0)
        details: dict[str, Any] = {"answer": asked.answer[:MAX_ANSWER].replace("\0", "\ufffd")}
        details |= figures
        verdict = asked.verdict
        if verdict is not None and verdict.errors is not None:
            details["errors"] = [asdict(error) for error in verdict.errors]
        score = SegmentScore(
            self.scoring_id,
            *place,
            value=None if verdict is None else verdict.value,
            failure=asked.failure,
            details=details,
        )
        await asyncio.to_thread(self.workspace.scorings.store, [score])
        self.on_segment()

    def _consider(self, asked: Asked) -> None:
        """Gives the judge up where the next segments would fail in the same way.

        Raises:
            HopelessError: They would.
        """
        if asked.verdict is not None:
            self._num_unreadable = 0
        if not asked.is_unreadable:
            if asked.verdict is not None or asked.error is not None:
                self.asker.judge(asked.error)
            return
        self._num_unreadable += 1
        if self._num_unreadable >= PATIENCE:
            raise HopelessError(
                f"{PATIENCE} answers in a row could not be read; the last one: {asked.failure}",
                hint="Choose another LLM or the mode score, or change the prompt. What is judged "
                "is kept.",
                kind="protocol",
            )


def _added(before: Mapping[str, Any], found: Collected) -> dict[str, Any]:
    """Gives the figures of one call more."""
    figures = found.figures()
    added = {
        name: before.get(name, 0) + figures[name]
        for name in ("prompt_tokens", "completion_tokens", "cost_usd")
    }
    return {**added, "num_calls": before.get("num_calls", 0) + 1}
