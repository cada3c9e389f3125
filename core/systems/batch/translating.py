"""The process of a batch: `python -m core.systems.batch.translating FOLDER`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from core.errors import AdaptMLLMError
from core.jobs.folder import JobFolder
from core.jobs.recorder import Recorder
from core.jobs.segment_process import run_in_folder
from core.storage.files import utc_now, write_json
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.asking import HopelessError
from core.systems.batch.budget import Budget, BudgetError
from core.systems.batch.calls import calls_of
from core.systems.batch.known_answers import KnownAnswers
from core.systems.batch.origin import check_same, completed, provenance_of, set_id_of, set_of
from core.systems.batch.pace import Pace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.system_batch import SystemBatch, Terms
from core.systems.batch.test_set import read_test_set
from core.systems.catalogue import endpoint_settings, find_system, open_system
from core.systems.parts import draft_system_of, is_prompted
from core.systems.prompt_choice import Prompter
from core.systems.protocol import System, SystemInfo

LOCAL_CONCURRENCY = 64  # a service batches what it gets at the same time
CHAIN_CONCURRENCY = 4
STOP_POLL_S = 0.3

log = logging.getLogger(__name__)


class Batch:
    """A batch at work.

    Attributes:
        parts: One for each system, once it has begun.
    """

    def __init__(self, workspace: Workspace, folder: JobFolder, settings: BatchSettings) -> None:
        self._workspace = workspace
        self._folder = folder
        self._settings = settings
        self._id = folder.path.name
        self._recorder = Recorder(folder, 0)
        self._test_set = read_test_set(workspace, settings)
        self._total = len(self._test_set.pairs) * len(settings.systems)
        self._num_handled = 0
        self._is_stopping = False
        self._set_ids = [set_id_of(self._id, system_id) for system_id in settings.systems]
        counts = map(workspace.translation_sets.counts, self._set_ids)
        self._budget = Budget(settings.budget_usd, sum(count.cost_usd for count in counts))
        self._known = KnownAnswers(workspace.cache)
        self._names: dict[str, str] = {}
        self.parts: list[SystemBatch] = []

    async def run(self) -> None:
        """Translates everything that has no hypothesis yet.

        Raises:
            AdaptMLLMError: A system was given up; the others have done their part.
        """
        self._recorder.add("plan", total_steps=self._total)
        self._recorder.phase("translating")
        watching = asyncio.create_task(self._watch_for_stop())
        try:
            ends = await asyncio.gather(
                *(self._system(system_id) for system_id in self._settings.systems),
                return_exceptions=True,
            )
        finally:
            watching.cancel()
        for system_id in self._settings.systems:
            self._describe(system_id)
        self._finish(ends)

    async def _system(self, system_id: str) -> None:
        """Does one system's part; its record is there before the first call."""
        info = find_system(self._workspace, system_id)
        self._names[system_id] = info.name
        record = self._begun(info)
        sets = self._workspace.translation_sets
        done, failed = sets.done_positions(record.id), sets.failed_positions(record.id)
        self._handled(len(done))
        left = set(range(len(self._test_set.pairs))) - done
        if not left:
            return
        async with contextlib.AsyncExitStack() as stack:
            opened = await asyncio.to_thread(self._opened, info)
            for system in opened:
                stack.push_async_callback(system.close)
            part = await asyncio.to_thread(self._part, info, record.id, opened)
            self.parts.append(part)
            if self._is_stopping:
                part.outlook.stopping.set()
            # What failed before comes last: it must not keep the others from their turn.
            await part.run([*sorted(left - failed), *sorted(left & failed)])

    def _begun(self, info: SystemInfo) -> TranslationSet:
        """Gives the system's set; one with hypotheses of another model or prompt is refused."""
        sets = self._workspace.translation_sets
        now = set_of(self._workspace, self._settings, self._test_set, self._id, info)
        sets.add(now)
        known, num_done = sets.get(now.id), sets.counts(now.id).num_done
        if num_done < known.num_segments:
            check_same(known, now if num_done else replace(now, provenance=known.provenance))
        if not num_done:
            sets.describe(known.id, now.provenance)
        return known

    def _describe(self, system_id: str) -> None:
        """Adds the version of a local model that was prepared for this; what is known stays."""
        sets = self._workspace.translation_sets
        try:
            known = sets.get(set_id_of(self._id, system_id))
            info = find_system(self._workspace, system_id)
            now = provenance_of(self._workspace, self._settings, info)
            sets.describe(known.id, completed(known.provenance, now))
        except (AdaptMLLMError, SQLAlchemyError) as error:  # never in the place of the true end
            log.warning("the version of %s is not stored: %s", system_id, error)

    def _opened(self, info: SystemInfo) -> list[System]:
        """Opens the system and, where its prompts need one, the system of the draft."""
        ids = [info.id]
        if is_prompted(self._workspace, info):
            ids += filter(None, [draft_system_of(self._workspace, self._settings.prompt)])
        return [open_system(self._workspace, each) for each in ids]

    def _part(self, info: SystemInfo, set_id: str, opened: list[System]) -> SystemBatch:
        """Makes ready one system's part; the index of a large corpus takes seconds."""
        settings, test_set = self._settings, self._test_set
        system, *drafting = opened
        calls = calls_of(self._workspace, info, settings.prompt)
        prompter = None
        if is_prompted(self._workspace, info):
            prompter = Prompter(
                self._workspace,
                settings.prompt,
                test_set.src_lang,
                test_set.tgt_lang,
                draft_system=drafting[0] if drafting else None,
            )
        return SystemBatch(
            self._workspace,
            settings,
            test_set,
            set_id,
            system,
            prompter,
            Terms(*pace_of(self._workspace, info), self._budget, self._known, calls),
            on_segment=lambda: self._handled(1),
        )

    def _handled(self, count: int) -> None:
        self._num_handled += count
        step, total = self._num_handled, self._total
        self._recorder.translated(step, total, is_last=step == total)

    async def _watch_for_stop(self) -> None:
        """Answers "stop and save": calls under way are finished and stored."""
        while True:
            if self._folder.stop_mode():
                self._is_stopping = True
                for part in self.parts:
                    part.outlook.stopping.set()
            await asyncio.sleep(STOP_POLL_S)

    def _finish(self, ends: list[BaseException | None]) -> None:
        counts = [self._workspace.translation_sets.counts(each) for each in self._set_ids]
        done = sum(count.num_done for count in counts)
        failed = sum(count.num_failed for count in counts)
        over_budget = next((end for end in ends if isinstance(end, BudgetError)), None)
        given_up = [
            (self._names.get(system_id, system_id), end)
            for system_id, end in zip(self._settings.systems, ends, strict=True)
            if end is not None and not isinstance(end, BudgetError)
        ]
        if given_up:
            raise _together(given_up, over_budget)
        kept = f"{done} of {self._total} segments are translated"
        if over_budget is not None:
            self._folder.record_end(f"{over_budget.message} {kept}. {over_budget.hint}")
        elif self._is_stopping and done + failed < self._total:
            self._folder.record_end(f"Stopped on request; {kept}, Resume does the rest.")
        else:
            values = {"num_done": done, "num_failed": failed, "time": utc_now()}
            write_json(self._folder.result_file, values)


