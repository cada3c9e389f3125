"""The real path on real text: LoResMT imported, 200 steps of the starter under DeepSpeed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.data import SRC_LANG, TGT_LANG, has_loresmt, loresmt_files, scratch_environment
from bench.report import Measure, Result
from core.corpora.formats.files import InputFile, LocalFile, MemoryFile
from core.corpora.importing import ImportSettings, import_corpus
from core.finetune import runs
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.storage.corpus_records import Corpus
from core.storage.files import JsonLinesTail
from core.storage.run_records import Run
from core.storage.workspace import PROJECT, Workspace

COUNTS = {"train": 8112, "dev": 502, "test": 500}
NUM_STEPS = 200
EVAL_EVERY = 50
NUM_TEST = 50  # an untrained model decodes every line to the length limit


def run(folder: Path) -> Result:
    """Imports, trains and reads the run's own records."""
    if not has_loresmt():
        return Result("real_data", skipped="LoResMT 2021 English-Irish is not on this machine.")
    workspace = Workspace(folder / "workspace")
    try:
        return _measured(workspace)
    finally:
        workspace.database.dispose()


def _measured(workspace: Workspace) -> Result:
    build = [sys.executable, "-m", "core", "setup", "--workspace", str(workspace.root)]
    environment = {**os.environ, **scratch_environment(workspace.root)}
    subprocess.run(build, cwd=PROJECT, env=environment, check=True, capture_output=True)
    began_s = time.monotonic()
    whole = _imported(workspace, "LoResMT", 0)
    import_s = time.monotonic() - began_s
    if whole.counts != COUNTS:
        raise RuntimeError(f"imported {whole.counts}, the published counts are {COUNTS}")
    settings = FineTuneSettings(
        corpus=_imported(workspace, "LoResMT, short test split", NUM_TEST).id,
        name="real data",
        tokens_per_batch=1920,
        num_epochs=100,
        max_steps=NUM_STEPS,
        learning_rate=1e-3,
        warmup_steps=20,
        eval_every_steps=EVAL_EVERY,
        eval_segments=20,
        num_beams=1,
    )
    launched = runs.launch(workspace, settings)
    state = queue.wait(workspace, launched.id)
    if state.state != "finished":
        raise RuntimeError(f"the run {state.state}: {state.reason}\n{state.detail}")
    records = JsonLinesTail(RunFolder(workspace.run_folder(launched.id)).metrics_file).read()
    return _told(workspace, workspace.runs.get(launched.id), records, import_s, state.progress)


def _imported(workspace: Workspace, name: str, num_test: int) -> Corpus:
    test = [_first_lines(file, num_test) for file in loresmt_files("test")]
    files: list[InputFile] = [*loresmt_files("train"), *loresmt_files("dev"), *test]
    settings = ImportSettings(name=name, src_lang=SRC_LANG, tgt_lang=TGT_LANG)
    return import_corpus(workspace, settings, files)


def _first_lines(file: LocalFile, count: int) -> MemoryFile:
    """Gives the first lines of a file; 0 = all."""
    lines = file.path.read_bytes().split(b"\n")
    return MemoryFile(file.name, b"\n".join(lines[: count or None]) + b"\n" * bool(count))


def _told(
    workspace: Workspace,
    run_: Run,
    records: list[dict[str, Any]],
    import_s: float,
    progress: dict[str, Any],
) -> Result:
    evals = {record["step"]: record["loss"] for record in records if record["kind"] == "eval"}
    losses = list(evals.values())
    falls = all(after < before for before, after in zip(losses, losses[1:], strict=False))
    trained = [record for record in records if record["kind"] == "train"]
    to_first_step_s = _time_s(trained[0]["time"]) - _time_s(run_.created_at)
    phases = _phase_seconds(records)
    after_last_s = _time_s(run_.job.ended_at or "") - _time_s(records[-1]["time"])
    pace = sorted(record["tokens_per_s"] for record in trained)
    shown = " → ".join(f"{loss:.3f}" for loss in losses)
    lines = [
        f"Dev loss after {', '.join(map(str, evals))} steps: {shown}.",
        "Seconds by phase: "
        + ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in phases.items())
        + f"; from the last record to the end {after_last_s:.1f}.",
        f"Peak memory of the run's processes together: {progress['peak_memory_bytes'] / 1e6:.0f} "
        "MB.",
    ]
    plan = next(record for record in records if record["kind"] == "plan")
    measures = [
        Measure("dev loss falls at every evaluation (1 = yes)", float(falls), "", 1, "at least"),
        Measure("dev loss, first", losses[0]),
        Measure(f"dev loss, after {NUM_STEPS} steps", losses[-1]),
        Measure("import of 9,114 pairs", import_s, "s"),
        Measure("launch to first step", to_first_step_s, "s"),
        Measure("training", phases["training"], "s"),
        Measure("evaluating", phases["evaluating"], "s"),
        Measure("saving", phases["saving"], "s"),
        Measure("speed, median step", pace[len(pace) // 2], "tokens/s"),
        Measure("padding", 100 * plan["padding_share"], "%", 8),
    ]
    details = {"dev_losses": evals, "phases": phases, "to_first_step_s": to_first_step_s}
    return Result("real_data", measures, lines, details)


def _phase_seconds(records: list[dict[str, Any]]) -> dict[str, float]:
    """Gives the seconds spent in each phase, from one phase record to the next."""
    marks = [record for record in records if record["kind"] == "phase"]
    ends = [*(mark["elapsed_s"] for mark in marks[1:]), records[-1]["elapsed_s"]]
    seconds: dict[str, float] = {}
    for mark, end in zip(marks, ends, strict=True):
        seconds[mark["phase"]] = seconds.get(mark["phase"], 0.0) + end - mark["elapsed_s"]
    return seconds


def _time_s(time_text: str) -> float:
    return datetime.fromisoformat(time_text).timestamp()
