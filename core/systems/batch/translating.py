"""The process of a batch: `python -m core.systems.batch.translating FOLDER`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import uuid
from pathlib import Path

from core.errors import AdaptMLLMError
from core.finetune.run_folder import Recorder, RunFolder
from core.jobs.failures import record_failure
from core.jobs.processes import die_with_supervisor
from core.storage.files import read_json, utc_now, write_json
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.budget import Budget, BudgetError
from core.systems.batch.forecast import forecast_of
from core.systems.batch.pace import Pace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.system_batch import SystemBatch, Terms
from core.systems.batch.test_set import read_test_set
from core.systems.catalogue import endpoint_settings, find_system, open_system
from core.systems.prompt_choice import Prompter, find_template
from core.systems.protocol import System, SystemInfo

LOCAL_CONCURRENCY = 64  # a service batches what it gets at the same time
CHAIN_CONCURRENCY = 4
STOP_POLL_S = 0.3
_NAMESPACE = uuid.UUID("6c3f7d6a-2a0c-4a43-8a4f-2f4ef6a5b8a0")

log = logging.getLogger(__name__)


def set_id_of(batch_id: str, system_id: str) -> str:
    """Gives the id of a system's translation set in a batch: a resumed batch goes on with it."""
    return str(uuid.uuid5(_NAMESPACE, f"{batch_id} {system_id}"))


