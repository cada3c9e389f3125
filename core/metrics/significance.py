"""Whether systems differ by more than chance: paired bootstrap and approximate randomisation.

The figures are those of sacreBLEU's `PairedTest` with the same seed. Both tests ask how far a
result hangs on the segments that happen to be in the test set; neither says anything about
another training of the same system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np

from core.errors import ConfigError, DataError
from core.metrics.comparison import (
    LEVEL,
    MIN_SEGMENTS,
    Comparison,
    Interval,
    Measured,
    PairResult,
    SystemResult,
    TestName,
)
from core.metrics.formulas import Floats
from core.metrics.measures import Measure, Rows, corpus_value
from core.metrics.progress import Progress, shifted
from core.metrics.ranking import clusters, corrected, rank_ranges
from core.metrics.resampling import bootstrap_sums, randomised_sums

SEED = 12345
NUM_SAMPLES = 1000
NUM_TRIALS = 10_000

# By system, the value in each resample.
_Samples: TypeAlias = Mapping[str, Floats]
# Gives p for two systems and the absolute difference of their values.
_PValue: TypeAlias = Callable[[str, str, float], float]


def paired_bootstrap(
    measured: Sequence[Measured],
    *,
    baseline: str,
    num_samples: int = NUM_SAMPLES,
    seed: int = SEED,
    level: float = LEVEL,
    on_progress: Progress | None = None,
) -> list[Comparison]:
    """Compares systems by resampling segments with replacement (Koehn 2004), as sacreBLEU does.

    With d the absolute difference of two systems in each resample, p is the share of resamples in
    which d minus its mean exceeds the difference on the test set. Sums of statistics are added in
    double precision; sacreBLEU adds them in single precision, which is the same for whole numbers
    below 2^24 (about 16 million characters for chrF).

    Args:
        measured: One or more measures of the same systems and segments.
        baseline: The system that the others are compared with; it may be the only one.
        num_samples: How many resamples.
        seed: Of the draws; they are the same for all systems and measures.
        level: Of significance: two systems stand in different clusters, and exclude each other's
            ranks, where p after Holm is below it.
        on_progress: Told how many resamples of how many are done; to cancel, it raises.

    Raises:
        ConfigError: The baseline is unknown, or there is not at least one resample.
        DataError: The systems differ in their number of segments, or there are none.
    """
    _check(measured, baseline, num_samples, "resamples")
    rng = np.random.default_rng(seed)
    samples = _sampled(measured, num_samples, rng, on_progress)
    draws = _Draws("bs", baseline, num_samples, 0, seed, level)
    return [
        _compared(each, draws, _bootstrap_p(values), values, values)
        for each, values in zip(measured, samples, strict=True)
    ]


def approximate_randomisation(
    measured: Sequence[Measured],
    *,
    baseline: str,
    num_trials: int = NUM_TRIALS,
    num_samples: int = NUM_SAMPLES,
    seed: int = SEED,
    level: float = LEVEL,
    on_progress: Progress | None = None,
) -> list[Comparison]:
    """Compares systems by swapping their segments at random (Riezler & Maxwell 2005).

    p is the share of trials in which the shuffled systems differ by more than the real ones.

    Args:
        measured: As for `paired_bootstrap`.
        baseline: As for `paired_bootstrap`.
        num_trials: How often segments are swapped.
        num_samples: Resamples for the intervals; 0 leaves them out.
        seed: Of the draws; they are the same for all systems and measures.
        level: As for `paired_bootstrap`.
        on_progress: Told how many trials and resamples of how many are done; to cancel, it raises.

    Raises:
        ConfigError: The baseline is unknown, or there is not at least one trial.
        DataError: The systems differ in their number of segments, or there are none.
    """
    _check(measured, baseline, num_trials, "trials")
    rng = np.random.default_rng(seed)
    arrays = _distinct(measured)
    every = num_trials + num_samples
    progress = shifted(on_progress, 0, every)
    sums = randomised_sums(list(arrays.values()), num_trials, rng, on_progress=progress)
    halves = dict(zip(arrays, sums, strict=True))
    draws = _Draws("ar", baseline, num_samples, num_trials, seed, level)
    samples, shown = _intervals(measured, draws, rng, shifted(on_progress, num_trials, every))
    return [
        _compared(each, draws, _randomisation_p(each, halves), values, own)
        for each, values, own in zip(measured, samples, shown, strict=True)
    ]


@dataclass(frozen=True)
class _Draws:
    test: TestName
    baseline: str
    num_samples: int
    num_trials: int
    seed: int
    level: float


def _check(measured: Sequence[Measured], baseline: str, num_draws: int, unit: str) -> None:
    if num_draws < 1:
        raise ConfigError(f"{num_draws} {unit} cannot be drawn.", hint="Draw at least one.")
    for each in measured:
        if baseline not in each.rows:
            raise ConfigError(
                f"The baseline {baseline!r} is none of the systems compared.",
                hint=f"Choose from {', '.join(each.rows)}.",
            )
    lengths = {name: len(rows) for each in measured for name, rows in each.rows.items()}
    if 0 in lengths.values():
        raise DataError("There are no segments to compare.")
    counts = {len(rows) for each in measured for rows in each.rows.values()}
    if len(counts) > 1:
        told = ", ".join(f"{name} {count}" for name, count in lengths.items())
        raise DataError(
            f"The systems differ in their number of segments: {told}.",
            hint="Compare translations of the same test set.",
        )


def _distinct(measured: Sequence[Measured]) -> dict[int, Rows]:
    """Gives each array of statistics once, though several measures may share it."""
    return {id(rows): rows for each in measured for rows in each.rows.values()}


def _sampled(
    measured: Sequence[Measured],
    num_samples: int,
    rng: np.random.Generator,
    on_progress: Progress | None,
) -> list[dict[str, Floats]]:
    arrays = _distinct(measured)
    found = bootstrap_sums(list(arrays.values()), num_samples, rng, on_progress=on_progress)
    sums = dict(zip(arrays, found, strict=True))
    return [
        {
            name: each.measure.resampled_values(sums[id(rows)], len(rows))
            for name, rows in each.rows.items()
        }
        for each in measured
    ]


def _intervals(
    measured: Sequence[Measured],
    draws: _Draws,
    rng: np.random.Generator,
    on_progress: Progress | None,
) -> tuple[Sequence[_Samples], Sequence[_Samples]]:
    """Gives the resamples for the intervals of deltas and those of systems; none without draws."""
    if not draws.num_samples:
        return [{} for _ in measured], [{} for _ in measured]
    # sacreBLEU resamples with what the generator gives next, but the baseline from the seed.
    samples = _sampled(measured, draws.num_samples, rng, on_progress)
    baseline = draws.baseline
    alone = [Measured(each.measure, {baseline: each.rows[baseline]}) for each in measured]
    anew = _sampled(alone, draws.num_samples, np.random.default_rng(draws.seed), None)
    return samples, [values | own for values, own in zip(samples, anew, strict=True)]


def _bootstrap_p(samples: _Samples) -> _PValue:
    def p_value(system: str, other: str, difference: float) -> float:
        differences = np.abs(samples[system] - samples[other])
        return _share_above(differences - differences.mean(), difference)

    return p_value


def _randomisation_p(each: Measured, sums: Mapping[int, Rows]) -> _PValue:
    halves = {name: sums[id(rows)] for name, rows in each.rows.items()}
    rests = {name: rows.sum(axis=0) - halves[name] for name, rows in each.rows.items()}

    def p_value(system: str, other: str, difference: float) -> float:
        num_segments = len(each.rows[system])
        first = each.measure.values(halves[other] + rests[system], num_segments)
        second = each.measure.values(rests[other] + halves[system], num_segments)
        return _share_above(np.abs(first - second), difference)

    return p_value


def _share_above(figures: Floats, difference: float) -> float:
    """Gives p as MultEval does: one is added to both counts, so that p is never 0."""
    # A plain float is compared in the precision of the figures; one of NumPy's would not be.
    return (int((figures > difference).sum()) + 1) / (len(figures) + 1)


def _compared(
    each: Measured, draws: _Draws, p_value: _PValue, samples: _Samples, shown: _Samples
) -> Comparison:
    """Puts a comparison together; `shown` gives the systems' intervals, `samples` the deltas'."""
    measure, names = each.measure, list(each.rows)
    values = {name: corpus_value(measure, rows) for name, rows in each.rows.items()}
    num_segments = len(each.rows[draws.baseline])

    def pair(system: str, other: str) -> PairResult:
        delta = values[system] - values[other]
        deltas = None
        if samples:
            deltas = samples[system].astype(np.float64) - samples[other].astype(np.float64)
        p = p_value(system, other, abs(delta))
        is_better = (delta < 0) == measure.is_lower_better if delta else None
        return PairResult(system, other, delta, _interval(deltas), p, 1.0, is_better)

    pairs = [pair(later, first) for first, later in combinations(names, 2)]
    against = [pair(name, draws.baseline) for name in names if name != draws.baseline]
    pairs, against = (_with_correction(found, num_segments) for found in (pairs, against))
    order = sorted(names, key=lambda name: values[name], reverse=not measure.is_lower_better)
    results = [
        SystemResult(name, values[name], _interval(shown.get(name)), *placed)
        for name, placed in zip(names, _placed(names, order, pairs, draws.level), strict=True)
    ]
    return Comparison(
        measure=measure,
        test=draws.test,
        signature=_signature(measure, draws),
        baseline=draws.baseline,
        num_segments=num_segments,
        num_samples=draws.num_samples,
        num_trials=draws.num_trials,
        seed=draws.seed,
        level=draws.level,
        systems=tuple(results),
        against_baseline=tuple(against),
        pairs=tuple(pairs),
        order=tuple(order),
    )


def _interval(samples: Floats | None) -> Interval | None:
    """Gives mean and bounds as sacreBLEU's `estimate_ci`: a fortieth is cut off at each end."""
    if samples is None:
        return None
    ordered = np.sort(samples)
    cut = len(ordered) // 40
    low, high = ordered[cut], ordered[len(ordered) - cut - 1]
    return Interval(float(ordered.mean()), float(0.5 * (high - low)), float(low), float(high))


