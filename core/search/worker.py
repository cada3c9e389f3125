"""A worker: takes trials of a study one after the other, until the study ends or is to pause.

Several workers, on one machine or many, may share a study: who takes a trial holds a lock on a
file of the shared workspace, and a worker that ends without a word leaves its trial to the next.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Literal

from optuna.storages import RDBStorage
from optuna.trial import TrialState

from core.errors import AdaptMLLMError, ConfigError
from core.finetune.run_folder import RunFolder
from core.jobs import queue
from core.jobs.entering import locked
from core.jobs.folder import ELSEWHERE_PATIENCE_S
from core.jobs.processes import ProcessIdentity
from core.search.optuna_storage import opened_storage
from core.search.plan import Plan
from core.search.trial_run import TrialRun
from core.search.trial_store import TrialStore
from core.search.trials import RUN, WORKER, Trial, energy_of, of_optuna, spent
from core.storage.files import utc_now
from core.storage.job_records import TRIAL_MARK
from core.storage.study_records import Study, StudyWorker
from core.storage.workspace import Workspace

POLL_S = 0.5
SIGN_OF_LIFE_S = 5.0
ENERGY_LOOK_S = 5.0

End = Literal["finished", "paused", "stopped"]


class Worker:
    """One process' part in a study.

    Args:
        workspace: Where the study is.
        study_id: The study.
        pid: The process that has to live for the worker to live.
        lane: Of the queue that its runs wait in; empty = that of the machine. See `lane_for`.
        tell: Called with the trials whenever one was taken or has ended.
    """

    def __init__(
        self,
        workspace: Workspace,
        study_id: str,
        *,
        pid: int,
        lane: str = "",
        tell: Callable[[Plan, list[Trial]], None] = lambda _plan, _trials: None,
    ) -> None:
        self._workspace = workspace
        self._study_id = study_id
        study = workspace.studies.get(study_id)
        self._process = ProcessIdentity.of(pid)
        self._lane = lane or lane_for(study, self._process.host)
        self._tell = tell
        self.id = str(uuid.uuid4())
        self._trial: int | None = None
        self._signed: tuple[int | None, float] = (None, -1e9)
        self._looked_s = -1e9
        self._num_failures = 0  # one after the other, since this worker began
        self._ending = ""

    def run(self) -> tuple[End, str]:
        """Works until the study has ended or is to pause; gives how, and why in one sentence."""
        with opened_storage(self._workspace) as storage:
            self._clean(storage)
            try:
                while True:
                    self._sign_of_life()
                    end = self._one_trial(storage)
                    if end is not None:
                        return end
            finally:
                self._workspace.studies.remove_worker(self.id)

    def _one_trial(self, storage: RDBStorage) -> tuple[End, str] | None:
        """Takes a trial and follows it to its end; gives the end of the work, None to go on."""
        study = self._workspace.studies.get(self._study_id)
        plan = Plan.of(study)
        store = TrialStore(storage, study.name, plan)
        if end := self._end_wanted():
            return end
        with locked(self._workspace.study_folder(study.id)):
            number, reason = self._taken(store, plan)
        if number is None:
            if reason:
                return "finished", reason
            time.sleep(POLL_S)  # other workers have the rest; one of them may fail
            return None
        self._trial = number
        self._sign_of_life()
        self._told(store, plan)
        try:
            end = self._follow(store, study, plan, number)
        finally:
            self._trial = None
        has_failed = store.trial(number).state == TrialState.FAIL
        self._num_failures = self._num_failures + 1 if has_failed else 0
        self._told(store, plan)
        return end

    def _taken(self, store: TrialStore, plan: Plan) -> tuple[int | None, str]:
        """Gives the number of a trial that is ours now, or None and why the study ends, if so."""
        alive = living_workers(self._workspace, self._study_id)
        running = [each for each in store.trials() if each.state == TrialState.RUNNING]
        orphans = [each for each in running if each.user_attrs.get(WORKER) not in alive]
        for orphan in orphans:
            if store.adopt(orphan.number, self.id):
                return orphan.number, ""
        reason = self._limit(store, plan)
        if not reason:
            return store.take(self.id), ""
        return None, "" if len(running) > len(orphans) else reason

    def _limit(self, store: TrialStore, plan: Plan) -> str:
        """Says why no further trial is begun; empty while there may be one."""
        if store.num_asked >= plan.num_trials or not store.has_more:
            return f"All {store.num_asked} trials are done."
        trials = self._trials(store)
        if self._num_failures >= plan.study.max_failures_in_a_row:
            last = [each.reason for each in trials if each.state == "failed"][-1]
            raise ConfigError(
                f"{self._num_failures} trials failed one after the other, so the study goes no "
                f"further. The last one: {last}",
                hint="Mend the cause, or take values out of the space, then resume.",
            )
        return over_limit(plan, trials)

    def _follow(
        self, store: TrialStore, study: Study, plan: Plan, number: int
    ) -> tuple[End, str] | None:
        """Works a trial off; what goes wrong with it is the trial's failure, not the study's."""
        frozen = store.trial(number)
        run = TrialRun(self._workspace, str(frozen.user_attrs[RUN]), plan, self._lane)
        self._ending = ""
        try:
            name = f"{study.name}{TRIAL_MARK}{number}"
            like, by = self._run_with_base(store), study.job.person
            run.start(dict(frozen.params), name, study.id, like=like, by=by)
        except AdaptMLLMError as error:
            store.tell_failed(number, str(error))
            return None
        wanted = self._watch(store, run, plan, number)
        record = run.record()
        if not store.is_held_by(number, self.id):
            return None  # another worker took us for dead, and has taken it over
        if wanted == "paused" and record is not None and record.job.state != "finished":
            store.release(number)
        else:
            self._settle(store, run, plan, number)
            run.clean()
        return self._end_wanted()

    def _end_wanted(self) -> tuple[End, str] | None:
        """Gives how the work is to end now, None while it is to go on."""
        wanted = self._workspace.studies.get(self._study_id).wanted
        if wanted == "running":  # also one that was resumed while it paused
            return None
        if wanted == "paused":
            return "paused", "Paused on request."
        return "stopped", "Stopped on request."

    def _watch(self, store: TrialStore, run: TrialRun, plan: Plan, number: int) -> str:
        """Reports the run's evaluations until it has ended; gives what people want meanwhile."""
        wanted = ""
        while store.is_held_by(number, self.id):
            self._sign_of_life()
            for evaluation, value in run.evaluations():
                if value is not None:
                    store.report(number, evaluation, value)
                    if not self._ending and store.should_prune(number):
                        self._ending = _pruned(plan, evaluation, value)
                        run.end("now", f"the study pruned it: {self._ending}")
            record = run.record()
            if record is None or record.job.has_ended:
                return wanted
            now = self._workspace.studies.get(self._study_id).wanted
            if now not in ("running", wanted):
                wanted = now
                run.end("save" if now == "paused" else "now", f"the study was {now}")
            self._look_at_limits(store, run, plan)
            run.advance()
            time.sleep(POLL_S)
        return wanted

    def _look_at_limits(self, store: TrialStore, run: TrialRun, plan: Plan) -> None:
        """Ends the run of a study whose hours or kWh are used up."""
        if time.monotonic() - self._looked_s < ENERGY_LOOK_S or self._ending:
            return
        self._looked_s = time.monotonic()
        self._ending = over_limit(plan, self._trials(store))
        if self._ending:
            run.end("now", self._ending.rstrip(".").lower())

    def _settle(self, store: TrialStore, run: TrialRun, plan: Plan, number: int) -> None:
        """Tells Optuna how a trial ended."""
        record = run.record()
        for evaluation, value in run.evaluations():  # written after the last look
            if value is not None:
                store.report(number, evaluation, value)
        if record is None:
            store.tell_failed(number, "Its run was deleted.")
        elif record.job.state == "finished":
            self._tell_values(store, plan, number, run)
        elif record.job.state == "stopped":
            store.tell_pruned(number, self._ending or record.job.reason)
        else:
            store.tell_failed(number, record.job.reason)

    def _tell_values(self, store: TrialStore, plan: Plan, number: int, run: TrialRun) -> None:
        reported = store.trial(number).intermediate_values
        if not reported:
            name = plan.study.objective
            store.tell_failed(number, f"Its evaluations have no {name} that is a number.")
            return
        of_model = run.evaluation_of_model()
        at_evaluation = reported[of_model if of_model in reported else max(reported)]
        mean = run.value_of_mean
        values = [at_evaluation if mean is None else mean]
        if plan.study.second_objective == "energy":
            taken = energy_of(self._workspace, self._study_id).get(run.id)
            if taken is None:
                store.tell_failed(number, "The energy of its run was not measured.")
                return
            values.append(taken[1])
        store.tell_finished(number, values)

    def _run_with_base(self, store: TrialStore) -> str:
        """Gives a run of the study that has scored the base model, if there is one."""
        for trial in store.trials():
            run_id = str(trial.user_attrs.get(RUN, ""))
            if run_id and RunFolder(self._workspace.run_folder(run_id)).base_file.exists():
                return run_id
        return ""

    def _trials(self, store: TrialStore) -> list[Trial]:
        return of_optuna(store.trials(), energy_of(self._workspace, self._study_id))

    def _clean(self, storage: RDBStorage) -> None:
        """Removes what a worker that was killed had no time to remove."""
        study = self._workspace.studies.get(self._study_id)
        plan = Plan.of(study)
        for trial in self._trials(TrialStore(storage, study.name, plan)):
            if trial.has_ended and trial.run_id and not trial.is_earlier:
                TrialRun(self._workspace, trial.run_id, plan, self._lane).clean()

    def _told(self, store: TrialStore, plan: Plan) -> None:
        self._tell(plan, self._trials(store))

    def _sign_of_life(self) -> None:
        """Stores that this worker lives, and what it works on."""
        trial, at_s = self._signed
        if trial == self._trial and time.monotonic() - at_s < SIGN_OF_LIFE_S:
            return
        self._signed = (self._trial, time.monotonic())
        worker = StudyWorker(self.id, self._study_id, asdict(self._process), self._trial, utc_now())
        self._workspace.studies.put_worker(worker)


