"""Whether hypotheses stand beside the segments of a test set, and where they may have shifted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.errors import DataError
from core.evaluate.formats.counting import INNER_LINE_BREAK

MAX_SHIFT = 100  # segments; beyond that it is another test set, not a slip
_MIN_GAIN = 0.2


def check_parallel(
    hypotheses: Sequence[str], num_segments: int, name: str, *, sources: Sequence[str] = ()
) -> None:
    """Refuses another number of hypotheses than the test set has segments.

    Args:
        hypotheses: Of one system, in the order of the test set.
        num_segments: Segments of the test set.
        name: The file or the system, for the message.
        sources: The sources of the test set: by their lengths the place of a shift is guessed.

    Raises:
        DataError: With both numbers; the hint says where the first shift probably is.
    """
    if len(hypotheses) == num_segments:
        return
    holds = f"{len(hypotheses):,} hypothes{'is' if len(hypotheses) == 1 else 'es'}"
    has = f"{num_segments:,} segment{'' if num_segments == 1 else 's'}"
    raise DataError(
        f"{name!r} holds {holds}; the test set has {has}.",
        hint=_guess(hypotheses, num_segments, sources)
        or "There must be one hypothesis a segment, in the order of the test set.",
    )


def _guess(hypotheses: Sequence[str], num_segments: int, sources: Sequence[str]) -> str:
    surplus = len(hypotheses) - num_segments
    blank = [at + 1 for at, text in enumerate(hypotheses) if not text.strip()]
    if surplus > 0 and all(not text.strip() for text in hypotheses[num_segments:]):
        return f"What is too much are blank lines at the end, from line {num_segments + 1} on."
    if blank and surplus == len(blank):
        return f"As many lines are blank, the first is line {blank[0]}: remove them."
    broken = [at + 1 for at, text in enumerate(hypotheses) if INNER_LINE_BREAK.search(text)]
    if surplus < 0 and broken:
        return (
            f"Only line feeds end a line; another line break stands in {len(broken):,} of the "
            f"hypotheses, the first is line {broken[0]}."
        )
    at = _shift(hypotheses, sources) if len(sources) == num_segments else None
    if at is not None:
        what = "one too many" if surplus > 0 else "one missing"
        return f"By their lengths there is probably {what} near line {at + 1}."
    if blank and surplus > 0:
        return f"Line {blank[0]} is blank: a line feed inside a hypothesis may have split it."
    return ""


def _shift(hypotheses: Sequence[str], sources: Sequence[str]) -> int | None:
    """Gives the number of segments before the shift; None where lengths do not show it.

    With d hypotheses too many, those before the shift belong to the sources of the same number and
    those behind it to the sources d before. Each place of the shift is tried: sums of differences
    between the logarithms of lengths from both ends give them all at once.
    """
    shift = len(hypotheses) - len(sources)
    count = min(len(hypotheses), len(sources))
    if not 0 < abs(shift) <= MAX_SHIFT or count < 2:
        return None
    lengths = [math.log(len(text) + 1) for text in hypotheses]
    wanted = [math.log(len(text) + 1) for text in sources]
    usual = sum(lengths) / len(lengths) - sum(wanted) / len(wanted)
    before = [abs(a - b - usual) for a, b in zip(lengths, wanted, strict=False)]
    after = [
        abs(a - b - usual)
        for a, b in zip(lengths[max(shift, 0) :], wanted[max(-shift, 0) :], strict=True)
    ]
    cost = sum(after)
    unshifted = sum(before)
    best, best_at = cost, 0
    for at in range(count):
        cost += before[at] - after[at]
        if cost < best:
            best, best_at = cost, at + 1
    return best_at if best < (1 - _MIN_GAIN) * unshifted else None
