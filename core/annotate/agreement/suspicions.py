"""When a rater's work does not look careful: sentences for the owner, who decides what to do."""

from __future__ import annotations

from dataclasses import dataclass

from core.annotate.agreement.attention_checks import CheckResults, DegradedCheck, GoldCheck
from core.annotate.doubts import FAST_S, NUM_SAME_SCORES

LEVEL = 0.05  # of the test on spoilt outputs

# With fewer pairs no result of the one-sided test is below 0.05: 2 ** -4 is above it.
FEWEST_FOR_TEST = 5
FEWEST_CHECKS = 3
FEWEST_TIMED = 10


@dataclass(frozen=True)
class Pace:
    """How fast a rater worked: the number of items that were timed and their median in seconds."""

    num: int
    median_s: float


@dataclass(frozen=True)
class SameAnswers:
    """Outputs to all of which a rater gave one score, and how many others scored otherwise."""

    num: int
    num_others_differ: int


def suspicions(
    checks: CheckResults, pace: Pace | None, same: SameAnswers | None
) -> tuple[str, ...]:
    """Gives a sentence for each reason to look at a rater's work.

    Args:
        checks: What the hidden checks say.
        pace: None where work was not timed.
        same: None where the rater's scores vary, or are not shared with anybody.
    """
    found = []
    if checks.degraded is not None and _is_blind(checks.degraded):
        found.append(_degraded_words(checks.degraded))
    if checks.gold is not None and _is_wrong(checks.gold):
        found.append(
            f"Agreed with only {checks.gold.num_agreed} of {checks.gold.num} hidden gold answers."
        )
    if pace is not None and pace.num >= FEWEST_TIMED and pace.median_s < FAST_S:
        found.append(f"Took a median of {pace.median_s:.1f} s for an item ({pace.num} timed).")
    if same is not None and same.num >= NUM_SAME_SCORES and 2 * same.num_others_differ > same.num:
        found.append(
            f"Gave one and the same score to all {same.num} shared outputs; others scored "
            f"{same.num_others_differ} of them differently."
        )
    return tuple(found)


def _is_blind(check: DegradedCheck) -> bool:
    if check.num >= FEWEST_FOR_TEST:
        # A single spoilt output that was missed is no reason, though five pairs then prove nothing.
        return check.p >= LEVEL and 3 * check.num_not_lower > check.num
    return check.num >= FEWEST_CHECKS and 2 * check.num_not_lower > check.num


def _degraded_words(check: DegradedCheck) -> str:
    tested = f" (one-sided p = {check.p:.2f})" if check.num >= FEWEST_FOR_TEST else ""
    return (
        f"Scored {check.num_not_lower} of {check.num} spoilt outputs no lower than the "
        f"originals{tested}: scores do not tell the two apart."
    )


def _is_wrong(check: GoldCheck) -> bool:
    return check.num >= FEWEST_CHECKS and 2 * check.num_agreed < check.num
