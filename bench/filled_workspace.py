"""A workspace with a thousand finished runs and one with a hundred thousand recorded steps.

One tiny run really finishes; the thousand are copies of its small files under their own ids, with
records written through core.storage. The long run is synthetic in its numbers and exact in its
format: its records are those of the tiny run with other steps, times and losses.
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import subprocess
import sys
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.data import scratch_environment
from core.finetune import runs
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings, from_recipe
from core.jobs import queue
from core.storage.files import JsonLinesTail, read_json, write_json
from core.storage.run_records import Run
from core.storage.workspace import PROJECT, Workspace

NUM_RUNS = 1000
LONG_STEPS = 100_000
LONG_NAME = "A hundred thousand steps"
LONG_EVAL_EVERY = 1000
LONG_SECONDS = 50_000
HOST_EVERY_S = 2
NOT_COPIED = ("checkpoints", "model", ".lock", ".reserve")


def set_up_in_child(workspace: Workspace) -> None:
    """Makes sample corpus and starter model; in a child, because it imports torch."""
    command = [sys.executable, "-m", "core", "setup", "--workspace", str(workspace.root)]
    environment = {**os.environ, **scratch_environment(workspace.root)}
    subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, check=True)


def starter_settings(workspace: Workspace, **changes: Any) -> FineTuneSettings:
    """Gives the recipe for trying things out, on the sample."""
    corpus = workspace.corpora.all()[0]
    return from_recipe("Try it in a minute", corpus=corpus.id, **changes)


def fill(workspace: Workspace) -> Run:
    """Adds NUM_RUNS finished runs and, as the newest, the long one, which it gives."""
    tiny = starter_settings(
        workspace, name="tiny", engine="plain", max_steps=10, eval_every_steps=5, eval_segments=5
    )
    launched = runs.launch(workspace, tiny)
    state = queue.wait(workspace, launched.id)
    if state.state != "finished":
        raise RuntimeError(f"the tiny run {state.state}: {state.reason}\n{state.detail}")
    model = workspace.runs.get(launched.id)
    start = datetime.fromisoformat(model.created_at) - timedelta(minutes=NUM_RUNS)
    for number in range(NUM_RUNS):
        _copied(workspace, model, f"run {number:04}", start + timedelta(minutes=number))
    return _long(workspace, model)


def _copied(workspace: Workspace, model: Run, name: str, created: datetime) -> Run:
    """Stores a copy of a finished run: its small files, its record and its scores."""
    run_id = str(uuid.uuid4())
    folder = RunFolder(workspace.run_folder(run_id))
    source = workspace.run_folder(model.id)
    shutil.copytree(source, folder.path, ignore=shutil.ignore_patterns(*NOT_COPIED))
    relative = str(folder.path.relative_to(workspace.root))
    write_json(
        folder.job_file, {"id": run_id, "kind": model.job.kind, "workspace": str(workspace.root)}
    )
    time = created.isoformat(timespec="milliseconds")
    times: dict[str, Any] = {"queued_at": time, "started_at": time, "ended_at": time}
    progress = {**model.job.progress, "losses": [round(6 / (1 + i), 4) for i in range(24)]}
    job = replace(model.job, id=run_id, folder=relative, progress=progress, **times)
    run = replace(model, id=run_id, name=name, created_at=time, job=job)
    workspace.runs.add(run)
    workspace.runs.store_scores(run_id, model.scores, model.train_seconds)
    return run


def _long(workspace: Workspace, model: Run) -> Run:
    """Stores the long run; it is newer than all others and so stands first in the list."""
    run = _copied(workspace, model, LONG_NAME, datetime.now(UTC))
    folder = RunFolder(workspace.run_folder(run.id))
    records = JsonLinesTail(folder.metrics_file).read()
    examples = {record["kind"]: record for record in records}
    began = datetime.now(UTC) - timedelta(seconds=LONG_SECONDS)
    generator = random.Random(1)
    plan = {**examples["plan"], "total_steps": LONG_STEPS}
    base = next(record for record in records if record["kind"] == "eval")
    written = [base, plan]
    for step in range(1, LONG_STEPS + 1):
        elapsed_s = round(step * LONG_SECONDS / LONG_STEPS, 3)
        time = (began + timedelta(seconds=elapsed_s)).isoformat(timespec="milliseconds")
        at = {"time": time, "elapsed_s": elapsed_s, "step": step}
        loss = 6.4 * math.exp(-step / 20_000) + 0.4 * generator.random()
        rate = 2e-3 * (1 - step / LONG_STEPS)
        numbers = {
            "epoch": round(step / plan["steps_per_epoch"], 4),
            "loss": round(loss, 6),
            "learning_rate": rate,
            "grad_norm": round(1 + generator.random(), 5),
            "tokens_per_s": round(20_000 + 2_000 * generator.random(), 1),
        }
        written.append({**examples["train"], **at, **numbers})
        if step % LONG_EVAL_EVERY == 0:
            written.append({**examples["eval"], **at, "loss": round(loss, 6)})
    _write_lines(folder.metrics_file, written)
    sample = JsonLinesTail(folder.host_file).read()[-1]
    times = (began + timedelta(seconds=s) for s in range(0, LONG_SECONDS, HOST_EVERY_S))
    rows = [{**sample, "time": time.isoformat(timespec="milliseconds")} for time in times]
    _write_lines(folder.host_file, rows)
    state = read_json(folder.state_file)
    state["progress"] |= {"step": LONG_STEPS, "total_steps": LONG_STEPS}
    write_json(folder.state_file, state)
    return run


def _write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_text(text, encoding="utf-8")
