"""The best trial becomes a full run: its settings, with more epochs or another name if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna

from core.errors import ConfigError, DataError
from core.finetune import runs
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.search.optuna_storage import opened_storage
from core.search.plan import Plan
from core.search.trial_store import stored_id
from core.search.trials import Trial, best_trial, read_trials
from core.storage.run_records import Run
from core.storage.study_records import Study
from core.storage.workspace import Workspace

_PROMOTED = "promoted"


def promotable(workspace: Workspace, study: Study, number: int | None = None) -> Trial:
    """Gives the trial with this number, or the best one.

    Raises:
        DataError: None has finished.
        ConfigError: There is no trial with this number.
    """
    trials = read_trials(workspace, study)
    if number is None:
        best = best_trial(trials, Plan.of(study))
        if best is None:
            raise DataError(
                f"No trial of {study.name!r} has finished, so none is the best.",
                hint="Wait for one, or name a trial by its number.",
            )
        return best
    found = next((each for each in trials if each.number == number), None)
    if found is None or not found.params:
        raise ConfigError(f"The study {study.name!r} has no trial {number} with values.")
    return found


def promoted_settings(
    study: Study, trial: Trial, changes: Mapping[str, Any] | None = None
) -> FineTuneSettings:
    """Gives the settings of a full run with a trial's values.

    Raises:
        ConfigError: The changes do not fit.
    """
    settings = Plan.of(study).run_settings(trial.params, f"{study.name} best")
    return FineTuneSettings.parse({**settings.model_dump(), **(changes or {})})


def promote(
    workspace: Workspace,
    study: Study,
    number: int | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
    run_id: str = "",
    by: str = "",
) -> Run:
    """Launches a full run with the values of the best trial.

    Its energy counts as the search's, as that of its trials does: together they are the price of
    the model.

    Args:
        workspace: Where the study is.
        study: The study.
        number: Another trial than the best.
        changes: Other settings of the run, such as `num_epochs`.
        run_id: A UUID chosen beforehand; a double click has the same.
        by: Who does it; empty = nobody is named.

    Raises:
        AdaptMLLMError: There is no such trial, or the run cannot be started.
    """
    trial = promotable(workspace, study, number)
    settings = promoted_settings(study, trial, changes)
    of_study = runs.OfStudy(study.id, queue.COMPUTE_LANE, trial.run_id)
    run = runs.launch(workspace, settings, run_id=run_id, by=by, of_study=of_study)
    with opened_storage(workspace) as storage:
        study_id = stored_id(storage, study.name)
        known = promoted_in(storage.get_study_user_attrs(study_id))
        if run.id not in known:
            storage.set_study_user_attr(study_id, _PROMOTED, [*known, run.id])
    return run


def promoted_runs(workspace: Workspace, study: Study) -> list[str]:
    """Gives the ids of the runs that trials of a study were promoted to."""
    with opened_storage(workspace) as storage:
        if study.name not in optuna.get_all_study_names(storage):
            return []
        study_id = stored_id(storage, study.name)
        return promoted_in(storage.get_study_user_attrs(study_id))


def promoted_in(attributes: dict[str, Any]) -> list[str]:
    """Reads them from what Optuna keeps of the study."""
    return [str(each) for each in attributes.get(_PROMOTED, [])]
