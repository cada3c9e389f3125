"""BLEU, chrF and TER of many rows of summed statistics at once, to the last bit as sacreBLEU's.

Every function keeps the type of its input: sacreBLEU scores a test set in double precision and
resamples in single precision, and its figures can only be met in the same one. Where sacreBLEU
leaves the type of the row and gives a plain float (nothing matched), the result is double.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating[Any]]

NUM_BLEU_ORDERS = 4

# sacreBLEU's logarithm of zero.
_LOG_OF_ZERO = -9999999999.0


def bleu(sums: Floats, *, effective_order: bool = False) -> Floats:
    """Gives BLEU with exponential smoothing (Papineni et al. 2002; Chen & Cherry 2014, method 3).

    Args:
        sums: Hypothesis length, reference length, matched n-grams of order 1 to 4, all n-grams of
            order 1 to 4 of the hypotheses: (rows, 10).
        effective_order: Leave out orders of which there is no n-gram, as for single segments.
    """
    hypothesis_length, reference_length = sums[:, 0], sums[:, 1]
    matched = sums[:, 2 : 2 + NUM_BLEU_ORDERS]
    total = sums[:, 2 + NUM_BLEU_ORDERS :]
    precisions = np.zeros_like(matched)
    smoothing = np.ones_like(hypothesis_length)
    for order in range(NUM_BLEU_ORDERS):
        counts, all_counts = matched[:, order], total[:, order]
        smoothing = np.where((counts == 0) & (all_counts > 0), smoothing * 2, smoothing)
        share = 100 * np.where(counts == 0, 1, counts)
        divisor = np.where(counts == 0, smoothing * all_counts, all_counts)
        precisions[:, order] = _divided(share, divisor)
    orders = np.full(len(sums), NUM_BLEU_ORDERS)
    if effective_order:
        orders = np.maximum((total > 0).sum(axis=1), 1)
    # The library's logarithm and NumPy's differ in the last bit.
    logs = [
        sum([math.log(share) if share else _LOG_OF_ZERO for share in row[:count]]) / count
        for row, count in zip(precisions.tolist(), orders.tolist(), strict=True)
    ]
    means = np.array([math.exp(log) for log in logs], dtype=np.float64)
    penalties = _brevity_penalties(hypothesis_length, reference_length)
    return np.where((matched != 0).any(axis=1), penalties * means, 0.0)


def chrf(sums: Floats, *, beta: int) -> Floats:
    """Gives chrF (Popovic 2015), or chrF++ (2017) where orders of words follow those of characters.

    Precision and recall are averaged over the orders of which both sides have n-grams.

    Args:
        sums: For each order, n-grams of the hypotheses, of the references, and matched:
            (rows, 3 * orders).
        beta: How many times as much as precision recall counts.
    """
    factor = beta**2
    num_orders = np.zeros_like(sums[:, 0])
    precision, recall = np.zeros_like(num_orders), np.zeros_like(num_orders)
    for start in range(0, sums.shape[1], 3):
        hypothesis, reference, matched = sums[:, start : start + 3].T
        both = (hypothesis > 0) & (reference > 0)
        precision += np.where(both, _divided(matched, hypothesis), 0)
        recall += np.where(both, _divided(matched, reference), 0)
        num_orders += both
    precision, recall = _divided(precision, num_orders), _divided(recall, num_orders)
    scores = _divided((1 + factor) * precision * recall, factor * precision + recall)
    return _as_returned(100 * scores, is_plain=precision + recall == 0)


def ter(sums: Floats) -> Floats:
    """Gives the translation edit rate (Snover et al. 2006): edits a hundred reference words.

    Args:
        sums: Edits and mean reference length: (rows, 2).
    """
    edits, length = sums.T
    rates = np.where(length > 0, _divided(edits, length), edits > 0)
    return _as_returned(100 * rates.astype(sums.dtype), is_plain=length <= 0)


def _brevity_penalties(hypothesis_length: Floats, reference_length: Floats) -> Floats:
    rows = zip(hypothesis_length.tolist(), reference_length.tolist(), strict=True)
    penalties = [
        1.0 if ours >= theirs else math.exp(1 - theirs / ours) if ours > 0 else 0.0
        for ours, theirs in rows
    ]
    return np.array(penalties, dtype=np.float64)


def _divided(numbers: Floats, divisors: Floats) -> Floats:
    """Divides; gives 0 where the divisor is 0."""
    return np.divide(numbers, divisors, out=np.zeros_like(numbers), where=divisors != 0)


def _as_returned(scores: Floats, *, is_plain: npt.NDArray[np.bool_]) -> Floats:
    """An array of sacreBLEU's scores is double as soon as one of them is a plain float."""
    return scores.astype(np.float64) if is_plain.any() else scores
