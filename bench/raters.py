"""A hundred raters at work at once over real sockets: what a save and the first page take.

The raters sit in processes of their own, so that reading what the server sends is not the
server's time; they share its two cores all the same. The peer is the same server with Streamlit's
default options, which collect garbage after every run and watch all files.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from bench.browsing import Server, page_server
from bench.report import Measure, Result, say
from core.storage.campaign_records import Rater
from core.storage.workspace import Workspace

NUM_RATERS = 100
NUM_SEGMENTS = 20
NUM_PROCESSES = 2
THINK_S = 5.0
ARRIVAL_S = 10.0  # all have come by then
WORK_S = 45.0
PEER_WORK_S = 20.0
SAVES_PER_ITEM = 4
LIMIT_SAVE_MS = 200.0
LIMIT_FIRST_S = 2.0
DEFAULT_OPTIONS = ("--runner.postScriptGC", "true", "--server.fileWatcherType", "auto")


@dataclass
class Figures:
    """What raters waited for.

    Attributes:
        save_ms: From sending until the page came back with the save's id.
        first_ms: From connecting until the item was shown.
        faults: What went wrong, in words.
        num_stored: Saves in the database afterwards.
        cores: Processor time of the server a second, while all were at work.
        memory_bytes: The server's resident size afterwards.
    """

    save_ms: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    num_stored: int = 0
    cores: float = 0.0
    memory_bytes: int = 0


def run(folder: Path) -> Result:
    """Lets raters work on our server, then on the same with Streamlit's default options."""
    ours = _measured(folder / "ours", (), WORK_S)
    say(f"   {len(ours.save_ms):,} saves; now Streamlit's default options")
    peer = _measured(folder / "peer", DEFAULT_OPTIONS, PEER_WORK_S)
    result = Result("raters", details={"ours": asdict(ours), "peer": asdict(peer)})
    raters = f"{NUM_RATERS} raters"
    for name, values, limit in (
        ("save", ours.save_ms, LIMIT_SAVE_MS),
        ("first page", ours.first_ms, 1000 * LIMIT_FIRST_S),
    ):
        result.measures += [
            Measure(f"{raters}: {name}, p50", _quantile(values, 50), "ms"),
            Measure(f"{raters}: {name}, p95", _quantile(values, 95), "ms", limit),
        ]
    result.measures += [
        Measure(f"{raters}: errors", float(len(ours.faults)), "", 0.0),
        Measure(f"{raters}: saves a second", len(ours.save_ms) / (ARRIVAL_S / 2 + WORK_S), ""),
        Measure("server's processor time", 100 * ours.cores, "% of a core"),
        Measure("server's resident memory", ours.memory_bytes / 1e6, "MB"),
        Measure(
            "save p95, Streamlit's default options to ours",
            _quantile(peer.save_ms, 95) / _quantile(ours.save_ms, 95),
            "x",
        ),
        Measure(
            "first page p95, Streamlit's default options to ours",
            _quantile(peer.first_ms, 95) / _quantile(ours.first_ms, 95),
            "x",
        ),
    ]
    result.lines += [
        f"{len(ours.save_ms):,} saves were acknowledged, {ours.num_stored:,} are stored.",
        *(f"Went wrong: {fault}" for fault in ours.faults[:3]),
        f"By default: save p50 {_quantile(peer.save_ms, 50):,.0f} ms, p95 "
        f"{_quantile(peer.save_ms, 95):,.0f} ms, first page p95 "
        f"{_quantile(peer.first_ms, 95):,.0f} ms, {len(peer.faults)} errors.",
    ]
    return result


def _measured(folder: Path, options: Sequence[str], work_s: float) -> Figures:
    """Starts a server and its raters, and gives what they waited for."""
    from tests.servers.rater_tab import scripted_campaign

    workspace = Workspace(folder)
    try:
        raters = scripted_campaign(workspace, NUM_RATERS, NUM_SEGMENTS)
        with page_server(workspace, options) as server:
            figures = _worked(server, workspace, raters, work_s)
            figures.memory_bytes = server.memory_bytes
        for rater in raters:
            for item in workspace.raters.items(rater.id):
                figures.num_stored += len(workspace.ratings.saves(item.id))
        return figures
    finally:
        workspace.database.dispose()


def _worked(
    server: Server, workspace: Workspace, raters: Sequence[Rater], work_s: float
) -> Figures:
    from tests.servers.rater_tab import cookies_of

    cookies = [cookies_of(workspace, rater) for rater in raters]
    figures = Figures()
    with ProcessPoolExecutor(NUM_PROCESSES, mp_context=get_context("spawn")) as pool:
        list(pool.map(abs, range(NUM_PROCESSES)))  # they start before anything is measured
        begin_s = time.time() + 2.0
        waiting = [
            pool.submit(simulated, server.url, cookies[number::NUM_PROCESSES], begin_s, work_s)
            for number in range(NUM_PROCESSES)
        ]
        time.sleep(max(0.0, begin_s + ARRIVAL_S - time.time()))
        cpu_s, at_s = server.cpu_s, time.time()
        time.sleep(max(0.0, begin_s + ARRIVAL_S + work_s - time.time()))
        figures.cores = (server.cpu_s - cpu_s) / (time.time() - at_s)
        for found in (each.result() for each in waiting):
            figures.save_ms += found.save_ms
            figures.first_ms += found.first_ms
            figures.faults += found.faults
    return figures


def simulated(
    url: str, cookies: Sequence[dict[str, str]], begin_s: float, work_s: float
) -> Figures:
    """Lets some raters work, in a process of its own, and gives what they waited for.

    Args:
        url: Of the server.
        cookies: Of each rater's browser.
        begin_s: When the first may come, in seconds since 1970.
        work_s: How long they work after the last has come.
    """
    figures = Figures()
    chance = random.Random(len(cookies))
    end_s = begin_s + ARRIVAL_S + work_s

    async def all_at_work() -> None:
        await asyncio.gather(
            *(
                _rater(url, cookie, begin_s + chance.uniform(0, ARRIVAL_S), end_s, chance, figures)
                for cookie in cookies
            )
        )

    asyncio.run(all_at_work())
    return figures


async def _rater(
    url: str,
    cookies: dict[str, str],
    begin_s: float,
    end_s: float,
    chance: random.Random,
    figures: Figures,
) -> None:
    """Comes, marks, goes on to the next item and the next, thinking before each save."""
    from tests.servers.rater_tab import LOST, PageFault, RaterTab

    await asyncio.sleep(max(0.0, begin_s - time.time()))
    try:
        async with RaterTab(url, cookies) as tab:
            figures.first_ms.append(1000 * tab.first_page_s)
            num_saves = 0
            while True:
                await asyncio.sleep(THINK_S * chance.uniform(0.5, 1.5))
                if time.time() > end_s or tab.is_finished:
                    return
                num_saves += 1
                comment = {"marks": [], "comment": f"The {num_saves}th thought."}
                save = tab.new_save(comment, goes_on=num_saves % SAVES_PER_ITEM == 0)
                taken_s = await tab.send(save)
                if tab.is_stored(save):
                    figures.save_ms.append(1000 * taken_s)
                else:
                    figures.faults.append(f"not acknowledged: {tab.shown.get('missing')}")
    except (*LOST, PageFault) as error:
        figures.faults.append(f"{type(error).__name__}: {error}"[:300])


def _quantile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else float("nan")
