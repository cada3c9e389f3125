"""The README's pictures, taken from the running application: `make screenshots`.

Starts the application on a free port in a workspace of its own, makes one finished run of the
sample and one that still learns, and photographs every page.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from core.demo import DEMO_RECIPE, run_demo
from core.emissions.carbon import change_settings
from core.errors import TrainingError
from core.finetune import runs
from core.finetune.command import free_port
from core.finetune.settings import from_recipe
from core.jobs import queue
from core.serving import services, versions
from core.serving.settings import PrepareSettings, ServeSettings
from core.storage.service_records import ServiceRecord
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from scripts import (
    corpora_pictures,
    evaluate_pictures,
    judging_pictures,
    playground_pictures,
    search_pictures,
)
from scripts.browser import ARGUMENTS, chromium

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "screenshots"
WIDE = (1280, 900)
PHONE = (390, 844)


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """Runs the application and gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "app", "--port", str(port)]
    environment = {**os.environ, WORKSPACE_VARIABLE: str(workspace)}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        while server.poll() is None:
            try:
                with urllib.request.urlopen(f"{url}/_stcore/health"):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.3)
        yield url
    finally:
        server.terminate()
        server.wait()


def photograph(browser: Browser, url: str, name: str, *, dark: bool, size: tuple[int, int]) -> None:
    """Opens a page, waits until it is still, and stores its picture."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    page.goto(url)
    _settle(page)
    page.screenshot(path=FOLDER / f"{name}.png")
    context.close()


def _settle(page: Page) -> None:
    if "stApp" in page.content() or "streamlit" in page.content():
        ready = '[data-testid="stApp"][data-test-script-state="notRunning"]'
        page.wait_for_selector(ready, timeout=60_000)
    page.get_by_role("heading").first.wait_for()
    page.wait_for_timeout(4_000)


def _serve(workspace: Workspace, run_id: str) -> ServiceRecord:
    """Prepares the model of a run and starts a service with it."""
    version = versions.prepare(workspace, PrepareSettings(model=run_id))
    queue.wait(workspace, version.id)
    versions.accept(workspace, version.id)
    record = services.start(workspace, ServeSettings(model=run_id, port=free_port()))
    while services.service_state(workspace, record).state != "serving":
        time.sleep(0.5)
    return record


def main() -> int:
    """Takes all pictures."""
    path = chromium()
    if not path:
        sys.stderr.write("No Chromium was found: `apt install chromium`.\n")
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace")
        finished = run_demo(workspace, lambda _: None)["run"]
        corpus = workspace.runs.get(finished).corpus_id
        change_settings(workspace, grid="Ireland", pue=1.2)
        with served(workspace.root) as url, sync_playwright() as playwright:
            live = runs.launch(workspace, from_recipe(DEMO_RECIPE, corpus=corpus, name="live"))
            browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
            while workspace.runs.get(live.id).job.progress.get("step", 0) < 200:
                time.sleep(1)
            shots = [
                (f"run?id={live.id}", "run-live", False, (1280, 1250)),
                (f"run?id={live.id}", "run-live-dark", True, (1280, 1250)),
                (f"run?id={finished}", "run-finished", False, (1280, 1000)),
                ("", "home", False, WIDE),
                ("corpora", "corpora", False, WIDE),
                ("finetune", "finetune", False, (1280, 1700)),
                ("runs", "runs", False, (1280, 520)),
                ("emissions", "emissions", False, (1280, 1400)),
                ("", "home-phone", False, PHONE),
                (f"run?id={finished}", "run-phone-dark", True, PHONE),
            ]
            for page, name, dark, size in shots:
                photograph(browser, f"{url}/{page}", name, dark=dark, size=size)
            with contextlib.suppress(TrainingError):  # it may have finished meanwhile
                runs.stop(workspace, live.id, "now")
            service = _serve(workspace, finished)
            photograph(
                browser,
                f"{service.address}/#q=The nurse opened the small box. The patients take a tablet.",
                "service",
                dark=False,
                size=(1280, 720),
            )
            photograph(browser, f"{url}/deploy", "deploy", dark=False, size=(1280, 1500))

            def shoot(page: str, name: str, dark: bool, size: tuple[int, int]) -> None:
                photograph(browser, f"{url}/{page}", name, dark=dark, size=size)

            search_pictures.take(workspace, corpus, shoot)
            corpora_pictures.take(workspace, shoot)
            playground_pictures.take(workspace, finished, shoot)
            judged = evaluate_pictures.take(workspace, finished, shoot)
            judging_pictures.take(workspace, judged, shoot)
            browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
