"""How well systems translate words that training saw never, seldom or often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluate.causes.buckets import FREQUENCY_EDGES, Bucket, frequency_label
from core.evaluate.causes.parallel import check_parallel
from core.evaluate.causes.words import Integers, Occurrences, counted, matched, numbered, words_in

_RANGES = tuple(zip((None, *FREQUENCY_EDGES), (*FREQUENCY_EDGES, None), strict=True))


@dataclass(frozen=True)
class WordScore:
    """How many words of a class a system got right.

    A word of a hypothesis is right if the reference of its segment has it, as often as that.

    Attributes:
        num_matched: Words that are right.
        num_hypothesis: Words of the class in the hypotheses.
        num_reference: Words of the class in the references.
    """

    num_matched: int
    num_hypothesis: int
    num_reference: int

    @property
    def precision(self) -> float | None:
        """Right words per word of the hypotheses, 0 to 100; None if they have no such word."""
        return 100 * self.num_matched / self.num_hypothesis if self.num_hypothesis else None

    @property
    def recall(self) -> float | None:
        """Right words per word of the references, 0 to 100; None if they have no such word."""
        return 100 * self.num_matched / self.num_reference if self.num_reference else None

    @property
    def f1(self) -> float:
        """The harmonic mean of both, 0 to 100: twice the right words per word of both sides."""
        return 200 * self.num_matched / (self.num_hypothesis + self.num_reference)


@dataclass(frozen=True, eq=False)
class FrequencyClass:
    """The words that stand so often in the training corpus.

    Attributes:
        bucket: The range of counts, and the segments whose references hold words of the class. A
            segment may be in several classes; there may be none, if only hypotheses hold such.
        scores: By the names of the systems.
    """

    bucket: Bucket
    scores: dict[str, WordScore]


def score_words(
    references: Sequence[str],
    hypotheses: Mapping[str, Sequence[str]],
    counts: Mapping[str, int],
) -> list[FrequencyClass]:
    """Scores the words of each class of frequency in training, the unseen ones first.

    Classes without a word are not given. As in compare-mt (Neubig et al. 2019).

    Args:
        references: One a segment.
        hypotheses: For each system one a segment, by the system's name.
        counts: How often each word stands in the targets of training, as `count_words` gives it.

    Raises:
        DataError: A system does not have as many hypotheses as there are references.
    """
    check_parallel({"references": references}, hypotheses)
    numbers: dict[str, int] = {}
    wanted = numbered(references, numbers)
    given = {system: numbered(texts, numbers) for system, texts in hypotheses.items()}
    frequencies = np.array([counts.get(word, 0) for word in numbers], np.int64)
    classes = np.searchsorted(np.array(FREQUENCY_EDGES), frequencies, side="right")
    num_segments = len(references)
    in_references = counted(wanted.ids, wanted.segments, num_segments)
    totals = _totals(in_references, classes, num_segments)
    by_system = {}
    for system, words in given.items():
        found = counted(words.ids, words.segments, num_segments)
        right = _totals(matched(found, in_references), classes, num_segments)
        sums = np.stack((right, _totals(found, classes, num_segments), totals), axis=1)
        by_system[system] = [WordScore(*map(int, row)) for row in sums]
    result = []
    for place, (low, high) in enumerate(_RANGES):
        scores = {system: found[place] for system, found in by_system.items()}
        if totals[place] or any(score.num_hypothesis for score in scores.values()):
            holders = np.unique(wanted.segments[classes[wanted.ids] == place])
            bucket = Bucket(frequency_label(low, high), holders.astype(np.intp), low, high)
            result.append(FrequencyClass(bucket, scores))
    return result


def count_words(texts: Iterable[str], *, among: Collection[str] | None = None) -> Counter[str]:
    """Counts the words of the training corpus in the target language, in lower case.

    Args:
        texts: The targets of the training split; they may come one by one.
        among: The only words to count, so that memory does not grow with the corpus. The words of
            the references and the hypotheses are enough: `words_used` gives them.
    """
    counts: Counter[str] = Counter()
    if among is None:
        for text in texts:
            counts.update(words_in(text))
    else:
        known = frozenset(among)
        for text in texts:
            counts.update(filter(known.__contains__, words_in(text)))
    return counts


def words_used(*groups: Iterable[str]) -> set[str]:
    """Gives the words of groups of texts, each once."""
    return {word for texts in groups for text in texts for word in words_in(text)}


def _totals(found: Occurrences, classes: Integers, num_segments: int) -> Integers:
    """Gives the words of each class, (classes,)."""
    ids = found.keys // max(num_segments, 1)
    sums = np.bincount(classes[ids], weights=found.counts, minlength=len(FREQUENCY_EDGES) + 1)
    return sums.astype(np.int64)
