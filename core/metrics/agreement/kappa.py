"""Cohen's kappa: how far two raters agree beyond what chance alone would give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import DataError

Integers: TypeAlias = npt.NDArray[np.int64]
Weighting: TypeAlias = Literal["none", "linear", "quadratic"]


def confusion_table(first: Sequence[int], second: Sequence[int], num_classes: int) -> Integers:
    """Counts how often the first rater chose the row's class and the second the column's.

    Args:
        first: Classes, from 0, of the items that both rated.
        second: Parallel to `first`.
        num_classes: How many classes there are, chosen or not.

    Returns:
        (num_classes, num_classes).

    Raises:
        DataError: The two differ in length, or a class is not below `num_classes`.
    """
    one, two = np.asarray(first, np.int64), np.asarray(second, np.int64)
    if one.shape != two.shape:
        raise DataError(f"{one.size} ratings of one rater stand beside {two.size} of the other.")
    both = np.concatenate([one, two])
    wrong = both[(both < 0) | (both >= num_classes)]
    if wrong.size:
        raise DataError(f"A rating is in class {wrong[0]}; there are {num_classes}, from 0.")
    counts = np.bincount(one * num_classes + two, minlength=num_classes**2)
    return counts.astype(np.int64).reshape(num_classes, num_classes)


def cohen_kappa(table: Integers, weighting: Weighting = "none") -> float | None:
    """Gives Cohen's kappa, -1 to 1; 0 is what chance would give.

    With o the observed and e the expected share of a cell (the product of its row's and its
    column's share), and w the weight of a disagreement, it is 1 - sum(w * o) / sum(w * e) (Cohen
    1968, "Weighted kappa"). w is 1 off the diagonal, or |i - j|, or (i - j) ** 2.

    Args:
        table: As `confusion_table` gives it; classes in their order where they are weighted.
        weighting: How far apart two classes are.

    Returns:
        None where there are no items, or where both raters always chose one and the same class.
    """
    total = int(table.sum())
    if not total:
        return None
    classes = np.arange(len(table), dtype=np.float64)
    distances = np.abs(classes[:, np.newaxis] - classes)
    if weighting == "none":
        distances = np.minimum(distances, 1)
    elif weighting == "quadratic":
        distances = distances**2
    expected = float((distances * np.outer(table.sum(axis=1), table.sum(axis=0))).sum()) / total
    if expected == 0:
        return None
    return 1 - float((distances * table).sum()) / expected


def observed_agreement(table: Integers) -> float | None:
    """Gives the share of items that both raters put into the same class; None without items."""
    total = int(table.sum())
    return int(np.trace(table)) / total if total else None


def class_shares(table: Integers) -> tuple[float, ...] | None:
    """Gives the share of each class among the ratings of both raters; None without items."""
    total = int(table.sum())
    if not total:
        return None
    counts = table.sum(axis=0) + table.sum(axis=1)
    return tuple(int(count) / (2 * total) for count in counts)
