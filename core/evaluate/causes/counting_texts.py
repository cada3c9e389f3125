"""The texts of the segments that count, and what is found in them, told by the whole test set.

A failed translation is no empty one: where only the segments count that all systems translated,
whoever looks for causes must not see the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.evaluate.causes.ngram_wins import (
    Ngram,
    NgramDifference,
    find_ngram_excess,
    find_ngram_wins,
)
from core.evaluate.causes.term_hits import TermHits, find_term_hits
from core.evaluate.causes.training_words import FrequencyClass, score_words
from core.evaluate.evaluating import Evaluated
from core.text.glossary import Term


@dataclass(frozen=True, eq=False)
class CountingTexts:
    """Parallel texts of the segments that count.

    Attributes:
        sources, references: One a segment.
        hypotheses: One a segment for each system that is scored, by its translation set.
        positions: Of these segments in the test set, ascending.
        num_segments: Of the whole test set.
    """

    sources: list[str]
    references: list[str]
    hypotheses: dict[str, list[str]]
    positions: NDArray[np.int64]
    num_segments: int

    def in_test_set(self, positions: NDArray[np.intp]) -> NDArray[np.intp]:
        """Gives positions among these segments as positions in the test set."""
        return self.positions[positions].astype(np.intp)

    def spread(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Gives flags of these segments as flags of the test set, `(num_segments,)`."""
        found = np.zeros(self.num_segments, dtype=bool)
        found[self.positions] = flags
        return found


def counting_texts(found: Evaluated) -> CountingTexts:
    """Gives the texts of the segments that count in an evaluation."""
    texts, places = found.texts, found.positions.tolist()

    def at_places(each: Sequence[str]) -> list[str]:
        return [each[at] for at in places]

    return CountingTexts(
        at_places(texts.sources),
        at_places(texts.first_reference),
        {each.set_id: at_places(texts.hypotheses[each.set_id]) for each in found.result.scored},
        found.positions,
        texts.num_segments,
    )


def term_hits(found: Evaluated, terms: Sequence[Term]) -> list[TermHits]:
    """Gives the terms of a glossary in the sources that count, the most frequent one first.

    Positions are those of the test set.
    """
    texts = counting_texts(found)
    return [
        replace(
            each,
            positions=texts.in_test_set(each.positions),
            missed={name: texts.in_test_set(own) for name, own in each.missed.items()},
        )
        for each in find_term_hits(texts.sources, texts.hypotheses, terms)
    ]


def ngram_difference(found: Evaluated, first: str, second: str = "") -> NgramDifference:
    """Gives the n-grams in which two systems differ; positions are those of the test set.

    Args:
        found: The evaluation.
        first: A translation set.
        second: Another one: n-grams that one gets right more often. Empty: the reference, and
            n-grams that are written too often or too seldom.
    """
    texts = counting_texts(found)
    own = texts.hypotheses[first]
    if second:
        difference = find_ngram_wins(texts.references, own, texts.hypotheses[second])
    else:
        difference = find_ngram_excess(texts.references, own)

    def placed(grams: Sequence[Ngram]) -> tuple[Ngram, ...]:
        return tuple(replace(each, positions=texts.in_test_set(each.positions)) for each in grams)

    return NgramDifference(placed(difference.first), placed(difference.second))


def word_scores(found: Evaluated, counts: Mapping[str, int]) -> list[FrequencyClass]:
    """Scores the words of each class of frequency in training, the unseen ones first.

    Args:
        found: The evaluation; positions of the classes are those of its test set.
        counts: How often each word stands in the targets of training, as `count_words` gives it.
    """
    texts = counting_texts(found)
    classes = score_words(texts.references, texts.hypotheses, counts)
    return [
        replace(
            each, bucket=replace(each.bucket, positions=texts.in_test_set(each.bucket.positions))
        )
        for each in classes
    ]