class Batch:
    """A batch at work.

    Attributes:
        parts: One for each system, once it has begun.
    """

    def __init__(self, workspace: Workspace, folder: RunFolder, settings: BatchSettings) -> None:
        self._workspace = workspace
        self._folder = folder
        self._settings = settings
        self._id = folder.path.name
        self._recorder = Recorder(folder, 0)
        self._test_set = read_test_set(workspace, settings)
        self._total = len(self._test_set.pairs) * len(settings.systems)
        self._num_handled = 0
        self._is_stopping = False
        self.parts: list[SystemBatch] = []

    async def run(self) -> None:
        """Translates everything that has no hypothesis yet.

        Raises:
            AdaptMLLMError: A system was given up; the others have done their part.
        """
        self._recorder.add("plan", total_steps=self._total)
        self._recorder.phase("translating")
        sets = self._workspace.translation_sets
        ids = [set_id_of(self._id, system_id) for system_id in self._settings.systems]
        spent_usd = sum(sets.counts(set_id).cost_usd for set_id in ids)
        budget = Budget(self._settings.budget_usd, spent_usd)
        watching = asyncio.create_task(self._watch_for_stop())
        try:
            ends = await asyncio.gather(
                *(self._system(system_id, budget) for system_id in self._settings.systems),
                return_exceptions=True,
            )
        finally:
            watching.cancel()
        self._finish(ids, [end for end in ends if isinstance(end, BaseException)])

    async def _system(self, system_id: str, budget: Budget) -> None:
        """Does one system's part; its record is there before the first call."""
        test_set = self._test_set
        info = find_system(self._workspace, system_id)
        record = self._record(info)
        self._workspace.translation_sets.add(record)
        done = self._workspace.translation_sets.done_positions(record.id)
        self._handled(len(done))
        left = [position for position in range(len(test_set.pairs)) if position not in done]
        if not left:
            return
        opened = await asyncio.to_thread(self._opened, info)
        try:
            part = await asyncio.to_thread(self._part, info, record.id, opened, budget)
            part.outlook.is_stopping = self._is_stopping
            self.parts.append(part)
            await part.run(left)
        finally:
            for system in opened:
                await system.close()
            # A local model that was prepared for this has a version only now.
            known = find_system(self._workspace, system_id)
            self._workspace.translation_sets.describe(record.id, self._record(known).provenance)

    def _opened(self, info: SystemInfo) -> list[System]:
        """Opens the system and, where its prompts need one, the system of the draft."""
        draft_id = self._settings.prompt.draft_system if info.is_llm else ""
        return [open_system(self._workspace, each) for each in (info.id, draft_id) if each]

    def _part(
        self, info: SystemInfo, set_id: str, opened: list[System], budget: Budget
    ) -> SystemBatch:
        """Makes ready one system's part; the index of a large corpus takes seconds."""
        settings, test_set = self._settings, self._test_set
        system, *drafting = opened
        prompter = None
        if system.cleans:
            prompter = Prompter(
                self._workspace,
                settings.prompt,
                test_set.src_lang,
                test_set.tgt_lang,
                draft_system=drafting[0] if drafting else None,
            )
        expected = forecast_of(self._workspace, settings, test_set, info)
        return SystemBatch(
            self._workspace,
            settings,
            test_set,
            set_id,
            system,
            prompter,
            Terms(*self._pace(info), budget, expected.cost_per_segment_usd),
            on_segment=lambda: self._handled(1),
        )

    def _pace(self, info: SystemInfo) -> tuple[int, Pace]:
        if info.kind == "model":
            return LOCAL_CONCURRENCY, Pace(0)
        if info.kind == "chain":
            return CHAIN_CONCURRENCY, Pace(0)
        endpoint = endpoint_settings(self._workspace, info.id)
        return endpoint.concurrency, Pace(endpoint.requests_per_minute)

    def _record(self, info: SystemInfo) -> TranslationSet:
        settings, test_set = self._settings, self._test_set
        provenance = {**info.provenance, "detail": info.detail}
        provenance["parameters"] = settings.parameters.model_dump(exclude_defaults=True)
        if info.is_llm or info.kind == "chain":
            prompt = settings.prompt
            template, version = find_template(
                self._workspace, prompt.template, prompt.template_version
            )
            provenance["prompt"] = {
                **prompt.model_dump(exclude_defaults=True, exclude={"version"}),
                "template": template.model_dump(),
                "template_version": version,
            }
        return TranslationSet(
            id=set_id_of(self._id, info.id),
            batch_id=self._id,
            system_id=info.id,
            system_name=info.name,
            corpus_id=test_set.corpus.id,
            corpus_name=test_set.corpus.name,
            split=test_set.split,
            src_lang=test_set.src_lang,
            tgt_lang=test_set.tgt_lang,
            test_set_hash=test_set.hash,
            num_segments=len(test_set.pairs),
            created_at=utc_now(),
            provenance=provenance,
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
                    part.outlook.is_stopping = True
            await asyncio.sleep(STOP_POLL_S)

    def _finish(self, set_ids: list[str], ends: list[BaseException]) -> None:
        counts = [self._workspace.translation_sets.counts(set_id) for set_id in set_ids]
        done = sum(count.num_done for count in counts)
        failed = sum(count.num_failed for count in counts)
        over_budget = next((end for end in ends if isinstance(end, BudgetError)), None)
        for end in ends:
            if not isinstance(end, BudgetError):
                raise end
        kept = f"{done} of {self._total} segments are translated"
        if over_budget is not None:
            self._folder.record_end(f"{over_budget.message} {kept}; {over_budget.hint}")
        elif self._is_stopping and done + failed < self._total:
            self._folder.record_end(f"Stopped on request; {kept}, Resume does the rest.")
        else:
            values = {"num_done": done, "num_failed": failed, "time": utc_now()}
            write_json(self._folder.result_file, values)


def main() -> None:
    """Translates; a failure goes into a file for the supervisor."""
    die_with_supervisor()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for name in ("httpx2", "httpcore2", "openai"):  # their lines would hold addresses
        logging.getLogger(name).setLevel(logging.WARNING)
    folder = RunFolder(Path(sys.argv[1]))
    try:
        settings = BatchSettings.load(folder.settings_file)
        workspace = Workspace(Path(read_json(folder.job_file)["workspace"]))
        asyncio.run(Batch(workspace, folder, settings).run())
    except BaseException as error:
        if not isinstance(error, AdaptMLLMError):
            log.exception("the batch failed")
        record_failure(folder, 0, error)
        os._exit(1)


if __name__ == "__main__":
    main()
