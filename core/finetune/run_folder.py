"""The files of a run beyond those of every job, and the lines that its processes write."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from core.jobs.folder import JobFolder
from core.storage.files import append_json_line, utc_now


class RunFolder(JobFolder):
    """A job folder with what fine-tuning adds to it."""

    @property
    def settings_file(self) -> Path:
        """The settings, which are all that the trainer is given."""
        return self.path / "settings.json"

    @property
    def command_file(self) -> Path:
        """The exact command of the launcher."""
        return self.path / "command.txt"

    @property
    def deepspeed_file(self) -> Path:
        """The DeepSpeed configuration."""
        return self.path / "ds_config.json"

    @property
    def environment_file(self) -> Path:
        """Library versions, GPU and host."""
        return self.path / "environment.json"

    @property
    def samples_file(self) -> Path:
        """Fixed dev segments, translated again at each evaluation."""
        return self.path / "samples.jsonl"

    @property
    def untrained_folder(self) -> Path:
        """The untrained model of a run from scratch; its base model, built once."""
        return self.path / "untrained"

    @property
    def base_file(self) -> Path:
        """The base model's translations of the test split, made once."""
        return self.path / "base_test.json"

    @property
    def outputs_file(self) -> Path:
        """Source, reference, base and fine-tuned output of each test segment."""
        return self.path / "test_outputs.jsonl"

    @property
    def model_folder(self) -> Path:
        """The fine-tuned model; present only after it was reloaded and checked."""
        return self.path / "model"

    def rank_log(self, rank: int) -> Path:
        """Everything one training process printed."""
        return self.path / f"rank-{rank}.log"


class Recorder:
    """Writes the records of a run; every process has one, only the first one's writes."""

    def __init__(self, folder: RunFolder, rank: int) -> None:
        self._folder = folder
        self._writes = rank == 0
        self._start_s = time.monotonic()
        self._last_progress_s = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since this process started recording."""
        return round(time.monotonic() - self._start_s, 3)

    def phase(self, phase: str, note: str = "") -> None:
        """Records that a phase begins: a job state, and in words what is done."""
        self.add("phase", phase=phase, note=note)

    def progress(self, note: str, done: int, total: int) -> None:
        """Records how far a long phase is, at most once a second."""
        if done == total or time.monotonic() - self._last_progress_s >= 1:
            self._last_progress_s = time.monotonic()
            self.add("progress", note=note, done=done, total=total)

    def translated(self, step: int, total: int, *, is_last: bool = False) -> None:
        """Records how many segments of a batch are done, at most twice a second."""
        if is_last or time.monotonic() - self._last_progress_s >= 0.5:
            self._last_progress_s = time.monotonic()
            self.add("translated", step=step, total_steps=total)

    def add(self, kind: str, **values: Any) -> None:
        """Appends one record to `metrics.jsonl`."""
        if self._writes:
            record = {"kind": kind, "time": utc_now(), "elapsed_s": self.elapsed_s, **values}
            append_json_line(self._folder.metrics_file, record)

    def samples(self, step: int, rows: list[dict[str, str]]) -> None:
        """Appends the sample translations after `step`."""
        if self._writes:
            append_json_line(self._folder.samples_file, {"step": step, "rows": rows})
