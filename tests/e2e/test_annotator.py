"""The annotator in a real browser: mouse, keyboard alone, a finger; difficult scripts; saving."""

import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Locator, Page, expect

from core.annotate.annotation import Annotation
from tests.e2e.test_live_charts import ROOT, wait_for_health

pytestmark = pytest.mark.e2e

COMPONENT = '[data-testid="stBidiComponentIsolated"]'
FORMS = ("mqm", "esa", "sqm", "ranking")
PHONE = {"width": 390, "height": 844}
RUNS = itertools.count()


@dataclass(frozen=True)
class Server:
    """Where the page is, and the folder in which it writes down what arrives."""

    url: str
    folder: Path


class Rater:
    """One tab with one item, and what the server has of it."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        self.form, self.text, self.place = "mqm", "irish", 0
        self.run = next(RUNS)

    def open(self, form: str = "mqm", text: str = "irish", more: str = "") -> None:
        self.form, self.text = form, text
        self.page.goto(f"{self.server.url}/?form={form}&text={text}&run={self.run}{more}")
        self.page.locator("footer").wait_for(timeout=30_000)

    @property
    def target(self) -> Locator:
        return self.page.locator(".card.target .text").first

    @property
    def source(self) -> Locator:
        return self.page.locator(".card.source .text")

    def word(self, word: str) -> Locator:
        return self.page.locator(".text [data-start]").filter(has_text=word).first

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def saved(self, place: int = 0) -> dict[str, Any]:
        """Gives what the server has once the page has been told so."""
        status = self.page.locator(".status")
        expect(status).to_have_attribute("data-state", "saved", timeout=15_000)
        return self.file(place)

    def file(self, place: int = 0) -> dict[str, Any]:
        path = self.server.folder / f"{self.run}-{self.form}-{self.text}-{place}.json"
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["annotation"]
        return found

    def marks(self) -> list[tuple[str, str, str, str]]:
        marks = self.saved()["marks"]
        return [(m["side"], m["quote"], m["severity"], m["category"]) for m in marks]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("annotator")
    command = [sys.executable, "-m", "streamlit", "run", "tests/e2e/annotator_server.py"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ANNOTATOR_FOLDER": str(folder)}
    log, url = folder / "server.log", f"http://127.0.0.1:{port}"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            wait_for_health(url, process, log)
            yield Server(url, folder)
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme="light")
    yield context.new_page()
    context.close()


@pytest.fixture
def rater(desk: Page, server: Server) -> Iterator[Rater]:
    problems: list[str] = []
    desk.on("pageerror", note := lambda error: problems.append(str(error)))
    yield Rater(desk, server)
    desk.remove_listener("pageerror", note)
    assert problems == []


def test_a_mouse_marks_edits_overlaps_and_deletes(rater: Rater) -> None:
    rater.open()
    rater.word("dochtúir").dblclick()
    rater.page.get_by_role("button", name="Mistranslation").click()
    assert rater.marks() == [("target", "dochtúir", "", "Accuracy/Mistranslation")]
    rater.page.get_by_role("button", name="Major").click()
    expect(rater.page.get_by_role("dialog")).to_have_count(0)
    drag(rater, "an", "othar")
    rater.press("2", "g")
    expect(rater.page.locator(".marks li")).to_have_count(2)
    assert rater.marks()[1] == ("target", "an dochtúir nach mór do 5 othar", "minor",
                                "Fluency/Grammar")  # fmt: skip
    rater.word("dochtúir").click()
    rater.press("2")
    rater.page.get_by_role("button", name="Another error here").click()
    rater.press("1", "s")
    assert [mark[1:] for mark in rater.marks()] == [
        ("dochtúir", "minor", "Accuracy/Mistranslation"),
        ("an dochtúir nach mór do 5 othar", "minor", "Fluency/Grammar"),
        ("dochtúir", "major", "Fluency/Spelling"),
    ]
    rater.page.get_by_role("button", name="Delete the mark on “an").click()
    assert len(rater.marks()) == 2


def test_the_keyboard_alone_marks_and_goes_on(rater: Rater) -> None:
    rater.open()
    for _ in range(20):
        rater.press("Tab")
        if rater.target.evaluate("text => text.getRootNode().activeElement === text"):
            break
    rater.press("ArrowRight", "Shift+ArrowRight", "Enter", "m", "1")
    assert rater.marks() == [("target", "an dochtúir", "major", "Accuracy/Mistranslation")]
    expect(rater.target).to_be_focused()
    rater.press("Alt+Shift+ArrowRight", "Alt+ArrowRight")
    assert rater.marks()[0][1] == "dochtúir nach"
    rater.press("u", "u")
    assert rater.marks()[0][1] == "an dochtúir"
    rater.press("Shift+U", "End", "ArrowUp", "Home", "Enter", "2", "p", "]", "Delete")
    assert rater.marks() == [("target", "Dúirt", "minor", "Fluency/Punctuation")]
    rater.press("Control+z", "[", "[", "Enter")
    expect(rater.page.get_by_role("dialog", name="Error in “Dúirt”")).to_be_focused()
    rater.press("Escape", "c", "Home", "Shift+ArrowRight", "Enter", "1", "s")
    assert rater.marks()[-1] == ("target", "Dú", "major", "Fluency/Spelling")
    rater.press("c", "Control+Enter")
    expect(rater.page.get_by_text("This was very quick")).to_be_visible()
    rater.page.get_by_role("button", name="Continue anyway").press("Enter")
    expect(rater.page.get_by_text("Segment 2 of 12")).to_be_visible()
    expect(rater.target).to_be_focused()
    assert len(rater.file()["marks"]) == 3


def test_what_is_missing_is_marked_in_the_source(rater: Rater) -> None:
    rater.open()
    rater.source.focus()
    rater.press("End", "ArrowLeft", "Enter")
    expect(rater.page.locator(".categories .choice").first).to_contain_text("Omission")
    rater.press("o", "1")
    assert rater.marks() == [("source", "today", "major", "Accuracy/Omission")]
    rater.page.get_by_label("This is no translation of the source at all").check()
    assert rater.saved()["is_non_translation"]
    rater.page.get_by_role("button", name="Keys").click()
    expect(rater.page.get_by_role("dialog", name="Keys")).to_be_focused()
    rater.press("Escape")


@pytest.mark.parametrize(
    ("text", "keys", "quotes"),
    [
        ("arabic", ("ArrowLeft", "Shift+ArrowLeft"), ["العيادة في"]),
        ("marathi", ("ArrowRight",), ["स्वच्छ"]),
        ("marathi", ("c", "End", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft"), ["क्ष"]),
        ("emoji", ("ArrowRight",), ["👨‍👩‍👧‍👦"]),
        ("emoji", ("ArrowRight", "ArrowRight"), ["cafe\u0301"]),
        ("emoji", ("c", *["ArrowRight"] * 11, "Shift+ArrowRight"), ["e\u0301 ", "😀"]),
        ("chinese", ("ArrowRight", "Shift+ArrowRight"), ["用肥"]),
    ],
)  # fmt: skip
def test_marks_fit_the_text_in_every_script(
    rater: Rater, text: str, keys: tuple[str, ...], quotes: list[str]
) -> None:
    rater.open(text=text)
    rater.target.focus()
    rater.press(*keys, "Enter", "1", "s")
    if len(quotes) == 2:
        rater.press("ArrowRight", "Enter", "1", "s")
    assert [mark[1] for mark in rater.marks()] == quotes
    if "c" in keys:
        rater.press("c")


def test_a_finger_marks_words_on_a_phone(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    rater = Rater(context.new_page(), server)
    rater.open()
    rater.word("nach").tap()
    rater.word("othar").tap()
    sheet = rater.page.get_by_role("dialog").bounding_box()
    words = rater.word("othar").bounding_box()
    assert sheet and words
    assert words["y"] + words["height"] <= sheet["y"], "the sheet covers what is marked"
    rater.page.get_by_role("button", name="Minor").tap()
    rater.page.get_by_role("button", name="Grammar").tap()
    assert rater.marks() == [("target", "nach mór do 5 othar", "minor", "Fluency/Grammar")]
    assert rater.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


def test_scores_are_saved_and_asked_for(rater: Rater) -> None:
    rater.open("sqm")
    rater.press("Control+Enter")
    expect(rater.page.get_by_text("Give a score.")).to_be_visible()
    rater.press("4")
    assert rater.saved()["score"] == 4
    rater.page.get_by_label("Comment").press_sequentially("cr3")
    rater.page.get_by_label("Comment").press("Control+Enter")
    expect(rater.page.get_by_text("Segment 2 of 12")).to_be_visible()
    assert (rater.file()["score"], rater.file()["comment"]) == (4, "cr3")
    rater.open("esa")
    slider = rater.page.get_by_role("slider")
    expect(rater.page.locator(".scale-number")).to_have_text("–")
    slider.click()
    assert rater.saved()["score"] == 50
    slider.press("ArrowRight")
    expect(rater.page.locator(".scale-number")).to_have_text("51")
    rater.target.focus()
    rater.press("Enter", "2")
    assert rater.marks() == [("target", "Dúirt", "minor", "")]
    rater.open("ranking")
    rater.press("2", "1", "2")
    assert rater.saved()["ranks"] == [2, 1, 2]


def test_texts_are_shown_as_they_are_and_run_nothing(rater: Rater) -> None:
    rater.open(text="script")
    expect(rater.source).to_have_text("<script>window.XSS = 1</script> $a$ **b** [x](y)")
    expect(rater.target).to_contain_text("<img src=x onerror='window.XSS = 1'> :red[no] &amp; end")
    assert rater.page.evaluate("window.XSS") is None


def test_two_edits_in_one_breath_are_both_saved_and_the_focus_stays(rater: Rater) -> None:
    rater.open(more="&slow=1")  # the server may still be at the first when the second comes
    rater.target.focus()
    rater.press("Enter", "1", "m", "ArrowRight", "Enter", "1", "g")
    assert [mark[1] for mark in rater.marks()] == ["Dúirt", "an"]
    expect(rater.target).to_be_focused()
    rater.page.wait_for_timeout(700)  # a first save that came last would show by now
    assert [mark["category"] for mark in rater.file()["marks"]] == [
        "Accuracy/Mistranslation",
        "Fluency/Grammar",
    ]


def test_what_a_dead_server_left_on_the_device_is_sent_or_offered(rater: Rater) -> None:
    rater.open()
    leave_on_device(rater, comment="newer than the server's", revision=99)
    rater.open()
    assert rater.saved()["comment"] == "newer than the server's"
    expect(rater.page.get_by_label("Comment")).to_have_value("newer than the server's")
    leave_on_device(rater, comment="older than the server's", revision=0)
    rater.open()
    expect(rater.page.get_by_label("Comment")).to_have_value("newer than the server's")
    rater.page.get_by_role("button", name="Use that work").click()
    expect(rater.page.get_by_label("Comment")).to_have_value("older than the server's")
    expect(rater.page.locator(".status")).to_have_text("Saved just now")
    assert rater.saved()["comment"] == "older than the server's"


def test_an_unanswered_save_is_repeated(rater: Rater) -> None:
    rater.page.clock.install()
    rater.open("sqm", more="&deaf=1")
    rater.press("5")
    expect(rater.page.locator(".status")).to_have_text("Saving…")
    rater.page.wait_for_timeout(300)  # it has been sent, and nobody heard it
    rater.page.clock.fast_forward(7_000)
    expect(rater.page.locator("footer .unseen")).to_have_text("Everything is saved again.")
    assert rater.saved()["score"] == 5


@pytest.mark.parametrize("form", FORMS)
def test_axe_finds_nothing_in_light_or_dark(rater: Rater, form: str) -> None:
    rater.open(form)
    if form in ("mqm", "esa"):
        rater.target.focus()
        rater.press("Enter", "1", "m", "Enter")
    for scheme in ("light", "dark"):
        rater.page.emulate_media(color_scheme=scheme)
        rater.page.wait_for_timeout(150)
        found = Axe().run(rater.page, COMPONENT)
        assert found.violations_count == 0, found.generate_report()
    rater.page.emulate_media(color_scheme="light")


def leave_on_device(rater: Rater, comment: str, revision: int) -> None:
    """Puts there what a page writes before it sends, as if nobody had ever answered."""
    annotation = {**Annotation().to_json(), "comment": comment}
    left = {"save_id": f"left-{revision}-00000", "revision": revision, "annotation": annotation}
    rater.page.evaluate(
        """([item, left]) => localStorage.setItem(
            `adaptmllm.annotator.${item}`, JSON.stringify({...left, at: Date.now()}))""",
        [f"{rater.run}-{rater.form}-{rater.text}-0", left],
    )


def drag(rater: Rater, start: str, end: str) -> None:
    first, last = rater.word(start).bounding_box(), rater.word(end).bounding_box()
    assert first and last
    rater.page.mouse.move(first["x"] + 1, first["y"] + first["height"] / 2)
    rater.page.mouse.down()
    rater.page.mouse.move(last["x"] + last["width"] - 1, last["y"] + last["height"] / 2, steps=4)
    rater.page.mouse.up()
    deadline = time.monotonic() + 5
    while rater.page.get_by_role("dialog").count() == 0:
        assert time.monotonic() < deadline, "the chooser did not open"
        rater.page.wait_for_timeout(20)
