"""What each factor of an ablation does: the difference to the run in its centre, over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.search.ablation import SEED
from core.search.plan import Plan
from core.search.space import Value, point
from core.search.trials import Trial, read_trials
from core.storage.study_records import Study
from core.storage.workspace import Workspace

LEVEL = 0.95


@dataclass(frozen=True)
class Effect:
    """What one value of a factor does to the objective.

    Attributes:
        factor: The setting.
        value: What it was set to.
        centre: What it is in the run.
        differences: Objective with the value minus without, seed by seed, where both finished.
        difference: Their mean; None where no seed has finished.
        low, high: The 95 % interval of the mean over seeds (Student's t); None below two seeds.
    """

    factor: str
    value: Value
    centre: Value
    differences: tuple[float, ...] = ()
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def num_seeds(self) -> int:
        """Seeds that it is told from."""
        return len(self.differences)

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low is not None and self.high is not None and self.low * self.high > 0


def effects(workspace: Workspace, study: Study) -> list[Effect]:
    """Gives the effect of each value of each factor, in the order in which they are tried."""
    return effects_of(read_trials(workspace, study), Plan.of(study))


def effects_of(trials: Sequence[Trial], plan: Plan) -> list[Effect]:
    """Does the same for trials that were read."""
    centre = {name: each.choices[0] for name, each in plan.space.items() if name != SEED}
    seeds = plan.space[SEED].choices
    values = {point(each.params): each.values[0] for each in trials if each.state == "finished"}
    found = []
    for factor, own in centre.items():
        for value in plan.space[factor].choices[1:]:
            pairs = [
                (
                    values.get(point({**centre, factor: value, SEED: seed})),
                    values.get(point({**centre, SEED: seed})),
                )
                for seed in seeds
            ]
            differences = tuple(a - b for a, b in pairs if a is not None and b is not None)
            found.append(_effect(factor, value, own, differences))
    return found


def _effect(factor: str, value: Value, own: Value, differences: tuple[float, ...]) -> Effect:
    if not differences:
        return Effect(factor, value, own)
    mean = sum(differences) / len(differences)
    half = interval_half(differences)
    if half is None:
        return Effect(factor, value, own, differences, mean)
    return Effect(factor, value, own, differences, mean, mean - half, mean + half)


def interval_half(values: Sequence[float], level: float = LEVEL) -> float | None:
    """Gives half the width of the interval of a mean by Student's t; None below two values.

    With two seeds there is one degree of freedom and t is 12.7: such an interval is wide, and it
    is meant to be.
    """
    count = len(values)
    if count < 2:
        return None
    from scipy.stats import t

    mean = sum(values) / count
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    quantile = float(t.ppf((1 + level) / 2, count - 1))
    return quantile * math.sqrt(variance / count)
