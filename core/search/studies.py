"""What one does with studies: start, pause, resume, stop, add trials, delete."""

from __future__ import annotations

import contextlib
import shutil
import socket
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import optuna

from core.errors import ConfigError, TrainingError
from core.finetune import runs
from core.jobs import queue
from core.jobs.entering import locked, set_aside
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.search.job import RESUME_HINT
from core.search.optuna_storage import opened_storage
from core.search.plan import Plan, check_plan, check_trials
from core.search.space import Value, checked
from core.search.trial_store import TrialStore
from core.search.trials import Trial, read_trials
from core.search.worker import living_workers, over_limit
from core.storage.files import utc_now, write_json
from core.storage.job_records import WAITING, Job
from core.storage.study_records import Study, Wanted
from core.storage.workspace import Workspace

JOB_KIND = "core.search.job"
MAX_NAME = 200  # characters

Purpose = Literal["search", "ablation"]


@dataclass(frozen=True)
class EarlierTrial:
    """A run that had been made before the study, and counts as one of its trials.

    Attributes:
        params: Its values.
        values: Its objectives.
        run_id: The run.
    """

    params: dict[str, Value]
    values: list[float]
    run_id: str


def start(
    workspace: Workspace,
    name: str,
    plan: Plan,
    *,
    study_id: str = "",
    by: str = "",
    purpose: Purpose = "search",
    fixed: Sequence[dict[str, Value]] = (),
    earlier: EarlierTrial | None = None,
) -> Study:
    """Starts a study; its first trial begins when the queue lets it.

    Args:
        workspace: Where it is stored.
        name: What to call it; no other study may have the name.
        plan: What it does.
        study_id: A UUID chosen beforehand; a second call with the same one (a double click) gives
            the study of the first.
        by: Who starts it; empty = nobody is named.
        purpose: What it is for.
        fixed: Trials that are there from the beginning, in this order; then no others are checked.
        earlier: A run that is its first trial.

    Raises:
        AdaptMLLMError: It cannot work, or the name is taken; nothing was written.
    """
    if fixed:
        check_trials(workspace, plan, fixed)
    else:
        check_plan(workspace, plan)
    study = _new_study(workspace, name, plan, study_id or str(uuid.uuid4()), by, purpose)
    folder = JobFolder(workspace.study_folder(study.id))
    with locked(workspace.searches_folder / "names"):
        if workspace.jobs.get(study.id) is not None:
            return workspace.studies.get(study.id)
        _check_name(workspace, study.name)
        shutil.rmtree(folder.path, ignore_errors=True)  # what a start left that was killed
        with new_job_folder(folder.path, "study"), opened_storage(workspace) as storage:
            _forget_trials(storage, study.name)
            store = TrialStore.create(storage, study.name, plan)
            if earlier is not None:
                store.add_finished(earlier.params, earlier.values, earlier.run_id)
            for params in fixed:
                store.enqueue(params, "")
            write_json(folder.path / "plan.json", plan.as_dict())
            queue.enter(workspace, study.job)
            workspace.studies.add(study)
    queue.advance(workspace)
    return study


def pause(workspace: Workspace, name_or_id: str) -> Study:
    """Asks a study to pause: the running trial saves a checkpoint, and Resume goes on with it.

    Raises:
        ConfigError: There is no such study.
        TrainingError: Nobody works on it.
    """
    return _want(workspace, name_or_id, "paused")


def stop(workspace: Workspace, name_or_id: str) -> Study:
    """Asks a study to stop at once: the running trial is given up.

    Raises:
        ConfigError: There is no such study.
        TrainingError: Nobody works on it.
    """
    return _want(workspace, name_or_id, "stopped")


def resume(workspace: Workspace, name_or_id: str) -> Study:
    """Lets a study go on: trials that were interrupted first.

    Raises:
        ConfigError: There is no such study.
        TrainingError: It is at work.
    """
    queue.reconcile(workspace)
    study = workspace.studies.get(name_or_id)
    if not study.job.has_ended:
        raise TrainingError(f"The study {study.name!r} is at work.", hint="Pause it first.")
    if study.purpose == "ablation":
        with locked(workspace.study_folder(study.id)):
            _try_again(workspace, study)
    workspace.studies.want(study.id, "running")
    queue.resume(workspace, study.id)
    return workspace.studies.get(study.id)


