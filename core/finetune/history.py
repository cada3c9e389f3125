"""The whole course of a run, read piece by piece while it is written."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.finetune.run_folder import RunFolder
from core.storage.files import JsonLinesTail

TRAIN_COLUMNS = ("loss", "learning_rate", "grad_norm", "tokens_per_s", "padding_share")


@dataclass
class Columns:
    """Values by step (or by minute), one list a quantity, all of equal length."""

    x: list[float] = field(default_factory=list)
    values: dict[str, list[float | None]] = field(default_factory=dict)

    def add(self, x: float, **values: float | None) -> None:
        """Appends one point; quantities that are new begin with gaps."""
        for name in values:
            self.values.setdefault(name, [None] * len(self.x))
        self.x.append(x)
        for name, column in self.values.items():
            column.append(values.get(name))

    def cut_after(self, x: float) -> None:
        """Forgets the points beyond `x`; they were done again by a resumed run."""
        keep = len(self.x)
        while keep and self.x[keep - 1] > x:
            keep -= 1
        del self.x[keep:]
        for column in self.values.values():
            del column[keep:]


class RunHistory:
    """Reads `metrics.jsonl`, `host.jsonl` and `samples.jsonl` of one run as they grow.

    Attributes:
        train: Training quantities by step.
        evals: Dev loss and dev scores by step; step 0 is the base model.
        host: Processor, memory and GPU use by minutes since the first sample.
        samples: Rows of sample translations by step; step 0 is the base model.
        plan: Total steps, steps per epoch, padding share; empty before training.
        note: What a long phase does, and how far it is.
    """

    def __init__(self, folder: Path) -> None:
        run = RunFolder(folder)
        self._lock = threading.Lock()
        self._metrics = JsonLinesTail(run.metrics_file)
        self._host = JsonLinesTail(run.host_file)
        self._samples = JsonLinesTail(run.samples_file)
        self._host_start: float | None = None
        self.train = Columns()
        self.evals = Columns()
        self.host = Columns()
        self.samples: dict[int, list[dict[str, str]]] = {}
        self.plan: dict[str, Any] = {}
        self.signatures: dict[str, str] = {}
        self.note = ""

    def update(self) -> None:
        """Takes in what was written since the last call; safe from several threads."""
        with self._lock:
            for record in self._metrics.read():
                self._add(record)
            for record in self._host.read():
                self._add_host(record)
            for record in self._samples.read():
                self.samples[record["step"]] = record["rows"]

    def _add(self, record: dict[str, Any]) -> None:
        kind = record["kind"]
        if kind == "train":
            values = {name: record.get(name) for name in TRAIN_COLUMNS}
            self.train.add(record["step"], **values)
        elif kind == "eval":
            scores = {score["name"]: score["value"] for score in record["scores"]}
            self.signatures.update((s["name"], s["signature"]) for s in record["scores"])
            self.evals.add(record["step"], loss=record["loss"], **scores)
        elif kind == "plan":
            self.plan = record
        elif kind == "resume":
            self.train.cut_after(record["step"])
            self.evals.cut_after(record["step"])
        elif kind == "phase":
            self.note = record["note"]
        elif kind == "progress":
            self.note = f"{record['note']}: {record['done']} of {record['total']} segments"

    def _add_host(self, record: dict[str, Any]) -> None:
        from datetime import datetime

        time_s = datetime.fromisoformat(record["time"]).timestamp()
        if self._host_start is None:
            self._host_start = time_s
        values = {"processor": record["cpu_percent"], "memory": record["memory_bytes"] / 1e9}
        for gpu in record["gpus"]:
            name = f"GPU {gpu['index']}"
            values[f"{name} use"] = gpu.get("percent")
            memory = gpu.get("memory_bytes")
            values[f"{name} memory"] = None if memory is None else memory / 1e9
        self.host.add((time_s - self._host_start) / 60, **values)

    def base_score(self, name: str) -> float | None:
        """Gives the base model's dev score, None before it is known."""
        if self.evals.x and self.evals.x[0] == 0:
            return self.evals.values[name][0]
        return None
