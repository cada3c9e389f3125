"""What a visitor waits for: first page, a thousand runs, a long run, and a run that is at work.

The live run is the starter in real training; its page is opened and left in turns, which shows
what a refresh costs in bytes, and what watching costs the training on the same cores.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from playwright.sync_api import Browser, Page

from bench.browsing import (
    Server,
    fresh_page,
    headless_browser,
    open_first,
    open_first_run,
    open_runs,
    page_server,
    wait_for_charts,
)
from bench.filled_workspace import (
    LONG_NAME,
    LONG_STEPS,
    NUM_RUNS,
    fill,
    set_up_in_child,
    starter_settings,
)
from bench.report import Measure, Result, repeated, say
from core.errors import TrainingError
from core.finetune import runs
from core.finetune.run_folder import RunFolder
from core.finetune.training import MAX_TRAIN_RECORDS
from core.jobs import queue
from core.storage.files import JsonLinesTail
from core.storage.run_records import Run
from core.storage.workspace import Workspace
from scripts.browser import chromium

REPEATS = 5
REFRESH_S = 2.0
WINDOW_S = 6.0  # three refreshes, one of them with samples and log
NUM_WINDOWS = 4
MIN_LIVE_STEPS = 210  # from then on a refresh is as large as it gets
LIVE_LIMIT_S = 240.0
NATIVE = ("libtorch", "libgomp", "deepspeed", "tokenizers")


def run(folder: Path) -> Result:
    """Fills a workspace, starts the server and looks at it."""
    if not chromium():
        return Result("pages", skipped="There is no Chromium on this machine.")
    workspace = Workspace(folder / "workspace")
    try:
        began_s = time.monotonic()
        set_up_in_child(workspace)
        fill(workspace)
        say(f"   {NUM_RUNS:,} runs and one of {LONG_STEPS:,} steps: {_since(began_s)} to make")
        with page_server(workspace) as server, headless_browser() as browser:
            result = Result("pages")
            result.measures = _opened(server, browser, result)
            _live(workspace, server, browser, result)
            _server(server, result)
        return result
    finally:
        workspace.database.dispose()


def _since(began_s: float) -> str:
    return f"{time.monotonic() - began_s:.0f} s"


def _opened(server: Server, browser: Browser, result: Result) -> list[Measure]:
    """Measures the ways to the pages, REPEATS times each."""
    memory = {"at start": server.memory_bytes}
    with fresh_page(browser) as page:
        cold_s = open_first(page, server.url)
    first: list[float] = []
    for _ in range(REPEATS):
        with fresh_page(browser) as page:
            first.append(open_first(page, server.url))
    with fresh_page(browser) as page:
        open_first(page, server.url)
        unread_list_s = open_runs(page)
        memory["after the list"] = server.memory_bytes
        unread_run_s = open_first_run(page, LONG_NAME)
        memory["after the long run"] = server.memory_bytes
        listed, opened = [], []
        for _ in range(REPEATS):
            page.get_by_test_id("stSidebarNav").get_by_role("link", name="Home").click()
            page.get_by_role("heading", name="This machine").wait_for()
            listed.append(open_runs(page))
            opened.append(open_first_run(page, LONG_NAME))
    shown = ", ".join(f"{when} {size / 1e6:.0f} MB" for when, size in memory.items())
    result.lines.append(f"Server memory: {shown}.")
    run_title = f"run of {LONG_STEPS:,} steps"
    return [
        Measure("first page, first visitor after the start", cold_s, "s"),
        repeated("first page, new visitor", first, "s", 3.0),
        Measure(f"list of {NUM_RUNS:,} runs, first time", unread_list_s, "s"),
        repeated(f"list of {NUM_RUNS:,} runs", listed, "s", 1.0),
        Measure(f"{run_title}, first time (read, plotly loaded)", unread_run_s, "s"),
        repeated(run_title, opened, "s", 1.0),
    ]


@dataclass
class _Traffic:
    """Counts what a page's websocket brings."""

    num_bytes: int = 0
    largest: int = 0

    def listen(self, page: Page) -> None:
        """Counts from the page's next websocket on."""
        page.on("websocket", lambda socket: socket.on("framereceived", self._add))

    def _add(self, payload: bytes | str) -> None:
        size = len(payload if isinstance(payload, bytes) else payload.encode())
        self.num_bytes += size
        self.largest = max(self.largest, size)


def _live(workspace: Workspace, server: Server, browser: Browser, result: Result) -> None:
    """Measures refreshes of a run at work, and the run's pace with and without a watcher."""
    settings = starter_settings(
        workspace,
        name="live",
        max_steps=MAX_TRAIN_RECORDS,  # up to here every step has a record of its own
        num_epochs=1000,
        eval_every_steps=500,
        eval_segments=20,
    )
    live = runs.launch(workspace, settings)
    try:
        _wait_for_steps(workspace, live)
        _windows(workspace, live, server, browser, result)
    finally:
        try:
            runs.stop(workspace, live.id, "now")
        except TrainingError as error:  # it had ended by itself
            say(f"   {error}")
        queue.wait(workspace, live.id)