def _with_correction(pairs: Sequence[PairResult], num_segments: int) -> list[PairResult]:
    is_too_few = num_segments < MIN_SEGMENTS
    p_values = [1.0 if is_too_few or pair.is_better is None else pair.p for pair in pairs]
    return [
        replace(pair, p_corrected=p) for pair, p in zip(pairs, corrected(p_values), strict=True)
    ]


def _placed(
    names: Sequence[str], order: Sequence[str], pairs: Sequence[PairResult], level: float
) -> list[tuple[tuple[int, int], int]]:
    """Gives ranks and cluster of each system."""
    number = {name: place for place, name in enumerate(names)}
    is_better = np.zeros((len(names), len(names)), dtype=bool)
    for pair in pairs:
        if pair.is_significant(level):
            winner, loser = pair.system, pair.other
            if not pair.is_better:
                winner, loser = loser, winner
            is_better[number[winner], number[loser]] = True
    found = clusters([number[name] for name in order], is_better)
    cluster_of = {system: place + 1 for place, group in enumerate(found) for system in group}
    ranges = rank_ranges(is_better)
    return [(ranges[place], cluster_of[place]) for place in range(len(names))]


def _signature(measure: Measure, draws: _Draws) -> str:
    """Adds the draws behind the number of references, where sacreBLEU puts them."""
    draws_told = [("bs", draws.num_samples), ("ar", draws.num_trials), ("seed", draws.seed)]
    told = [f"{key}:{value}" for key, value in draws_told if value or key == "seed"]
    parts = measure.signature.split("|")
    place = 1 + next((i for i, part in enumerate(parts) if part.startswith("nrefs:")), len(parts))
    return "|".join([*parts[:place], *told, *parts[place:]])
