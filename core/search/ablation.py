"""Ablations: one factor at a time is varied around a finished run, with several seeds each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import AdaptMLLMError, ConfigError, DataError
from core.finetune.history import HistoryReader
from core.finetune.settings import FineTuneSettings
from core.host import accelerator
from core.search import studies
from core.search.plan import Plan
from core.search.settings import Objective, StudySettings
from core.search.space import Value, parse_space, searchable
from core.settings import choices_of
from core.storage.run_records import Run
from core.storage.study_records import Study
from core.storage.workspace import Workspace

SEED = "seed"
MAX_SEEDS = 20

# Values that say more than half and twice the run's own.
_TELLING: dict[str, tuple[float, ...]] = {
    "weight_decay": (0.0, 0.1),
    "label_smoothing": (0.0, 0.1),
    "warmup_steps": (0, 100),
    "lora_dropout": (0.0, 0.1),
    "scratch_dropout": (0.1, 0.3),
    "max_grad_norm": (0.0, 1.0),
    "zero_stage": (0, 2),
}


@dataclass(frozen=True)
class Ablation:
    """What an ablation will do.

    Attributes:
        run: The finished run in its centre.
        plan: Its space holds each factor's values, the run's own first, and the seeds.
        trials: What is run besides the run itself, in this order.
        value: The run's own objective on dev, which need not be found again.
    """

    run: Run
    plan: Plan
    trials: list[dict[str, Value]]
    value: float

    @property
    def centre(self) -> dict[str, Value]:
        """The run's own values, its seed included."""
        return {name: each.choices[0] for name, each in self.plan.space.items()}


def factors_of(settings: FineTuneSettings) -> list[str]:
    """Gives the settings that an ablation of such a run may vary."""
    return [name for name in searchable() if name != SEED and default_values(settings, name)]


def default_values(settings: FineTuneSettings, factor: str) -> list[Value]:
    """Gives telling values of a factor besides the run's own; none where no other could run."""
    field = FineTuneSettings.model_fields[factor]
    own = getattr(settings, factor)
    choices: Sequence[Value]
    if named := choices_of(field):
        choices = [each for each in named if accelerator() != "cpu" or each != "fp16"]
    elif factor in _TELLING:
        choices = _TELLING[factor]
    elif factor == "learning_rate":
        choices = [float(f"{own / 3:.2g}"), float(f"{own * 3:.2g}")]
    else:
        choices = [own // 2, own * 2] if field.annotation is int else [own / 2, own * 2]
    return [each for each in choices if each != own and _can_be(settings, factor, each)]


def plan_ablation(
    workspace: Workspace,
    run_id: str,
    factors: Mapping[str, Sequence[Value]],
    num_seeds: int = 2,
    *,
    objective: Objective = "chrF++",
) -> Ablation:
    """Gives what an ablation will do, and refuses what cannot be done.

    Args:
        workspace: Where the run is.
        run_id: Id or name of a finished run.
        factors: By name: the values to try besides the run's own; an empty list = telling ones.
        num_seeds: How often each value is tried: the run's own seed, and those after it.
        objective: What the effect is measured in, on dev.

    Raises:
        AdaptMLLMError: The run has not finished, or a factor or value cannot be tried.
    """
    run = workspace.runs.get(run_id)
    value = _objective_of(workspace, run, objective)
    settings = FineTuneSettings.parse(run.settings)
    if not factors:
        raise ConfigError("No factor was chosen.", hint="Name one, such as learning_rate.")
    if not 1 <= num_seeds <= MAX_SEEDS:
        raise ConfigError(f"{num_seeds} seeds cannot be used.", hint=f"Use 1 to {MAX_SEEDS}.")
    space = {name: _values(settings, name, given) for name, given in factors.items()}
    seeds = [(settings.seed + i) % 2**32 for i in range(num_seeds)]
    parsed = parse_space({**space, SEED: seeds})
    centre = {name: each.choices[0] for name, each in parsed.items()}
    trials: list[dict[str, Value]] = [{**centre, SEED: seed} for seed in seeds[1:]]
    for name in space:
        for other in parsed[name].choices[1:]:
            trials += [{**centre, name: other, SEED: seed} for seed in seeds]
    study = StudySettings(
        objective=objective, sampler="random", pruner="none", num_trials=len(trials) + 1
    )
    return Ablation(run, Plan(study, parsed, settings), trials, value)


def start_ablation(
    workspace: Workspace,
    run_id: str,
    factors: Mapping[str, Sequence[Value]],
    num_seeds: int = 2,
    *,
    name: str = "",
    objective: Objective = "chrF++",
    study_id: str = "",
    by: str = "",
) -> Study:
    """Starts an ablation around a finished run; the run itself is its first trial.

    Args:
        workspace: Where the run is.
        run_id: Id or name of a finished run.
        factors: By name: the values to try besides the run's own; an empty list = telling ones.
        num_seeds: How often each value is tried.
        name: What to call it; empty = after the run.
        objective: What the effect is measured in, on dev.
        study_id: A UUID chosen beforehand; a double click has the same.
        by: Who starts it; empty = nobody is named.

    Raises:
        AdaptMLLMError: The run has not finished, or a factor or value cannot be tried.
    """
    planned = plan_ablation(workspace, run_id, factors, num_seeds, objective=objective)
    return studies.start(
        workspace,
        name or _free_name(workspace, f"Ablation of {planned.run.name}"),
        planned.plan,
        study_id=study_id,
        by=by,
        purpose="ablation",
        fixed=planned.trials,
        earlier=studies.EarlierTrial(planned.centre, [planned.value], planned.run.id),
    )


def _values(settings: FineTuneSettings, name: str, given: Sequence[Value]) -> list[Value]:
    """Gives a factor's values, the run's own first."""
    if name not in searchable() or name == SEED:
        raise ConfigError(
            f"{name!r} cannot be varied in an ablation.",
            hint=f"There are {', '.join(factors_of(settings))}.",
        )
    own: Value = getattr(settings, name)
    others = [each for each in given or default_values(settings, name) if each != own]
    if not others:
        raise ConfigError(
            f"{name} has no other value than the run's own, {own}.", hint="Give one or more."
        )
    return [own, *others]


def _objective_of(workspace: Workspace, run: Run, objective: Objective) -> float:
    if run.job.state != "finished":
        raise ConfigError(
            f"The run {run.name!r} is {run.job.state}; only a finished run can be the centre.",
            hint="Choose a finished one.",
        )
    evals = HistoryReader(workspace.run_folder(run.id)).read().evals
    values = evals.values.get("loss" if objective == "loss" else objective)
    if not values or values[-1] != values[-1]:
        raise DataError(
            f"The run {run.name!r} has no {objective} on dev.", hint="Choose another objective."
        )
    return float(values[-1])


def _can_be(settings: FineTuneSettings, factor: str, value: Any) -> bool:
    try:
        settings.changed(**{factor: value})
    except AdaptMLLMError:
        return False
    return True


def _free_name(workspace: Workspace, name: str) -> str:
    taken = set(workspace.studies.names().values())
    name = name[: studies.MAX_NAME - 8]
    number = 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free
