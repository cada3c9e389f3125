"""The run of one trial: launched, read while it works, and ended when it has to be."""

from __future__ import annotations

import shutil

from core.errors import TrainingError
from core.finetune import runs
from core.finetune.chosen import chosen_of
from core.finetune.run_folder import RunFolder
from core.jobs import queue
from core.search.plan import Plan
from core.search.space import Value
from core.storage.files import JsonLinesTail
from core.storage.job_records import WAITING
from core.storage.run_records import Run
from core.storage.workspace import Workspace


class TrialRun:
    """One trial's run, as its worker sees it.

    Args:
        workspace: Where it is stored.
        run_id: Its id, which the trial had before the run was launched.
        plan: The study's.
        lane: Of the queue that the worker's runs wait in.

    Attributes:
        id: The run's id.
    """

    def __init__(self, workspace: Workspace, run_id: str, plan: Plan, lane: str) -> None:
        self._workspace = workspace
        self.id = run_id
        self._plan = plan
        self._lane = lane
        self._folder = RunFolder(workspace.run_folder(run_id))
        self._tail = JsonLinesTail(self._folder.metrics_file)
        self._steps: list[int] = []  # of the evaluations, in their order
        self._mean: float | None = None

    def start(
        self, params: dict[str, Value], name: str, study_id: str, *, like: str, by: str
    ) -> None:
        """Launches the run, or lets it go on where an earlier worker had come to.

        Raises:
            AdaptMLLMError: It cannot be started.
        """
        found = self.record()
        if found is None and self._workspace.energy.get(self.id) is not None:
            raise TrainingError("Its run was deleted.")
        if found is None:
            # What a start left that was killed on the way; the id is this trial's alone.
            shutil.rmtree(self._folder.path, ignore_errors=True)
            settings = self._plan.run_settings(params, name)
            of_study = runs.OfStudy(study_id, self._lane, like)
            runs.launch(self._workspace, settings, run_id=self.id, by=by, of_study=of_study)
        elif found.job.state in ("stopped", "lost"):
            queue.requeue(self._workspace, self.id, lane=self._lane)
        elif found.job.state == WAITING:
            self._workspace.jobs.move_waiting(self.id, self._lane)
        self.advance()

    def record(self) -> Run | None:
        """Gives the run as the database knows it, None if there is none."""
        try:
            return self._workspace.runs.get(self.id)
        except TrainingError:
            return None

    def advance(self) -> None:
        """Lets the queue start it when its turn comes."""
        is_own = self._lane != queue.COMPUTE_LANE
        queue.advance(self._workspace, lane=self._lane if is_own else "")

    def evaluations(self) -> list[tuple[int, float | None]]:
        """Gives the evaluations since the last call: number from 1, and the objective on dev.

        None is an objective that is no number. What a resumed run does again has the number that
        it had before. The base model's own, at step 0, is the same in all trials.
        """
        found = []
        for record in self._tail.records():
            if record.get("kind") == "resume":
                self._steps = [step for step in self._steps if step <= int(record["step"])]
            if record.get("kind") == "average":
                self._mean = self._objective(record) if record.get("is_used") else None
            if record.get("kind") == "eval" and record["step"] > 0:
                self._steps.append(int(record["step"]))
                found.append((len(self._steps), self._objective(record)))
        return found

    def evaluation_of_model(self) -> int | None:
        """Gives the number of the evaluation of the weights that the finished run's model has.

        None where the model is none that was evaluated on its way: a mean, see `value_of_mean`.
        """
        chosen = chosen_of(self._folder.path)
        if chosen.get("averaged") or chosen.get("step") not in self._steps:
            return None
        return self._steps.index(chosen["step"]) + 1

    @property
    def value_of_mean(self) -> float | None:
        """The objective on dev of the mean that the finished run's model is; None if it is none."""
        return self._mean if chosen_of(self._folder.path).get("averaged") else None

    def end(self, mode: str, why: str) -> None:
        """Asks the run to stop, `save` or `now`; one that has ended stays as it is."""
        try:
            queue.stop(self._workspace, self.id, mode, why=why)
        except TrainingError:
            return  # it ended meanwhile

    def clean(self) -> None:
        """Removes the checkpoints: they are as large as several models, and the trial is over."""
        if not self._plan.study.keeps_checkpoints:
            shutil.rmtree(self._folder.path / "checkpoints", ignore_errors=True)

    def _objective(self, record: dict[str, object]) -> float | None:
        if self._plan.study.objective == "loss":
            loss = record["loss"]
            return float(loss) if isinstance(loss, int | float) else None
        scores = record["scores"]
        for score in scores if isinstance(scores, list) else []:
            if score["name"] == self._plan.study.objective:
                return float(score["value"])
        return None
