"""N-grams that one system gets right more often than another, or writes too often or too seldom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.errors import ConfigError
from core.evaluate.causes.parallel import check_parallel
from core.evaluate.causes.words import Integers, Occurrences, counted, joined, matched, numbered

# Added to both counts: of n-grams that only one system has, frequent ones say more. This is the
# value of compare-mt.
SMOOTHING = 1.0


@dataclass(frozen=True, eq=False)
class Ngram:
    """An n-gram that two sides have unequally often.

    Attributes:
        text: Its words in lower case, for reading.
        num_words: 1 to the greatest order asked for.
        num_first: How often the first side has it.
        num_second: How often the second side has it.
        log_ratio: ln((num_first + SMOOTHING) / (num_second + SMOOTHING)); above 0 if the first side
            has it more often.
        positions: The segments in which the side that has it more often over all has it more often
            than the other, ascending.
    """

    text: str
    num_words: int
    num_first: int
    num_second: int
    log_ratio: float
    positions: npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class NgramDifference:
    """The n-grams in which two sides differ most.

    Attributes:
        first: Those that the first side has more often, the greatest log ratio first.
        second: Those that the second side has more often, the least log ratio first.
    """

    first: tuple[Ngram, ...]
    second: tuple[Ngram, ...]


def find_ngram_wins(
    references: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    *,
    max_order: int = 4,
    min_count: int = 3,
    max_ngrams: int = 100,
) -> NgramDifference:
    """Gives the n-grams that one of two systems gets right more often than the other.

    An n-gram of a hypothesis is right if the reference of its segment has it, as often as that. The
    order is that of compare-mt (Neubig et al. 2019), which takes p = (a + s) / (a + b + 2 s) for
    a and b right ones and a smoothing of s; the log ratio is ln(p / (1 - p)).

    Args:
        references: One a segment.
        first: The hypotheses of one system, one a segment.
        second: The hypotheses of the other.
        max_order: The most words of an n-gram.
        min_count: N-grams that both systems together have right less often are not given.
        max_ngrams: The most to give for each system.

    Raises:
        ConfigError: One of the three numbers is below 1.
        DataError: There are not as many hypotheses as references.
    """
    names = ("references", "hypotheses of the first system", "hypotheses of the second system")
    check_parallel(dict(zip(names, (references, first, second), strict=True)))
    _check_positive(max_order, min_count, max_ngrams)
    num_segments = len(references)
    found = []
    for grams in _ngrams((references, first, second), max_order, min_count):
        wanted = grams.counted(0, num_segments)
        ours = matched(grams.counted(1, num_segments), wanted)
        theirs = matched(grams.counted(2, num_segments), wanted)
        found += _unequal(grams, ours, theirs, num_segments, min_count, max_ngrams)
    return _ranked(found, max_ngrams)


def find_ngram_excess(
    references: Sequence[str],
    hypotheses: Sequence[str],
    *,
    max_order: int = 4,
    min_count: int = 3,
    max_ngrams: int = 100,
) -> NgramDifference:
    """Gives the n-grams that a system writes more often (`first`) or less often than references.

    All that are there count, whether right or not. The order is by the same log ratio as for wins.

    Args:
        references: One a segment.
        hypotheses: One a segment.
        max_order: The most words of an n-gram.
        min_count: N-grams that both together have less often are not given.
        max_ngrams: The most to give of each kind.

    Raises:
        ConfigError: One of the three numbers is below 1.
        DataError: There are not as many hypotheses as references.
    """
    check_parallel({"references": references, "hypotheses": hypotheses})
    _check_positive(max_order, min_count, max_ngrams)
    num_segments = len(references)
    found = []
    for grams in _ngrams((hypotheses, references), max_order, min_count):
        ours, theirs = grams.counted(0, num_segments), grams.counted(1, num_segments)
        found += _unequal(grams, ours, theirs, num_segments, min_count, max_ngrams)
    return _ranked(found, max_ngrams)


@dataclass(frozen=True, eq=False)
class _Ngrams:
    """The n-grams of one order that are frequent enough.

    Attributes:
        order: Words of each.
        names: The words by their numbers.
        words: Numbers of the words of all texts in one row.
        groups: For each group of texts the place in `words` where it starts, and the end.
        segments: Position of the segment of each word, parallel to `words`.
        places: Where in `words` an n-gram starts, ascending.
        ids: The number of that n-gram, parallel to `places`; from 0 without gaps.
    """

    order: int
    names: Sequence[str]
    words: Integers
    groups: Integers
    segments: Integers
    places: Integers
    ids: Integers

    @cached_property
    def first_places(self) -> Integers:
        """Gives for each number a place where the n-gram starts."""
        found = np.zeros(int(self.ids.max(initial=-1)) + 1, np.int64)
        found[self.ids] = self.places
        return found

    def counted(self, group: int, num_segments: int) -> Occurrences:
        """Counts the n-grams in each segment of a group of texts."""
        start, end = np.searchsorted(self.places, self.groups[group : group + 2])
        return counted(self.ids[start:end], self.segments[self.places[start:end]], num_segments)

    def words_of(self, number: int) -> list[str]:
        """Gives the words of an n-gram."""
        place = self.first_places[number]
        return [self.names[word] for word in self.words[place : place + self.order]]


def _ngrams(groups: Sequence[Sequence[str]], max_order: int, min_count: int) -> Iterator[_Ngrams]:
    """Gives the n-grams of each order that all groups of texts together have `min_count` times.

    Whatever is so frequent consists of n-grams of one word less that are (Agrawal & Srikant 1994,
    "Fast algorithms for mining association rules"), so that few of the longer ones are looked at.
    """
    numbers: dict[str, int] = {}
    found = [numbered(texts, numbers) for texts in groups]
    words = np.concatenate([group.ids for group in found])
    segments = np.concatenate([group.segments for group in found])
    bounds = np.cumsum([0, *(group.ids.size for group in found)])
    del found
    names = list(numbers)
    # The last word of a segment of one group and the first of the next are of different segments,
    # but not so at the ends of groups of one segment.
    is_last = np.ones(words.size, bool)
    is_last[:-1] = segments[1:] != segments[:-1]
    is_last[bounds[1:][bounds[1:] > 0] - 1] = True
    places: Integers = np.arange(words.size, dtype=np.int32)
    ids: Integers = words
    for order in range(1, max_order + 1):
        if order == 1:
            places, ids = _frequent(places, ids, min_count)
        else:
            places, ids = _frequent(*_longer(places, ids, words, is_last, order), min_count)
        if not places.size:
            return
        yield _Ngrams(order, names, words, bounds, segments, places, ids)


def _longer(
    places: Integers, ids: Integers, words: Integers, is_last: npt.NDArray[np.bool_], order: int
) -> tuple[Integers, Integers]:
    """Gives places and keys of the n-grams whose first and last words form frequent ones."""
    has_next = np.zeros(places.size, bool)
    has_next[:-1] = places[1:] == places[:-1] + 1
    # The one that starts a word later is whole, so that only the first word can end a segment.
    has_next &= ~is_last[places]
    places, ids = places[has_next], ids[has_next]
    num_words = int(words.max(initial=0)) + 1
    return places, ids.astype(np.int64) * num_words + words[places + (order - 1)]


def _frequent(places: Integers, keys: Integers, min_count: int) -> tuple[Integers, Integers]:
    """Gives places and numbers of the n-grams whose keys occur `min_count` times or more."""
    known, counts = np.unique(keys, return_counts=True)
    frequent = known[counts >= min_count]
    if not frequent.size:
        return places[:0], keys[:0]
    ids = np.minimum(np.searchsorted(frequent, keys), frequent.size - 1)
    is_frequent = frequent[ids] == keys
    return places[is_frequent], ids[is_frequent].astype(np.int32)


def _unequal(
    grams: _Ngrams,
    ours: Occurrences,
    theirs: Occurrences,
    num_segments: int,
    min_count: int,
    max_ngrams: int,
) -> list[Ngram]:
    """Gives the n-grams with the greatest and those with the least log ratios."""
    first, second = (
        _totals(side, grams.first_places.size, num_segments) for side in (ours, theirs)
    )
    ratios = np.log((first + SMOOTHING) / (second + SMOOTHING))
    allowed = np.flatnonzero((first + second >= min_count) & (first != second))
    # Of equal ratios the more frequent ones come first: both ends of this order are wanted.
    order = allowed[np.lexsort((first[allowed] - second[allowed], ratios[allowed]))]
    chosen = np.unique(np.concatenate((order[:max_ngrams], order[-max_ngrams:])))
    result = []
    for number in chosen.tolist():
        num_first, num_second = int(first[number]), int(second[number])
        words = grams.words_of(number)
        sides = (ours, theirs) if num_first > num_second else (theirs, ours)
        positions = _positions(number, *sides, num_segments)
        result.append(
            Ngram(
                joined(words), len(words), num_first, num_second, float(ratios[number]), positions
            )
        )
    return result


def _positions(
    number: int, more: Occurrences, less: Occurrences, num_segments: int
) -> npt.NDArray[np.intp]:
    """Gives the segments in which one side has an n-gram more often than the other."""
    excess = np.zeros(num_segments, np.int64)
    for side, sign in ((more, 1), (less, -1)):
        bounds = (number * num_segments, (number + 1) * num_segments)
        start, end = np.searchsorted(side.keys, bounds)
        excess[side.keys[start:end] - bounds[0]] += sign * side.counts[start:end]
    return np.flatnonzero(excess > 0)


def _totals(found: Occurrences, num_ids: int, num_segments: int) -> Integers:
    sums = np.bincount(found.keys // num_segments, weights=found.counts, minlength=num_ids)
    return sums.astype(np.int64)


def _ranked(found: Sequence[Ngram], max_ngrams: int) -> NgramDifference:
    def rank(gram: Ngram) -> tuple[float, int, int, str]:
        difference = abs(gram.num_first - gram.num_second)
        return (-abs(gram.log_ratio), -difference, -gram.num_words, gram.text)

    ordered = sorted(found, key=rank)
    return NgramDifference(
        tuple(gram for gram in ordered if gram.log_ratio > 0)[:max_ngrams],
        tuple(gram for gram in ordered if gram.log_ratio < 0)[:max_ngrams],
    )


def _check_positive(max_order: int, min_count: int, max_ngrams: int) -> None:
    if min(max_order, min_count, max_ngrams) < 1:
        raise ConfigError(
            f"N-grams of {max_order} words at most, {min_count} times at least and {max_ngrams} "
            "in number cannot be given.",
            hint="Give numbers of 1 or more.",
        )
