"""Which segments are trained on together: a plan that every process computes alike.

The plan is a pure function of lengths, settings, epoch and number of processes. So no process
ever waits for a batch that another lacks, the number of steps is known before the first one,
and a resumed run continues with exactly the batch it would have seen.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from core.errors import ConfigError
from core.finetune.cutting import cut_points
from core.finetune.sampling import Share
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
        shares: How often the segments are seen in an epoch; empty = each once.
    """

    lengths: Lengths
    settings: FineTuneSettings
    num_processes: int
    shares: tuple[Share, ...] = ()

    @property
    def num_segments(self) -> int:
        """Training segments of an epoch, repeats included."""
        if self.shares:
            return sum(share.num_drawn for share in self.shares)
        return len(self.lengths.source)

    def epoch(self, epoch: int) -> list[Step]:
        """Gives the steps of one epoch (0, 1, …), as many in each.

        Each segment occurs exactly once, or as often as its share says.

        Raises:
            ConfigError: The corpus has fewer segments than one step needs.
        """
        generator = random.Random(f"{self.settings.seed}/{epoch}")
        indices = self._drawn(epoch)
        generator.shuffle(indices)
        batches = self._batches(indices)
        if len(batches) > self._most_batches:  # other lengths were drawn than in other epochs
            batches = self._full_batches(indices)
        batches_per_step = self.num_processes * self.settings.gradient_accumulation
        batches = _split(batches, self._most_batches, batches_per_step)
        generator.shuffle(batches)
        steps: list[Step] = []
        for first in range(0, len(batches), batches_per_step):
            group = batches[first : first + batches_per_step]
            ranks = self.num_processes
            steps.append([group[i : i + ranks] for i in range(0, len(group), ranks)])
        return steps

    def _drawn(self, epoch: int) -> list[int]:
        """Gives the segments of an epoch, from the seed and its number alone."""
        if not self.shares:
            return list(range(len(self.lengths.source)))
        stream = f"{self.settings.seed}/{epoch}"
        return [i for share in self.shares for i in share.drawn(self.lengths.alike, stream)]

    @cached_property
    def _most_batches(self) -> int:
        """Batches that an epoch has at most before they are split.

        Shorter segments never need more full batches than longer ones: batches are runs of
        neighbours in the order of lengths, and those that hold the longer ones hold the shorter
        ones, too.
        """
        if all(not share.rest for share in self.shares):
            return len(self._batches(self._drawn(0)))
        longest = [i for share in self.shares for i in share.longest(self.lengths.alike)]
        return len(self._batches(longest))

    def _batches(self, indices: list[int]) -> list[Batch]:
        if self.settings.batching == "token budget":
            return self._by_token_budget(indices)
        size = self.settings.batch_size
        return [indices[i : i + size] for i in range(0, len(indices), size)]

    def _by_token_budget(self, shuffled: list[int]) -> list[Batch]:
        """Cuts segments, sorted by length, so that little is padding and no batch is too large.

        Sorting is stable, so segments of equal lengths keep their shuffled order: batches differ
        from epoch to epoch while their number stays the same.
        """
        order = sorted(shuffled, key=self.lengths.alike)
        source, target = self.lengths.source, self.lengths.target
        sides = (tuple(side[i] for i in order) for side in (source, target))
        points = cut_points(*sides, self.settings.tokens_per_batch)
        return [order[i:j] for i, j in pairwise([0, *points])]

    def _full_batches(self, indices: list[int]) -> list[Batch]:
        """Cuts only where the next segment would pass the budget: in as few batches as possible."""
        budget = self.settings.tokens_per_batch
        batches: list[Batch] = []
        for index in sorted(indices, key=self.lengths.alike):
            if batches and (len(batches[-1]) + 1) * self.lengths.longest(index) <= budget:
                batches[-1].append(index)
            else:
                batches.append([index])
        return batches

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


def _split(batches: list[Batch], at_least: int, divisor: int) -> list[Batch]:
    """Splits the batches with most segments until there are enough.

    Args:
        batches: Batches of segments.
        at_least: How many there have to be, at least.
        divisor: Of the number of batches: how many one step takes.

    Raises:
        ConfigError: There are not enough segments.
    """
    wanted = -(-max(at_least, len(batches)) // divisor) * divisor
    num_segments = sum(len(batch) for batch in batches)
    if num_segments < wanted:
        raise ConfigError(
            f"{num_segments} training segments are too few for steps of {divisor} batches.",
            hint="Lower gradient_accumulation or num_processes, or use a larger corpus.",
        )
    batches = list(batches)
    for _ in range(wanted - len(batches)):
        largest = max(range(len(batches)), key=lambda i: len(batches[i]))
        batch = batches.pop(largest)
        # Every second segment: both halves keep the mix of lengths, and so the padding share.
        batches.extend((batch[::2], batch[1::2]))
    return batches


def total_steps(plan: BatchPlan, steps_per_epoch: int) -> int:
    """Gives the optimizer steps of the whole run."""
    planned = steps_per_epoch * plan.settings.num_epochs
    return min(planned, plan.settings.max_steps) if plan.settings.max_steps else planned
