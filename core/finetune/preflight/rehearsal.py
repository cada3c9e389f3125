"""The working process of a dry run: everything that a run does with memory, once.

`… --module core.finetune.preflight.rehearsal DRY_RUN/settings.json`, started by the run's own
launcher: two optimizer steps on the longest batch, a checkpoint written and read, the model
written, reloaded and compared, a few segments translated.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

from core.finetune.adapters import Adapter
from core.finetune.batching import BatchPlan, Step, total_steps
from core.finetune.checkpoints import latest_checkpoint
from core.finetune.command import operators
from core.finetune.decoding import translate
from core.finetune.directions import bind_directions
from core.finetune.memory_shortage import is_memory_short
from core.finetune.rank_process import run_process
from core.finetune.recipes import SCRATCH
from core.finetune.run_data import read_data
from core.finetune.run_folder import RunFolder
from core.finetune.schedule import learning_rate
from core.finetune.segments import Data
from core.finetune.settings import FineTuneSettings
from core.host import peak_memory_bytes
from core.jobs.recorder import Recorder
from core.storage.files import read_json, utc_now, write_json
from core.storage.workspace import Workspace

FIRST_PART = "reading the corpus"
NUM_STEPS = 2
NUM_TRANSLATED = 4
MODULE = "core.finetune.preflight.rehearsal"


class Rehearsal:
    """One process of a dry run; the first one writes the result."""

    def __init__(self, settings_file: Path) -> None:
        self.folder = RunFolder(settings_file.parent)
        self.settings = FineTuneSettings.load(settings_file)
        self.workspace = Workspace(Path(read_json(self.folder.job_file)["workspace"]))
        self.recorder = Recorder(self.folder, int(os.environ.get("RANK", "0")))
        self.part = FIRST_PART
        self._began_s = time.monotonic()
        self._result: dict[str, Any] = {"parts": {}}

    def run(self) -> None:
        """Rehearses, and writes what was measured, or where memory ran out."""
        try:
            self._rehearse()
        except (MemoryError, RuntimeError) as error:
            if not is_memory_short(error):
                raise
            self._end_out_of_memory(f"{type(error).__name__}: {error}")
            sys.exit(1)  # the launcher then ends those that wait for this process

    def _begin(self, part: str, phase: str) -> None:
        """Ends the part before and begins another: its name, and the job's state."""
        now_s = time.monotonic()
        self._result["parts"][self.part] = round(now_s - self._began_s, 2)
        self.part, self._began_s = part, now_s
        self.recorder.phase(phase, part)

    def _rehearse(self) -> None:
        from core.finetune.compile_operators import compile_operators
        from core.finetune.distributed import join_ranks, seed_everything
        from core.finetune.models import load_tokenizer
        from core.finetune.trainer import build_engine, limit_memory, load_base

        self.recorder.phase("preparing", self.part)
        compile_operators(operators(self.settings))
        self._ranks = join_ranks(self.settings.engine)
        seed_everything(self.settings.seed, self._ranks.rank)
        source = self._source()
        directions = bind_directions(lambda: load_tokenizer(source), self.settings)
        adapter, new = directions.main, directions.new
        data = read_data(self.workspace, self.settings, directions)
        self._begin("loading the model", "preparing")
        model = load_base(source, self.settings, new).to(self._ranks.device)
        limit_memory(self.settings)
        gc.enable()
        engine = build_engine(model, self.settings, self._ranks.world_size, new)
        del model
        self._steps(engine, adapter, data)
        self._checkpoint(engine)
        self._translate(engine, adapter, data)
        self._save(engine, adapter, data)
        self._end()

    def _source(self) -> str:
        from core.finetune.models import source_of_run

        if self.settings.base_model == SCRATCH:
            return str(self.folder.untrained_folder)
        return source_of_run(self.workspace, "", self.settings)

    def _steps(self, engine: Any, adapter: Adapter, data: Data) -> None:
        """Makes two optimizer steps on the step of the plan that holds the longest batch."""
        plan = BatchPlan(data.train.lengths, self.settings, self._ranks.world_size, data.shares)
        epoch = plan.epoch(0)
        step = max(epoch, key=lambda each: _largest(plan, each))
        slots = [plan.step_slots(each)[1] for each in epoch]
        self._result |= {
            "total_steps": total_steps(plan, len(epoch)),
            "steps_per_epoch": len(epoch),
            "slots_of_mean_step": sum(slots) / len(slots),
            "slots_of_longest_step": plan.step_slots(step)[1],
            "tokens_of_longest_step": plan.step_slots(step)[0],
            "step_seconds": [],
        }
        self._begin("two steps on the longest batch", "training")
        for number in range(1, NUM_STEPS + 1):
            began_s = time.monotonic()
            self._step(engine, adapter, data, plan, step, number)
            self._ranks.barrier()
            self._result["step_seconds"].append(round(time.monotonic() - began_s, 3))

    def _step(
        self, engine: Any, adapter: Adapter, data: Data, plan: BatchPlan, step: Step, number: int
    ) -> None:
        from core.finetune.loss import Loss

        loss = Loss(engine, int(adapter.tokenizer.pad_token_id), self._ranks.device)
        engine.module.train()
        num_tokens = plan.num_tokens(step)
        for count, group in enumerate(step, start=1):
            batch = group[self._ranks.rank]
            with engine.autocast():
                summed = loss.summed(data.train, batch, self.settings.label_smoothing)
            engine.backward(summed / num_tokens, is_last=count == len(step))
        engine.step(learning_rate(self.settings, number, self._result["total_steps"]))

    def _checkpoint(self, engine: Any) -> None:
        from core.finetune.checkpointing import Checkpointing

        checkpoints = Checkpointing(engine, self.settings, self.folder, self._ranks, self.recorder)
        self._begin("writing a checkpoint", "saving")
        checkpoints.save(NUM_STEPS, 0.0)
        self._begin("reading the checkpoint", "saving")
        found = latest_checkpoint(self.folder.path)
        assert found is not None
        self._result["checkpoint_bytes"] = _size(found[1])
        checkpoints.load(found[1])
        self._ranks.barrier()

    def _translate(self, engine: Any, adapter: Adapter, data: Data) -> None:
        self._begin("translating a few segments", "evaluating")
        sources = data.dev_text.sources[:NUM_TRANSLATED]
        began_s = time.monotonic()
        decoded = translate(
            engine.module.eval(),
            adapter,
            sources,
            max_source_length=self.settings.max_source_length,
            max_target_length=self.settings.max_target_length,
            num_beams=self.settings.num_beams,
            synced=self.settings.engine == "deepspeed" and self.settings.zero_stage == 3,
        )
        seconds = time.monotonic() - began_s
        forced = adapter.forced_bos_token_id
        self._result["seconds_per_segment"] = round(seconds / max(1, len(sources)), 3)
        self._result["translations"] = [
            {"source": source, "translation": text}
            for source, text in zip(sources, decoded.hypotheses, strict=True)
        ]
        self._result["first_token"] = (
            "" if forced is None else str(adapter.tokenizer.convert_ids_to_tokens(forced))
        )

    def _save(self, engine: Any, adapter: Adapter, data: Data) -> None:
        from core.finetune.export import check_reloaded, gathered_weights, write_model

        self._begin("writing, reloading and checking the model", "saving")
        is_split = self.settings.engine == "deepspeed" and self.settings.zero_stage == 3
        is_first = self._ranks.is_first
        weights = gathered_weights(engine.module, is_split=is_split, is_first=is_first)
        if is_first:
            partial = self.folder.path / "model.partial"
            written = write_model(partial, engine.module, weights, adapter, self.settings)
            check_reloaded(partial, written, [data.dev.sources[0]])
            self._result["model_bytes"] = _size(partial)
        self._ranks.barrier()

    def _end(self) -> None:
        """Gathers the peaks of all processes; the first one writes the result."""
        self._begin("", "saving")
        peaks = self._ranks.interleaved([(peak_memory_bytes(), self._gpu_peak())])
        if not self._ranks.is_first:
            return
        self._result["parts"].pop("", None)
        self._result |= {
            "outcome": "done",
            "host_peak_bytes": [peak for peak, _ in peaks],
            "gpu_peak_bytes": [peak for _, peak in peaks if peak],
            "launcher_bytes": _launcher_bytes(),
            "time": utc_now(),
        }
        write_json(self.folder.result_file, self._result)

    def _gpu_peak(self) -> int:
        import torch

        if self._ranks.device.type != "cuda":
            return 0
        free, total = torch.cuda.mem_get_info()
        outside = total - free - torch.cuda.memory_reserved()  # CUDA's own, and others'
        return int(torch.cuda.max_memory_reserved() + max(0, outside))

    def _end_out_of_memory(self, text: str) -> None:
        place = "GPU" if "CUDA" in text or "CUBLAS" in text else "host memory"
        values = {
            "outcome": "out of memory",
            "place": place,
            "part": self.part,
            "message": text.splitlines()[0][:500],
            "host_peak_bytes": [peak_memory_bytes()],
            "time": utc_now(),
        }
        write_json(self.folder.result_file, {**self._result, **values})


def _largest(plan: BatchPlan, step: Step) -> int:
    return max(plan.step_slots([[batch]])[1] for group in step for batch in group)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _launcher_bytes() -> int:
    """Gives the resident bytes of this process's parent, 0 where that is not told."""
    import psutil

    try:
        return int(psutil.Process(os.getppid()).memory_info().rss)
    except psutil.Error:
        return 0


if __name__ == "__main__":
    run_process(Path(sys.argv[1]), lambda settings_file: Rehearsal(settings_file).run())
