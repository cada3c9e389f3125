"""Lengths of a corpus in tokens of a base model, and what the model does not know of it.

The tokenizer and the way it is called are the trainer's own, so that what is counted is what is
trained on. Runs in a job: tokenizers of model families import torch.
"""

from __future__ import annotations

import heapq
import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from core.corpora.histogram import Histogram, Spread, histogram, length_edges, spread
from core.corpora.row_index import num_rows
from core.corpora.segments import read_rows
from core.corpora.statistics import has_spaces
from core.corpora.watching import Watch, unwatched
from core.finetune.adapters import Adapter, bind
from core.finetune.models import load_tokenizer, model_source
from core.storage.workspace import Workspace

NUM_LONGEST = 20
NUM_UNKNOWN_CHARACTERS = 20

_ROWS_PER_BATCH = 1000
_NEVER_CUT = 10_000_000  # tokens


@dataclass(frozen=True)
class Limits:
    """Where the trainer cuts, and how many segments are measured.

    Attributes:
        max_source_length: Longer sources are cut, in tokens, special ones included.
        max_target_length: The same for targets.
        max_segments: Of a split with more, so many are drawn.
        seed: Decides which are drawn.
    """

    max_source_length: int
    max_target_length: int
    max_segments: int = 200_000
    seed: int = 1


@dataclass(frozen=True)
class SideTokens:
    """One side of one split, in tokens; special tokens and the language's prefix count.

    Attributes:
        lang: FLORES-200 code.
        max_length: The trainer cuts what is longer.
        num_tokens: All tokens of the segments that were measured.
        num_longer: Segments that would be cut.
        lengths: Tokens of the segments.
        length_spread: The same in percentiles; None without segments.
        longest: Row numbers, from 1, of the longest segments with their tokens, at most 20.
        num_unknown: Tokens that stand for what the model does not know.
        num_with_unknown: Segments with at least one of them.
        unknown_characters: Characters that the model does not know, with their counts, the most
            frequent first, at most 20.
        tokens_per_word: Without special tokens; None for scripts without spaces, or without words.
        tokens_per_character: Without special tokens; None without characters.
    """

    lang: str
    max_length: int
    num_tokens: int
    num_longer: int
    lengths: Histogram
    length_spread: Spread | None
    longest: tuple[tuple[int, int], ...]
    num_unknown: int
    num_with_unknown: int
    unknown_characters: tuple[tuple[str, int], ...]
    tokens_per_word: float | None
    tokens_per_character: float | None

    @property
    def share_longer(self) -> float:
        """Share of segments that would be cut, 0 to 1."""
        return self.num_longer / max(1, self.lengths.total)

    @property
    def unknown_share(self) -> float:
        """Share of tokens that the model does not know, 0 to 1."""
        return self.num_unknown / max(1, self.num_tokens)


@dataclass(frozen=True)
class SplitTokens:
    """One split.

    Attributes:
        num_segments: Pairs of segments in the split.
        num_measured: Pairs that were measured; fewer where they were drawn.
        num_cut: Pairs of which at least one side would be cut.
        source, target: Its sides, in the direction of the translation.
    """

    num_segments: int
    num_measured: int
    num_cut: int
    source: SideTokens
    target: SideTokens


@dataclass(frozen=True)
class TokenLengths:
    """A corpus in tokens of one model.

    Attributes:
        base_model: The model, as in the settings of a run.
        family: Its family, such as `NLLB`.
        seed: Decides which segments were drawn where a split has too many.
        splits: Split by split.
    """

    base_model: str
    family: str
    seed: int
    splits: dict[str, SplitTokens]

    def to_dict(self) -> dict[str, Any]:
        """Gives values that JSON can hold."""
        from pydantic import TypeAdapter

        values: dict[str, Any] = TypeAdapter(TokenLengths).dump_python(self, mode="json")
        return values

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> TokenLengths:
        """Gives what `to_dict` was made of."""
        from pydantic import TypeAdapter

        return TypeAdapter(TokenLengths).validate_python(values)


def measure_tokens(
    workspace: Workspace,
    base_model: str,
    paths: Mapping[str, Path],
    src_lang: str,
    tgt_lang: str,
    limits: Limits,
    watch: Watch = unwatched,
    *,
    is_reversed: bool = False,
    run_id: str = "",
) -> TokenLengths:
    """Measures a corpus in tokens of a base model; imports torch and transformers.

    Args:
        workspace: Where the models that were built here are.
        base_model: As in the settings of a run: the starter, a local folder or a hub id.
        paths: The file of each split; no file means no segments.
        src_lang: FLORES-200 code that is translated from.
        tgt_lang: FLORES-200 code that is translated into.
        limits: Where the trainer cuts, and how many segments are measured.
        watch: Called with rows.
        is_reversed: Whether the second side of the corpus is translated from.
        run_id: The run that is meant by a model "from scratch".

    Raises:
        ModelError: The model cannot be had, or does not know one of the languages.
    """
    tokenizer = load_tokenizer(model_source(workspace, base_model, run_id=run_id))
    adapter = bind(tokenizer, src_lang, tgt_lang)
    splits = {}
    for split, path in paths.items():
        sides = (_source_side(adapter, src_lang, limits), _target_side(adapter, tgt_lang, limits))
        phase = f"counting tokens of the {split} split"
        splits[split] = _measured(path, sides, limits, partial(watch, phase), is_reversed)
    return TokenLengths(base_model, adapter.family, limits.seed, splits)


