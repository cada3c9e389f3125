"""From the launch of a run to its first step, by phase; and what evaluations while it learns take.

A tiny run of the starter model on the sample, by the real queue, supervisor and launcher. Each
phase lies between two times that the run itself wrote down.
"""

from __future__ import annotations

import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from bench.report import Measure, Result, repeated, say
from core.finetune import runs
from core.finetune.command import missing_operators
from core.finetune.run_folder import RunFolder
from core.finetune.settings import from_recipe
from core.jobs import queue
from core.setup import set_up
from core.storage.files import JsonLinesTail
from core.storage.workspace import Workspace

REPEATS = 3
SETTINGS: dict[str, Any] = {"max_steps": 30, "eval_every_steps": 15, "eval_segments": 200}
ENGINES = ("deepspeed", "plain")


def run(folder: Path) -> Result:
    """Launches REPEATS runs with each engine, in turns."""
    workspace = Workspace(folder / "workspace")
    corpus = set_up(workspace)
    base = from_recipe("Try it in a minute", corpus=corpus.id, **SETTINGS)
    if missing_operators(base):
        say("   DeepSpeed's operators are compiled first; that run is not counted")
        _launched(workspace, base)
    phases: dict[str, list[dict[str, float]]] = {engine: [] for engine in ENGINES}
    evaluations: list[dict[str, float]] = []
    for turn in range(REPEATS):
        for engine in ENGINES[:: -1 if turn % 2 else 1]:
            records, queued_at, started_at = _launched(workspace, base.changed(engine=engine))
            phases[engine].append(_phases(records, queued_at, started_at))
            evaluations += _evaluations(records)
            say(f"   turn {turn + 1}: {engine}: {sum(phases[engine][-1].values()):.1f} s")
    workspace.database.dispose()
    measures = [measure for engine in ENGINES for measure in _told(engine, phases[engine])]
    measures.append(
        Measure(
            "an evaluation of 200 dev segments: segments a second, scores included",
            median(200 / each["seconds"] for each in evaluations),
            "segments/s",
        )
    )
    details = {"phases": phases, "evaluations": evaluations}
    return Result("startup", measures, ["The starter model, 30 steps, two evaluations."], details)


def _launched(workspace: Workspace, settings: Any) -> tuple[list[dict[str, Any]], str, str]:
    launched = runs.launch(workspace, settings)
    state = queue.wait(workspace, launched.id)
    if state.state != "finished":
        raise RuntimeError(f"the run {state.state}: {state.reason}")
    records = JsonLinesTail(RunFolder(workspace.run_folder(launched.id)).metrics_file).read()
    time.sleep(0.5)  # its supervisor is to be gone
    return records, launched.job.queued_at, state.started_at or launched.job.queued_at


def _seconds(time_text: str) -> float:
    return datetime.fromisoformat(time_text).timestamp()


def _phases(records: list[dict[str, Any]], queued_at: str, started_at: str) -> dict[str, float]:
    """Gives the seconds of each phase before the first step is done."""
    notes = [(_seconds(r["time"]), r["phase"], r["note"]) for r in records if r["kind"] == "phase"]
    first = next(_seconds(r["time"]) for r in records if r["kind"] == "train")
    training = next(at for at, phase, _ in notes if phase == "training")
    marks = [
        ("supervisor", _seconds(queued_at)),
        ("launcher and imports", _seconds(started_at)),
        ("model and corpus", notes[0][0]),
        ("test split with the base model", next(at for at, p, n in notes if "base model" in n)),
        ("engine, dev split with the base model", _after_base(records)),
        ("first step", training),
    ]
    ends = [*(at for _, at in marks[1:]), first]
    return {name: end - at for (name, at), end in zip(marks, ends, strict=True)}


def _after_base(records: list[dict[str, Any]]) -> float:
    """Gives when the base model's test split was done: its last record of progress."""
    done = [
        _seconds(r["time"])
        for r in records
        if r["kind"] == "progress" and "base model" in r["note"] and r["done"] == r["total"]
    ]
    return done[0]


def _evaluations(records: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Gives how long each evaluation after a step took."""
    found = []
    for before, after in pairwise([r for r in records if r["kind"] in ("phase", "eval")]):
        if after["kind"] == "eval" and after["step"]:
            seconds = _seconds(after["time"]) - _seconds(before["time"])
            found.append({"step": after["step"], "seconds": seconds})
    return found


def _told(engine: str, rows: list[dict[str, float]]) -> list[Measure]:
    total = repeated(f"launch to first step, {engine}", [sum(row.values()) for row in rows], "s")
    parts = [
        Measure(f"{engine}: {name}", median(row[name] for row in rows), "s") for name in rows[0]
    ]
    return [total, *parts]