def lane_for(study: Study, host: str) -> str:
    """Gives the queue's lane for a worker on a host: elsewhere, trials have one of their own."""
    return queue.COMPUTE_LANE if host == study.host else queue.own_lane(queue.COMPUTE_LANE)


def living_workers(workspace: Workspace, study_id: str) -> dict[str, StudyWorker]:
    """Gives the workers that work now, by id; those of other hosts by their last sign of life."""
    return {each.id: each for each in workspace.studies.workers(study_id) if _is_alive(each)}


def over_limit(plan: Plan, trials: list[Trial]) -> str:
    """Says which limit the trials have used up; empty if none."""
    hours, kwh = spent(trials)
    if plan.study.max_hours and hours >= plan.study.max_hours:
        return f"The study's {plan.study.max_hours:g} hours are used up."
    if plan.study.max_kwh and kwh >= plan.study.max_kwh:
        return f"The study's {plan.study.max_kwh:g} kWh are used up."
    return ""


def has_more(plan: Plan, trials: list[Trial]) -> bool:
    """Whether limits leave a trial to be begun."""
    num_asked = sum(each.state != "waiting" for each in trials)
    return num_asked < plan.num_trials and not over_limit(plan, trials)


def _is_alive(worker: StudyWorker) -> bool:
    process = ProcessIdentity(**worker.process)
    if not process.is_elsewhere:
        return process.is_alive()
    age = datetime.now(UTC) - datetime.fromisoformat(worker.seen_at)
    return age.total_seconds() < ELSEWHERE_PATIENCE_S


def _pruned(plan: Plan, evaluation: int, value: float) -> str:
    than = "half of the trials" if plan.study.pruner == "median" else "the best third"
    return (
        f"dev {plan.study.objective} {value:.4g} at evaluation {evaluation} was worse than {than} "
        "had there"
    )
