"""What a rater sees next: the pair with the fewest votes, on a segment that is new to the two."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from core.errors import ConfigError


def next_pair(
    systems: Sequence[str], counts: Mapping[frozenset[str], int], *, seed: str
) -> tuple[str, str]:
    """Gives the two systems that were compared least; among equals, the seed chooses.

    Args:
        systems: Ids; their order does not count.
        counts: Votes by pair; a pair that is missing has none.
        seed: The same for the same question, so that a reload asks it again.

    Returns:
        The ids, sorted: which of them stands left is for `is_swapped` to say.

    Raises:
        ConfigError: There are not two systems.
    """
    pairs = list(combinations(sorted(set(systems)), 2))
    if not pairs:
        raise ConfigError(
            f"A comparison needs two different systems; {len(set(systems))} given.",
            hint="Choose at least two systems for the arena.",
        )
    num_votes = [counts.get(frozenset(pair), 0) for pair in pairs]
    fewest = min(num_votes)
    least = [pair for pair, num in zip(pairs, num_votes, strict=True) if num == fewest]
    return least[_lot(seed, "pair") % len(least)]


def next_source(
    sources: Sequence[int],
    seen: Collection[tuple[int, frozenset[str]]],
    pair: tuple[str, str],
    *,
    seed: str,
) -> int | None:
    """Gives a segment that this rater has not judged with this pair; the seed chooses.

    Args:
        sources: Numbers of segments; their order does not count.
        seen: Segments and pairs that the rater has judged.
        pair: Ids of the two systems; their order does not count.
        seed: The same for the same question, so that a reload asks it again.

    Returns:
        The number of the segment; None when all were judged.
    """
    systems = frozenset(pair)
    judged = {source for source, judged_systems in seen if judged_systems == systems}
    left = sorted(set(sources) - judged)
    return left[_lot(seed, *sorted(pair)) % len(left)] if left else None


def _lot(*parts: str) -> int:
    # Python's own hash differs from process to process.
    return int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest())
