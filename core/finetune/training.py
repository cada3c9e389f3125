"""The training loop: from a loaded model to its last step, with evaluations and checkpoints."""

from __future__ import annotations

import json
import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import TrainingError
from core.finetune.adapters import Adapter
from core.finetune.batching import BatchPlan, Step, total_steps
from core.finetune.checkpoints import (
    COMPLETE,
    checkpoint_folder,
    latest_checkpoint,
    remove_old_checkpoints,
)
from core.finetune.decoding import length_batches, padded, translate
from core.finetune.distributed import Ranks
from core.finetune.engines import Engine
from core.finetune.methods import check_base, frozen_norm, num_weights
from core.finetune.run_folder import Recorder, RunFolder
from core.finetune.schedule import learning_rate
from core.finetune.segments import Encoded, Split
from core.finetune.settings import FineTuneSettings
from core.metrics.lexical import score_system
from core.storage.files import JsonLinesTail, utc_now, write_json

LIVE_METRICS = ("BLEU", "chrF++")
IGNORED = -100
MAX_TRAIN_RECORDS = 5000


@dataclass
class Data:
    """Everything a run reads.

    Attributes:
        train, dev: Token ids.
        dev_text: The dev split as text, parallel to `dev`.
        test_text: The test split as text.
    """

    train: Encoded
    dev: Encoded
    dev_text: Split
    test_text: Split


