"""The real application on a free port, and a real Chromium to drive it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from scripts.browser import ARGUMENTS, chromium
from tests.e2e.driving import SLOW_MS, App, Tab


@pytest.fixture(scope="module")
def app(ready_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application after its first start, which `test_main_path` has in earnest."""
    folder = tmp_path_factory.mktemp("e2e") / "workspace"
    shutil.copytree(ready_folder, folder)
    server = App(folder)
    server.start()
    yield server
    server.end()


@pytest.fixture(scope="module")  # not longer: as long as it lives, its event loop runs
def browser() -> Iterator[Browser]:
    path = chromium()
    if not path:
        pytest.skip("no Chromium on this machine; `apt install chromium` brings one")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, headless=True, args=list(ARGUMENTS)
        )
        yield started
        started.close()


@pytest.fixture
def tab(browser: Browser, app: App) -> Iterator[Tab]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(SLOW_MS)
    opened = Tab(page, app)
    yield opened
    context.close()
    assert not opened.errors
