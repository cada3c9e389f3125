"""What a corpus is like: sizes, words, lengths, ratios, scripts, languages, repetitions.

Each split is read once. Of each segment a hash, its length and where it begins are kept, 28 bytes;
the few that are shown are read again.
"""

from __future__ import annotations

import json
import random
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.corpora.histogram import Histogram, Spread, histogram, length_edges, spread
from core.corpora.language_evidence import (
    MIN_GUESSED_CHARS,
    LanguageGuess,
    foreign_letters,
    guess_language,
    script_shares,
)
from core.corpora.watching import Watch, unwatched
from core.languages import language

SEED = 1
NUM_POINTS = 2000
NUM_GUESSED = 500
NUM_REPEATED = 20
MAX_VOCABULARY = 1_000_000
MAX_SHOWN_CHARS = 500

# log2 of target length / source length: from a sixteenth to sixteen times, a quarter step each.
RATIO_EDGES = tuple(number / 4 for number in range(-16, 17))

UNSPACED_SCRIPTS = frozenset({"Hans", "Hant", "Jpan", "Khmr", "Laoo", "Mymr", "Thai", "Tibt"})

_ROWS_PER_BATCH = 4000
_NUM_FOREIGN = 20
_NUM_CODES = 0x110000


@dataclass(frozen=True)
class Repeated:
    """A segment that stands in a split more than once.

    Attributes:
        text: Its first 500 characters, exactly.
        count: How often it occurs.
        is_cut: Whether it goes on after them.
        first_row: The first row that holds it; rows count from 1.
    """

    text: str
    count: int
    is_cut: bool
    first_row: int


@dataclass(frozen=True)
class SideStatistics:
    """One side of one split.

    Attributes:
        lang: FLORES-200 code.
        num_characters: Code points, white space included.
        num_words: What stands between white space; None for scripts without spaces.
        num_distinct: Different segments, compared exactly.
        num_distinct_words: Different words, without case and the punctuation around them; None
            as for `num_words`.
        is_vocabulary_cut: Whether counting different words ended at a million.
        num_blank: Segments with nothing but white space.
        lengths: Characters of the segments.
        length_spread: The same in percentiles; None without segments.
        scripts: Names of scripts with the share of letters in each, the largest first. Letters of
            links, tags and placeholders count.
        foreign_share: Share of letters that the language's script lacks; None without letters.
        foreign_characters: The most frequent of those letters with their counts.
        guess: What the language identifier says.
        repeated: The segments that occur most often, at most 20.
    """

    lang: str
    num_characters: int
    num_words: int | None
    num_distinct: int
    num_distinct_words: int | None
    is_vocabulary_cut: bool
    num_blank: int
    lengths: Histogram
    length_spread: Spread | None
    scripts: tuple[tuple[str, float], ...]
    foreign_share: float | None
    foreign_characters: tuple[tuple[str, int], ...]
    guess: LanguageGuess
    repeated: tuple[Repeated, ...]


@dataclass(frozen=True)
class SplitStatistics:
    """One split.

    Attributes:
        num_segments: Pairs of segments.
        num_distinct_pairs: Different ones, compared exactly.
        source, target: Its sides.
        ratios: log2 of target length / source length in characters, of pairs without an empty side.
        ratio_spread: The ratios themselves (not their logarithms); None without such pairs.
        points: (source length, target length) of at most 2,000 pairs, drawn with `seed`.
        seed: Decides which pairs were drawn for `points` and for the languages.
    """

    num_segments: int
    num_distinct_pairs: int
    source: SideStatistics
    target: SideStatistics
    ratios: Histogram
    ratio_spread: Spread | None
    points: tuple[tuple[int, int], ...]
    seed: int


@dataclass(frozen=True)
class CorpusStatistics:
    """A corpus, split by split."""

    splits: dict[str, SplitStatistics]

    def to_dict(self) -> dict[str, Any]:
        """Gives values that JSON can hold."""
        from pydantic import TypeAdapter

        values: dict[str, Any] = TypeAdapter(CorpusStatistics).dump_python(self, mode="json")
        return values

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> CorpusStatistics:
        """Gives what `to_dict` was made of."""
        from pydantic import TypeAdapter

        return TypeAdapter(CorpusStatistics).validate_python(values)