def add_trials(
    workspace: Workspace,
    name_or_id: str,
    count: int,
    *,
    max_hours: float | None = None,
    max_kwh: float | None = None,
) -> Study:
    """Raises the number of trials; a study that has finished goes on.

    Args:
        workspace: Where it is stored.
        name_or_id: The study.
        count: How many trials more than are done or planned.
        max_hours: Another limit of the study as a whole; None = as before.
        max_kwh: The same.

    Raises:
        ConfigError: There is no such study, or the number is out of bounds, or the study's hours
            or kWh are used up.
    """
    study = workspace.studies.get(name_or_id)
    if count < 1:
        raise ConfigError(f"{count} trials cannot be added.", hint="Give a positive number.")
    with locked(workspace.study_folder(study.id)):
        study = workspace.studies.get(study.id)
        plan = _with_more(workspace, study, count, max_hours, max_kwh)
        workspace.studies.change_settings(study.id, plan.as_dict())
    return _going_on(workspace, study)


def _with_more(
    workspace: Workspace,
    study: Study,
    count: int,
    max_hours: float | None,
    max_kwh: float | None,
) -> Plan:
    plan = Plan.of(study)
    if plan.study.sampler == "grid" and plan.num_trials >= plan.grid_size:
        raise ConfigError(
            f"The grid of {study.name!r} has {plan.grid_size} combinations, all of which are "
            "tried already or will be.",
            hint="Another study can search other values.",
        )
    trials = read_trials(workspace, study)
    limits = {"max_hours": max_hours, "max_kwh": max_kwh}
    given = {name: value for name, value in limits.items() if value is not None}
    plan = plan.with_study(num_trials=max(len(trials), plan.num_trials) + count, **given)
    reason = over_limit(plan, trials)
    if reason:
        raise ConfigError(reason, hint="Raise the limit together with the trials.")
    return plan


def enqueue(
    workspace: Workspace, name_or_id: str, params: dict[str, Value], *, by: str = ""
) -> Study:
    """Adds a trial made by hand, which is the next; values that are not given are drawn.

    Raises:
        ConfigError: There is no such study, or the values are not of its space.
    """
    study = workspace.studies.get(name_or_id)
    plan = Plan.of(study)
    plan.check_params(params)
    params = {name: checked(name, value) for name, value in params.items()}
    plan.run_settings(params, study.name)
    with locked(workspace.study_folder(study.id)):
        # It comes on top of the trials that are still to be drawn.
        plan = _with_more(workspace, workspace.studies.get(study.id), 1, None, None)
        workspace.studies.change_settings(study.id, plan.as_dict())
        with opened_storage(workspace) as storage:
            TrialStore(storage, study.name, plan).enqueue(params, by or "hand")
    return _going_on(workspace, study)


def study_state(workspace: Workspace, study: Study) -> JobState:
    """Gives the true state of a study: its folder's, else its record's; `paused` is one, too."""
    state = JobFolder(workspace.study_folder(study.id)).observed_state()
    if WAITING in (study.job.state, state.state):
        state = JobState(study.job.state, study.job.reason, progress=study.job.progress)
    if state.state == "stopped" and study.wanted == "paused":
        return replace(state, state="paused")
    if state.state == "lost":
        return replace(state, hint=RESUME_HINT)
    return state


def is_at_work(workspace: Workspace, study: Study) -> bool:
    """Whether a worker takes its trials or waits for its turn, on whatever machine."""
    return not study.job.has_ended or bool(living_workers(workspace, study.id))


def delete(workspace: Workspace, name_or_id: str, *, with_runs: bool = False) -> int:
    """Deletes a study that has ended; gives how many runs were deleted with it.

    Args:
        workspace: Where it is stored.
        name_or_id: The study.
        with_runs: Whether the runs of its trials go, too; what they took stays counted.

    Raises:
        ConfigError: There is no such study.
        TrainingError: It is at work, or one of its runs is.
    """
    queue.reconcile(workspace)
    study = workspace.studies.get(name_or_id)
    if is_at_work(workspace, study):
        raise TrainingError(f"The study {study.name!r} is at work.", hint="Stop it first.")
    trials = read_trials(workspace, study)
    deleted = _delete_runs(workspace, trials) if with_runs else 0
    with locked(workspace.study_folder(study.id)), set_aside(workspace.study_folder(study.id)):
        # The record goes first: trials without a study are forgotten when its name is used again.
        workspace.studies.delete(study.id)
        with opened_storage(workspace) as storage:
            _forget_trials(storage, study.name)
    return deleted


