"""Sufficient statistics of each segment, from which every score of sacreBLEU's can be summed.

The only module that touches what sacreBLEU keeps private; its version is pinned for that, and
tests compare with the public functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from core.errors import DataError
from core.metrics.formulas import NUM_BLEU_ORDERS
from core.metrics.formulas import chrf as chrf_values
from core.metrics.lexical import Family, MetricSpec, sacrebleu_metric
from core.metrics.measures import VARYING, Rows
from core.metrics.ngrams import Integers, Units, counted, greatest, matched
from core.metrics.progress import Progress
from core.metrics.units import WordNumbers, characters, joined

References: TypeAlias = Sequence[Sequence[str | None]]

# Texts in one chunk of segments, references and all systems together; with three it is 2,000
# segments. A chunk's n-grams are held in memory, those of a whole corpus would be gigabytes.
_TEXTS_IN_CHUNK = 6_000
_SEGMENTS_IN_TER_CHUNK = 50  # TER takes milliseconds a segment, and people watch its progress.

_NUM_CHARACTERS = 6
_NUM_COLUMNS = {"bleu": 2 + 2 * NUM_BLEU_ORDERS, "ter": 2, "chrf": 3 * _NUM_CHARACTERS}


@dataclass(frozen=True)
class StatisticsKind:
    """Statistics that several metrics may share: those of chrF1, chrF2 and chrF3 are the same.

    With several references they are not: chrF takes each segment's best one by its own beta.

    Attributes:
        family: Which of sacreBLEU's metrics.
        lowercase: Whether BLEU lowercases.
        tokenizer: BLEU's tokenizer.
        word_order: chrF's longest n-grams of words.
        beta: chrF's weight of recall where the statistics depend on it, otherwise None.
    """

    family: Family
    lowercase: bool = False
    tokenizer: str = ""
    word_order: int = 0
    beta: int | None = None

    @property
    def num_columns(self) -> int:
        """Numbers a segment: BLEU 10, TER 2, chrF 18, chrF++ 24."""
        return _NUM_COLUMNS[self.family] + 3 * self.word_order

    @property
    def spec(self) -> MetricSpec:
        """One of the metrics that have these statistics."""
        beta = self.beta or (2 if self.family == "chrf" else None)
        return MetricSpec(
            "", "", self.family, self.lowercase, self.tokenizer, beta, self.word_order
        )


def kind_of(spec: MetricSpec, references: References) -> StatisticsKind:
    """Gives the statistics that a metric needs with these references."""
    beta = spec.beta if len(references) > 1 else None
    return StatisticsKind(spec.family, spec.lowercase, spec.tokenizer, spec.word_order, beta)


def extract_statistics(
    kind: StatisticsKind,
    systems: Sequence[Sequence[str]],
    references: References,
    *,
    on_progress: Progress | None = None,
) -> list[Rows]:
    """Gives the statistics of each system's segments, (segments, k) each, k as the kind says.

    Rows of BLEU: lengths of hypothesis and nearest reference, matched n-grams of order 1 to 4, all
    of order 1 to 4. Of chrF: for each order n-grams of the hypothesis, of the reference, matched.
    Of TER: edits, mean reference length.

    Args:
        kind: Which statistics.
        systems: Each system's hypotheses, one a segment.
        references: One or more lists parallel to the hypotheses. A segment may lack some of its
            references (None), not all.
        on_progress: Told how many hypotheses of how many are done; to cancel, it raises.

    Raises:
        DataError: Lengths differ, there is nothing to score, or a segment has no reference.
    """
    num_references(references)
    for hypotheses in systems:
        _check_parallel(hypotheses, references)
    num_segments = len(references[0])
    found = [np.empty((num_segments, kind.num_columns)) for _ in systems]
    size = _segments_in_chunk(kind, len(systems) + len(references))
    extract = _EXTRACTORS[kind.family](kind)
    for start in range(0, num_segments, size):
        part = slice(start, start + size)
        texts: _Texts = [list(hypotheses[part]) for hypotheses in systems]
        rows = extract(texts, [list(each[part]) for each in references])
        for statistics, row in zip(found, rows, strict=True):
            statistics[part] = row
        if on_progress is not None:
            done = min(start + size, num_segments)
            on_progress(done * len(systems), num_segments * len(systems))
    return found


def _segments_in_chunk(kind: StatisticsKind, num_texts: int) -> int:
    """Gives how many segments are worked at together, each with so many texts."""
    size = max(1, _TEXTS_IN_CHUNK // num_texts)
    return min(size, _SEGMENTS_IN_TER_CHUNK) if kind.family == "ter" else size


def num_references(references: References) -> int:
    """Gives how many references each segment has, `VARYING` where that differs.

    Raises:
        DataError: The lists differ in length, are empty, or a segment has no reference.
    """
    if not references or not references[0]:
        raise DataError("There are no segments to score.")
    lengths = [len(each) for each in references]
    if len(set(lengths)) > 1:
        raise DataError(
            f"The references differ in length: {', '.join(map(str, lengths))} segments.",
            hint="Give every list of references one line a segment, in the same order.",
        )
    counts = {len(references)}
    if any(None in each for each in references):
        numbers = [
            sum(each is not None for each in of_segment)
            for of_segment in zip(*references, strict=True)
        ]
        if 0 in numbers:
            raise DataError(
                f"Segment {numbers.index(0) + 1} has no reference.",
                hint="Give it at least one, or leave the segment out.",
            )
        counts = set(numbers)
    return counts.pop() if len(counts) == 1 else VARYING


def _check_parallel(hypotheses: Sequence[str], references: References) -> None:
    if len(hypotheses) != len(references[0]):
        raise DataError(
            f"{len(hypotheses)} hypotheses cannot be scored against {len(references[0])} "
            "references.",
            hint="Give exactly one hypothesis a reference, in the same order.",
        )


# One list for each system, one for each reference. A hypothesis is never None.
_Texts: TypeAlias = list[list[str | None]]
_Extractor: TypeAlias = Callable[[_Texts, _Texts], list[Any]]


def _sacrebleu_extractor(kind: StatisticsKind) -> _Extractor:
    def extract(systems: _Texts, references: _Texts) -> list[Any]:
        # With the references given here they are prepared once for all systems.
        metric = sacrebleu_metric(kind.spec, references=references)
        return [metric._extract_corpus_statistics(texts, None) for texts in systems]

    return extract


def _bleu_extractor(kind: StatisticsKind) -> _Extractor:
    by_sacrebleu = _sacrebleu_extractor(kind)
    numbering = WordNumbers(kind.spec)

    def extract(systems: _Texts, references: _Texts) -> list[Any]:
        sides = [numbering.units(texts) for texts in [*systems, *references]]
        counts = counted(sides, NUM_BLEU_ORDERS)
        if counts is None:
            return by_sacrebleu(systems, references)
        num_segments = len(references[0])
        orders = list(zip(*counts[len(systems) :], strict=True))
        reference_counts = [greatest(of_order) for of_order in orders]
        lengths = _lengths(sides[len(systems) :], references)
        rows = []
        for side, side_counts in zip(sides, counts[: len(systems)], strict=False):
            pairs = zip(side_counts, reference_counts, strict=True)
            matches = [matched(ours, theirs, num_segments) for ours, theirs in pairs]
            totals = [side.totals(order + 1) for order in range(NUM_BLEU_ORDERS)]
            nearest = _nearest(side.lengths, lengths)
            rows.append(np.stack([side.lengths, nearest, *matches, *totals], axis=1))
        return rows

    return extract


def _chrf_extractor(kind: StatisticsKind) -> _Extractor:
    by_sacrebleu = _sacrebleu_extractor(kind)
    metric = sacrebleu_metric(kind.spec)

    def extract(systems: _Texts, references: _Texts) -> list[Any]:
        sides = [*systems, *references]
        parts = [([characters(texts) for texts in sides], _NUM_CHARACTERS)]
        if kind.word_order:
            known: dict[str, int] = {}
            words = [_chrf_words(texts, metric, known) for texts in sides]
            parts.append((words, kind.word_order))
        columns = [_triples(units, order, len(systems)) for units, order in parts]
        if any(each is None for each in columns):
            return by_sacrebleu(systems, references)
        is_there = np.array([[each is not None for each in texts] for texts in references])
        rows = np.concatenate([each for each in columns if each is not None], axis=-1)
        return [_of_best_reference(each, is_there, metric.beta) for each in rows]

    return extract


_EXTRACTORS: dict[Family, Callable[[StatisticsKind], _Extractor]] = {
    "bleu": _bleu_extractor,
    "chrf": _chrf_extractor,
    "ter": _sacrebleu_extractor,
}


def _chrf_words(texts: Sequence[str | None], metric: Any, known: dict[str, int]) -> Units:
    rows = [metric._remove_punctuation(text) if text else [] for text in texts]
    return joined([[known.setdefault(word, len(known)) for word in row] for row in rows])


def _triples(sides: list[Units], max_order: int, num_systems: int) -> Integers | None:
    """Gives chrF's statistics with each reference, (systems, references, segments, 3 * orders)."""
    counts = counted(sides, max_order)
    if counts is None:
        return None
    num_segments = len(sides[0].lengths)
    shape = (num_systems, len(sides) - num_systems, num_segments, 3 * max_order)
    triples = np.zeros(shape, dtype=np.int64)
    for system, reference in np.ndindex(shape[:2]):
        for index in range(max_order):
            ours, theirs = system, num_systems + reference
            totals = [sides[each].totals(index + 1) for each in (ours, theirs)]
            # sacreBLEU counts no n-grams of an order of which the reference has none.
            columns = [np.where(totals[1] > 0, totals[0], 0), totals[1]]
            columns.append(matched(counts[ours][index], counts[theirs][index], num_segments))
            place = triples[system, reference, :, 3 * index : 3 * index + 3]
            place[:] = np.stack(columns, axis=1)
    return triples


def _of_best_reference(triples: Integers, is_there: Any, beta: int) -> Integers:
    """Chooses for each segment the reference with the best score; of equal ones the first."""
    scores = np.array([chrf_values(each.astype(np.float64), beta=beta) for each in triples])
    best = np.where(is_there, scores, -1).argmax(axis=0)
    chosen: Integers = triples[best, np.arange(triples.shape[1])]
    return chosen


def _lengths(sides: Sequence[Units], references: _Texts) -> Integers:
    """Gives the lengths of all references, (references, segments); one that is missing is far."""
    is_there = np.array([[each is not None for each in texts] for texts in references])
    return np.where(is_there, np.array([side.lengths for side in sides]), np.int64(1) << 40)


def _nearest(lengths: Integers, reference_lengths: Integers) -> Integers:
    """Gives the reference length nearest to each hypothesis; of two as near the shorter one."""
    ordered = np.sort(reference_lengths, axis=0)
    nearest = np.abs(ordered - lengths).argmin(axis=0)
    chosen: Integers = ordered[nearest, np.arange(len(lengths))]
    return chosen
