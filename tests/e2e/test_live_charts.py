"""Live charts in a real browser: they draw, follow the data and keep the reader's zoom."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
PLOT = ".live-charts-plot"
STATE = """plot => ({
  range: plot._fullLayout.xaxis.range,
  last: plot.data[0].x.at(-1),
  color: plot._fullLayout.font.color,
  width: plot._fullLayout.width,
})"""


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("live_charts") / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", "tests/e2e/live_charts_server.py"]
    options = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            wait_for_health(f"http://127.0.0.1:{port}", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def wait_for_health(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"The server did not start:\n{log.read_text()}")


@pytest.fixture
def page(browser: Browser, server_url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(server_url)
    expect(page.get_by_text("Live charts demo")).to_be_visible(timeout=30_000)
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible(timeout=30_000)
    yield page
    seen = list(problems)  # closing cuts the connection, which the browser reports as well
    context.close()
    assert seen == []


def state(page: Page) -> dict[str, object]:
    values: dict[str, object] = page.locator(PLOT).first.evaluate(STATE)
    return values


def refreshes(page: Page) -> int:
    return int(page.get_by_text(re.compile(r"^Refresh \d+$")).inner_text().split()[1])


def wait_for_refreshes(page: Page, count: int) -> None:
    goal = refreshes(page) + count
    deadline = time.monotonic() + 10 * count
    while refreshes(page) < goal:
        assert time.monotonic() < deadline, "The charts are not refreshed."
        page.wait_for_timeout(100)
    page.wait_for_timeout(300)  # from the new text to the drawn chart


def drag_over_first_chart(page: Page, *, refreshes_while_held: int = 0) -> None:
    box = page.locator(f"{PLOT} .nsewdrag").first.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=5)
    if refreshes_while_held:
        wait_for_refreshes(page, refreshes_while_held)
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)


def test_charts_are_drawn_with_labels_for_screen_readers(page: Page) -> None:
    expect(page.locator(f"{PLOT} .main-svg").first).to_be_visible()
    expect(page.locator(f"{PLOT}:visible")).to_have_count(4)
    expect(
        page.get_by_role(
            "figure",
            name=re.compile(r"^Loss: Training [\d.]+ at Step \d+; .*; last phase train <b>$"),
        )
    ).to_be_visible()
    expect(page.get_by_role("figure", name=re.compile("Base model 48.3$"))).to_be_visible()
    expect(page.get_by_text("No data yet").locator("visible=true")).to_have_count(1)


@pytest.mark.parametrize("refreshes_while_held", [0, 2])
def test_a_zoom_survives_three_refreshes(page: Page, refreshes_while_held: int) -> None:
    whole = state(page)["range"]
    page.locator(PLOT).first.evaluate("plot => { plot.mark = 'same node'; }")
    drag_over_first_chart(page, refreshes_while_held=refreshes_while_held)
    zoomed = state(page)
    assert zoomed["range"] != whole
    for _ in range(3):
        wait_for_refreshes(page, 1)
        assert state(page)["range"] == zoomed["range"]
    assert state(page)["last"] > zoomed["last"]  # type: ignore[operator]
    assert page.locator(PLOT).first.evaluate("plot => plot.mark") == "same node"
    page.locator(f"{PLOT} .nsewdrag").first.dblclick()
    wait_for_refreshes(page, 1)
    assert state(page)["range"][1] >= state(page)["last"]  # type: ignore[index]


def test_bands_lie_behind_the_lines_and_grow_with_them(page: Page) -> None:
    first = page.locator(PLOT).first
    bands = "plot => plot._fullLayout.shapes.map(s => [s.x0, s.x1, s.layer, s.fillcolor])"
    before = first.evaluate(bands)
    assert [band[0] for band in before] == [0, 900]
    assert {band[2] for band in before} == {"below"} and before[0][3] != before[1][3]
    expect(first.locator(".legend2text")).to_have_text(["prepare", "train <b>"])
    wait_for_refreshes(page, 2)
    assert first.evaluate(bands)[1][1] > before[1][1]
    # In an area chart the parts stand on each other: 0.5 and 2.5 reach up to 3.
    top = "plot => plot._fullLayout.yaxis.range"
    low, high = page.locator(f"{PLOT}:visible").nth(3).evaluate(top)
    assert low == 0 and 3 <= high < 3.5


def test_panning_is_not_disturbed_by_refreshes(page: Page) -> None:
    drag_over_first_chart(page)
    page.locator(PLOT).first.get_by_role("button", name="Pan").click()
    box = page.locator(f"{PLOT} .nsewdrag").first.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=5)
    held = state(page)["range"]
    wait_for_refreshes(page, 2)
    assert state(page)["range"] == held
    page.mouse.up()
    wait_for_refreshes(page, 2)
    assert state(page)["range"] == held


def test_the_charts_follow_the_theme_and_the_width(page: Page) -> None:
    light = state(page)["color"]
    page.emulate_media(color_scheme="dark")
    # Streamlit draws the component anew: there is none for a moment.
    page.wait_for_function(
        f"light => (document.querySelector('{PLOT}')?._fullLayout?.font.color ?? light) !== light",
        arg=light,
    )
    boxes = page.locator(".live-charts-card")
    assert boxes.nth(0).bounding_box()["y"] == boxes.nth(1).bounding_box()["y"]  # type: ignore[index]
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(
        f"() => document.querySelector('{PLOT}')?._fullLayout?.width < 380"
        " && document.documentElement.scrollWidth <= 390"
    )
    assert boxes.nth(0).bounding_box()["y"] < boxes.nth(1).bounding_box()["y"]  # type: ignore[index]