def _try_again(workspace: Workspace, study: Study) -> None:
    """Adds the trials of an ablation that failed or were stopped anew: its table needs each."""
    trials = read_trials(workspace, study)
    kept = [each.params for each in trials if each.state not in ("failed", "pruned")]
    again = [each.params for each in trials if each.state in ("failed", "pruned")]
    missing = [params for place, params in enumerate(again) if params not in kept + again[:place]]
    if not missing:
        return
    plan = Plan.of(study).with_study(num_trials=len(trials) + len(missing))
    workspace.studies.change_settings(study.id, plan.as_dict())
    with opened_storage(workspace) as storage:
        store = TrialStore(storage, study.name, plan)
        for params in missing:
            store.enqueue(params, "")


def _new_study(
    workspace: Workspace, name: str, plan: Plan, study_id: str, by: str, purpose: Purpose
) -> Study:
    name = " ".join(name.split())
    if not name:
        raise ConfigError("The study has no name.", hint="Give it one.")
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in name):
        raise ConfigError(
            f"The name {name!r} of the study holds a character that cannot be stored.",
            hint="Leave it out.",
        )
    if len(name) > MAX_NAME:
        raise ConfigError(
            f"The name of the study has {len(name)} characters, at most {MAX_NAME} can be."
        )
    corpus = workspace.corpora.get(plan.base.corpus)
    plan = replace(plan, base=plan.base.changed(corpus=corpus.id))
    relative = str(Path(workspace.study_folder(study_id)).relative_to(workspace.root))
    now = utc_now()
    job = Job(
        study_id, JOB_KIND, relative, f"search {study_id[:8]}", WAITING, now, title=name, person=by
    )  # fmt: skip
    return Study(
        id=study_id,
        name=name,
        purpose=purpose,
        settings=plan.as_dict(),
        wanted="running",
        host=socket.gethostname(),
        created_at=now,
        job=job,
    )


def _check_name(workspace: Workspace, name: str) -> None:
    if name in workspace.studies.names().values():
        raise ConfigError(f"There is a study {name!r} already.", hint="Choose another name.")


def _forget_trials(storage: optuna.storages.RDBStorage, name: str) -> None:
    """Removes Optuna's study of this name, such as one that a killed start left."""
    if name in optuna.get_all_study_names(storage):
        optuna.delete_study(study_name=name, storage=storage)


def _want(workspace: Workspace, name_or_id: str, wanted: Wanted) -> Study:
    queue.reconcile(workspace)
    study = workspace.studies.get(name_or_id)
    if not is_at_work(workspace, study):
        raise TrainingError(
            f"Nobody works on the study {study.name!r}; it is {study.job.state}.",
            hint="Resume lets it go on.",
        )
    workspace.studies.want(study.id, wanted)
    if study.job.state == WAITING:
        queue.stop(workspace, study.id, "now")
    return workspace.studies.get(study.id)


def _going_on(workspace: Workspace, study: Study) -> Study:
    """Lets a finished study do what was added; one that people had stopped waits for them."""
    if study.job.state == "finished":
        return resume(workspace, study.id)
    return workspace.studies.get(study.id)


def _delete_runs(workspace: Workspace, trials: list[Trial]) -> int:
    """Deletes the runs of trials, all or none of them."""
    found = []
    for trial in trials:
        if trial.run_id and not trial.is_earlier:
            with contextlib.suppress(TrainingError):  # it was deleted before
                found.append(workspace.runs.get(trial.run_id))
    for run in found:
        if not run.job.has_ended:
            raise TrainingError(
                f"The run {run.name!r} is {run.job.state}.", hint="Stop it before deleting it."
            )
    for run in found:
        runs.delete(workspace, run.id)
    return len(found)
