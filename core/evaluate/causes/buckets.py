"""Buckets: the segments of a test set in groups of a kind, to see where systems differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from core.errors import ConfigError
from core.evaluate.causes.parallel import check_parallel
from core.evaluate.causes.words import is_mostly_unspaced, num_words, words_in

# How often a word stands in the training corpus; the classes of compare-mt (Neubig et al. 2019).
FREQUENCY_EDGES = (1, 2, 5, 10, 100, 1000)

_WORD_EDGES = (1, 10, 20, 30, 40, 60)
_CHARACTER_EDGES = (1, 20, 40, 60, 80, 120)
_RATIO_EDGES = (0.5, 0.8, 0.95, 1.05, 1.25, 2.0)
_SCORE_EDGES = (20.0, 40.0, 60.0, 80.0)
_NOVELTY_EDGES = (50.0, 75.0, 100.0)

_Floats = npt.NDArray[np.float64]
_Label = Callable[[float | None, float | None], str]


@dataclass(frozen=True, eq=False)
class Bucket:
    """Segments of a kind.

    Attributes:
        label: What they have in common, for the reader.
        positions: Where they are in the test set, counted from 0, ascending; at least one.
        low: The least value that belongs here; None without a bound, or where there are no values.
        high: The least value that is too great; None as for `low`.
    """

    label: str
    positions: npt.NDArray[np.intp]
    low: float | None = None
    high: float | None = None


def scored(
    buckets: Sequence[Bucket], score: Callable[[npt.NDArray[np.intp]], dict[str, float]]
) -> list[tuple[Bucket, dict[str, float]]]:
    """Gives each bucket with the scores of the systems on its segments.

    Args:
        buckets: In the order of the result.
        score: Gives the score of each system on the segments at some positions.
    """
    return [(bucket, score(bucket.positions)) for bucket in buckets]


def by_length(texts: Sequence[str]) -> list[Bucket]:
    """Groups by the length of sources or of references, the shortest first.

    That is words; in writing without spaces it is characters, and a word of other writing among
    them counts as one. Buckets without a segment are not given, here as in all functions below.

    Args:
        texts: Sources or references, one a segment.
    """
    lengths = np.array([num_words(text) for text in texts], np.float64)
    if is_mostly_unspaced(texts):
        return _between(lengths, _CHARACTER_EDGES, _count_label("character"))
    return _between(lengths, _WORD_EDGES, _count_label("word"))


def by_length_ratio(hypotheses: Sequence[str], references: Sequence[str]) -> list[Bucket]:
    """Groups by the length of a system's hypothesis divided by that of the reference, in words.

    Two texts without words have the ratio 1; a hypothesis with words has an infinite one, if the
    reference has none.

    Raises:
        DataError: There are not as many hypotheses as references.
    """
    check_parallel({"references": references, "hypotheses": hypotheses})
    ours = np.array([num_words(text) for text in hypotheses], np.float64)
    theirs = np.array([num_words(text) for text in references], np.float64)
    ratios = np.where(ours > 0, np.inf, 1.0)
    np.divide(ours, theirs, out=ratios, where=theirs > 0)
    return _between(ratios, _RATIO_EDGES, _range_label)


def by_score(
    scores: Sequence[float] | _Floats, *, edges: Sequence[float] = _SCORE_EDGES
) -> list[Bucket]:
    """Groups by the segment score of one system, the lowest first; NaN is a bucket of its own.

    Args:
        scores: One a segment, on any scale.
        edges: The bounds between buckets; a score on a bound belongs to the bucket above.

    Raises:
        ConfigError: The edges do not ascend.
    """
    if any(not low < high for low, high in zip(edges, edges[1:], strict=False)):
        raise ConfigError(
            f"The edges {', '.join(f'{edge:g}' for edge in edges)} do not ascend.",
            hint="Give each edge once, the lowest first.",
        )
    return _between(np.asarray(scores, np.float64), edges, _range_label, missing="no score")


def by_score_quantile(scores: Sequence[float] | _Floats, *, num_buckets: int = 4) -> list[Bucket]:
    """Groups by the segment score of one system into buckets of about equal size.

    Equal scores stand in one bucket, so that there may be fewer buckets than wanted.

    Args:
        scores: One a segment, on any scale; NaN is a bucket of its own.
        num_buckets: At least 2.

    Raises:
        ConfigError: `num_buckets` is less than 2.
    """
    if num_buckets < 2:
        raise ConfigError(
            f"Scores cannot be divided into {num_buckets} buckets.", hint="Ask for 2 or more."
        )
    values = np.asarray(scores, np.float64)
    known = values[~np.isnan(values)]
    edges: Sequence[float] = ()
    if known.size:
        shares = np.arange(1, num_buckets) / num_buckets
        edges = np.unique(np.quantile(known, shares, method="higher")).tolist()
    return _between(values, edges, _range_label, missing="no score")


def by_tag(tags: Sequence[str], *, max_tags: int = 10) -> list[Bucket]:
    """Groups by a tag that each segment has, the most frequent tag first.

    Args:
        tags: One a segment, such as its domain; may be empty.
        max_tags: Tags beyond these are one bucket, the last one.
    """
    positions: dict[str, list[int]] = {}
    for position, tag in enumerate(tags):
        positions.setdefault(tag, []).append(position)
    ranked = sorted(positions, key=lambda tag: (-len(positions[tag]), tag))
    buckets = [
        Bucket(tag or "no tag", np.array(positions[tag], np.intp)) for tag in ranked[:max_tags]
    ]
    rest = ranked[max_tags:]
    if rest:
        found = np.sort(np.concatenate([positions[tag] for tag in rest])).astype(np.intp)
        buckets.append(Bucket(f"{len(rest)} other {'tag' if len(rest) == 1 else 'tags'}", found))
    return buckets


def by_novelty(similarities: Sequence[float] | _Floats) -> list[Bucket]:
    """Groups by how much the sources are like the nearest source of training, novel ones first.

    Args:
        similarities: One a segment, 0 to 100, as `core.evaluate.causes.novelty` gives them; 100
            is a copy.
    """
    return _between(np.asarray(similarities, np.float64), _NOVELTY_EDGES, _novelty_label)


def by_training_frequency(
    references: Sequence[str],
    counts: Mapping[str, int],
    *,
    of: Literal["rarest", "mean"] = "rarest",
) -> list[Bucket]:
    """Groups by how often the words of the reference stand in training, the rarest first.

    Args:
        references: One a segment; those without words are a bucket of their own.
        counts: How often each word stands in the targets of training.
        of: The rarest word counts, or the geometric mean of all words: that of count + 1, minus 1,
            so that neither one unseen word nor "the" decides alone.
    """
    values = np.full(len(references), np.nan)
    for position, reference in enumerate(references):
        found = [counts.get(word, 0) for word in words_in(reference)]
        if found:
            is_rarest = of == "rarest"
            values[position] = min(found) if is_rarest else np.expm1(np.log1p(found).mean())
    label = _count_label("time") if of == "rarest" else _range_label
    return _between(values, FREQUENCY_EDGES, label, missing="no words")


def frequency_label(low: float | None, high: float | None) -> str:
    """Gives the label for a range of `FREQUENCY_EDGES`, such as "2–4 times"."""
    return _count_label("time")(low, high)


def _between(
    values: _Floats, edges: Sequence[float], label: _Label, *, missing: str = "no value"
) -> list[Bucket]:
    """Gives the buckets between edges that hold a value, then that of NaN."""
    bounds: list[float | None] = [None, *map(float, edges), None]
    is_known = ~np.isnan(values)
    places = np.searchsorted(np.asarray(edges, np.float64), values, side="right")
    buckets = []
    for place, (low, high) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
        positions = np.flatnonzero(is_known & (places == place))
        if positions.size:
            buckets.append(Bucket(label(low, high), positions, low, high))
    if not is_known.all():
        buckets.append(Bucket(missing, np.flatnonzero(~is_known)))
    return buckets


def _count_label(unit: str) -> _Label:
    def label(low: float | None, high: float | None) -> str:
        first = int(low or 0)
        if high is None:
            return f"{first} {unit}s or more"
        last = int(high) - 1
        shown = str(first) if first == last else f"{first}–{last}"
        return f"{shown} {unit}" if shown == "1" else f"{shown} {unit}s"

    return label


def _range_label(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "all"
    if low is None:
        return f"below {high:.4g}"
    return f"{low:.4g} or more" if high is None else f"{low:.4g} to below {high:.4g}"


def _novelty_label(low: float | None, high: float | None) -> str:
    return "copy of a training source" if high is None else _range_label(low, high)