def pace_of(workspace: Workspace, info: SystemInfo) -> tuple[int, Pace]:
    """Gives how many calls a system takes at the same time, and when they may begin."""
    if info.kind == "model":
        return LOCAL_CONCURRENCY, Pace(0)
    if info.kind == "chain":
        return CHAIN_CONCURRENCY, Pace(0)
    endpoint = endpoint_settings(workspace, info.id)
    return endpoint.concurrency, Pace(endpoint.requests_per_minute)


def _together(
    given_up: list[tuple[str, BaseException]], over_budget: BudgetError | None
) -> BaseException:
    """Gives one error that names every system that was given up."""
    messages, hints = [], []
    for name, error in given_up:
        if not isinstance(error, AdaptMLLMError):
            return error
        messages.append(error.message if name in error.message else f"{name}: {error.message}")
        hints.append(error.hint)
    if over_budget is not None:
        messages.append(over_budget.message)
        hints.append(over_budget.hint)
    if len(given_up) > 1:
        messages.insert(0, f"{len(given_up)} systems were given up.")
    return HopelessError(" ".join(messages), hint=" ".join(dict.fromkeys(filter(None, hints))))


def translate(workspace: Workspace, folder: JobFolder) -> None:
    """Translates what the batch of a folder asks for.

    Raises:
        AdaptMLLMError: It cannot begin, or was given up.
    """
    settings = BatchSettings.load(folder.settings_file)
    asyncio.run(Batch(workspace, folder, settings).run())


if __name__ == "__main__":
    run_in_folder(translate)
