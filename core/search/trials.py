"""The trials of a study: what Optuna knows of each, and the energy of its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from core.emissions.stored import of_record
from core.search.optuna_storage import opened_storage
from core.search.plan import Plan
from core.search.space import Value
from core.storage.study_records import Study
from core.storage.workspace import Workspace

RUN = "run"  # the attributes of a trial: its run, its worker, why it ended so, who made it
WORKER = "worker"
REASON = "reason"
BY = "by"
EARLIER = "earlier"  # a run that had been made before the study

STATES = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


@dataclass(frozen=True)
class Trial:
    """One trial of a study.

    Attributes:
        number: From 0, in the order in which they were asked for or made by hand.
        state: One of the values of STATES.
        params: The values that were tried, by the name of the setting.
        values: One for each objective, once it is finished.
        evaluations: The objective after each evaluation, by the evaluation's number from 1.
        run_id: Its run; empty before it has one.
        reason: Why it failed, was pruned or stopped; one sentence.
        by: Who made it by hand; empty where the sampler did.
        seconds: How long its run worked; None where nothing is known.
        kwh: What its run took, without PUE; None where nothing was measured.
        is_earlier: Whether its run had been made before the study, which then did not pay for it.
        started_at, ended_at: UTC ISO-8601; None for what has not happened.
    """

    number: int
    state: str
    params: dict[str, Value]
    values: tuple[float, ...] = ()
    evaluations: dict[int, float] = field(default_factory=dict)
    run_id: str = ""
    reason: str = ""
    by: str = ""
    seconds: float | None = None
    kwh: float | None = None
    is_earlier: bool = False
    started_at: str | None = None
    ended_at: str | None = None

    @property
    def value(self) -> float | None:
        """The first objective: of the model, or of the last evaluation where it did not finish."""
        if self.values:
            return self.values[0]
        return self.evaluations[max(self.evaluations)] if self.evaluations else None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ("finished", "pruned", "failed")


def read_trials(workspace: Workspace, study: Study) -> list[Trial]:
    """Gives the trials of a study by their number."""
    with opened_storage(workspace) as storage:
        if study.name not in optuna.get_all_study_names(storage):
            return []  # somebody deleted it with one of Optuna's tools
        found = optuna.load_study(study_name=study.name, storage=storage)
        frozen = found.get_trials(deepcopy=False)
    return of_optuna(frozen, energy_of(workspace, study.id))


def energy_of(workspace: Workspace, study_id: str) -> dict[str, tuple[float, float]]:
    """Gives seconds and kWh of each run of a study, by its id; deleted runs included."""
    found: dict[str, tuple[float, float]] = {}
    for record in workspace.energy.of_study(study_id):
        total = of_record(record).total
        found[record.job_id] = (total.seconds, total.energy.total_kwh)
    return found


def of_optuna(
    trials: Sequence[FrozenTrial], energy: Mapping[str, tuple[float, float]]
) -> list[Trial]:
    """Gives our form of Optuna's trials."""
    return [_trial(each, energy) for each in trials]


def best_trial(trials: Sequence[Trial], plan: Plan) -> Trial | None:
    """Gives the finished trial with the best first objective; the earliest of equal ones."""
    finished = [each for each in trials if each.state == "finished"]
    if not finished:
        return None
    sign = 1 if plan.study.objective == "loss" else -1
    return min(finished, key=lambda each: (sign * each.values[0], each.number))


def spent(trials: Sequence[Trial]) -> tuple[float, float]:
    """Gives hours and kWh that the study's own trials took together."""
    own = [each for each in trials if not each.is_earlier]
    seconds = sum(each.seconds or 0.0 for each in own)
    return seconds / 3600, sum(each.kwh or 0.0 for each in own)


def _trial(frozen: FrozenTrial, energy: Mapping[str, tuple[float, float]]) -> Trial:
    attributes = frozen.user_attrs
    run_id = str(attributes.get(RUN, ""))
    seconds, kwh = energy.get(run_id, (None, None))
    return Trial(
        number=frozen.number,
        state=STATES[frozen.state],
        params=_params(frozen),
        values=tuple(frozen.values or ()),
        evaluations=dict(sorted(frozen.intermediate_values.items())),
        run_id=run_id,
        reason=str(attributes.get(REASON, "")),
        by=str(attributes.get(BY, "")),
        seconds=seconds,
        kwh=kwh,
        is_earlier=bool(attributes.get(EARLIER)),
        started_at=_utc(frozen.datetime_start),
        ended_at=_utc(frozen.datetime_complete),
    )


def _params(frozen: FrozenTrial) -> dict[str, Value]:
    """Gives the values; of one that waits, those that were fixed by hand."""
    return dict(frozen.params or frozen.system_attrs.get("fixed_params", {}))


def _utc(local: Any) -> str | None:
    # Optuna stores the machine's own time without a zone.
    from datetime import UTC

    return None if local is None else local.astimezone(UTC).isoformat(timespec="milliseconds")
