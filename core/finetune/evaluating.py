"""Evaluations while a run learns: dev loss, dev scores and sample translations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.finetune.adapters import Adapter
from core.finetune.decoding import length_batches, translate
from core.finetune.distributed import Ranks
from core.finetune.engines import Engine
from core.finetune.loss import Loss
from core.finetune.segments import Data, FurtherSet, Split
from core.finetune.settings import FineTuneSettings
from core.jobs.recorder import Recorder
from core.metrics.lexical import score_system

LIVE_METRICS = ("BLEU", "chrF++")


@dataclass(frozen=True)
class DevScores:
    """What an evaluation found; only the first process has the scores.

    Attributes:
        loss: Cross-entropy per token of the dev split.
        scores: Plain values of each `Score`.
        num_capped: Translations that were cut at the length limit.
        rows: Source, reference and hypothesis of each segment that was translated.
    """

    loss: float
    scores: list[dict[str, Any]]
    num_capped: int
    rows: list[dict[str, str]]

    @property
    def values(self) -> dict[str, Any]:
        """What is recorded of it."""
        loss = round(self.loss, 6) if math.isfinite(self.loss) else None
        return {"loss": loss, "scores": self.scores, "num_capped": self.num_capped}


class Evaluation:
    """Scores the model of an engine on the dev split; every process takes part."""

    def __init__(
        self,
        engine: Engine,
        adapter: Adapter,
        data: Data,
        settings: FineTuneSettings,
        ranks: Ranks,
        recorder: Recorder,
        loss: Loss,
    ) -> None:
        self._engine = engine
        self._adapter = adapter
        self._data = data
        self._settings = settings
        self._ranks = ranks
        self._record = recorder
        self._loss = loss

    def run(self, step: int) -> None:
        """Records dev loss, dev scores and sample translations after `step` steps."""
        found = self.measured(f"dev split after step {step}")
        further = {f"{each.name}_scores": self._further(each) for each in self._data.further}
        if self._ranks.is_first:
            self._record.add("eval", step=step, **found.values, **further)
            self._record.samples(step, found.rows[: self._settings.num_samples])

    def measured(self, note: str) -> DevScores:
        """Gives dev loss and dev scores of the model as it is, and records nothing but the phase.

        Args:
            note: What is evaluated, for people.
        """
        self._record.phase("evaluating", note)
        self._engine.module.eval()
        loss = self._dev_loss()
        dev = self._data.dev_text.first(self._settings.eval_segments)
        hypotheses, num_capped = self._translated(self._adapter, dev, "dev split")
        if not self._ranks.is_first:
            return DevScores(loss, [], num_capped, [])
        keys = ("source", "reference", "hypothesis")
        rows = zip(dev.sources, dev.references, hypotheses, strict=True)
        found = [dict(zip(keys, row, strict=True)) for row in rows]
        return DevScores(loss, _scored(hypotheses, dev, self._metrics), num_capped, found)

    @property
    def _metrics(self) -> tuple[str, ...]:
        """TER takes fifteen times as long as chrF++, so it is only computed where it decides."""
        return (*LIVE_METRICS, "TER") if self._settings.best_metric == "TER" else LIVE_METRICS

    def _further(self, each: FurtherSet) -> list[dict[str, Any]]:
        """Gives the scores of a further set, on the first process."""
        dev = each.dev.first(self._settings.eval_segments)
        hypotheses, _ = self._translated(each.adapter, dev, f"dev split, {each.name}")
        return _scored(hypotheses, dev, LIVE_METRICS) if self._ranks.is_first else []

    def _translated(self, adapter: Adapter, dev: Split, note: str) -> tuple[list[str], int]:
        """Gives the translations of all segments, and how many were cut at the length limit."""
        shares_weights = self._shares_weights
        mine = dev if shares_weights else part_of(dev, self._ranks)
        decoded = translate(
            self._engine.module,
            adapter,
            mine.sources,
            max_source_length=self._settings.max_source_length,
            max_target_length=self._settings.max_target_length,
            num_beams=1,
            synced=shares_weights,
            on_progress=lambda done, total: self._record.progress(note, done, total),
        )
        if shares_weights:
            return decoded.hypotheses, decoded.num_capped
        hypotheses = self._ranks.interleaved(decoded.hypotheses)
        return hypotheses, int(self._ranks.summed(decoded.num_capped)[0])

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
                total += float(self._loss.summed(dev, batch))
        num_tokens = sum(lengths.target)
        if self._shares_weights:
            return total / num_tokens
        return self._ranks.summed(total)[0] / num_tokens


def _scored(hypotheses: list[str], dev: Split, metrics: Sequence[str]) -> list[dict[str, Any]]:
    scores = score_system(hypotheses, dev.references, names=metrics)
    return [score.as_dict() for score in scores]


def part_of(split: Split, ranks: Ranks) -> Split:
    """Gives the segments that this process translates: every `world_size`-th one."""
    return Split(
        split.sources[ranks.rank :: ranks.world_size],
        split.references[ranks.rank :: ranks.world_size],
    )
