"""Balanced Latin squares: in which order systems are shown, so that none is always first."""

from __future__ import annotations


def balanced_square(size: int) -> list[tuple[int, ...]]:
    """Gives the orders of a balanced Latin square of 0 to size - 1, a row an order.

    In each column every number stands equally often, and each number follows each other one
    equally often (Williams 1949, "Experimental designs balanced for the estimation of residual
    effects of treatments"). An odd size needs twice as many rows.
    """
    first = _zigzag(size)
    rows = [tuple((number + shift) % size for number in first) for shift in range(size)]
    if size % 2 == 1 and size > 1:
        rows += [row[::-1] for row in rows]
    return rows


def order_of(square: list[tuple[int, ...]], row: int, shift: int) -> tuple[int, ...]:
    """Gives a row of a square, counted around, with every number moved on by `shift`."""
    order = square[row % len(square)]
    return tuple((number + shift) % len(order) for number in order)


def _zigzag(size: int) -> list[int]:
    """Gives 0, 1, size - 1, 2, size - 2, …: the differences of neighbours are all different."""
    low = list(range(1, size // 2 + 1))
    high = list(range(size - 1, size // 2, -1))
    found = [0]
    for place in range(size - 1):
        found.append((low if place % 2 == 0 else high).pop(0))
    return found
