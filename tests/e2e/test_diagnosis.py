"""Settings that cannot work are understood, corrected with a click, and the runs compared."""

import re
from dataclasses import replace
from typing import Any

import pytest

from core.notify.delivering import sample_notice
from tests.e2e.test_main_path import wait_for_state
from tests.e2e.test_preflight import run_what_could_not_fit

pytestmark = pytest.mark.e2e

NUM_STEPS = 4


def test_from_what_cannot_fit_to_a_corrected_run_beside_an_earlier_one(tab: Any) -> None:
    tab.open()  # builds the starter
    earlier = run_what_could_not_fit(tab, name="made to fit")
    wait_for_state(tab, "finished")
    run_out_of_memory(tab, name="too little")
    corrected = correct(tab)
    compare(tab, corrected, earlier)


def run_out_of_memory(tab: Any, *, name: str) -> None:
    """Launches the shown run once more, with more segments a batch than its own limit allows."""
    tab.click("Duplicate")
    tab.page.get_by_role("heading", name="Fine-tune").wait_for()
    tab.settle()
    tab.fill("Name of the run", name)
    tab.choose("Batching", "fixed size")
    tab.fill("Segments per batch", "300")
    tab.fill("Longest source (tokens)", "64")
    tab.fill("Longest target (tokens)", "64")
    tab.fill("Steps at most", str(NUM_STEPS))
    tab.expand("Evaluation and machine")
    tab.fill("Dev segments translated", "8")
    tab.fill("Memory limit (GB)", "0.7")
    launch(tab)
    wait_for_state(tab, "failed")
    tab.sees(re.compile("^The run ran out of host memory while"))
    tab.sees(re.compile("more memory than its own limit"))
    tab.sees(re.compile(r"^memory_limit_gb 0\.7 → \d"))


def launch(tab: Any) -> str:
    """Launches what the form holds and gives the id of the run."""
    tab.page.get_by_role("button", name="Launch").click()
    tab.page.wait_for_url(re.compile(r"/run\?id="))
    return str(tab.page.url).rpartition("id=")[2]


def correct(tab: Any) -> str:
    """Launches the corrected copy of the shown run, waits for its end and gives its id."""
    tab.click("Open corrected copy")
    tab.page.get_by_role("heading", name="Fine-tune").wait_for()
    assert tab.field("Name of the run").input_value() == "too little · corrected"
    tab.expand("Evaluation and machine")
    assert float(tab.field("Memory limit (GB)").input_value()) > 1
    corrected = launch(tab)
    wait_for_state(tab, "finished")
    return corrected


def compare(tab: Any, corrected: str, earlier: str) -> None:
    tab.open(f"compare_runs?id={corrected}&id={earlier}")
    tab.sees("Scores and costs")
    tab.page.locator(".live-charts .main-svg").first.wait_for()
    tab.sees(re.compile(rf"^too little · corrected · step {NUM_STEPS}$"))
    shown = [set(row) for row in _settings(tab)]
    assert any("Memory limit (GB)" in row for row in shown)
    tab.page.reload()
    tab.settle()
    assert re.search(rf"id={corrected}&id={earlier}", tab.page.url)
    tab.sees(re.compile(rf"^too little · corrected · step {NUM_STEPS}$"))


def _settings(tab: Any) -> list[list[str]]:
    """The rows of the table of settings, as a screen reader is told them."""
    table = tab.page.get_by_test_id("stDataFrame").nth(1)
    table.scroll_into_view_if_needed()
    rows = table.locator("[role=row]")
    rows.nth(1).wait_for(state="attached")
    return [rows.nth(at).locator("[role=gridcell]").all_inner_texts() for at in range(rows.count())]


def test_a_browser_that_allows_it_tells_what_happens_to_runs(tab: Any) -> None:
    # Chromium without a screen shows no notice; what the page asks of it is written down.
    tab.page.add_init_script(
        "window.shown = []; window.Notification = class {"
        " static permission = 'default';"
        " static requestPermission() {"
        "   return Promise.resolve((window.Notification.permission = 'granted')); }"
        " constructor(title, options) { window.shown.push([title, options.body]); }"
        " close() {} };"
    )
    tab.open("settings")
    tab.page.get_by_role("tab", name="Notifications").click()
    tab.sees("Off in this browser.")
    tab.click("Switch on in this browser")
    tab.sees("On in this browser, while a page is open.")
    assert tab.page.evaluate("window.shown.pop()[0]") == "adaptMLLM"

    notice = replace(sample_notice(), id="1", claim="1", title="a *run*")
    tab.app.opened().notices.claim(notice)
    tab.sees('The run "a *run*" has finished')  # a toast
    assert tab.page.evaluate("window.shown") == [['The run "a *run*" has finished', notice.reason]]
    tab.menu("Runs")  # drawn anew, on another page
    assert tab.page.evaluate("window.shown.length") == 1


def test_the_comparison_fits_a_phone(tab: Any) -> None:
    ids = [run.id for run in tab.app.opened().runs.newest()]
    tab.page.set_viewport_size({"width": 390, "height": 844})
    tab.open("compare_runs?" + "&".join(f"id={each}" for each in ids))
    tab.sees("Scores and costs")
    main = "document.querySelector('[data-testid=stMain]')"
    assert tab.page.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 1
