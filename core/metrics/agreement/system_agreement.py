"""How a metric and people agree on the means of systems, for many draws of segments at once.

Systems are few and draws many: all pairs of systems are compared in each draw. Every function
takes the means by metric and by people, (systems, draws), and gives one value a draw, NaN where a
system was not drawn or the value is not defined.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

# Means are rounded to so many decimals, the greatest being 1; less variance is rounding.
_DECIMALS = 12
_ROUNDING = 1e-26


def means_of_systems(sums: Floats) -> tuple[Floats, Floats]:
    """Gives the systems' means by metric and by people, each scaled to at most 1.

    They are rounded, so that the order of adding does not decide which of two equals is better.

    Args:
        sums: Sums of the metric's scores, of those of people and of their number, each a row a
            system: (3 * systems, draws).
    """
    num = len(sums) // 3
    with np.errstate(invalid="ignore"):
        means = sums[: 2 * num].reshape(2, num, -1) / sums[2 * num :]
    greatest = np.nanmax(np.abs(means), axis=(1, 2), keepdims=True, initial=0)
    x, y = np.round(means / np.where(greatest > 0, greatest, 1), _DECIMALS)
    return x, y


def pearson_of_systems(x: Floats, y: Floats) -> Floats:
    """Gives Pearson's r, -1 to 1."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    variance_x, variance_y = (x * x).sum(axis=0), (y * y).sum(axis=0)
    is_defined = (variance_x > _ROUNDING) & (variance_y > _ROUNDING)
    lengths = np.sqrt(np.where(is_defined, variance_x * variance_y, 1))
    return np.where(is_defined, np.clip((x * y).sum(axis=0) / lengths, -1, 1), np.nan)


def spearman_of_systems(x: Floats, y: Floats) -> Floats:
    """Gives Spearman's rho: the signs against all others are twice the rank less the mean rank."""
    return pearson_of_systems(_signs(x).sum(axis=1), _signs(y).sum(axis=1))


def kendall_tau_b_of_systems(x: Floats, y: Floats) -> Floats:
    """Gives Kendall's tau-b, which is Pearson's r of the signs of all pairs."""
    size = len(x) ** 2
    return pearson_of_systems(_signs(x).reshape(size, -1), _signs(y).reshape(size, -1))


def accuracy_of_systems(x: Floats, y: Floats) -> Floats:
    """Gives the share of pairs of systems that are ordered, or tied, alike, 0 to 1.

    It is the accuracy of Kocmi et al. 2021, "To ship or not to ship".
    """
    first, second = np.triu_indices(len(x), k=1)
    if not first.size:
        return np.full(x.shape[1], np.nan)
    by_metric, by_people = _signs(x)[first, second], _signs(y)[first, second]
    is_known = ~np.isnan(by_metric + by_people)
    share: Floats = np.where(is_known, by_metric == by_people, np.nan).mean(axis=0)
    return share


def _signs(means: Floats) -> Floats:
    """Gives which of two systems is better, 1, 0 or -1, (systems, systems, draws)."""
    return np.sign(means[:, np.newaxis] - means)
