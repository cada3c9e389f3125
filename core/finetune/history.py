"""The whole course of a run, read piece by piece while it is written."""

from __future__ import annotations

import copy
import math
import threading
from array import array
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.finetune.run_folder import RunFolder
from core.storage.files import JsonLinesTail

FURTHER_SETS = ("reverse", "general")  # what is scored beside the dev split of the run's direction
TRAIN_COLUMNS = (
    "loss", "learning_rate", "grad_norm", "tokens_per_s", "padding_share", "train_seconds",
)  # fmt: skip


def _numbers() -> array[float]:
    return array("d")  # eight bytes a number: a long run has a million of them


@dataclass
class Columns:
    """Values by step (or by minute), one array a quantity, all of equal length; NaN is a gap."""

    x: array[float] = field(default_factory=_numbers)
    values: dict[str, array[float]] = field(default_factory=dict)

    def add(self, x: float, **values: float | None) -> None:
        """Appends one point; quantities that are new begin with gaps."""
        for name in values.keys() - self.values.keys():
            self.values[name] = array("d", [math.nan]) * len(self.x)
        self.x.append(x)
        for name, column in self.values.items():
            value = values.get(name)
            column.append(math.nan if value is None else value)

    def cut_after(self, x: float) -> None:
        """Forgets the points beyond `x`; they were done again by a resumed run."""
        keep = len(self.x)
        while keep and self.x[keep - 1] > x:
            keep -= 1
        del self.x[keep:]
        for column in self.values.values():
            del column[keep:]


@dataclass
class History:
    """The course of a run until now.

    Attributes:
        train: Training quantities by step.
        evals: Dev loss and dev scores by step; step 0 is the base model.
        host: Processor, memory and GPU use by minutes since the first sample.
        samples: Rows of sample translations by step; step 0 is the base model.
        parts: What an epoch is made of, as `core.finetune.parts.Part.as_dict` tells it.
        plan: Total steps, steps per epoch, padding share; empty before training.
        signatures: Signature and number of segments of each dev score.
        note: What a long phase does, and how far it is.
    """

    train: Columns = field(default_factory=Columns)
    evals: Columns = field(default_factory=Columns)
    host: Columns = field(default_factory=Columns)
    samples: dict[int, list[dict[str, str]]] = field(default_factory=dict)
    parts: list[dict[str, Any]] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    note: str = ""

    def last_sample_step(self) -> int:
        """Gives the last step with samples; those of steps that a resume undid do not count."""
        return max((step for step in self.samples if step in self.evals.x), default=0)

    def lost_dev_losses(self) -> list[int]:
        """Gives the steps whose dev loss was not a number, though training went on."""
        losses = self.evals.values.get("loss", ())
        return [int(x) for x, loss in zip(self.evals.x, losses, strict=True) if math.isnan(loss)]

    def base_score(self, name: str) -> float | None:
        """Gives the base model's dev score, None before it is known or where there is none."""
        column = self.evals.values.get(name)
        return column[0] if column and self.evals.x[0] == 0 else None


class HistoryReader:
    """Reads `metrics.jsonl`, `host.jsonl` and `samples.jsonl` of one run as they grow."""

    def __init__(self, folder: Path) -> None:
        run = RunFolder(folder)
        self._lock = threading.Lock()
        self._metrics = JsonLinesTail(run.metrics_file)
        self._host = JsonLinesTail(run.host_file)
        self._samples = JsonLinesTail(run.samples_file)
        self._host_start: float | None = None
        self._history = History()

    def read(self) -> History:
        """Gives the course of the run until now, as a copy; safe from several threads."""
        with self._lock:
            for record in self._samples.records():
                self._history.samples[record["step"]] = record["rows"]
            for record in self._metrics.records():
                self._add(record)
            for record in self._host.records():
                self._add_host(record)
            return copy.deepcopy(self._history)

    def _add(self, record: dict[str, Any]) -> None:
        kind, history = record["kind"], self._history
        if kind == "train":
            values = {name: record.get(name) for name in TRAIN_COLUMNS}
            history.train.add(record["step"], **values)
        elif kind == "eval":
            self._add_scores(record)
        elif kind == "data":
            history.parts = record["parts"]
        elif kind == "plan":
            history.plan = record
        elif kind == "resume":
            self._forget_after(record["step"])
        elif kind == "phase":
            history.note = record["note"]
        elif kind == "progress":
            history.note = f"{record['note']}: {record['done']} of {record['total']} segments"

    def _add_scores(self, record: dict[str, Any]) -> None:
        history = self._history
        scores = {score["name"]: score["value"] for score in record["scores"]}
        for name in FURTHER_SETS:
            for score in record.get(f"{name}_scores", ()):
                scores[f"{name} {score['name']}"] = score["value"]
        history.evals.add(record["step"], loss=record["loss"], **scores)
        for score in record["scores"]:
            text = f"{score['signature']}  n={score['num_segments']}"
            history.signatures[score["name"]] = text

    def _forget_after(self, step: int) -> None:
        """Forgets what came after `step`: a resumed run does it again."""
        self._history.train.cut_after(step)
        self._history.evals.cut_after(step)

    def _add_host(self, record: dict[str, Any]) -> None:
        time_s = datetime.fromisoformat(record["time"]).timestamp()
        if self._host_start is None:
            self._host_start = time_s
        values = {"processor": record["cpu_percent"], "memory": record["memory_bytes"] / 1e9}
        for gpu in record["gpus"]:
            name = f"GPU {gpu['index']}"
            values[f"{name} use"] = gpu.get("percent")
            memory = gpu.get("memory_bytes")
            values[f"{name} memory"] = None if memory is None else memory / 1e9
        self._history.host.add((time_s - self._host_start) / 60, **values)