def measure(
    paths: Mapping[str, Path],
    src_lang: str,
    tgt_lang: str,
    watch: Watch = unwatched,
    *,
    seed: int = SEED,
) -> CorpusStatistics:
    """Measures a corpus; no file means no segments.

    Args:
        paths: The file of each split.
        src_lang: FLORES-200 code of the sources.
        tgt_lang: FLORES-200 code of the targets.
        watch: Called with bytes read.
        seed: Decides which pairs are drawn for the scatter plot and for the languages.

    Raises:
        ConfigError: A code is no FLORES-200 code.
    """
    langs = (language(src_lang).code, language(tgt_lang).code)
    return CorpusStatistics(
        {split: _measured(path, split, langs, watch, seed) for split, path in paths.items()}
    )


def has_spaces(lang: str) -> bool:
    """Tells whether a language is written with spaces between its words."""
    return lang.partition("_")[2] not in UNSPACED_SCRIPTS


class _Side:
    """What is gathered of one side while its split is read."""

    def __init__(self, lang: str) -> None:
        import numpy as np

        self.lang = lang
        self.hashes = array("q")
        self.lengths = array("q")
        self.num_blank = 0
        self.num_words = 0
        self.vocabulary: set[int] = set()
        self.characters = np.zeros(_NUM_CODES, dtype=np.int64)
        self._seen: set[int] = set()  # words as they stand between white space, in hashes

    @property
    def is_vocabulary_cut(self) -> bool:
        return len(self.vocabulary) >= MAX_VOCABULARY or len(self._seen) >= 2 * MAX_VOCABULARY

    def add(self, texts: Sequence[str]) -> None:
        """Takes in a batch of segments."""
        import numpy as np

        self.hashes.extend(map(hash, texts))
        self.lengths.extend(map(len, texts))
        self.num_blank += sum(not text or text.isspace() for text in texts)
        joined = "".join(texts).encode("utf-32-le", "surrogatepass")
        counts = np.bincount(np.frombuffer(joined, dtype=np.uint32))
        self.characters[: len(counts)] += counts
        if has_spaces(self.lang):
            words = "\n".join(texts).casefold().split()
            self.num_words += len(words)
            self._learn(set(words))

    def _learn(self, words: Iterable[str]) -> None:
        if self.is_vocabulary_cut:
            return
        for word in words:
            hashed = hash(word)
            if hashed not in self._seen:
                self._seen.add(hashed)
                bare = _bare(word)
                if bare:
                    self.vocabulary.add(hash(bare))


def _bare(word: str) -> str:
    """Gives a word without the punctuation and symbols around it."""
    if word.isalnum():
        return word
    start, end = 0, len(word)
    while start < end and unicodedata.category(word[start])[0] in "PSC":
        start += 1
    while end > start and unicodedata.category(word[end - 1])[0] in "PSC":
        end -= 1
    return word[start:end]


def _measured(
    path: Path, split: str, langs: tuple[str, str], watch: Watch, seed: int
) -> SplitStatistics:
    import numpy as np

    sides = [_Side(lang) for lang in langs]
    pairs, offsets = array("q"), array("q")
    for texts in _batches(path, split, offsets, watch):
        pairs.extend(map(hash, zip(*texts, strict=True)))
        for side, given in zip(sides, texts, strict=True):
            side.add(given)
    again = _Again(path, offsets)
    chosen = random.Random(seed).sample(range(len(pairs)), min(NUM_POINTS, len(pairs)))
    sources, targets = (np.asarray(side.lengths) for side in sides)
    are_there = (sources > 0) & (targets > 0)
    ratios = targets[are_there] / sources[are_there]
    return SplitStatistics(
        num_segments=len(pairs),
        num_distinct_pairs=len(np.unique(np.asarray(pairs))),
        source=_summary(sides[0], again, "source", seed),
        target=_summary(sides[1], again, "target", seed),
        ratios=histogram(np.log2(ratios), RATIO_EDGES),
        ratio_spread=spread(ratios),
        points=tuple((int(sources[row]), int(targets[row])) for row in sorted(chosen)),
        seed=seed,
    )


