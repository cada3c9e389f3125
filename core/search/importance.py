"""Which parameters mattered: fANOVA over the finished trials, by Optuna."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState

from core.errors import DataError
from core.search.optuna_storage import opened_storage
from core.search.plan import Plan
from core.search.trial_store import stored_id
from core.storage.study_records import Study
from core.storage.workspace import Workspace

MIN_TRIALS = 3


def importances(workspace: Workspace, study: Study) -> dict[str, float]:
    """Gives each parameter's share of the variance of the first objective, the largest first.

    Functional ANOVA of a random forest (Hutter, Hoos and Leyton-Brown 2014); the shares add up to
    1. What pruned and failed trials did is not used.

    Raises:
        DataError: Too few trials have finished, or all came to the same.
    """
    plan = Plan.of(study)
    with opened_storage(workspace) as storage:
        stored_id(storage, study.name)
        found = optuna.load_study(study_name=study.name, storage=storage)
        return importances_of(found, plan)


def importances_of(found: optuna.Study, plan: Plan) -> dict[str, float]:
    """Does the same for one of Optuna's studies.

    Raises:
        DataError: Too few trials have finished, or all came to the same.
    """
    # It imports scikit-learn, which takes a second, in the server of the pages, too.
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    finished = found.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(finished) < MIN_TRIALS:
        raise DataError(
            f"{len(finished)} trials have finished; importances need at least {MIN_TRIALS}.",
            hint="Wait for more, or add trials.",
        )
    if len({each.values[0] for each in finished}) == 1:
        raise DataError(
            f"All {len(finished)} finished trials have the same {plan.study.objective_names[0]}.",
            hint="Nothing tells which parameter matters; search a wider space.",
        )
    shares = get_param_importances(
        found,
        evaluator=FanovaImportanceEvaluator(seed=plan.study.seed),
        target=lambda trial: trial.values[0],
    )
    return {name: float(share) for name, share in shares.items()}
