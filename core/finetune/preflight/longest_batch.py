"""The largest batch that a run can meet, from its settings and what is known of the corpus."""

from __future__ import annotations

from dataclasses import dataclass

from core.finetune.settings import FineTuneSettings

# Of ordinary text, where nothing was measured: a short sentence with its special tokens.
_USUAL_LENGTH = 30


@dataclass(frozen=True)
class CorpusLengths:
    """What is known of a corpus in tokens; each is the trainer's, after cutting.

    Attributes:
        longest_source, longest_target: Tokens of the longest segments.
        num_train: Training segments.
        mean_source, mean_target: Tokens of a segment.
        is_measured: Whether tokens were counted; else the longest allowed is assumed.
    """

    longest_source: int
    longest_target: int
    num_train: int
    mean_source: float
    mean_target: float
    is_measured: bool = True


def assumed_lengths(settings: FineTuneSettings, num_train: int) -> CorpusLengths:
    """Gives lengths where no tokens were counted: one segment as long as the settings allow."""
    source, target = settings.max_source_length, settings.max_target_length
    usual = float(_USUAL_LENGTH)
    means = min(source, usual), min(target, usual)
    return CorpusLengths(source, target, num_train, *means, is_measured=False)


@dataclass(frozen=True)
class Batch:
    """A batch that one process trains on at once; padding counts.

    Attributes:
        num_segments: Segments.
        source, target: Tokens of each, as wide as the longest.
    """

    num_segments: int
    source: int
    target: int

    @property
    def source_slots(self) -> int:
        """Tokens of all sources, padding included."""
        return self.num_segments * self.source

    @property
    def target_slots(self) -> int:
        """Tokens of all targets, padding included."""
        return self.num_segments * self.target


def longest_batch(settings: FineTuneSettings, lengths: CorpusLengths) -> Batch:
    """Gives the largest training batch of a process.

    Token budget: segments times longest side is at most `tokens_per_batch`, but one segment always
    goes. Fixed size: `batch_size` segments as wide as the longest.
    """
    source = min(lengths.longest_source, settings.max_source_length)
    target = min(lengths.longest_target, settings.max_target_length)
    count = settings.batch_size
    if settings.batching == "token budget":
        count = max(1, settings.tokens_per_batch // max(source, target))
    shares = settings.world_size * settings.gradient_accumulation
    return Batch(max(1, min(count, lengths.num_train // shares)), source, target)


def generation_batch(settings: FineTuneSettings, lengths: CorpusLengths, num_beams: int) -> Batch:
    """Gives the widest batch that is translated at once; it grows to the longest target.

    As `core.finetune.decoding` groups them: 8,192 source tokens divided by the beams.
    """
    source = max(1, round(lengths.mean_source))
    slots = max(settings.max_source_length, 8192 // num_beams)
    return Batch(max(1, slots // source), source, settings.max_target_length)
