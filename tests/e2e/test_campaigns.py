"""A human evaluation from its set-up to its results, in the browser, by an owner and two raters."""

import re
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from core.storage.campaign_records import Campaign, Item
from core.storage.files import utc_now
from core.storage.rating_records import Rating
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace
from tests.e2e.driving import SLOW_MS, App, Tab

pytestmark = pytest.mark.e2e

SOURCES = ("The bridge is closed today.", "The doctor saw five patients.", "Nobody knows why.")
OUTPUTS = {
    "careful": ("Tá an droichead dúnta inniu.", "Chonaic an dochtúir cúigear othar.",
                "Níl a fhios ag aon duine cén fáth."),
    "hasty": ("Tá droichead dúnadh inniu.", "Chonaic dochtúir cúig othar.",
              "Níl fhios duine ar bith cad chuige."),
}  # fmt: skip
NUM_ITEMS = len(SOURCES) * len(OUTPUTS)
RATERS = ("Áine", "Breandán")
PHONE = {"width": 390, "height": 844}
MOST_TABS = 60
FOCUSED = """() => {
    let found = document.activeElement;
    while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
    const labels = [...(found?.labels ?? [])].map((each) => each.textContent);
    return [found?.getAttribute("aria-label"), found?.textContent, ...labels].join(" ").trim();
}"""


