"""How the browser tests drive the application: one server, one tab."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Locator, Page, TimeoutError, expect

from core.storage.workspace import DATABASE_VARIABLE, WORKSPACE_VARIABLE, Workspace

ROOT = Path(__file__).resolve().parents[2]
SLOW_MS = 60_000
expect.set_options(timeout=SLOW_MS)  # five seconds are too few beside other tests
QUIET_MS = 250
QUIET = f"""() => {{
    const app = document.querySelector('[data-testid="stApp"]');
    const isQuiet = app?.dataset.testScriptState === "notRunning";
    window.quietSince = isQuiet ? (window.quietSince ?? performance.now()) : null;
    if (!isQuiet || performance.now() - window.quietSince < {QUIET_MS}) return false;
    window.quietSince = null;
    return true;
}}"""
ROW_HEIGHT_PX = 35
CLICKS = 3
CHOSEN_MS = 10_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class App:
    """The application as `make run` starts it; it can be killed and started again."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        environment = {**os.environ, WORKSPACE_VARIABLE: str(self.workspace)}
        environment.pop(DATABASE_VARIABLE, None)
        with (self.workspace.parent / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app", "--port", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url + "/_stcore/health"):
                return
            assert self._process.poll() is None, self.log()
            time.sleep(0.3)
        raise AssertionError(f"the server did not start\n{self.log()}")

    def end(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait(timeout=30)

    def log(self) -> str:
        return (self.workspace.parent / "server.log").read_text(errors="replace")[-4000:]

    def opened(self) -> Workspace:
        return Workspace(self.workspace)


class Tab:
    """One browser tab and the few things a person does in it."""

    def __init__(self, page: Page, app: App) -> None:
        self.page = page
        self.app = app
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.app.url}/{path}")
        self.settle()

    def settle(self) -> None:
        """Waits until the script has run and nothing is redrawn any more.

        A click reaches the server a moment later: that the script does not run is believed only
        once it has stayed so.
        """
        self.page.wait_for_function(QUIET, timeout=SLOW_MS, polling=50)

    def sees(self, text: str | re.Pattern[str], timeout_ms: int = SLOW_MS) -> None:
        # What a table tells a screen reader is no more visible than its picture is text.
        found = self.page.get_by_text(text).filter(visible=True).first
        expect(found).to_be_visible(timeout=timeout_ms)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=False).first

    def click(self, name: str) -> None:
        expect(self.button(name)).to_be_enabled(timeout=SLOW_MS)
        self.button(name).click()

    def choose_row(self, number: int) -> None:
        """Clicks a row, counted from 1, of the first table and waits until it is chosen.

        The rows that one sees are a picture; what a screen reader is told of them stands beside
        it. A click that comes while the table is drawn anew is lost, and is made again.
        """
        for _ in range(CLICKS):
            table = self.page.get_by_test_id("stDataFrame").first
            table.scroll_into_view_if_needed()  # rows out of sight are not told to anybody
            row = table.locator(f"[role=row][aria-rowindex='{number + 1}']")
            row.wait_for(state="attached", timeout=SLOW_MS)
            table.click(position={"x": 20, "y": (number + 0.5) * ROW_HEIGHT_PX})
            self.settle()
            with contextlib.suppress(AssertionError):
                expect(row).to_have_attribute("aria-selected", "true", timeout=CHOSEN_MS)
                return
        raise AssertionError(f"row {number} of the table could not be chosen")

    def expand(self, name: str) -> None:
        """Opens an expander; a click that comes while it is drawn anew is made again."""
        summary = self.page.locator("summary").filter(has_text=name).first
        summary.wait_for(timeout=SLOW_MS)
        is_open = self.page.locator("details[open]").filter(has=summary)
        for _ in range(CLICKS):
            if is_open.count() == 0:
                summary.click()
            self.settle()
            with contextlib.suppress(AssertionError):
                expect(is_open).to_have_count(1, timeout=CHOSEN_MS)
                return
        raise AssertionError(f"{name!r} could not be opened")

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True).first

    def fill(self, label: str, value: str) -> None:
        field = self.field(label)
        field.fill(value)
        field.press("Enter")
        self.settle()

    def choose(self, label: str, option: str) -> None:
        """Chooses from a list; one that a redraw closes is opened again."""
        offered = self.page.get_by_role("option", name=option, exact=True)
        for _ in range(CLICKS):
            self.field(label).click()
            with contextlib.suppress(TimeoutError):
                offered.click(timeout=CHOSEN_MS)
                self.settle()
                return
        raise AssertionError(f"{label}: {option!r} was not offered")

    def menu(self, name: str) -> None:
        self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
        self.page.get_by_role("heading", name=name).first.wait_for(timeout=SLOW_MS)
        self.settle()
