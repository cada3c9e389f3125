"""What `python -m core search show` answers: trials, best, importances or effects, energy."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from core.commands.answers import Answer, table
from core.corpora.leak_notes import corpus_note
from core.errors import DataError
from core.search.effects import Effect, effects_of
from core.search.forecast import forecast
from core.search.importance import importances
from core.search.plan import Plan
from core.search.promoting import promoted_runs
from core.search.studies import study_state
from core.search.trials import Trial, best_trial, read_trials, spent
from core.storage.study_records import Study
from core.storage.workspace import Workspace


def study_answer(workspace: Workspace, study: Study) -> Answer:
    """Gives everything that is known of a study, as text and as plain values."""
    plan = Plan.of(study)
    trials = read_trials(workspace, study)
    best = best_trial(trials, plan)
    state = study_state(workspace, study)
    hours, kwh = spent(trials)
    left = max(0, plan.num_trials - sum(each.has_ended for each in trials))
    ahead = forecast(workspace, plan, num_trials=left) if left else None
    shares, no_shares = _shares(workspace, study)
    found = effects_of(trials, plan) if study.purpose == "ablation" else []
    leaks = corpus_note(workspace, plan.base.corpus, "dev")
    values = {
        "study": study.id,
        "name": study.name,
        "purpose": study.purpose,
        "state": state.state,
        "reason": state.reason,
        "objectives": plan.study.objective_names,
        "settings": plan.as_dict(),
        "leaks": leaks.to_dict(),
        "trials": [_trial_values(each) for each in trials],
        "best": _trial_values(best) if best else None,
        "importances": shares,
        "effects": [{**asdict(each), "num_seeds": each.num_seeds} for each in found],
        "energy": {"kwh": kwh, "hours": hours},
        "forecast_of_rest": asdict(ahead) if ahead else None,
        "promoted": promoted_runs(workspace, study),
    }
    lines = [f"{study.name}: {state.state} {state.reason}".rstrip(), _trial_table(trials, plan)]
    if best:
        lines.append(f"best: trial {best.number}, {_objective(plan)} {best.values[0]:.2f}")
    if study.purpose == "ablation":
        lines.append(_effect_table(found))
    elif shares:
        lines += [f"importance of {name}: {share:.0%}" for name, share in shares.items()]
    else:
        lines.append(no_shares)
    lines.append(f"leaks of dev: {leaks.sentence}")
    lines.append(f"{hours:.3g} h, {kwh:.4g} kWh without PUE")
    return Answer("\n".join(lines), values)


def _shares(workspace: Workspace, study: Study) -> tuple[dict[str, float], str]:
    if study.purpose == "ablation":
        return {}, ""
    try:
        return importances(workspace, study), ""
    except DataError as error:
        return {}, error.message


def _trial_values(trial: Trial) -> dict[str, Any]:
    return {**asdict(trial), "value": trial.value}


def _trial_table(trials: list[Trial], plan: Plan) -> str:
    head = ("trial", "state", _objective(plan), *plan.space, "run")
    rows = [
        (
            each.number,
            each.state,
            "" if each.value is None else f"{each.value:.2f}",
            *(_shown(each.params.get(name, "")) for name in plan.space),
            each.run_id,
        )
        for each in trials
    ]
    return table(head, rows)


def _effect_table(found: list[Effect]) -> str:
    rows = []
    for each in found:
        change = "" if each.difference is None else f"{each.difference:+.2f}"
        interval = "" if each.low is None else f"{each.low:+.2f} to {each.high:+.2f}"
        own, value = _shown(each.centre), _shown(each.value)
        rows.append((each.factor, f"{own} -> {value}", change, interval, each.num_seeds))
    return table(("factor", "change", "effect", "95 % interval", "seeds"), rows)


def _objective(plan: Plan) -> str:
    return plan.study.objective_names[0]


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
