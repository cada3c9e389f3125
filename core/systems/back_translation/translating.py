"""Asking one system for every segment; each answer is written down before the next one counts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.corpora.watching import Watch
from core.errors import AdaptMLLMError
from core.storage.files import JsonLinesTail, append_json_line
from core.storage.workspace import Workspace
from core.systems.back_translation.settings import BackTranslateSettings
from core.systems.batch.asking import Asker, failure_of, work_through
from core.systems.batch.budget import Budget
from core.systems.batch.calls import calls_of, probable_usd
from core.systems.batch.translating import pace_of
from core.systems.catalogue import find_system, open_system
from core.systems.failures import AskError
from core.systems.parts import draft_system_of, is_prompted
from core.systems.prompt_choice import Prompter
from core.systems.protocol import Request, System

LOOK_S = 0.5


@dataclass
class Kept:
    """What was translated until now, in a file that grows by a line a segment.

    Attributes:
        path: The file.
        texts: The translation of each segment that has one, by its number.
        failures: Why others have none, by their numbers.
        cost_usd: What all calls cost together.
    """

    path: Path
    texts: dict[int, str]
    failures: dict[int, str]
    cost_usd: float

    @classmethod
    def read(cls, path: Path) -> Kept:
        """Reads what an earlier attempt left; half a line of a killed one does not count."""
        kept = cls(path, {}, {}, 0.0)
        for record in JsonLinesTail(path).read():
            kept._take(record)
        return kept

    def add(self, number: int, text: str, failure: str, cost_usd: float) -> None:
        """Writes down what came of a segment."""
        record = {"number": number, "text": text, "failure": failure, "cost_usd": cost_usd}
        append_json_line(self.path, record)
        self._take(record)

    def _take(self, record: dict[str, Any]) -> None:
        number = int(record["number"])
        self.cost_usd += float(record["cost_usd"])
        if record["failure"]:
            self.failures[number] = record["failure"]
        else:
            self.texts[number] = record["text"]
            self.failures.pop(number, None)


async def translate_all(
    workspace: Workspace,
    settings: BackTranslateSettings,
    texts: Sequence[str],
    kept: Kept,
    watch: Watch,
) -> None:
    """Translates the segments that have no translation yet; those that failed come last.

    Raises:
        AdaptMLLMError: The system was given up, or the budget is used up.
        Exception: What `watch` raises to end it; calls under way are finished first.
    """
    info = find_system(workspace, settings.system)
    async with contextlib.AsyncExitStack() as stack:
        ids = [info.id]
        if is_prompted(workspace, info):
            ids += filter(None, [draft_system_of(workspace, settings.prompt)])
        opened = [await asyncio.to_thread(open_system, workspace, each) for each in ids]
        for system in opened:
            stack.push_async_callback(system.close)
        work = await asyncio.to_thread(_Work, workspace, settings, texts, kept, opened)
        await _watched(work, watch)


async def _watched(work: _Work, watch: Watch) -> None:
    """Does the work and says how far it is; what `watch` raises ends it."""
    working = asyncio.create_task(work.run())
    total = len(work.texts)
    try:
        while True:
            watch("translating", len(work.kept.texts), total)
            done, _ = await asyncio.wait([working], timeout=LOOK_S)
            if done:
                break
    finally:
        work.asker.outlook.stopping.set()
        await asyncio.wait([working])
    working.result()
    watch("translating", len(work.kept.texts), total)


class _Work:
    """One system at work on the segments.

    Attributes:
        texts: All segments.
        kept: What is translated.
        asker: Who asks the system.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: BackTranslateSettings,
        texts: Sequence[str],
        kept: Kept,
        opened: Sequence[System],
    ) -> None:
        system, *drafting = opened
        self.texts = texts
        self.kept = kept
        self._settings = settings
        self._direction = (settings.from_lang, settings.to_lang)
        self._calls = calls_of(workspace, system.info, settings.prompt)
        self._concurrency, pace = pace_of(workspace, system.info)
        budget = Budget(settings.budget_usd, kept.cost_usd)
        self.asker = Asker(system, pace, budget, settings.max_attempts, "what is translated")
        self._prompter = None
        if is_prompted(workspace, system.info):
            draft = drafting[0] if drafting else None
            self._prompter = Prompter(
                workspace, settings.prompt, *self._direction, draft_system=draft
            )

    async def run(self) -> None:
        """Asks for all that is missing.

        Raises:
            AdaptMLLMError: The system is given up, or the budget used up.
        """
        missing = [n for n in range(len(self.texts)) if n not in self.kept.texts]
        failed_last = sorted(missing, key=lambda n: n in self.kept.failures)
        await work_through(
            failed_last,
            self._segment,
            concurrency=self._concurrency,
            stopping=self.asker.outlook.stopping,
        )

    async def _segment(self, number: int) -> None:
        text = self.texts[number]
        try:
            request = await asyncio.to_thread(self._request, text)
            # What it will cost is not known; translations are about as long as their sources.
            cost_usd = probable_usd(self._calls, request, text)
        except AdaptMLLMError as error:  # such as a segment that is too long for any prompt
            self.kept.add(number, "", error.message, 0.0)
            self.asker.judge(AskError(error.message, hint=error.hint))
            return
        found = await self.asker.ask(request, cost_usd)
        if found is None:
            return
        text = "" if found.problem else " ".join(found.text.split())
        self.kept.add(number, text, found.problem, found.cost_usd)
        self.asker.judge(failure_of(found))

    def _request(self, text: str) -> Request:
        request = Request(text, *self._direction, self._settings.parameters)
        if self._prompter is None:
            return request
        return replace(request, prompting=self._prompter.prompting_for(text))
