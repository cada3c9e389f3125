"""The process of a judge: `python -m core.evaluate.scorers.judge.judging FOLDER`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from core.evaluate.scorers.judge.questions import chosen
from core.evaluate.scorers.judge.segment_judge import SegmentJudge
from core.evaluate.scorers.judge.settings import JudgeSettings
from core.evaluate.scorers.scoring_inputs import Translated, scoring_input
from core.jobs.folder import JobFolder
from core.jobs.recorder import Recorder
from core.jobs.segment_process import run_in_folder
from core.storage.files import utc_now, write_json
from core.storage.workspace import Workspace
from core.systems.batch.asking import Asker, work_through
from core.systems.batch.budget import Budget, BudgetError
from core.systems.batch.known_answers import KnownAnswers
from core.systems.batch.pace import Pace
from core.systems.catalogue import endpoint_settings, open_system

STOP_POLL_S = 0.3
KEPT = "what is judged"


class Judging:
    """A judge at work."""

    def __init__(self, workspace: Workspace, folder: JobFolder, settings: JudgeSettings) -> None:
        self._workspace = workspace
        self._folder = folder
        self._settings = settings
        self._id = folder.path.name
        self._recorder = Recorder(folder, 0)
        self._given = scoring_input(workspace, settings.translation_sets)
        self._segments = list(chosen(self._given, settings))
        self._stored = {
            (score.set_id, score.position): score for score in workspace.scorings.scores(self._id)
        }
        self._num_handled = 0

    async def run(self) -> None:
        """Judges every chosen segment that has no score yet; what failed before comes last.

        Raises:
            AdaptMLLMError: The judge was given up.
        """
        self._recorder.add("plan", total_steps=len(self._segments))
        self._recorder.phase("evaluating")
        left = self._left()
        self._handled(len(self._segments) - len(left))
        if not left:
            self._finish(is_stopping=False, over_budget=None)
            return
        over_budget: BudgetError | None = None
        endpoint = endpoint_settings(self._workspace, self._settings.system)
        async with contextlib.AsyncExitStack() as stack:
            system = await asyncio.to_thread(open_system, self._workspace, self._settings.system)
            stack.push_async_callback(system.close)
            costs = {place: _cost_usd(score.details) for place, score in self._stored.items()}
            budget = Budget(self._settings.budget_usd, sum(costs.values()))
            pace = Pace(endpoint.requests_per_minute)
            asker = Asker(system, pace, budget, self._settings.max_attempts, KEPT)
            judge = SegmentJudge(
                self._workspace, self._id, self._settings, self._given, asker,
                KnownAnswers(self._workspace.cache), costs, on_segment=lambda: self._handled(1),
            )  # fmt: skip
            stopping = asker.outlook.stopping
            watching = asyncio.create_task(self._watch_for_stop(stopping))
            stack.callback(watching.cancel)
            try:
                await work_through(
                    left, judge.judge, concurrency=endpoint.concurrency, stopping=stopping
                )
            except BudgetError as error:
                over_budget = error
        self._finish(is_stopping=bool(self._folder.stop_mode()), over_budget=over_budget)

    def _left(self) -> list[Translated]:
        values = {place: score.value for place, score in self._stored.items()}
        places = [(each, (each.set_id, each.position)) for each in self._segments]
        new = [each for each, place in places if place not in values]
        return new + [each for each, place in places if place in values and values[place] is None]

    def _handled(self, count: int) -> None:
        self._num_handled += count
        step, total = self._num_handled, len(self._segments)
        self._recorder.translated(step, total, is_last=step == total)

    async def _watch_for_stop(self, stopping: asyncio.Event) -> None:
        """Answers "stop and save": calls under way are finished and stored."""
        while not self._folder.stop_mode():
            await asyncio.sleep(STOP_POLL_S)
        stopping.set()

    def _finish(self, *, is_stopping: bool, over_budget: BudgetError | None) -> None:
        counts = self._workspace.scorings.counts(self._id).values()
        num_stored, num_scored = (sum(each[index] for each in counts) for index in (0, 1))
        num_failed, total = num_stored - num_scored, len(self._segments)
        kept = f"{num_scored} of {total} segments are judged"
        if over_budget is not None:
            self._folder.record_end(
                f"{over_budget.message} {kept}, and kept. Raise the budget and resume."
            )
        elif is_stopping and num_stored < total:
            self._folder.record_end(f"Stopped on request; {kept}, Resume does the rest.")
        else:
            values = {"num_scored": num_scored, "num_failed": num_failed, "time": utc_now()}
            write_json(self._folder.result_file, values)


def judge(workspace: Workspace, folder: JobFolder) -> None:
    """Judges; every score is stored as it comes, because it was paid for.

    Raises:
        AdaptMLLMError: The judge was given up, or cannot begin.
    """
    settings = JudgeSettings.load(folder.settings_file)
    asyncio.run(Judging(workspace, folder, settings).run())


def _cost_usd(details: dict[str, Any]) -> float:
    return float(details.get("cost_usd", 0.0))


if __name__ == "__main__":
    run_in_folder(judge)
