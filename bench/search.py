"""What a study costs besides its trials: Optuna's own loop as peer; how soon a trial is pruned."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import psutil

from bench.report import Measure, Result, repeated
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings, from_recipe
from core.jobs import queue
from core.search import studies
from core.search.optuna_storage import opened_storage
from core.search.plan import Plan
from core.search.sampling import pruner_for, sampler_for
from core.search.settings import StudySettings
from core.search.space import Value, parse_space
from core.search.trial_store import TrialStore
from core.search.trials import read_trials
from core.search.worker import living_workers
from core.setup import set_up
from core.storage.files import JsonLinesTail, read_json
from core.storage.workspace import Workspace

NUM_TRIALS = 60
NUM_EVALUATIONS = 3
NUM_ROUNDS = 3
SPACE = {
    "learning_rate": {"low": 1e-5, "high": 1e-2, "log": True},
    "weight_decay": [0.0, 0.01, 0.1],
    "num_epochs": {"low": 1, "high": 5},
}


def run(folder: Path) -> Result:
    """Measures bookkeeping in turns, and then one study with real runs."""
    workspace = Workspace(folder / "workspace")
    corpus = set_up(workspace).id
    plan = Plan(StudySettings(), parse_space(SPACE), FineTuneSettings(corpus=corpus))
    ours, theirs = [], []
    for number in range(NUM_ROUNDS):
        ours.append(_ours(workspace, plan, f"ours {number}"))
        theirs.append(_theirs(folder / f"theirs-{number}.db", plan))
    real = _real(workspace, corpus)
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    workspace.database.dispose()
    return Result(
        "search",
        [
            repeated(
                "a trial's bookkeeping, Optuna's share included", [1e3 * s for s in ours], "ms"
            ),
            repeated("the same to Optuna's own loop on SQLite", ratios, "x"),
            Measure(
                "from the evaluation that prunes a trial to the end of its run", real["s"], "s"
            ),
            Measure("a study's worker while a trial runs: share of one core", real["cpu"], "%"),
            Measure("its memory", real["bytes"] / 1e6, "MB"),
        ],
        [],
        {"ours_s": ours, "theirs_s": theirs, "real": real},
    )


def _value(params: dict[str, Any], evaluation: int) -> float:
    return -abs(float(params["learning_rate"]) - 1e-3) + 0.01 * evaluation


def _ours(workspace: Workspace, plan: Plan, name: str) -> float:
    """Gives the seconds a trial takes us: taken, reported, looked at by the pruner, told."""
    with opened_storage(workspace) as storage:
        store = TrialStore.create(storage, name, plan)
        began_s = time.perf_counter()
        for _ in range(NUM_TRIALS):
            number = store.take("worker")
            params = dict(store.trial(number).params)
            for evaluation in range(1, NUM_EVALUATIONS + 1):
                store.report(number, evaluation, _value(params, evaluation))
                store.should_prune(number)
            store.tell_finished(number, [_value(params, NUM_EVALUATIONS)])
        return (time.perf_counter() - began_s) / NUM_TRIALS


def _theirs(file: Path, plan: Plan) -> float:
    storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
    study = optuna.create_study(
        storage=storage,
        direction="maximize",
        sampler=sampler_for(plan, 0),
        pruner=pruner_for(plan),
    )
    distributions = {name: each.distribution() for name, each in plan.space.items()}

    def objective(trial: optuna.Trial) -> float:
        params = {name: trial._suggest(name, each) for name, each in distributions.items()}  # noqa: SLF001
        for evaluation in range(1, NUM_EVALUATIONS + 1):
            trial.report(_value(params, evaluation), evaluation)
            trial.should_prune()
        return _value(params, NUM_EVALUATIONS)

    began_s = time.perf_counter()
    study.optimize(objective, n_trials=NUM_TRIALS)
    took_s = (time.perf_counter() - began_s) / NUM_TRIALS
    storage.remove_session()
    storage.engine.dispose()
    return took_s


def _real(workspace: Workspace, corpus: str) -> dict[str, float]:
    """Runs a good trial and one that is pruned; looks at the worker meanwhile."""
    base = from_recipe(
        "Try it in a minute", corpus=corpus, engine="plain", threads_per_process=1,
        eval_every_steps=100, eval_segments=50,
    )  # fmt: skip
    space = parse_space({"learning_rate": [2e-3, 1e-6], "max_steps": [200, 10_000]})
    settings = StudySettings(objective="loss", pruner_startup_trials=1, num_trials=2)
    fixed: list[dict[str, Value]] = [
        {"learning_rate": 2e-3, "max_steps": 200},
        {"learning_rate": 1e-6, "max_steps": 10_000},
    ]
    study = studies.start(workspace, "real", Plan(settings, space, base), fixed=fixed)
    worker, peak_bytes = None, 0
    cpu_s = began_s = 0.0
    while not workspace.studies.get(study.id).job.has_ended:
        queue.advance(workspace)
        if worker is None:
            found = list(living_workers(workspace, study.id).values())
            if found:
                worker = psutil.Process(found[0].process["pid"])
                cpu_s, began_s = _cpu_s(worker), time.monotonic()
        elif worker.is_running():
            peak_bytes = max(peak_bytes, worker.memory_info().rss)
            used_s, over_s = _cpu_s(worker) - cpu_s, time.monotonic() - began_s
        time.sleep(1)
    pruned = read_trials(workspace, study)[1]
    run_folder = RunFolder(workspace.run_folder(pruned.run_id))
    evals = [
        each for each in JsonLinesTail(run_folder.metrics_file).read() if each["kind"] == "eval"
    ]
    seen = datetime.fromisoformat(evals[1]["time"])
    ended = datetime.fromisoformat(read_json(run_folder.state_file)["ended_at"])
    return {
        "s": (ended - seen).total_seconds(),
        "cpu": 100 * used_s / over_s,
        "bytes": float(peak_bytes),
    }


def _cpu_s(process: psutil.Process) -> float:
    """Gives the processor time of a process alone, without the runs below it."""
    times = process.cpu_times()
    return float(times.user + times.system)