def _measured(
    path: Path,
    sides: tuple[_Side, _Side],
    limits: Limits,
    watch: Callable[[int, int], None],
    is_reversed: bool,
) -> SplitTokens:
    num_segments = num_rows(path)
    chosen = _drawn(num_segments, limits)
    total = num_segments if chosen is None else len(chosen)
    num_cut = done = 0
    for numbers, texts in _batches(path, chosen, is_reversed=is_reversed):
        watch(done, total)
        are_cut = [side.add(numbers, given) for side, given in zip(sides, texts, strict=True)]
        num_cut += sum(map(any, zip(*are_cut, strict=True)))
        done += len(numbers)
    watch(done, total)
    source, target = (side.summary() for side in sides)
    return SplitTokens(num_segments, done, num_cut, source, target)


def _drawn(count: int, limits: Limits) -> set[int] | None:
    """Gives the numbers (from 1) of the rows that are measured; None for all."""
    if count <= limits.max_segments:
        return None
    return set(random.Random(limits.seed).sample(range(1, count + 1), limits.max_segments))


def _batches(
    path: Path, chosen: set[int] | None, *, is_reversed: bool
) -> Iterator[tuple[list[int], tuple[list[str], list[str]]]]:
    """Gives numbers, sources and targets of the chosen rows, a thousand at a time."""
    numbers: list[int] = []
    texts: tuple[list[str], list[str]] = ([], [])
    for number, row in enumerate(read_rows(path), start=1):
        if chosen is not None and number not in chosen:
            continue
        numbers.append(number)
        texts[is_reversed].append(row.source)
        texts[not is_reversed].append(row.target)
        if len(numbers) == _ROWS_PER_BATCH:
            yield numbers, texts
            numbers, texts = [], ([], [])
    if numbers:
        yield numbers, texts


def _source_side(adapter: Adapter, lang: str, limits: Limits) -> _Side:
    encode = adapter.encode_sources
    return _Side(lang, limits.max_source_length, encode, adapter.tokenizer.unk_token_id)


def _target_side(adapter: Adapter, lang: str, limits: Limits) -> _Side:
    encode = adapter.encode_targets
    return _Side(lang, limits.max_target_length, encode, adapter.tokenizer.unk_token_id)


class _Side:
    """What is gathered of one side of a split."""

    def __init__(
        self,
        lang: str,
        max_length: int,
        encode: Callable[[Sequence[str], int], list[list[int]]],
        unknown_id: int | None,
    ) -> None:
        self._lang = lang
        self._max_length = max_length
        self._encode = encode
        self._unknown_id = -1 if unknown_id is None else unknown_id
        # A prefix ends with a space, which alone could make a token of its own.
        self._num_special = min(len(ids) for ids in encode(["", "."], _NEVER_CUT))
        self._lengths = array("q")
        self._longest: list[tuple[int, int]] = []  # a heap of (tokens, -row number)
        self._num_words = self._num_characters = 0
        self._num_unknown = self._num_with_unknown = 0
        self._characters: Counter[str] = Counter()  # of segments with something unknown

    def add(self, numbers: Sequence[int], texts: Sequence[str]) -> list[bool]:
        """Takes in a batch, and tells of each segment whether it would be cut."""
        encoded = self._encode(texts, _NEVER_CUT)
        lengths = [len(ids) for ids in encoded]
        self._lengths.extend(lengths)
        self._num_characters += sum(map(len, texts))
        self._num_words += sum(len(text.split()) for text in texts)
        found = zip(lengths, (-number for number in numbers), strict=True)
        self._longest = heapq.nlargest(NUM_LONGEST, [*self._longest, *found])
        for text, ids in zip(texts, encoded, strict=True):
            count = ids.count(self._unknown_id)
            if count:
                self._num_unknown += count
                self._num_with_unknown += 1
                self._characters.update(text)
        return [length > self._max_length for length in lengths]

    def summary(self) -> SideTokens:
        """Gives what was found."""
        num_tokens = sum(self._lengths)
        num_of_text = num_tokens - self._num_special * len(self._lengths)
        num_words = self._num_words if has_spaces(self._lang) else 0
        return SideTokens(
            lang=self._lang,
            max_length=self._max_length,
            num_tokens=num_tokens,
            num_longer=sum(length > self._max_length for length in self._lengths),
            lengths=histogram(self._lengths, length_edges(self._lengths)),
            length_spread=spread(self._lengths),
            longest=tuple((-negative, length) for length, negative in self._longest),
            num_unknown=self._num_unknown,
            num_with_unknown=self._num_with_unknown,
            unknown_characters=self._unknown_characters(),
            tokens_per_word=num_of_text / num_words if num_words else None,
            tokens_per_character=(
                num_of_text / self._num_characters if self._num_characters else None
            ),
        )

    def _unknown_characters(self) -> tuple[tuple[str, int], ...]:
        # Slow tokenizers do not tell where a token stands; each character alone is asked for.
        characters = list(self._characters)
        encoded = self._encode(characters, _NEVER_CUT) if characters else []
        unknown = {
            char: self._characters[char]
            for char, ids in zip(characters, encoded, strict=True)
            if self._unknown_id in ids
        }
        return tuple(Counter(unknown).most_common(NUM_UNKNOWN_CHARACTERS))
