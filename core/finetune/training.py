"""The training loop: from a loaded model to its last step, with evaluations and checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.errors import TrainingError
from core.finetune.adapters import Adapter
from core.finetune.batching import BatchPlan, Step, total_steps
from core.finetune.best import scored_steps
from core.finetune.checkpointing import Checkpointing
from core.finetune.checkpoints import latest_checkpoint
from core.finetune.choosing import Choosing
from core.finetune.chosen import Chosen
from core.finetune.distributed import Ranks
from core.finetune.engines import Engine
from core.finetune.evaluating import Evaluation
from core.finetune.loss import Loss
from core.finetune.methods import num_weights
from core.finetune.overflow import OverflowWatch
from core.finetune.run_folder import RunFolder
from core.finetune.schedule import learning_rate
from core.finetune.segments import Data
from core.finetune.settings import FineTuneSettings
from core.jobs.recorder import Recorder
from core.storage.files import JsonLinesTail

MAX_TRAIN_RECORDS = 5000


@dataclass
class Outcome:
    """How the loop ended.

    Attributes:
        step: Optimizer steps that are done.
        was_stopped: True when it ended on request, with a checkpoint.
        train_seconds: Seconds spent in steps by this process, evaluations left out.
        total_steps: What was planned; more than `step` where it no longer got better.
    """

    step: int
    was_stopped: bool
    train_seconds: float
    total_steps: int


class Loop:
    """Trains a model step by step; one object a process."""

    def __init__(
        self,
        engine: Engine,
        adapter: Adapter,
        data: Data,
        settings: FineTuneSettings,
        folder: RunFolder,
        ranks: Ranks,
        recorder: Recorder,
    ) -> None:
        self._engine = engine
        self._data = data
        self._settings = settings
        self._folder = folder
        self._ranks = ranks
        self._record = recorder
        self._plan = BatchPlan(data.train.lengths, settings, ranks.world_size, data.shares)
        self._epoch_steps: tuple[int, list[Step]] = (0, self._plan.epoch(0))
        self._steps_per_epoch = len(self._epoch_steps[1])
        self._total = total_steps(self._plan, self._steps_per_epoch)
        self._record_every = max(1, math.ceil(self._total / MAX_TRAIN_RECORDS))
        self._train_seconds = 0.0
        self._loss = Loss(engine, int(adapter.tokenizer.pad_token_id), ranks.device)
        self._evaluation = Evaluation(engine, adapter, data, settings, ranks, recorder, self._loss)
        self._checkpoints = Checkpointing(engine, settings, folder, ranks, recorder)
        self._overflows = OverflowWatch()
        self._choosing = Choosing(engine.module, settings, folder, ranks, recorder)

    def run(self) -> Outcome:
        """Trains from the last checkpoint, or from the start, to the end or a stop request."""
        step = self._begin()
        if step and self._is_evaluation(step) and not self._was_evaluated(step):
            self._evaluation.run(step)  # it was stopped between this step and its evaluation
            self._record.phase("training")
        window = _Window()
        is_over = self._choosing.is_over()  # a resumed run may have come to its end before
        while step < self._total and not is_over:
            step += 1
            began_s = self._record.elapsed_s
            planned = self._planned(step)
            loss, norm, stop = self._train_step(step, planned)
            self._check_finite(loss, norm, step)
            took_s = self._record.elapsed_s - began_s
            self._train_seconds += took_s
            window.add(loss, self._plan.step_slots(planned), took_s)
            if step % self._record_every == 0 or step == self._total or stop:
                self._record_step(step, norm, window)
                window = _Window()
            if stop:
                self._save(step)
                return Outcome(step, True, self._train_seconds, self._total)
            if self._is_evaluation(step):
                self._evaluation.run(step)
                self._save(step)
                is_over = self._choosing.is_over()
                self._record.phase("training")
        return Outcome(step, False, self._train_seconds, self._total)

    def choose(self, last_step: int) -> Chosen:
        """Puts the weights that become the run's model into it, and says which they are."""
        return self._choosing.choose(last_step, self._evaluation)

    @property
    def module(self) -> Any:
        """The model that is trained."""
        return self._engine.module

    def release(self) -> None:
        """Gives the memory of engine and optimizer back; the loop cannot run after it."""
        import gc

        import torch

        self._engine.close()
        del self._engine, self._loss, self._evaluation, self._checkpoints, self._choosing
        gc.collect()
        if self._ranks.device.type == "cuda":
            torch.cuda.empty_cache()

    def evaluate(self, step: int) -> None:
        """Records dev loss, dev scores and sample translations after `step` steps."""
        self._evaluation.run(step)

    def _begin(self) -> int:
        """Records the plan, takes up the last checkpoint, and gives its step (0 = none)."""
        num_parameters, num_trainable = num_weights(self._engine.module)
        self._record.add(
            "plan",
            total_steps=self._total,
            steps_per_epoch=self._steps_per_epoch,
            num_train=self._plan.num_segments,
            padding_share=round(self._plan.padding_share(), 4),
            num_processes=self._ranks.world_size,
            num_parameters=num_parameters,
            num_trainable=num_trainable,
        )
        found = latest_checkpoint(self._folder.path)
        step = 0
        if found:
            step, checkpoint = found
            self._train_seconds = self._checkpoints.load(checkpoint)
        if found or _has_steps(self._folder):
            self._record.add("resume", step=step)
        self._record.phase("training")
        return step

    def _was_evaluated(self, step: int) -> bool:
        """Whether an earlier attempt evaluated a step; what the first process read counts."""
        known = self._ranks.is_first and any(
            each.step == step for each in scored_steps(self._folder.metrics_file, "loss")
        )
        return self._ranks.summed(float(known))[0] > 0

    def _save(self, step: int) -> None:
        self._checkpoints.save(step, self._train_seconds, self._choosing.best_steps())

    def _planned(self, step: int) -> Step:
        epoch, index = divmod(step - 1, self._steps_per_epoch)
        if epoch != self._epoch_steps[0]:
            self._epoch_steps = (epoch, self._plan.epoch(epoch))
        return self._epoch_steps[1][index]

    def _train_step(self, step: int, planned: Step) -> tuple[float, float | None, bool]:
        """Makes one optimizer step; gives mean loss, gradient norm and whether to stop."""
        import torch

        self._engine.module.train()
        num_tokens = self._plan.num_tokens(planned)
        mine = torch.zeros((), dtype=torch.float64)
        for number, group in enumerate(planned, start=1):
            batch = group[self._ranks.rank]
            with self._engine.autocast():
                loss = self._loss.summed(self._data.train, batch, self._settings.label_smoothing)
            # Divided by the tokens of the whole step: the result does not depend on how the
            # step is spread over accumulation and processes.
            self._engine.backward(loss / num_tokens, is_last=number == len(planned))
            mine += loss.detach().double().cpu()
        norm = self._engine.step(learning_rate(self._settings, step, self._total))
        wants_stop = self._ranks.is_first and self._folder.stop_mode() == "save"
        total, stop = self._ranks.summed(float(mine), float(wants_stop))
        return total / num_tokens, norm, stop > 0

    def _check_finite(self, loss: float, norm: float | None, step: int) -> None:
        """Ends a run whose numbers are lost, before a checkpoint takes the place of a good one.

        With fp16 gradients overflow now and then: the loss scale is lowered, the step skipped.
        """
        is_lost = norm is not None and not math.isfinite(norm)
        if not math.isfinite(loss):
            what, value = "loss", loss
        elif is_lost and self._settings.precision != "fp16":
            what, value = "gradient norm", norm or math.nan
        else:
            self._overflows.note(norm, step)
            return
        rate = learning_rate(self._settings, step, self._total)
        raise TrainingError(
            f"The {what} became {value} at step {step} (learning rate {rate:.2e}, "
            f"{self._settings.precision}).",
            hint="Lower the learning rate or lengthen the warm-up; with fp16 choose bf16 or fp32.",
        )

    def _record_step(self, step: int, norm: float | None, window: _Window) -> None:
        self._record.add(
            "train",
            step=step,
            epoch=round(step / self._steps_per_epoch, 4),
            loss=round(window.loss, 6),
            learning_rate=learning_rate(self._settings, step, self._total),
            grad_norm=round(norm, 5) if norm is not None and math.isfinite(norm) else None,
            tokens_per_s=round(window.tokens / max(window.seconds, 1e-6), 1),
            padding_share=round(1 - window.tokens / window.slots, 4),
            train_seconds=round(self._train_seconds, 2),
        )

    def _is_evaluation(self, step: int) -> bool:
        every = self._settings.eval_every_steps or self._steps_per_epoch
        return step % every == 0 or step == self._total


def _has_steps(folder: RunFolder) -> bool:
    """Whether an earlier attempt recorded steps that readers must forget."""
    records = JsonLinesTail(folder.metrics_file).read()
    return any(record.get("kind") == "train" for record in records)


class _Window:
    """Sums over the steps since the last record."""

    def __init__(self) -> None:
        self.tokens = self.slots = 0
        self.seconds = 0.0
        self._losses: list[float] = []

    @property
    def loss(self) -> float:
        return sum(self._losses) / len(self._losses)

    def add(self, loss: float, tokens_and_slots: tuple[int, int], seconds: float) -> None:
        self._losses.append(loss)
        self.tokens += tokens_and_slots[0]
        self.slots += tokens_and_slots[1]
        self.seconds += seconds
