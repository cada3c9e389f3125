"""Which segments are trained on together: a plan that every process computes alike.

The plan is a pure function of lengths, settings, epoch and number of processes. So no process
ever waits for a batch that another lacks, the number of steps is known before the first one,
and a resumed run continues with exactly the batch it would have seen.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ConfigError
from core.finetune.settings import FineTuneSettings


@dataclass(frozen=True)
class Lengths:
    """Token counts of the training segments, special tokens included.

    Attributes:
        source: Tokens of each source.
        target: Tokens of each target; parallel to `source`.
    """

    source: Sequence[int]
    target: Sequence[int]

    def longest(self, index: int) -> int:
        """Gives the length of the longer side of a segment."""
        return max(self.source[index], self.target[index])

    def alike(self, index: int) -> tuple[int, int]:
        """Gives a sort key that puts segments of similar length on both sides together."""
        longest = self.longest(index)
        difference = self.source[index] - self.target[index]
        # Up and down in turn, so that also the neighbours across two widths are alike.
        return longest, difference if longest % 2 else -difference


Batch = list[int]
Step = list[list[Batch]]  # [accumulation][process] -> segment indices


@dataclass(frozen=True)
class BatchPlan:
    """How one run is cut into steps.

    Attributes:
        lengths: Token counts of the training segments.
        settings: Batching strategy, sizes, accumulation and seed.
        num_processes: Processes that share each step.
    """

    lengths: Lengths
    settings: FineTuneSettings
    num_processes: int

    def epoch(self, epoch: int) -> list[Step]:
        """Gives the steps of one epoch (0, 1, …); each segment occurs exactly once.

        Raises:
            ConfigError: The corpus has fewer segments than one step needs.
        """
        generator = random.Random(f"{self.settings.seed}/{epoch}")
        indices = list(range(len(self.lengths.source)))
        generator.shuffle(indices)
        if self.settings.batching == "token budget":
            batches = self._by_token_budget(indices)
        else:
            size = self.settings.batch_size
            batches = [indices[i : i + size] for i in range(0, len(indices), size)]
        batches_per_step = self.num_processes * self.settings.gradient_accumulation
        batches = _divisible(batches, batches_per_step)
        generator.shuffle(batches)
        steps: list[Step] = []
        for first in range(0, len(batches), batches_per_step):
            group = batches[first : first + batches_per_step]
            ranks = self.num_processes
            steps.append([group[i : i + ranks] for i in range(0, len(group), ranks)])
        return steps

    def _by_token_budget(self, shuffled: list[int]) -> list[Batch]:
        """Cuts segments, sorted by length, where the next one would pass the budget.

        Sorting is stable, so segments of equal lengths keep their shuffled order: batches differ
        from epoch to epoch while their number stays the same.
        """
        budget = self.settings.tokens_per_batch
        batches: list[Batch] = []
        batch: Batch = []
        for index in sorted(shuffled, key=self.lengths.alike):
            # Sorted upwards: the newcomer's longer side decides the width of the batch.
            if batch and (len(batch) + 1) * self.lengths.longest(index) > budget:
                batches.append(batch)
                batch = []
            batch.append(index)
        return [*batches, batch] if batch else batches

    def num_tokens(self, step: Step) -> int:
        """Gives the label tokens of a step over all processes."""
        target = self.lengths.target
        return sum(target[i] for group in step for batch in group for i in batch)

    def step_slots(self, step: Step) -> tuple[int, int]:
        """Gives (non-padding tokens, slots) of a step over both sides and all processes."""
        tokens = slots = 0
        for group in step:
            for batch in group:
                source = [self.lengths.source[i] for i in batch]
                target = [self.lengths.target[i] for i in batch]
                tokens += sum(source) + sum(target)
                slots += len(batch) * (max(source) + max(target))
        return tokens, slots

    def padding_share(self, epoch: int = 0) -> float:
        """Gives the share of slots that hold padding in one epoch, 0 to 1."""
        pairs = [self.step_slots(step) for step in self.epoch(epoch)]
        return 1 - sum(tokens for tokens, _ in pairs) / sum(slots for _, slots in pairs)


def _divisible(batches: list[Batch], divisor: int) -> list[Batch]:
    """Splits the batches with most segments until their number is a multiple of `divisor`.

    Raises:
        ConfigError: There are not enough segments.
    """
    missing = -len(batches) % divisor
    if sum(len(batch) for batch in batches) < len(batches) + missing:
        raise ConfigError(
            f"{sum(len(batch) for batch in batches)} training segments are too few for steps of "
            f"{divisor} batches.",
            hint="Lower gradient_accumulation or num_processes, or use a larger corpus.",
        )
    batches = list(batches)
    for _ in range(missing):
        largest = max(range(len(batches)), key=lambda i: len(batches[i]))
        batch = batches.pop(largest)
        # Every second segment: both halves keep the mix of lengths, and so the padding share.
        batches.extend((batch[::2], batch[1::2]))
    return batches


def total_steps(plan: BatchPlan, steps_per_epoch: int) -> int:
    """Gives the optimizer steps of the whole run."""
    planned = steps_per_epoch * plan.settings.num_epochs
    return min(planned, plan.settings.max_steps) if plan.settings.max_steps else planned
