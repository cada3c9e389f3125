"""The trials of one study as its workers use them: take one, report, prune, tell how it ended."""

from __future__ import annotations

import uuid
import warnings
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from core.errors import DataError
from core.search.plan import Plan
from core.search.sampling import pruner_for, sampler_for
from core.search.space import Value, point
from core.search.trials import BY, EARLIER, REASON, RUN, WORKER

_MAX_REASON = 1000  # characters


class TrialStore:
    """Optuna's study of one plan.

    Whoever takes a trial holds the study's lock: `core.search.worker.Worker` does.
    """

    def __init__(self, storage: RDBStorage, name: str, plan: Plan) -> None:
        self._storage = storage
        self._name = name
        self._plan = plan
        self._study_id = stored_id(storage, name)

    @staticmethod
    def create(storage: RDBStorage, name: str, plan: Plan) -> TrialStore:
        """Makes the study; one of this name that is there already is taken."""
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            directions=plan.study.directions,
            load_if_exists=True,
        )
        with warnings.catch_warnings():  # it calls the names, which its tools show, experimental
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(plan.study.objective_names)
        return TrialStore(storage, name, plan)

    def trials(self) -> list[FrozenTrial]:
        """Gives Optuna's trials by their number, as they are now."""
        found: list[FrozenTrial] = self._storage.get_all_trials(self._study_id, deepcopy=False)
        return sorted(found, key=lambda each: each.number)

    def trial(self, number: int) -> FrozenTrial:
        """Gives one trial as it is now."""
        return self._storage.get_trial(self._id(number))

    @property
    def num_asked(self) -> int:
        """Trials that a worker has taken, ended ones included."""
        return sum(each.state != TrialState.WAITING for each in self.trials())

    @property
    def has_more(self) -> bool:
        """Whether there is a trial to take: limits aside, only a grid ever ends."""
        trials = self.trials()
        if any(each.state == TrialState.WAITING for each in trials):
            return True
        if self._plan.study.sampler != "grid":
            return True
        known = {point(each.params) for each in trials if len(each.params) == len(self._plan.space)}
        return len(known) < self._plan.grid_size

    def take(self, worker_id: str) -> int:
        """Takes the next trial: one that waits, or one that the sampler draws; gives its number."""
        study = self._study(sampler_for(self._plan, self.num_asked))
        distributions = {name: each.distribution() for name, each in self._plan.space.items()}
        taken = study.ask(distributions)
        self._claim(taken._trial_id, worker_id)  # noqa: SLF001 (Optuna's own trials carry it so)
        return int(taken.number)

    def adopt(self, number: int, worker_id: str) -> bool:
        """Takes over a trial whose worker is gone; False where it had no values yet and failed."""
        trial = self.trial(number)
        if set(trial.params) < set(self._plan.space):
            self.tell_failed(number, "Its worker ended while the values were chosen.")
            return False
        self._claim(self._id(number), worker_id)
        return True

    def release(self, number: int) -> None:
        """Lets another worker, or a later start, go on with a trial."""
        self._set(number, WORKER, "")

    def report(self, number: int, evaluation: int, value: float) -> None:
        """Stores the objective after an evaluation, counted from 1; one that is known stays."""
        if evaluation not in self.trial(number).intermediate_values:
            self._storage.set_trial_intermediate_value(self._id(number), evaluation, value)

    def should_prune(self, number: int) -> bool:
        """Whether the pruner ends the trial after its last evaluation."""
        if self._plan.study.pruner == "none":
            return False
        study = self._study()
        return bool(study.pruner.prune(study, self.trial(number)))

    def is_held_by(self, number: int, worker_id: str) -> bool:
        """Whether a trial is still at work, and this worker's; another may have taken it over."""
        trial = self.trial(number)
        return trial.state == TrialState.RUNNING and trial.user_attrs.get(WORKER) == worker_id

    def tell_finished(self, number: int, values: list[float]) -> None:
        """Stores the objectives of a trial that came to its end."""
        self._study().tell(number, values)

    def tell_pruned(self, number: int, reason: str) -> None:
        """Stores that a trial was ended; its last evaluation counts, where there is one."""
        self._set(number, REASON, reason[:_MAX_REASON])
        is_single = len(self._plan.study.directions) == 1
        has_value = bool(self.trial(number).intermediate_values)
        # Optuna prunes where there is one objective only, and has no value for the second.
        state = TrialState.PRUNED if is_single and has_value else TrialState.FAIL
        self._study().tell(number, state=state)

    def tell_failed(self, number: int, reason: str) -> None:
        """Stores that a trial failed, and why."""
        self._set(number, REASON, reason[:_MAX_REASON])
        self._study().tell(number, state=TrialState.FAIL)

    def enqueue(self, params: dict[str, Value], by: str) -> None:
        """Adds a trial made by hand; what is not given is drawn when a worker takes it."""
        self._study().enqueue_trial(params, user_attrs={BY: by} if by else None)

    def add_finished(self, params: dict[str, Value], values: list[float], run_id: str) -> None:
        """Adds a trial whose run had been made before the study."""
        distributions = {name: each.distribution() for name, each in self._plan.space.items()}
        trial = optuna.create_trial(
            params=params,
            distributions=distributions,
            values=values,
            user_attrs={RUN: run_id, EARLIER: True},
        )
        self._study().add_trial(trial)

    def _study(self, sampler: Any = None) -> optuna.Study:
        # A grid's sampler would want to end Optuna's own loop when it hears of its last trial:
        # only who asks needs the true one.
        return optuna.load_study(
            study_name=self._name,
            storage=self._storage,
            sampler=sampler or optuna.samplers.RandomSampler(),
            pruner=pruner_for(self._plan),
        )

    def _claim(self, trial_id: int, worker_id: str) -> None:
        self._storage.set_trial_user_attr(trial_id, WORKER, worker_id)
        if RUN not in self._storage.get_trial(trial_id).user_attrs:
            self._storage.set_trial_user_attr(trial_id, RUN, str(uuid.uuid4()))

    def _set(self, number: int, name: str, value: str) -> None:
        self._storage.set_trial_user_attr(self._id(number), name, value)

    def _id(self, number: int) -> int:
        return int(self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number))


def stored_id(storage: RDBStorage, name: str) -> int:
    """Gives Optuna's number of a study.

    Raises:
        DataError: Optuna has no study of this name.
    """
    try:
        return int(storage.get_study_id_from_name(name))
    except KeyError:
        raise DataError(
            f"The trials of the study {name!r} are gone: Optuna's tables do not hold it.",
            hint="Somebody deleted it there. Delete it here, too; its runs are kept.",
        ) from None
