"""What to know before one believes the figures of agreement: sentences for those who read them."""

from __future__ import annotations

from core.annotate.agreement.agreeing import AgreementResult
from core.annotate.agreement.rater_pairs import RaterPair

FEWEST_SHARED = 10
RARE = 0.1
HIGH_AGREEMENT = 0.8
LOW_KAPPA = 0.4
MOST_NAMES = 3


def remarks(result: AgreementResult) -> tuple[str, ...]:
    """Gives a sentence for each reason to read the figures with care; mostly few."""
    if not result.pairs:
        return (
            f"No two raters finished the same {result.unit} yet, so nothing can be compared. Give "
            "raters shared segments: 'Share judged by all' or a calibration round.",
        )
    found = []
    few = [pair for pair in result.pairs if pair.num_shared < FEWEST_SHARED]
    if few:
        found.append(
            f"{_names(few)} share fewer than {FEWEST_SHARED} {result.unit}s: what they agree on "
            "may be chance."
        )
    below = [pair for pair in result.pairs if pair.kappa is not None and pair.kappa < 0]
    if below:
        found.append(
            f"{_names(below)} agree less than chance would (kappa below 0). They may read the "
            "guidelines differently: look at their confusion table and the disagreements."
        )
    undefined = [pair for pair in result.pairs if pair.kappa is None]
    if undefined:
        found.append(
            f"Kappa is undefined for {_names(undefined)}: both always gave one and the same "
            "answer, so that agreement beyond chance cannot show."
        )
    paradoxical = [pair for pair in result.pairs if _is_paradoxical(pair)]
    if paradoxical and not result.is_weighted:
        found.append(
            f"{_names(paradoxical)} agree on more than {HIGH_AGREEMENT:.0%} and still have a low "
            "kappa, because one answer is rare: a few differences then weigh much."
        )
    return tuple(found)


def _is_paradoxical(pair: RaterPair) -> bool:
    is_low = pair.kappa is not None and 0 <= pair.kappa < LOW_KAPPA
    rest = 1 - max(pair.shares)
    return is_low and pair.agreement > HIGH_AGREEMENT and rest < RARE


def _names(pairs: list[RaterPair]) -> str:
    named = [f"{pair.first} and {pair.second}" for pair in pairs[:MOST_NAMES]]
    if len(pairs) > MOST_NAMES:
        rest = len(pairs) - MOST_NAMES
        named.append(f"{rest} more pair{'' if rest == 1 else 's'}")
    return "; ".join(named)
