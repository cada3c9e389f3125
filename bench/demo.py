"""The main job without a browser, in a fresh workspace: `python -m core demo`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.data import scratch_environment
from bench.report import Measure, Result
from core.demo import DEMO_RECIPE
from core.finetune.command import missing_operators
from core.finetune.settings import from_recipe
from core.storage.job_records import ACTIVE, ENDED
from core.storage.workspace import PROJECT

MIN_BLEU = 50.0
LIMIT_TRAIN_S = 90.0


def run(folder: Path) -> Result:
    """Runs the demo and notes when each state began."""
    missing = missing_operators(from_recipe(DEMO_RECIPE))
    command = [sys.executable, "-m", "core", "demo", "--json", "--workspace", str(folder / "w")]
    environment = {**os.environ, **scratch_environment(folder / "w")}
    began_s = time.monotonic()
    states: list[tuple[str, float]] = []
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            state = line.split(" · ")[0].strip()
            if state in (*ACTIVE, *ENDED) and [state] != [seen for seen, _ in states[-1:]]:
                states.append((state, time.monotonic() - began_s))
        answer = process.stdout.read()
    wall_s = time.monotonic() - began_s
    if process.returncode:
        raise RuntimeError(f"the demo ended with status {process.returncode}:\n{''.join(told)}")
    *noise, last = answer.splitlines()
    return _told(json.loads(last), wall_s, states, missing, noise)


def _told(
    values: dict[str, Any],
    wall_s: float,
    states: list[tuple[str, float]],
    missing: list[str],
    noise: list[str],
) -> Result:
    lines = [
        f"Operator cache: {'cold, compiled ' + ', '.join(missing) if missing else 'warm'}.",
        "States, seen after: "
        + ", ".join(f"{state} {seconds:.0f} s" for state, seconds in states)
        + ".",
        f"{values['num_segments']} test segments, {values['signature']}.",
    ]
    lines += [f"Beside the answer stdout held: {line}" for line in noise]
    measures = [
        Measure("wall time of the command", wall_s, "s"),
        Measure("training steps", values["train_seconds"], "s", LIMIT_TRAIN_S),
        Measure("BLEU before", values["bleu_before"]),
        Measure("BLEU after", values["bleu_after"], "", MIN_BLEU, "at least"),
        Measure("chrF++ before", values["chrf_before"]),
        Measure("chrF++ after", values["chrf_after"]),
    ]
    for (state, begins_s), (_, ends_s) in pairwise(states):
        if state == "compiling":
            measures.append(Measure("compiling operators", ends_s - begins_s, "s"))
    details = {**values, "wall_s": wall_s, "states": states, "compiled": missing}
    return Result("demo", measures, lines, details)
