"""A search in the browser: a study, a pruned trial, the best promoted, an ablation around it."""

import re
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from core.search import studies
from core.search.effects import effects
from core.search.promoting import promoted_runs
from core.search.trials import read_trials
from core.storage.study_records import Study
from tests.e2e.importing import choose_few
from tests.e2e.test_main_path import wait_for_state

pytestmark = pytest.mark.e2e

LIMIT_S = 300
NAME = "small *study*"


def until(tab: Any, what: str, condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + LIMIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}\n{tab.app.log()}"
        time.sleep(0.5)
    return value


def stored(tab: Any, name: str) -> Study:
    return tab.app.opened().studies.get(name)


def has_ended(tab: Any, name: str) -> bool:
    return stored(tab, name).job.has_ended


def test_a_study_is_searched_promoted_and_ablated(tab: Any) -> None:
    start_study(tab)
    watch_trials(tab)
    open_a_trial(tab)
    promote_the_best(tab)
    ablate(tab)


def start_study(tab: Any) -> None:
    """Three learning rates as a grid; with this seed the hopeless one comes last."""
    tab.open("search")
    tab.sees("No study yet.")
    tab.sees("Nothing is varied yet.")
    choose_few(tab)
    tab.fill("Name of the study", NAME)
    tab.click("Quick")
    tab.settle()
    tab.page.get_by_role("button", name="Clear all").first.click()
    tab.settle()
    vary = tab.page.get_by_label("Vary", exact=True).first
    vary.fill("Learning rate")
    tab.page.get_by_role("option", name="Learning rate", exact=True).first.click()
    tab.page.keyboard.press("Escape")
    tab.settle()
    tab.page.get_by_role("radio", name="Values").or_(
        tab.page.get_by_role("button", name="Values", exact=True)
    ).first.click()
    tab.settle()
    tab.fill("Values", "2e-3, 4e-3, 0")
    tab.sees(
        "learning_rate: Input should be greater than 0 (got 0.0)",
    )
    expect(tab.page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    tab.fill("Values", "2e-3, 4e-3, 1e-6")
    open_inner(tab, "Settings of each trial")
    tab.fill("Steps at most", "60")
    tab.fill("Steps between evaluations", "20")
    tab.fill("Dev segments translated", "16")
    tab.choose("Engine", "plain")
    tab.choose("Objective", "loss")
    tab.choose("Sampler", "grid")
    tab.fill("Seed", "3")
    tab.fill("Finished trials first", "2")
    tab.sees("The grid has 3 combinations; 3 are tried.")
    tab.sees("nothing can be forecast")
    tab.page.get_by_role("button", name="Start", exact=True).dblclick()  # one study all the same
    tab.page.wait_for_url(re.compile(r"/study\?id="))
    tab.sees(NAME)
    assert [study.name for study in tab.app.opened().studies.all()] == [NAME]


def open_inner(tab: Any, name: str) -> None:
    """Opens an expander within another, which `Tab.expand` would take for it."""
    summary = tab.page.locator("summary").filter(has_text=name).last
    own = summary.locator("xpath=..")
    for _ in range(3):
        if own.get_attribute("open") is None:
            summary.click()
        tab.settle()
        if own.get_attribute("open") is not None:
            return
    raise AssertionError(f"{name!r} could not be opened")


def watch_trials(tab: Any) -> None:
    """Trials appear by themselves, one is pruned; the page has every chart at the end."""
    tab.sees("searching")
    tab.sees(re.compile(r"^1 of 3 trials"), timeout_ms=LIMIT_S * 1000)
    # The server is killed; the study goes on, and the restarted server finds it.
    url = tab.page.url
    tab.app.end(signal.SIGKILL)
    tab.app.start()
    tab.page.goto(url)
    tab.sees(re.compile(r"^3 of 3 trials · 1 pruned$"), timeout_ms=LIMIT_S * 1000)
    wait_for_state(tab, "finished")
    found = read_trials(tab.app.opened(), stored(tab, NAME))
    assert [trial.state for trial in found] == ["finished", "finished", "pruned"]
    assert found[2].params == {"learning_rate": 1e-6} and "worse than half" in found[2].reason
    for chart in ("Slices", "Parallel coordinates", "Evaluations", "Timeline"):
        tab.page.get_by_role("radio", name=chart).or_(
            tab.page.get_by_role("button", name=chart, exact=True)
        ).first.click()
        tab.settle()
        expect(tab.page.locator(".js-plotly-plot").last).to_be_visible()


def open_a_trial(tab: Any) -> None:
    """A trial is an ordinary run: its row opens the Run page, which leads back."""
    study_url = tab.page.url
    pruned = read_trials(tab.app.opened(), stored(tab, NAME))[2]
    tab.page.get_by_test_id("stDataFrame").first.wait_for()
    click_row(tab, 1)
    tab.page.wait_for_url(re.compile(rf"/run\?id={pruned.run_id}"))
    tab.sees(re.compile("the study pruned it: dev loss"))
    tab.page.get_by_role("link", name=re.compile("Trial 2 of")).click()
    tab.page.wait_for_url(study_url)
    tab.settle()


def click_row(tab: Any, number: int) -> None:
    """Clicks a row of the first table until the page has changed: a click may meet a redraw."""
    url = tab.page.url
    for _ in range(3):
        table = tab.page.get_by_test_id("stDataFrame").first
        table.click(position={"x": 20, "y": (number + 0.5) * 35})
        tab.settle()
        if tab.page.url != url:
            return
    raise AssertionError(f"row {number} opened nothing")


def promote_the_best(tab: Any) -> None:
    tab.click("Promote …")
    tab.sees("Name of the run")
    tab.fill("Steps at most", "5")
    tab.page.get_by_role("button", name="Launch", exact=True).click()
    tab.page.wait_for_url(re.compile(r"/run\?id="))
    wait_for_state(tab, "finished")
    workspace = tab.app.opened()
    (run_id,) = promoted_runs(workspace, stored(tab, NAME))
    best = min(read_trials(workspace, stored(tab, NAME))[:2], key=lambda trial: trial.values[0])
    run = workspace.runs.get(run_id)
    assert run.settings["learning_rate"] == best.params["learning_rate"]
    assert (run.settings["max_steps"], run.job.state) == (5, "finished")


def ablate(tab: Any) -> None:
    """Two factors, two seeds: five runs besides the run in the centre."""
    tab.click("Ablate …")
    tab.sees("One setting at a time is changed")
    learning_rate = tab.page.get_by_label(re.compile(r"^Learning rate · "))
    learning_rate.fill("1e-3")
    learning_rate.press("Enter")
    tab.settle()
    weight_decay = tab.page.get_by_label(re.compile(r"^Weight decay · "))
    weight_decay.fill("0.1")
    weight_decay.press("Enter")
    tab.settle()
    tab.sees("It takes 5 runs; the run itself is the first trial.")
    tab.page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    tab.page.wait_for_url(re.compile(r"/study\?id="))
    tab.sees("Effect of each factor")
    name = f"Ablation of {NAME} best"
    until(tab, "the ablation ends", lambda: has_ended(tab, name))
    wait_for_state(tab, "finished")
    tab.sees(re.compile(r"^6 of 6 trials$"))
    workspace = tab.app.opened()
    found = effects(workspace, stored(tab, name))
    assert [(each.factor, each.num_seeds) for each in found] == [
        ("learning_rate", 2), ("weight_decay", 2),
    ]  # fmt: skip
    assert all(each.low is not None and each.low <= each.difference for each in found)
    assert studies.study_state(workspace, stored(tab, name)).state == "finished"
    tab.menu("Search")
    table = tab.page.get_by_test_id("stDataFrame").first
    expect(table.locator("[role=row]")).to_have_count(3)  # both studies below the header