def _wait_for_steps(workspace: Workspace, live: Run) -> None:
    deadline = time.monotonic() + LIVE_LIMIT_S
    while time.monotonic() < deadline:
        state = runs.run_state(workspace, workspace.runs.get(live.id))
        if state.has_ended:
            raise RuntimeError(f"the live run {state.state}: {state.reason}\n{state.detail}")
        if state.progress.get("step", 0) >= MIN_LIVE_STEPS:
            return
        time.sleep(0.5)
    raise RuntimeError(f"the live run made no {MIN_LIVE_STEPS} steps in {LIVE_LIMIT_S:.0f} s")


def _windows(
    workspace: Workspace, live: Run, server: Server, browser: Browser, result: Result
) -> None:
    tail = JsonLinesTail(RunFolder(workspace.run_folder(live.id)).metrics_file)
    paces: dict[str, list[dict[str, float]]] = {"alone": [], "watched": []}
    sizes, largest, server_cpu, browser_cpu = [], [], [], []
    for _ in range(NUM_WINDOWS):
        paces["alone"].append(_pace(tail))
        with fresh_page(browser) as page:
            traffic = _Traffic()
            traffic.listen(page)
            page.goto(f"{server.url}/run?id={live.id}")
            page.get_by_role("heading", name="live").wait_for()
            wait_for_charts(page)
            page.wait_for_timeout(3_000)
            before = traffic.num_bytes, server.cpu_s, _browser_cpu_s()
            traffic.largest = 0
            paces["watched"].append(_pace(tail, page))
            num_refreshes = WINDOW_S / REFRESH_S
            sizes.append((traffic.num_bytes - before[0]) / num_refreshes / 1000)
            largest.append(traffic.largest / 1000)
            server_cpu.append(1000 * (server.cpu_s - before[1]) / num_refreshes)
            browser_cpu.append(1000 * (_browser_cpu_s() - before[2]) / num_refreshes)
    ratios = [
        watched["tokens_per_s"] / alone["tokens_per_s"]
        for alone, watched in zip(paces["alone"], paces["watched"], strict=True)
    ]
    result.measures += [
        repeated("refresh of a live run, all its fragments in 2 s", sizes, "KB", 60.0),
        repeated("largest message of a refresh", largest, "KB"),
        repeated("server's processor time a refresh", server_cpu, "ms"),
        repeated("browser's processor time a refresh", browser_cpu, "ms"),
        repeated("training speed while watched, against alone", ratios, "x"),
    ]
    for name, rows in paces.items():
        slow = sum(row["slow_share"] for row in rows) / len(rows)
        result.lines.append(
            f"Live run {name}: {median(row['tokens_per_s'] for row in rows):,.0f} tokens/s, "
            f"{slow:.1%} of its steps took more than twice the median."
        )
    result.details["paces"] = paces


def _pace(tail: JsonLinesTail, page: Page | None = None) -> dict[str, float]:
    """Gives the pace of the training during WINDOW_S, from the run's own records."""
    tail.read()
    if page:
        page.wait_for_timeout(WINDOW_S * 1000)  # the browser's events are taken in meanwhile
    else:
        time.sleep(WINDOW_S)
    trained = [record for record in tail.read() if record["kind"] == "train"]
    seconds = [_step_s(a, b) for a, b in zip(trained, trained[1:], strict=False)]
    if not seconds:
        raise RuntimeError(f"the live run made no step in {WINDOW_S:.0f} s")
    usual = median(seconds)
    tokens = sum(record["tokens_per_s"] * s for record, s in zip(trained[1:], seconds, strict=True))
    return {
        "tokens_per_s": tokens / sum(seconds),
        "median_step_s": usual,
        "slow_share": sum(s > 2 * usual for s in seconds) / len(seconds),
    }


def _step_s(before: dict[str, Any], record: dict[str, Any]) -> float:
    """Gives the seconds in training steps from one record to the next, evaluations left out."""
    return max(1e-6, float(record["train_seconds"]) - float(before["train_seconds"]))


def _browser_cpu_s() -> float:
    """Gives the processor time of the browser's processes, all of them below this one."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            if "chrom" in process.name():
                times = process.cpu_times()
                total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


def _server(server: Server, result: Result) -> None:
    loaded = server.loaded(NATIVE)
    result.measures += [
        Measure("server's resident memory afterwards", server.memory_bytes / 1e6, "MB", 300.0),
        Measure("torch libraries in the server", float("libtorch" in loaded), "", 0.0),
    ]
    result.lines.append(
        f"Native libraries in the server: {', '.join(loaded) or 'none of ' + ', '.join(NATIVE)}."
    )
