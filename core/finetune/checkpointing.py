"""Writing the checkpoints of a run, and taking one up again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from core.errors import TrainingError
from core.finetune.checkpoints import COMPLETE, checkpoint_folder, remove_old_checkpoints
from core.finetune.distributed import Ranks
from core.finetune.engines import Engine
from core.finetune.methods import check_base, frozen_norm
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs.recorder import Recorder
from core.storage.files import utc_now, write_json


class Checkpointing:
    """Writes and reads the checkpoints of one run; every process takes part."""

    def __init__(
        self,
        engine: Engine,
        settings: FineTuneSettings,
        folder: RunFolder,
        ranks: Ranks,
        recorder: Recorder,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._folder = folder
        self._ranks = ranks
        self._record = recorder

    def save(self, step: int, train_seconds: float, best: Collection[int] = ()) -> None:
        """Writes a checkpoint under a temporary name; it counts only once it is complete.

        Args:
            step: Optimizer steps done.
            train_seconds: Spent in them.
            best: Steps whose checkpoints are kept beside the latest ones; of the first process.
        """
        import torch

        self._record.phase("saving", f"checkpoint after step {step}")
        final = checkpoint_folder(self._folder.path, step)
        partial = final.with_suffix(".partial")
        if self._ranks.is_first:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        self._ranks.barrier()
        self._engine.save(partial)
        cuda = torch.cuda.get_rng_state() if self._ranks.device.type == "cuda" else None
        states = {"cpu": torch.get_rng_state(), "cuda": cuda}
        torch.save(states, partial / f"random-rank-{self._ranks.rank}.pt")
        self._ranks.barrier()
        if self._ranks.is_first:
            _flush(partial)
            size = sum(f.stat().st_size for f in partial.rglob("*") if f.is_file())
            written = {"step": step, "time": utc_now(), "size_bytes": size}
            written["world_size"] = self._ranks.world_size
            written["train_seconds"] = round(train_seconds, 2)
            written["frozen_norm"] = frozen_norm(self._engine.module)
            write_json(partial / COMPLETE, written)
            shutil.rmtree(final, ignore_errors=True)
            partial.rename(final)
            self.remove_old(best)
            self._record.add("checkpoint", step=step, size_bytes=size)
        self._ranks.barrier()

    def remove_old(self, best: Collection[int]) -> None:
        """Keeps the latest checkpoints and those of the steps `best`; of the first process."""
        keep = self._settings.keep_checkpoints
        remove_old_checkpoints(self._folder.path, keep=keep, spared=best)

    def load(self, checkpoint: Path) -> float:
        """Takes a checkpoint up and gives the seconds that were spent in steps before it.

        Raises:
            TrainingError: Another number of processes wrote it, or the base model has changed.
        """
        import torch

        written = json.loads((checkpoint / COMPLETE).read_text())
        if written["world_size"] != self._ranks.world_size:
            per_node = written["world_size"] / self._settings.num_nodes
            raise TrainingError(
                f"The checkpoint was written by {written['world_size']} processes and cannot be "
                f"continued with {self._ranks.world_size}.",
                hint=f"Set num_processes to {per_node:g}, or duplicate the run."
                if per_node.is_integer()
                else "Resume it on as many nodes as before, or duplicate the run.",
            )
        if self._ranks.is_first and "frozen_norm" in written:
            check_base(self._engine.module, written["frozen_norm"])
        self._engine.load(checkpoint)
        path = checkpoint / f"random-rank-{self._ranks.rank}.pt"
        states = torch.load(path, weights_only=True)
        torch.set_rng_state(states["cpu"])
        if states["cuda"] is not None and self._ranks.device.type == "cuda":
            torch.cuda.set_rng_state(states["cuda"])
        return float(written["train_seconds"])


def _flush(folder: Path) -> None:
    """Puts the files of a folder on the disk, so that a power cut cannot empty them."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
