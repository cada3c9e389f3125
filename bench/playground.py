"""What the playground adds to slow systems: six columns against one, stops, and one short answer.

The systems stand in processes of their own: the paced server of the tests and the tiny LLM behind
`transformers serve`. The board is measured in a third process, so that the memory is that of
asking alone.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from bench.playground_child import NUM_STOPS, NUM_TOKENS, PACES_MS, Figures, measured
from bench.report import Measure, Result, repeated

LIMIT_RATIO = 1.15
LIMIT_STOP_MS = 500.0


def run(folder: Path) -> Result:
    """Measures columns, stops and short answers."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(measured, folder).result()
    measures = [*_column_rows(found), *_stop_rows(found), *_short_rows(found)]
    return Result("playground", measures, _told(found), asdict(found))


def _column_rows(found: Figures) -> list[Measure]:
    turns = list(zip(found.together, found.alone, found.peer, strict=True))
    ratios = [six.total_s / one.total_s for six, one, _ in turns]
    to_peer = [six.total_s / peer.total_s for six, _, peer in turns]
    rows = [
        repeated(f"{len(PACES_MS)} columns to the slowest alone", ratios, "x", LIMIT_RATIO),
        repeated(f"{len(PACES_MS)} columns to the same by httpx2 alone", to_peer, "x"),
    ]
    titles = (
        (found.alone, "the slowest alone"),
        (found.together, f"all of {len(PACES_MS)}"),
        (found.peer, f"all of {len(PACES_MS)} by httpx2 alone"),
    )
    for askings, title in titles:
        times_ms = [1000 * each.first_token_s for each in askings]
        rows.append(repeated(f"first token, {title}", times_ms, "ms"))
    rows.append(Measure("first token, first question of a process", found.cold_first_token_s, "s"))
    for askings, title in titles:
        cpu_ms = [1000 * each.cpu_s_per_token for each in askings]
        rows.append(repeated(f"processor time for a token, {title}", cpu_ms, "ms"))
    rows.append(Measure("peak memory of asking", found.peak_bytes / 1e6, "MB"))
    return rows


def _stop_rows(found: Figures) -> list[Measure]:
    titles = (
        (found.stop_s, f"a stop until {len(PACES_MS)} streaming servers see it"),
        (found.stop_silent_s, f"a stop until {len(PACES_MS)} silent servers see it"),
        (found.llm_stopped_s, "a stop until the tiny LLM has answered the next"),
    )
    rows = []
    for times_s, title in titles:
        if times_s:
            times_ms = [1000 * each for each in times_s]
            rows.append(repeated(f"{title}, p50", times_ms, "ms", LIMIT_STOP_MS))
            rows.append(Measure(f"{title}, max", max(times_ms), "ms", LIMIT_STOP_MS))
    if found.llm_busy_s:
        busy_ms = [1000 * each for each in found.llm_busy_s]
        rows.append(repeated("the same without a stop", busy_ms, "ms"))
        rows.append(
            Measure("the tiny LLM undisturbed, p50", 1000 * median(found.llm_alone_s), "ms")
        )
    return rows


def _short_rows(found: Figures) -> list[Measure]:
    own_ms = [ours - raw for ours, raw in zip(found.short_ms, found.raw_ms, strict=True)]
    return [
        Measure("own time for a short answer, p50", median(own_ms), "ms"),
        Measure("httpx2 on a kept connection, p50", median(found.raw_ms), "ms"),
        Measure("httpx2 with a new client, p50", median(found.raw_new_ms), "ms"),
    ]


def _told(found: Figures) -> list[str]:
    paces = ", ".join(map(str, PACES_MS))
    stored_ms = 1000 * median(found.stop_stored_s)
    lines = [
        f"{len(PACES_MS)} columns of {NUM_TOKENS} tokens, {paces} ms a token, read 3 times a "
        f"second; the slowest alone {median(each.total_s for each in found.alone):.2f} s.",
        f"The process had {found.base_bytes / 1e6:.0f} MB before it asked.",
        f"{NUM_STOPS} stops; all columns were stored after {stored_ms:.0f} ms, p50.",
    ]
    if found.llm_skipped:
        lines.append(f"The tiny LLM was not asked: {found.llm_skipped}")
    else:
        lines.append(
            "`transformers serve` itself overlooks, rarely, a client that leaves while it sends: "
            "that is the maximum of the tiny LLM's times."
        )
    return lines
