"""How fast examples for a prompt are found among 100,000 pairs, against comparing with each."""

from __future__ import annotations

import random
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles

import psutil
from rapidfuzz import fuzz, process

from bench.report import Measure, Result, repeated
from core.corpora.segments import Pair
from core.systems.retrieval.nearest import ExampleIndex

NUM_PAIRS = 100_000
NUM_HELD_OUT = 1000
NUM_QUERIES = 400
NUM_ROUNDS = 3  # through all queries, so that a busy moment does not count
PEER_EVERY = 4  # queries; it is slow
NUM_EXAMPLES = 5
LIMIT_INDEX_S = 10.0
LIMIT_QUERY_MS = 5.0

NUM_BUILDS = 3

NUM_WORDS = 50_000
LETTERS = "aaabcdeeeefghiiijklmnooopqrsttuvwxyz"


@dataclass(frozen=True)
class Figures:
    """What the process of the measurement found.

    Attributes:
        index_s: Seconds of each building of the index.
        query_ms: Milliseconds of each query, the median of the rounds.
        peer_ms: Milliseconds of the peer for some of the queries.
        as_near: Of the peer's queries those whose best example is as similar as the peer's best.
        corpus_bytes: Memory of the process with the corpus, before anything was indexed.
        peak_bytes: The most memory while an index was built and asked.
    """

    index_s: list[float]
    query_ms: list[float]
    peer_ms: list[float]
    as_near: list[bool]
    corpus_bytes: int
    peak_bytes: int


def run(_folder: Path) -> Result:
    """Measures the index, its queries, and RapidFuzz on the same queries."""
    # In a process of its own, so that the memory is that of the index.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(_measured).result()
    p50, p95 = median(found.query_ms), quantiles(found.query_ms, n=20)[-1]
    share = sum(found.as_near) / len(found.as_near)
    return Result(
        "retrieval",
        [
            repeated(f"index of {NUM_PAIRS:,} pairs", found.index_s, "s", LIMIT_INDEX_S),
            Measure(f"{NUM_EXAMPLES} examples for a segment, p50", p50, "ms", LIMIT_QUERY_MS),
            Measure(f"{NUM_EXAMPLES} examples for a segment, p95", p95, "ms", LIMIT_QUERY_MS),
            Measure("rapidfuzz.process.extract over all sources, p50", median(found.peer_ms), "ms"),
            Measure("peak memory, corpus and index", found.peak_bytes / 1e6, "MB"),
        ],
        [
            f"The corpus alone {found.corpus_bytes / 1e6:.0f} MB; {NUM_QUERIES} queries, half of "
            "them edited sources of the corpus, half held out.",
            f"Where the query is an edited source, the first example is as similar as the best of "
            f"all sources in {share:.0%} of {len(found.as_near)} queries.",
        ],
        asdict(found),
    )


def _measured() -> Figures:
    drawn = _Drawn(random.Random(1))
    pairs, held_out = drawn.pairs(NUM_PAIRS), drawn.pairs(NUM_HELD_OUT)
    sources = [source for source, _ in pairs]
    edited = [drawn.edited(source) for source in sources[:: 2 * NUM_PAIRS // NUM_QUERIES]]
    queries = edited + [source for source, _ in held_out[: NUM_QUERIES // 2]]
    held_out_texts = [text for pair in held_out for text in pair]
    corpus_bytes = psutil.Process().memory_info().rss
    index_s = [_built(pairs, held_out_texts)[0] for _ in range(NUM_BUILDS - 1)]
    last_s, index = _built(pairs, held_out_texts)
    index_s.append(last_s)
    rounds = [[_asked_ms(index, query) for query in queries] for _ in range(NUM_ROUNDS)]
    query_ms = [median(times) for times in zip(*rounds, strict=True)]
    peer_ms: list[float] = []
    as_near: list[bool] = []
    for query in queries[::PEER_EVERY]:
        began_s = time.perf_counter()
        nearest = process.extract(query, sources, scorer=fuzz.ratio, limit=NUM_EXAMPLES)
        peer_ms.append(1000 * (time.perf_counter() - began_s))
        if query in edited:
            examples = index.examples(query, count=NUM_EXAMPLES)
            as_near.append(bool(examples) and examples[0].similarity >= nearest[0][1])
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Figures(index_s, query_ms, peer_ms, as_near, corpus_bytes, peak_bytes)


def _built(pairs: list[Pair], held_out: list[str]) -> tuple[float, ExampleIndex]:
    began_s = time.perf_counter()
    index = ExampleIndex(pairs, held_out=held_out)
    return time.perf_counter() - began_s, index


def _asked_ms(index: ExampleIndex, query: str) -> float:
    began_s = time.perf_counter()
    index.examples(query, count=NUM_EXAMPLES)
    return 1000 * (time.perf_counter() - began_s)


class _Drawn:
    """Segments of made-up words; the n-th most frequent word stands there 1/(n + 2.7) as often.

    That is the Zipf-Mandelbrot law as it is measured for English: the first word is in most
    segments, most words are in a few.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._words = [
            "".join(rng.choices(LETTERS, k=rng.randint(2, 10))) for _ in range(NUM_WORDS)
        ]
        self._sums = list(accumulate(1 / (rank + 2.7) for rank in range(1, NUM_WORDS + 1)))

    def pairs(self, count: int) -> list[Pair]:
        """Draws pairs; the targets have nothing to do with the sources."""
        return [(self._segment(), self._segment()) for _ in range(count)]

    def edited(self, segment: str) -> str:
        """Gives a segment with every fifth word replaced by another one."""
        words = segment.split()
        for place in range(0, len(words), 5):
            words[place] = self._drawn_words(1)[0]
        return " ".join(words)

    def _segment(self) -> str:
        # As in LoResMT 2021 English-Irish: 18 words in the mean, few with more than 50.
        return " ".join(self._drawn_words(1 + int(self._rng.lognormvariate(2.7, 0.55))))

    def _drawn_words(self, count: int) -> list[str]:
        return self._rng.choices(self._words, cum_weights=self._sums, k=count)