@pytest.fixture(scope="module")
def app(ready_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("campaigns") / "workspace"
    shutil.copytree(ready_folder, folder)
    server = App(folder)
    add_translations(server.opened())
    server.start()
    yield server
    server.end()


@pytest.fixture
def workspace_here(app: App) -> Iterator[Workspace]:
    opened = app.opened()
    yield opened
    opened.database.dispose()


def add_translations(workspace: Workspace) -> None:
    for name, texts in OUTPUTS.items():
        set_id = str(uuid.uuid4())
        record = TranslationSet(
            id=set_id, batch_id=None, system_id=name, system_name=name, corpus_id="c",
            corpus_name="news", split="test", src_lang="eng_Latn", tgt_lang="gle_Latn",
            test_set_hash="hash", num_segments=len(texts), created_at=utc_now(),
        )  # fmt: skip
        rows = [
            Hypothesis(set_id, at, source, "", text)
            for at, (source, text) in enumerate(zip(SOURCES, texts, strict=True))
        ]
        workspace.translation_sets.add_whole([(record, rows)])
    workspace.database.dispose()


class RaterPage:
    """A rater's own browser, on the one page that a rater has."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(SLOW_MS)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def locate(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name).filter(visible=True).first

    @property
    def target(self) -> Locator:
        return self.page.locator(".card.target .text").first

    @property
    def place(self) -> Locator:
        return self.page.locator("header .place")

    def stands_at(self, number: int) -> None:
        """Waits for an item; for a moment the form of the one before may still be drawn, too."""
        expect(self.place).to_have_count(1)
        expect(self.place).to_have_text(f"Segment {number} of {NUM_ITEMS}")

    def waits_until_saved(self) -> None:
        expect(self.page.locator(".status")).to_have_attribute("data-state", "saved")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tabs_to(self, name: str) -> None:
        """Presses Tab until what has the focus is called so."""
        for _ in range(MOST_TABS):
            self.press("Tab")
            if self.page.evaluate(FOCUSED).startswith(name):
                return
        raise AssertionError(f"{name!r} is not reached by {MOST_TABS} tabs")

    def leaves(self, number: int, going_on: Any, confirming: Any) -> None:
        """Goes on from an item; where the page doubts that it was read, says so again."""
        done = self.page.get_by_text("segments are done")
        after = (
            self.place.filter(has_text=f"Segment {number + 1} of") if number < NUM_ITEMS else done
        )
        doubt = self.page.get_by_text("Continue anyway")
        going_on()
        expect(after.or_(doubt).first).to_be_visible()
        if doubt.is_visible():
            confirming()
        expect(after.first).to_be_visible()


def test_an_owner_asks_two_raters_who_work_in_their_own_ways_and_sees_what_they_found(
    app: App, tab: Tab, browser: Browser, workspace_here: Workspace
) -> None:
    mqm, mqm_links = created(tab, workspace_here, "Errors", "MQM")
    sqm, sqm_links = created(tab, workspace_here, "Scores", "SQM")
    by_touch = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    aine = RaterPage(by_touch)
    enters_by_touch(aine, mqm_links[0])
    marks_by_touch(aine)
    enters_by_touch(aine, sqm_links[0])
    scores_by_touch(aine)
    by_keys = browser.new_context(viewport={"width": 1280, "height": 900})
    breandan = RaterPage(by_keys)
    enters_by_keys(breandan, mqm_links[1])
    marks_by_keys_through_a_kill(breandan, app)
    enters_by_keys(breandan, sqm_links[1])
    scores_by_keys(breandan)
    assert aine.errors == breandan.errors == []
    by_touch.close()
    by_keys.close()
    check_ratings(workspace_here, mqm, sqm)
    reads_results(tab, mqm, sqm)


def created(tab: Tab, workspace: Workspace, name: str, protocol: str) -> tuple[Campaign, list[str]]:
    """Sets a campaign up on the page, and gives it with the links that the page shows."""
    tab.open("campaigns")
    tab.field("Name").wait_for(state="attached")
    if workspace.campaigns.all():  # else the form stands open
        tab.expand("New campaign")
    tab.fill("Name", name)
    tab.page.get_by_role("radiogroup", name="Protocol").get_by_text(protocol, exact=True).click()
    tab.settle()
    tab.fill("Raters a segment", "2")
    tab.field("Raters, one a line").fill("\n".join(RATERS))
    tab.field("Raters, one a line").press("Control+Enter")
    tab.settle()
    tab.sees("What this takes")
    tab.click("Create")
    tab.sees(f"Created {name}")
    tab.settle()
    tab.page.get_by_role("tab", name="Raters and links").click()
    tab.settle()
    links = [shown_link(tab)]
    tab.page.get_by_role("combobox", name="Rater").click()
    tab.page.get_by_role("option", name=RATERS[1]).click()
    tab.settle()
    links.append(shown_link(tab))
    assert links[0] != links[1]
    return workspace.campaigns.find(name), links


def shown_link(tab: Tab) -> str:
    shown = tab.page.get_by_test_id("stCode").filter(has_text="/join/").filter(visible=True).first
    return shown.inner_text().strip()


def enters_by_touch(rater: RaterPage, link: str) -> None:
    rater.page.goto(link)
    rater.page.get_by_text("I agree", exact=True).tap()
    expect(rater.locate("Start")).to_be_enabled()
    rater.locate("Start").tap()
    rater.stands_at(1)
    assert rater.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def marks_by_touch(rater: RaterPage) -> None:
    """Marks a major error in the first word of each translation of the hasty system."""
    for number in range(1, NUM_ITEMS + 1):
        rater.stands_at(number)
        if rater.target.inner_text() in OUTPUTS["hasty"]:
            rater.target.locator("[data-start]").first.tap()
            sheet = rater.page.get_by_role("dialog")
            sheet.get_by_role("button", name="Major").tap()
            sheet.get_by_role("button", name="Grammar").tap()
            expect(sheet).to_have_count(0)
            rater.waits_until_saved()
        rater.leaves(number, rater.locate("Next").tap, rater.locate("Continue anyway").tap)


def scores_by_touch(rater: RaterPage) -> None:
    for number in range(1, NUM_ITEMS + 1):
        rater.stands_at(number)
        score = 2 if rater.target.inner_text() in OUTPUTS["hasty"] else 5
        rater.page.locator(".levels label").filter(has_text=re.compile(f"^{score}")).tap()
        rater.waits_until_saved()
        rater.leaves(number, rater.locate("Next").tap, rater.locate("Continue anyway").tap)


def enters_by_keys(rater: RaterPage, link: str) -> None:
    rater.page.goto(link)
    rater.page.get_by_text("I agree", exact=True).wait_for()
    rater.tabs_to("I agree")
    rater.press("Space")
    expect(rater.locate("Start")).to_be_enabled()
    rater.tabs_to("Start")
    rater.press("Enter")
    rater.stands_at(1)


def marks_by_keys_through_a_kill(rater: RaterPage, app: App) -> None:
    """Marks a minor error in each first word; the server dies and comes back in the third item."""
    for number in range(1, NUM_ITEMS + 1):
        rater.stands_at(number)
        if number == 1:
            rater.tabs_to(rater.target.get_attribute("aria-label") or "Translation")
        expect(rater.target).to_be_focused()
        if number == 3:
            app.end(signal.SIGKILL)
        rater.press("Home", "Enter", "2", "g")
        expect(rater.page.locator(".marks li")).to_have_count(1)
        if number == 3:
            expect(rater.page.locator(".status")).not_to_have_attribute("data-state", "saved")
            app.start()
        rater.waits_until_saved()
        rater.leaves(number, lambda: rater.press("Control+Enter"), lambda: confirms(rater))


def scores_by_keys(rater: RaterPage) -> None:
    for number in range(1, NUM_ITEMS + 1):
        rater.stands_at(number)
        rater.press("1" if rater.target.inner_text() in OUTPUTS["hasty"] else "6")
        rater.waits_until_saved()
        rater.leaves(number, lambda: rater.press("Control+Enter"), lambda: confirms(rater))


def confirms(rater: RaterPage) -> None:
    rater.tabs_to("Continue anyway")
    rater.press("Enter")


def check_ratings(workspace: Workspace, mqm: Campaign, sqm: Campaign) -> None:
    """Everything that was marked and scored is in the database, and nothing else."""
    names = [each.name for each in workspace.campaigns.systems(mqm.id)]
    for rater, item, rating in judged(workspace, mqm):
        is_hasty = names[item.systems[0]] == "hasty"
        marks = rating.annotation["marks"]
        severities = {"Áine": ["major"] if is_hasty else [], "Breandán": ["minor"]}[rater]
        assert [mark["severity"] for mark in marks] == severities
        for mark in marks:
            text = OUTPUTS[names[item.systems[0]]][item.segment]
            assert (mark["category"], mark["quote"]) == ("Fluency/Grammar", text.split()[0])
    names = [each.name for each in workspace.campaigns.systems(sqm.id)]
    for rater, item, rating in judged(workspace, sqm):
        is_hasty = names[item.systems[0]] == "hasty"
        assert rating.annotation["score"] == {"Áine": (5, 2), "Breandán": (6, 1)}[rater][is_hasty]


def judged(workspace: Workspace, campaign: Campaign) -> list[tuple[str, Item, Rating]]:
    """Gives the ratings of both raters with rater and item; all are finished."""
    found = []
    for rater in workspace.raters.of_campaign(campaign.id):
        ratings = workspace.ratings.of_rater(rater.id)
        items = workspace.raters.items(rater.id)
        assert len(items) == len(ratings) == NUM_ITEMS
        for item in items:
            assert ratings[item.id].is_done
            found.append((rater.name, item, ratings[item.id]))
    return found


def reads_results(tab: Tab, mqm: Campaign, sqm: Campaign) -> None:
    """The ranking, how far the raters agree, and where they do not."""
    for campaign in (mqm, sqm):
        tab.open(f"agreement?campaign={campaign.id}")
        table = tab.page.get_by_test_id("stDataFrame").first
        for row, system in enumerate(("careful", "hasty"), start=2):  # below the heads of columns
            expect(table.locator(f"[role=row][aria-rowindex='{row}']")).to_contain_text(system)
        for part, seen in (("Agreement", "kappa"), ("Disagreements", RATERS[0])):
            tab.page.get_by_role("tab", name=part, exact=True).click()
            tab.settle()
            tab.sees(re.compile(seen, re.IGNORECASE))
