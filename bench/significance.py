"""The paired bootstrap and what it is made of, against sacreBLEU's `PairedTest` on the same texts.

Each side runs in a process of its own. Processor time is compared, not the time that passes: it
does not hang on what else the machine does.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from bench.report import Measure, Result, say
from core.host import peak_memory_bytes
from core.metrics.comparison import Measured
from core.metrics.lexical import find_specs, sacrebleu_metric
from core.metrics.measures import lexical_measure
from core.metrics.significance import approximate_randomisation, paired_bootstrap
from core.metrics.statistics import extract_statistics, kind_of

_T = TypeVar("_T")

NUM_SEGMENTS = 100_000
NUM_FEW_SEGMENTS = 2_000
NUM_SAMPLES = 1000
NUM_TRIALS = 10_000
LIMIT_RATIO = 1 / 7
LIMIT_MEMORY_MB = 500

NUM_WORDS = 50_000
LETTERS = "aaabcdeeeefghiiijklmnooopqrsttuvwxyz"
# Of a hundred words about so many are followed by a mark, as in English and Irish text.
MARKS = {",": 6, ".": 5, "-": 1, "!": 1, "'s": 1, ")": 1}


@dataclass(frozen=True)
class Case:
    """What is tested.

    Attributes:
        metric: Its key.
        test: `bs` or `ar`.
        num_segments: In the test set.
        num_draws: Resamples or trials.
    """

    metric: str
    test: str
    num_segments: int
    num_draws: int

    def __str__(self) -> str:
        """Gives the words for the table."""
        kind = {"bs": "resamples", "ar": "random trials"}[self.test]
        return f"{self.metric}, {self.num_segments:,} segments, {self.num_draws:,} {kind}"


@dataclass(frozen=True)
class Figures:
    """What one side needed.

    Attributes:
        statistics_s: Processor seconds for the statistics, part of `all_s`.
        all_s: Processor seconds for everything after the texts were there.
        texts_bytes: Memory of the process with the texts alone, at its greatest.
        peak_bytes: The most memory of the process.
        results: Scores, means, half widths of the intervals and p of the systems.
    """

    statistics_s: float
    all_s: float
    texts_bytes: int
    peak_bytes: int
    results: list[tuple[float | None, ...]]


BIG = Case("bleu", "bs", NUM_SEGMENTS, NUM_SAMPLES)
CASES = [
    BIG,
    Case("bleu", "bs", NUM_FEW_SEGMENTS, NUM_SAMPLES),
    Case("chrf2", "bs", NUM_FEW_SEGMENTS, NUM_SAMPLES),
    Case("ter", "bs", NUM_FEW_SEGMENTS, NUM_SAMPLES),
    Case("bleu", "ar", NUM_FEW_SEGMENTS, NUM_TRIALS),
    Case("chrf2", "ar", NUM_FEW_SEGMENTS, NUM_TRIALS),
]


def run(_folder: Path) -> Result:
    """Measures every case on both sides."""
    result = Result("significance")
    for case in CASES:
        say(f"   {case}")
        ours = _alone(_of_ours, case)
        peer = replace(
            _alone(_of_sacrebleu, case), statistics_s=_alone(_statistics_of_sacrebleu, case)
        )
        result.details[str(case)] = {"ours": asdict(ours), "sacrebleu": asdict(peer)}
        _add_measures(result, case, ours, peer)
        same = "equal" if ours.results == peer.results else "are NOT equal"
        result.lines.append(
            f"{case}: scores, means, intervals and p {same} to sacreBLEU's; sacreBLEU "
            f"{peer.all_s:.1f} s and {peer.peak_bytes / 1e6:,.0f} MB, ours {ours.all_s:.1f} s "
            f"({ours.statistics_s:.1f} s of it statistics, which are kept) and "
            f"{ours.peak_bytes / 1e6:,.0f} MB, the texts alone {ours.texts_bytes / 1e6:,.0f} MB."
        )
    return result


def _add_measures(result: Result, case: Case, ours: Figures, peer: Figures) -> None:
    limit = LIMIT_RATIO if case == BIG else None
    drawn = ours.all_s - ours.statistics_s, peer.all_s - peer.statistics_s
    result.measures += [
        Measure(f"{case}: processor time, ours/sacreBLEU", ours.all_s / peer.all_s, "", limit),
        Measure(f"{case}: without the statistics", drawn[0] / drawn[1], "", limit),
    ]
    if case == BIG:
        peak = ours.peak_bytes / 1e6
        result.measures += [
            Measure(f"{case}: peak memory", peak, "MB", LIMIT_MEMORY_MB),
            Measure(f"{case}: peak memory of sacreBLEU", peer.peak_bytes / 1e6, "MB"),
        ]


def _alone(measure: Callable[[Case], _T], case: Case) -> _T:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, case).result()


def _of_ours(case: Case) -> Figures:
    systems, references = _texts(case.num_segments)
    (spec,) = find_specs([case.metric])
    texts_bytes, began_s = peak_memory_bytes(), time.process_time()
    rows = extract_statistics(kind_of(spec, [references]), list(systems.values()), [references])
    statistics_s = time.process_time() - began_s
    measured = [Measured(lexical_measure(spec), dict(zip(systems, rows, strict=True)))]
    if case.test == "bs":
        (found,) = paired_bootstrap(measured, baseline="A", num_samples=case.num_draws)
    else:
        (found,) = approximate_randomisation(
            measured, baseline="A", num_trials=case.num_draws, num_samples=0
        )
    all_s = time.process_time() - began_s
    p_values = [None, found.against_baseline[0].p]
    results: list[tuple[float | None, ...]] = [
        (each.value, *_spread(each.interval), p)
        for each, p in zip(found.systems, p_values, strict=True)
    ]
    return Figures(statistics_s, all_s, texts_bytes, peak_memory_bytes(), results)


def _spread(interval: Any) -> tuple[float | None, float | None]:
    return (interval.mean, interval.half_width) if interval else (None, None)


def _of_sacrebleu(case: Case) -> Figures:
    from sacrebleu.significance import PairedTest

    systems, references = _texts(case.num_segments)
    (spec,) = find_specs([case.metric])
    metric = sacrebleu_metric(spec)
    texts_bytes, began_s = peak_memory_bytes(), time.process_time()
    test = PairedTest(
        list(systems.items()),
        {spec.key: metric},
        [references],
        test_type=case.test,
        n_samples=case.num_draws,
    )
    rows: list[Any] = next(rows for name, rows in test()[1].items() if name != "System")
    all_s = time.process_time() - began_s
    results: list[tuple[float | None, ...]] = [
        tuple(
            None if value is None else float(value)
            for value in (row.score, row.mean, row.ci, row.p_value)
        )
        for row in rows
    ]
    return Figures(0, all_s, texts_bytes, peak_memory_bytes(), results)


def _statistics_of_sacrebleu(case: Case) -> float:
    """Gives the processor seconds for the statistics alone, taken as `PairedTest` takes them."""
    systems, references = _texts(case.num_segments)
    (spec,) = find_specs([case.metric])
    metric = sacrebleu_metric(spec)
    began_s = time.process_time()
    for hypotheses in systems.values():
        metric.corpus_score(hypotheses, [references])
    return time.process_time() - began_s


def _texts(num_segments: int) -> tuple[dict[str, list[str]], list[str]]:
    """Draws references and the hypotheses of two systems that get a third of the words wrong.

    The n-th most frequent word stands there 1/(n + 2.7) as often, and segments have 18 words in
    the mean, as is measured for English.
    """
    rng = random.Random(1)
    words = ["".join(rng.choices(LETTERS, k=rng.randint(2, 10))) for _ in range(NUM_WORDS)]
    sums = list(accumulate(1 / (rank + 2.7) for rank in range(1, NUM_WORDS + 1)))
    marks = [*MARKS, ""]
    shares = [*MARKS.values(), 100 - sum(MARKS.values())]

    def drawn(count: int) -> list[str]:
        found = rng.choices(words, cum_weights=sums, k=count)
        ends = rng.choices(marks, weights=shares, k=count)
        return [word + end for word, end in zip(found, ends, strict=True)]

    def edited(segment: list[str]) -> str:
        new = drawn(len(segment))
        return " ".join(b if rng.random() < 1 / 3 else a for a, b in zip(segment, new, strict=True))

    texts = [drawn(1 + int(rng.lognormvariate(2.7, 0.55))) for _ in range(num_segments)]
    systems = {name: [edited(segment) for segment in texts] for name in ("A", "B")}
    return systems, [" ".join(segment) for segment in texts]