@dataclass
class Outcome:
    """How the loop ended.

    Attributes:
        step: Optimizer steps that are done.
        was_stopped: True when it ended on request, with a checkpoint.
        train_seconds: Seconds spent in steps by this process, evaluations left out.
    """

    step: int
    was_stopped: bool
    train_seconds: float


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
        self._adapter = adapter
        self._data = data
        self._settings = settings
        self._folder = folder
        self._ranks = ranks
        self._record = recorder
        self._plan = BatchPlan(data.train.lengths, settings, ranks.world_size)
        self._epoch_steps: tuple[int, list[Step]] = (0, self._plan.epoch(0))
        self._steps_per_epoch = len(self._epoch_steps[1])
        self._total = total_steps(self._plan, self._steps_per_epoch)
        self._record_every = max(1, math.ceil(self._total / MAX_TRAIN_RECORDS))
        self._pad = int(adapter.tokenizer.pad_token_id)
        self._train_seconds = 0.0

    def run(self) -> Outcome:
        """Trains from the last checkpoint, or from the start, to the end or a stop request."""
        step = self._begin()
        window = _Window()
        while step < self._total:
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
                return Outcome(step, True, self._train_seconds)
            if self._is_evaluation(step):
                self.evaluate(step)
                self._save(step)
                self._record.phase("training")
        return Outcome(step, False, self._train_seconds)

    @property
    def module(self) -> Any:
        """The model that is trained."""
        return self._engine.module

    def release(self) -> None:
        """Gives the memory of engine and optimizer back; the loop cannot run after it."""
        import gc

        import torch

        self._engine.close()
        del self._engine
        gc.collect()
        if self._ranks.device.type == "cuda":
            torch.cuda.empty_cache()

    def _begin(self) -> int:
        """Records the plan, takes up the last checkpoint, and gives its step (0 = none)."""
        num_parameters, num_trainable = num_weights(self._engine.module)
        self._record.add(
            "plan",
            total_steps=self._total,
            steps_per_epoch=self._steps_per_epoch,
            num_train=len(self._data.train.sources),
            padding_share=round(self._plan.padding_share(), 4),
            num_processes=self._ranks.world_size,
            num_parameters=num_parameters,
            num_trainable=num_trainable,
        )
        found = latest_checkpoint(self._folder.path)
        step = 0
        if found:
            step, checkpoint = found
            self._load(checkpoint)
        if found or _has_steps(self._folder):
            self._record.add("resume", step=step)
        self._record.phase("training")
        return step

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
                loss = self._loss_sum(self._data.train, batch, self._settings.label_smoothing)
            # Divided by the tokens of the whole step: the result does not depend on how the
            # step is spread over accumulation and processes.
            self._engine.backward(loss / num_tokens, is_last=number == len(planned))
            mine += loss.detach().double().cpu()
        norm = self._engine.step(learning_rate(self._settings, step, self._total))
        wants_stop = self._ranks.is_first and self._folder.stop_mode() == "save"
        total, stop = self._ranks.summed(float(mine), float(wants_stop))
        return total / num_tokens, norm, stop > 0

    def _loss_sum(self, split: Encoded, batch: list[int], smoothing: float) -> Any:
        """Gives the cross-entropy summed over the label tokens of a batch (natural log)."""
        import torch
        from torch.nn.functional import cross_entropy

        device = self._ranks.device
        inputs, mask = padded([split.sources[i] for i in batch], self._pad)
        targets = [split.targets[i] for i in batch]
        labels, _ = padded(targets, IGNORED)
        # Teacher forcing: the decoder sees the labels one place to the right.
        start = int(self._engine.module.config.decoder_start_token_id)
        shifted, _ = padded([[start, *ids[:-1]] for ids in targets], self._pad)
        logits = self._engine.forward(
            input_ids=torch.tensor(inputs, device=device),
            attention_mask=torch.tensor(mask, device=device),
            decoder_input_ids=torch.tensor(shifted, device=device),
            use_cache=False,
        ).logits
        return cross_entropy(
            logits.float().flatten(0, 1),
            torch.tensor(labels, device=device).flatten(),
            ignore_index=IGNORED,
            reduction="sum",
            label_smoothing=smoothing,
        )

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

    def evaluate(self, step: int) -> None:
        """Records dev loss, dev scores and sample translations after `step` steps."""
        self._record.phase("evaluating", f"dev split after step {step}")
        self._engine.module.eval()
        loss = self._dev_loss()
        count = self._settings.eval_segments
        dev = self._data.dev_text.first(count)
        shares_weights = self._shares_weights
        mine = dev if shares_weights else part_of(dev, self._ranks)
        decoded = translate(
            self._engine.module,
            self._adapter,
            mine.sources,
            max_source_length=self._settings.max_source_length,
            max_target_length=self._settings.max_target_length,
            num_beams=1,
            synced=shares_weights,
            on_progress=lambda done, total: self._record.progress("dev split", done, total),
        )
        hypotheses, num_capped = decoded.hypotheses, decoded.num_capped
        if not shares_weights:
            hypotheses = self._ranks.interleaved(hypotheses)
            num_capped = int(self._ranks.summed(num_capped)[0])
        if self._ranks.is_first:
            scores = score_system(hypotheses, dev.references, names=LIVE_METRICS)
            self._record.add(
                "eval",
                step=step,
                loss=round(loss, 6) if math.isfinite(loss) else None,
                scores=[score.as_dict() for score in scores],
                num_capped=num_capped,
            )
            rows = zip(dev.sources, dev.references, hypotheses, strict=True)
            chosen = list(rows)[: self._settings.num_samples]
            keys = ("source", "reference", "hypothesis")
            self._record.samples(step, [dict(zip(keys, row, strict=True)) for row in chosen])

    @property
    def _shares_weights(self) -> bool:
        """ZeRO-3 splits the weights: every process must take part in every call."""
        return self._settings.engine == "deepspeed" and self._settings.zero_stage == 3

    def _dev_loss(self) -> float:
        import torch

        dev = self._data.dev
        lengths = dev.lengths
        longest = [lengths.longest(i) for i in range(len(dev.sources))]
        batches = length_batches(longest, max(self._settings.tokens_per_batch, max(longest)))
        rank, world_size = self._ranks.rank, self._ranks.world_size
        mine = batches if self._shares_weights else batches[rank::world_size]
        total = 0.0
        with torch.no_grad(), self._engine.autocast():
            for batch in mine:
                total += float(self._loss_sum(dev, batch, 0.0))
        num_tokens = sum(lengths.target)
        if self._shares_weights:
            return total / num_tokens
        return self._ranks.summed(total)[0] / num_tokens

    def _save(self, step: int) -> None:
        """Writes a checkpoint under a temporary name; it counts only once it is complete."""
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
            written["train_seconds"] = round(self._train_seconds, 2)
            written["frozen_norm"] = frozen_norm(self._engine.module)
            write_json(partial / COMPLETE, written)
            shutil.rmtree(final, ignore_errors=True)
            partial.rename(final)
            remove_old_checkpoints(self._folder.path, keep=self._settings.keep_checkpoints)
            self._record.add("checkpoint", step=step, size_bytes=size)
        self._ranks.barrier()

    def _load(self, checkpoint: Path) -> None:
        import torch

        written = json.loads((checkpoint / COMPLETE).read_text())
        if written["world_size"] != self._ranks.world_size:
            raise TrainingError(
                f"The checkpoint was written by {written['world_size']} processes and cannot be "
                f"continued with {self._ranks.world_size}.",
                hint=f"Set num_processes to {written['world_size']}, or duplicate the run.",
            )
        if self._ranks.is_first and "frozen_norm" in written:
            check_base(self._engine.module, written["frozen_norm"])
        self._train_seconds = float(written["train_seconds"])
        self._engine.load(checkpoint)
        path = checkpoint / f"random-rank-{self._ranks.rank}.pt"
        states = torch.load(path, weights_only=True)
        torch.set_rng_state(states["cpu"])
        if states["cuda"] is not None and self._ranks.device.type == "cuda":
            torch.cuda.set_rng_state(states["cuda"])


def _has_steps(folder: RunFolder) -> bool:
    """Whether an earlier attempt recorded steps that readers must forget."""
    records = JsonLinesTail(folder.metrics_file).read()
    return any(record.get("kind") == "train" for record in records)


def _flush(folder: Path) -> None:
    """Puts the files of a folder on the disk, so that a power cut cannot empty them."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


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


def part_of(split: Split, ranks: Ranks) -> Split:
    """Gives the segments that this process translates: every `world_size`-th one."""
    return Split(
        split.sources[ranks.rank :: ranks.world_size],
        split.references[ranks.rank :: ranks.world_size],
    )
