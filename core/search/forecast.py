"""What a study will take, in hours and kWh, told from runs of the same model that have finished."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import DataError
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.search.plan import Plan
from core.search.sampling import points
from core.storage.files import JsonLinesTail
from core.storage.run_records import Run
from core.storage.workspace import Workspace

NUM_POINTS = 64
MAX_RUNS = 200  # the newest that are looked at
_DEVICES = ("cpu", "ram", "gpu")


@dataclass(frozen=True)
class Forecast:
    """What trials will take together if none is pruned.

    Attributes:
        hours, kwh: At the mean of points drawn from the space; kWh without PUE.
        low_hours, low_kwh: If all were like the cheapest point drawn.
        high_hours, high_kwh: If all were like the dearest.
        num_trials: How many trials are forecast.
        basis: What it is told from; one sentence.
    """

    hours: float
    low_hours: float
    high_hours: float
    kwh: float
    low_kwh: float
    high_kwh: float
    num_trials: int
    basis: str


@dataclass(frozen=True)
class _Pace:
    """What a finished run needed.

    Attributes:
        s_per_segment: Seconds of training for a segment, accumulation and processes included.
        other_s: Everything beside training: preparing, evaluations, saving.
        kw: Mean power.
        segments_per_step: Segments of one optimizer step.
    """

    s_per_segment: float
    other_s: float
    kw: float
    segments_per_step: float


def forecast(workspace: Workspace, plan: Plan, *, num_trials: int | None = None) -> Forecast | None:
    """Tells what the trials of a study will take; None where no such run has finished here.

    Time and energy of training grow with the segments seen; what else a run does is taken to stay
    as it was. Pruned trials take less, and limits of hours or kWh end the study earlier.

    Args:
        workspace: Whose runs are looked at.
        plan: The study.
        num_trials: How many trials; None = all of the plan.
    """
    count = plan.num_trials if num_trials is None else num_trials
    try:
        num_train = workspace.corpora.get(plan.base.corpus).counts["train"]
    except DataError:  # it was deleted
        return None
    known = _known_runs(workspace, plan.base)
    paces = [pace for run in known if (pace := _pace(workspace, run)) is not None]
    if not paces or count < 1:
        return None
    seconds, kwh = [], []
    for params in points(plan, NUM_POINTS):
        settings = plan.base.model_copy(update=params)
        for pace in paces:
            took_s = pace.other_s + pace.s_per_segment * _segments(settings, num_train, pace)
            seconds.append(took_s)
            kwh.append(took_s / 3600 * pace.kw)
    hours = [count * each / 3600 for each in seconds]
    kwh = [count * each for each in kwh]
    runs = "1 finished run" if len(paces) == 1 else f"{len(paces)} finished runs"
    return Forecast(
        hours=_mean(hours),
        low_hours=min(hours),
        high_hours=max(hours),
        kwh=_mean(kwh),
        low_kwh=min(kwh),
        high_kwh=max(kwh),
        num_trials=count,
        basis=f"Told from {runs} of {plan.base.base_model} here; pruning makes it less.",
    )


def _known_runs(workspace: Workspace, base: FineTuneSettings) -> list[Run]:
    """Gives finished runs that resemble the study's: of the same corpus if there are any."""
    finished = workspace.runs.newest(limit=MAX_RUNS, states=("finished",))
    alike = [
        run
        for run in finished
        if run.base_model == base.base_model
        and run.settings.get("num_processes", 1) * run.settings.get("num_nodes", 1)
        == base.world_size
    ]
    corpus = workspace.corpora.get(base.corpus).id
    return [run for run in alike if run.corpus_id == corpus][:10] or alike[:10]


def _pace(workspace: Workspace, run: Run) -> _Pace | None:
    energy = workspace.energy.get(run.id)
    steps = run.job.progress.get("step", 0)
    segments_per_step = _segments_per_step(workspace, run)
    if energy is None or not run.train_seconds or not steps or not segments_per_step:
        return None
    total_s = sum(phase["seconds"] for phase in energy.phases.values())
    kwh = sum(phase[f"{each}_kwh"] for phase in energy.phases.values() for each in _DEVICES)
    if total_s <= 0:
        return None
    return _Pace(
        run.train_seconds / (steps * segments_per_step),
        max(0.0, total_s - run.train_seconds),
        kwh / total_s * 3600,
        segments_per_step,
    )


def _segments_per_step(workspace: Workspace, run: Run) -> float:
    for record in JsonLinesTail(RunFolder(workspace.run_folder(run.id)).metrics_file).records():
        if record.get("kind") == "plan":
            return float(record["num_train"]) / max(1, int(record["steps_per_epoch"]))
    return 0.0


def _segments(settings: FineTuneSettings, num_train: int, pace: _Pace) -> float:
    """Gives the segments that a run with these settings sees."""
    if settings.batching == "fixed size":
        batch = settings.batch_size * settings.gradient_accumulation * settings.world_size
        a_step = float(min(batch, num_train))
    else:
        a_step = pace.segments_per_step
    all_epochs = float(settings.num_epochs * num_train)
    return min(all_epochs, settings.max_steps * a_step) if settings.max_steps else all_epochs


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
