"""What is suggested: alike for the same seed, also after restarts; every point of a grid once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from core.search.optuna_storage import opened_storage
from core.search.plan import Plan
from core.search.trial_store import TrialStore
from core.search.trials import of_optuna
from core.storage.workspace import Workspace

MakePlan = Callable[..., Plan]
GRID = {"learning_rate": [1e-4, 1e-3], "weight_decay": [0.0, 0.1], "num_epochs": [1, 2, 3]}


@pytest.fixture
def storage(ready_workspace: Workspace) -> Iterator[RDBStorage]:
    with opened_storage(ready_workspace) as opened:
        yield opened


def score(params: dict[str, Any]) -> float:
    return -abs(math.log10(params["learning_rate"]) + 3) + 0.1 * params["num_epochs"]


def work(store: TrialStore, count: int) -> list[dict[str, Any]]:
    """Takes and tells trials as a worker does; gives what was suggested."""
    found = []
    for _ in range(count):
        number = store.take("worker")
        params = dict(store.trial(number).params)
        store.tell_finished(number, [score(params)])
        found.append(params)
    return found


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_same_seed_gives_the_same_suggestions(
    storage: RDBStorage, made_plan: MakePlan, sampler: str
) -> None:
    plan = made_plan(GRID, sampler=sampler, seed=3, startup_trials=4)
    whole = work(TrialStore.create(storage, "whole", plan), 10)
    # A new object each time is what a restart comes to: nothing is kept in the process.
    restarted = [work(TrialStore.create(storage, "restarted", plan), 1)[0] for _ in range(10)]
    assert restarted == whole
    other = made_plan(GRID, sampler=sampler, seed=4, startup_trials=4)
    assert work(TrialStore.create(storage, "other", other), 10) != whole


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_ranges_are_drawn_anew_for_each_trial(
    storage: RDBStorage, made_plan: MakePlan, sampler: str
) -> None:
    plan = made_plan(sampler=sampler, startup_trials=3)
    rates = [params["learning_rate"] for params in work(TrialStore.create(storage, "a", plan), 8)]
    assert len(set(rates)) == 8 and all(1e-5 <= rate <= 1e-2 for rate in rates)


def test_tpe_learns_from_the_trials_before(storage: RDBStorage, made_plan: MakePlan) -> None:
    """After some trials it draws nearer to the best learning rate than chance does."""

    def mean_distance(sampler: str) -> float:
        plan = made_plan(sampler=sampler, seed=7)
        last = work(TrialStore.create(storage, sampler, plan), 25)[-10:]
        return sum(abs(math.log10(each["learning_rate"]) + 3) for each in last) / len(last)

    assert mean_distance("tpe") < 0.7 * mean_distance("random")


def test_grid_is_covered_once_and_ends(storage: RDBStorage, made_plan: MakePlan) -> None:
    plan = made_plan(GRID, sampler="grid")
    store = TrialStore.create(storage, "grid", plan)
    found = []
    while store.has_more:
        found += work(store, 1)
    assert len(found) == 12 == plan.num_trials
    assert len({tuple(sorted(each.items())) for each in found}) == 12


def test_grid_is_covered_once_by_workers_that_overlap(
    storage: RDBStorage, made_plan: MakePlan
) -> None:
    store = TrialStore.create(storage, "shared", made_plan(GRID, sampler="grid"))
    numbers = []
    while store.has_more:  # the second takes its trial before the first has told
        numbers = [store.take("one"), *([store.take("two")] if store.has_more else [])]
        for number in numbers:
            store.tell_finished(number, [score(store.trial(number).params)])
    found = [tuple(sorted(each.params.items())) for each in store.trials()]
    assert len(found) == len(set(found)) == 12


def test_hand_made_trial_comes_next_and_the_rest_is_drawn(
    storage: RDBStorage, made_plan: MakePlan
) -> None:
    store = TrialStore.create(storage, "hand", made_plan(sampler="tpe"))
    work(store, 2)
    store.enqueue({"learning_rate": 3e-4}, by="aine")
    number = store.take("worker")
    trial = of_optuna(store.trials(), {})[number]
    assert trial.params["learning_rate"] == 3e-4 and trial.by == "aine"
    assert set(trial.params) == {"learning_rate", "weight_decay", "num_epochs"}
    assert trial.run_id  # known before its run is launched


def test_pruner_ends_what_is_worse_than_the_median(
    storage: RDBStorage, made_plan: MakePlan
) -> None:
    store = TrialStore.create(storage, "pruned", made_plan(pruner_startup_trials=2))
    for value in (20.0, 30.0):
        number = store.take("worker")
        for evaluation in (1, 2):
            store.report(number, evaluation, value)
            assert not store.should_prune(number)
        store.tell_finished(number, [value])
    number = store.take("worker")
    store.report(number, 1, 26.0)
    assert not store.should_prune(number)
    store.report(number, 2, 24.0)
    assert not store.should_prune(number)  # its best so far counts
    store.tell_finished(number, [24.0])
    number = store.take("worker")
    store.report(number, 1, 10.0)
    assert store.should_prune(number)
    store.tell_pruned(number, "worse than half")
    found = of_optuna(store.trials(), {})[number]
    assert (found.state, found.value, found.reason) == ("pruned", 10.0, "worse than half")


def test_first_evaluations_never_end_a_trial_when_asked_so(
    storage: RDBStorage, made_plan: MakePlan
) -> None:
    plan = made_plan(pruner_startup_trials=1, pruner_warmup_evaluations=1)
    store = TrialStore.create(storage, "warm", plan)
    number = store.take("worker")
    for evaluation in (1, 2):
        store.report(number, evaluation, 50.0)
    store.tell_finished(number, [50.0])
    number = store.take("worker")
    store.report(number, 1, 1.0)
    assert not store.should_prune(number)
    store.report(number, 2, 1.0)
    assert store.should_prune(number)


def test_loss_is_pruned_the_other_way_round(storage: RDBStorage, made_plan: MakePlan) -> None:
    plan = made_plan(objective="loss", pruner_startup_trials=1)
    store = TrialStore.create(storage, "loss", plan)
    number = store.take("worker")
    store.report(number, 1, 2.0)
    store.tell_finished(number, [2.0])
    better, worse = store.take("worker"), store.take("worker")
    store.report(better, 1, 1.5)
    store.report(worse, 1, 2.5)
    assert not store.should_prune(better) and store.should_prune(worse)


def test_hyperband_prunes_most_of_the_bad_ones(storage: RDBStorage, made_plan: MakePlan) -> None:
    store = TrialStore.create(storage, "band", made_plan(pruner="hyperband", num_trials=15))
    for place in range(15):
        number = store.take("worker")
        for evaluation in range(1, 6):
            store.report(number, evaluation, float(place % 5))
            if store.should_prune(number):
                store.tell_pruned(number, "not of the best third")
                break
        else:
            store.tell_finished(number, [float(place % 5)])
    states = [each.state for each in store.trials()]
    assert TrialState.PRUNED in states and states.count(TrialState.COMPLETE) >= 3


def test_orphan_without_all_values_fails_and_one_with_them_is_adopted(
    storage: RDBStorage, made_plan: MakePlan
) -> None:
    store = TrialStore.create(storage, "orphans", made_plan())
    number = store.take("gone")
    run_id = of_optuna(store.trials(), {})[number].run_id
    assert store.adopt(number, "new")
    assert of_optuna(store.trials(), {})[number].run_id == run_id  # it goes on with the same run
    study_id = storage.get_study_id_from_name("orphans")
    storage.create_new_trial(study_id)  # what is left of a worker that was killed while drawing
    assert not store.adopt(number + 1, "new")
    found = of_optuna(store.trials(), {})[number + 1]
    assert (found.state, found.reason) == (
        "failed",
        "Its worker ended while the values were chosen.",
    )
