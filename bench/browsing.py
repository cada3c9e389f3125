"""The real page server on a free port, and a headless browser in front of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from bench.data import scratch_environment
from core.finetune.command import free_port
from core.storage.workspace import PROJECT, Workspace
from scripts.browser import ARGUMENTS, chromium

START_LIMIT_S = 60.0
PAGE_LIMIT_MS = 180_000
VIEWPORT = {"width": 1280, "height": 900}

_AT_REST = '[data-testid="stApp"][data-test-script-state="notRunning"]'
_CHARTS_DRAWN = """() => {
  const plots = [...document.querySelectorAll('.live-charts-plot')];
  return plots.length > 0 && plots.every(
    (plot) => plot.hidden || plot.querySelector('.scatterlayer path.js-line, .scatterlayer .point')
  );
}"""


@dataclass(frozen=True)
class Server:
    """A running page server.

    Attributes:
        url: Where it answers.
        pid: Its process.
    """

    url: str
    pid: int

    @property
    def memory_bytes(self) -> int:
        """Its resident size."""
        return int(psutil.Process(self.pid).memory_info().rss)

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time that it has used."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def loaded(self, names: tuple[str, ...]) -> list[str]:
        """Gives which of the shared libraries with these names it has in memory."""
        maps = Path(f"/proc/{self.pid}/maps").read_text()
        return [name for name in names if name in maps]


@contextmanager
def page_server(workspace: Workspace, options: Sequence[str] = ()) -> Iterator[Server]:
    """Starts the server as `make run` does and ends it afterwards.

    Args:
        workspace: What it works on.
        options: Further options of `streamlit run`.
    """
    port = free_port()
    log = workspace.root / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", "app/server.py"]
    command += ["--server.port", str(port), *options]
    environment = {**os.environ, **scratch_environment(workspace.root)}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for_health(url, process, log)
            yield Server(url, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for_health(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the page server did not start:\n{log.read_text()[-4000:]}")


@contextmanager
def headless_browser() -> Iterator[Browser]:
    """Starts Chromium and ends it afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def fresh_page(browser: Browser) -> Iterator[Page]:
    """Gives a page of a new visitor: empty cache, no cookies."""
    context = browser.new_context(viewport={"width": VIEWPORT["width"], "height": 900})
    page = context.new_page()
    page.set_default_timeout(PAGE_LIMIT_MS)
    yield page
    context.close()


def open_first(page: Page, url: str) -> float:
    """Opens the home page and gives the seconds until it is whole."""
    began_s = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.get_by_role("heading", name="This machine").wait_for()
    page.locator(_AT_REST).wait_for()
    return time.perf_counter() - began_s


def open_runs(page: Page) -> float:
    """Goes to the list of runs by the menu and gives the seconds until its rows stand there."""
    began_s = time.perf_counter()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Runs").click()
    page.get_by_role("heading", name="Runs", exact=True).wait_for()
    page.get_by_test_id("stDataFrame").locator("canvas").first.wait_for()
    page.locator(_AT_REST).wait_for()
    return time.perf_counter() - began_s


def open_first_run(page: Page, name: str) -> float:
    """Clicks the first row of the list and gives the seconds until the run's charts are drawn."""
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    if box is None:
        raise RuntimeError("the list of runs is not on the page")
    began_s = time.perf_counter()
    # The table is one canvas: its first row has its selection box here.
    page.mouse.click(box["x"] + 18, box["y"] + 53)
    page.get_by_role("heading", name=name).wait_for()
    wait_for_charts(page)
    return time.perf_counter() - began_s


def wait_for_charts(page: Page) -> None:
    """Waits until every chart that has data shows a line."""
    page.wait_for_function(_CHARTS_DRAWN, polling="raf")