def _batches(
    path: Path, split: str, offsets: array[int], watch: Watch
) -> Iterator[tuple[list[str], list[str]]]:
    """Gives sources and targets of some thousand rows at a time, and notes where rows begin."""
    if not path.exists():
        return
    phase, size, position = f"measuring the {split} split", path.stat().st_size, 0
    sources: list[str] = []
    targets: list[str] = []
    watch(phase, 0, size)
    with path.open("rb") as file:
        for line in file:
            offsets.append(position)
            position += len(line)
            record = json.loads(line)
            sources.append(record["source"])
            targets.append(record["target"])
            if len(sources) == _ROWS_PER_BATCH:
                yield sources, targets
                sources, targets = [], []
                watch(phase, position, size)
    if sources:
        yield sources, targets
    watch(phase, size, size)


@dataclass(frozen=True)
class _Again:
    """Reads chosen rows of a split again."""

    path: Path
    offsets: Sequence[int]

    def texts(self, rows: Sequence[int], key: str) -> Iterator[str]:
        if not len(rows):  # there may be no file either
            return
        with self.path.open("rb") as file:
            for row in rows:
                file.seek(self.offsets[row])
                yield json.loads(file.readline())[key]


def _summary(side: _Side, again: _Again, key: str, seed: int) -> SideStatistics:
    import numpy as np

    lengths = np.asarray(side.lengths)
    num_words = side.num_words if has_spaces(side.lang) else None
    counts = {chr(code): int(side.characters[code]) for code in side.characters.nonzero()[0]}
    foreign, num_letters = foreign_letters(counts, side.lang)
    enough = (lengths >= MIN_GUESSED_CHARS).nonzero()[0].tolist()
    guessed = sorted(random.Random(seed).sample(enough, min(NUM_GUESSED, len(enough))))
    hashes, firsts, times = np.unique(
        np.asarray(side.hashes), return_index=True, return_counts=True
    )
    return SideStatistics(
        lang=side.lang,
        num_characters=int(lengths.sum()),
        num_words=num_words,
        num_distinct=len(hashes),
        num_distinct_words=None if num_words is None else len(side.vocabulary),
        is_vocabulary_cut=side.is_vocabulary_cut,
        num_blank=side.num_blank,
        lengths=histogram(lengths, length_edges(lengths)),
        length_spread=spread(lengths),
        scripts=script_shares(counts),
        foreign_share=foreign.total() / num_letters if num_letters else None,
        foreign_characters=tuple(foreign.most_common(_NUM_FOREIGN)),
        guess=guess_language(list(again.texts(guessed, key)), side.lang),
        repeated=_repeated(firsts, times, again, key),
    )


def _repeated(firsts: Any, times: Any, again: _Again, key: str) -> tuple[Repeated, ...]:
    """Gives the most frequent of the segments that occur more than once; blank ones are left out.

    Args:
        firsts: The first row of each different segment, from 0.
        times: How often it occurs; parallel to `firsts`.
        again: Reads them.
        key: Which side.
    """
    import numpy as np

    often = np.flatnonzero(times > 1)
    order = often[np.lexsort((firsts[often], -times[often]))]
    found: list[Repeated] = []
    for index, text in zip(order, again.texts(firsts[order], key), strict=True):
        if len(found) == NUM_REPEATED:
            break
        if text.strip():
            is_cut = len(text) > MAX_SHOWN_CHARS
            first_row = int(firsts[index]) + 1
            found.append(Repeated(text[:MAX_SHOWN_CHARS], int(times[index]), is_cut, first_row))
    return tuple(found)
