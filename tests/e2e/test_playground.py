"""From one segment to a whole test set: base, fine-tuned and LLM side by side, in the browser."""

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from core.corpora.segments import read_segments
from core.jobs import queue
from core.serving import services
from core.storage.workspace import Workspace
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from tests.e2e.driving import App
from tests.servers.fault_server import FaultServer
from tests.servers.tiny_llm import PAIRS, LlmServer

pytestmark = pytest.mark.e2e

LOAD_MS = 120_000
SOURCE = "The nurse writes a letter."
NUM_SEGMENTS = 200
HOSTILE = (
    "$a$ **b** <b>c</b> <img src=x onerror='window.XSS=1'> [d](http://e.invalid) :red[f] "
    "`g` \u202egnp.exe\u202c שלום א 2*3*4 ~h~ {{ i }} -> --"
)


@pytest.fixture(scope="module")
def app(
    served_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    fault_server: FaultServer,
) -> Iterator[App]:
    """The application with a fine-tuned and served run `demo`, and three endpoints."""
    folder = tmp_path_factory.mktemp("playground") / "workspace"
    shutil.copytree(served_folder, folder)
    workspace = Workspace(folder)
    for name, situation in (("Slow", "slow-3000-20"), ("Echo", "echo"), ("Refusing", "401")):
        values = {"name": name, "base_url": fault_server.url(situation), "model": "m"}
        add_endpoint(workspace, EndpointSettings.parse(values))
    server = App(folder)
    server.start()
    yield server
    server.end()
    for record in workspace.services.all():
        if not record.job.has_ended:
            services.stop(workspace, record.id)
            queue.wait(workspace, record.id)
    workspace.database.dispose()


def choose(tab: Any, label: str, *names: str) -> None:
    """Makes a multiselect hold exactly these options."""
    box = tab.page.get_by_test_id("stMultiSelect").filter(has_text=label)
    box.wait_for()
    clear = box.get_by_label("Clear all")
    if clear.count():
        clear.click()
        tab.settle()
    for name in names:
        # Typing opens the list, whether or not clearing has left it open.
        tab.page.get_by_role("combobox", name=label).fill(name)
        tab.page.get_by_role("option", name=name).first.click()
        tab.settle()
    tab.page.keyboard.press("Escape")
    tab.settle()


def column(tab: Any, name: str) -> Locator:
    found: Locator = tab.page.locator('[class*="st-key-bidi-column"]').filter(
        has=tab.page.get_by_text(name, exact=True)
    )
    return found.first  # while the page is redrawn, the old column is there for a moment


def text_of(place: Locator) -> str:
    text = place.locator(".answer-text").last
    expect(text).not_to_be_empty(timeout=LOAD_MS)
    return str(text.text_content())


def source_field(tab: Any) -> Locator:
    found: Locator = tab.page.get_by_label("Source", exact=True).first
    return found


def test_base_fine_tuned_and_llm_are_compared_judged_and_scored(
    tab: Any, app: App, tiny_llm: LlmServer
) -> None:
    set_up_endpoint(tab, tiny_llm)
    compare_and_stop_one(tab, app)
    vote_in_the_arena(tab, app)
    run_a_batch_and_evaluate(tab, app)


def set_up_endpoint(tab: Any, tiny_llm: LlmServer) -> None:
    tab.open("settings")
    tab.expand("Set up an endpoint")
    tab.fill("Name", "Tiny LLM")
    tab.fill("Base URL", tiny_llm.url)
    tab.fill("Model", tiny_llm.model)
    tab.page.get_by_role("button", name="Add", exact=True).first.click()
    tab.sees(re.compile("^Saved the endpoint"))
    card = tab.page.get_by_test_id("stVerticalBlock").filter(has_text="Tiny LLM").last
    card.get_by_role("button", name="Test connection").click()
    tab.sees(re.compile("^Tested just now$"))


def compare_and_stop_one(tab: Any, app: App) -> None:
    tab.open("playground")
    choose(tab, "Systems", "demo", "starter", "Tiny LLM", "Slow", "Refusing")
    source_field(tab).fill(SOURCE)
    tab.page.get_by_label("Reference (optional)").fill(PAIRS[SOURCE])
    tab.click("Translate")
    slow = column(tab, "Slow")
    expect(slow.locator(".answer-text")).to_contain_text("5 6 7", timeout=LOAD_MS)
    # Another widget's rerun does not touch the stream, and a reload finds it again.
    tab.expand("Parameters")
    tab.fill("Temperature", "0")
    before = len(text_of(slow))
    tab.page.reload()
    tab.settle()
    slow = column(tab, "Slow")
    expect(slow.locator(".answer-text")).to_contain_text("9 10 11", timeout=LOAD_MS)
    assert len(text_of(slow)) > before
    slow.get_by_role("button", name="Stop").click()
    expect(slow).to_contain_text("finish reason: stopped", timeout=LOAD_MS)
    for name in ("demo", "starter", "Tiny LLM"):
        expect(column(tab, name)).to_contain_text("finish reason: stop", timeout=LOAD_MS)
    refusing = column(tab, "Refusing")
    expect(refusing).to_contain_text("The key was refused")
    tiny = column(tab, "Tiny LLM")
    assert text_of(tiny) == PAIRS[SOURCE]
    expect(tiny).to_contain_text("chrF 100.0")
    expect(tiny).to_contain_text(re.compile(r"first token .* s · total .* tokens"))
    stored = {each.system_name: each for each in app.opened().answers.search(SOURCE)}
    assert stored["Slow"].state == "stopped" and stored["demo"].state == "done"
    assert source_field(tab).input_value() == SOURCE  # also after the reload


def vote_in_the_arena(tab: Any, app: App) -> None:
    tab.page.get_by_role("tab", name="Arena").click()
    tab.settle()
    choose(tab, "Systems", "demo", "starter")
    tab.click("First pair")
    better = tab.page.get_by_role("button", name="A is better")
    better.wait_for(timeout=LOAD_MS)
    main = tab.page.get_by_test_id("stMain")
    sides = main.locator('[data-testid="stColumn"]').filter(has=tab.page.locator(".answer-text"))
    assert not re.search("demo|starter", " ".join(sides.all_inner_texts()))
    tab.page.get_by_text("Both are unacceptable").click()
    tab.settle()
    better.dblclick()
    tab.sees("vote saved")
    assert re.search("demo|starter", " ".join(sides.all_inner_texts()))
    (vote,) = app.opened().votes.of_direction("eng_Latn", "gle_Latn")
    assert vote.outcome in ("a", "b") and vote.are_both_unacceptable
    tab.sees("Ratings")


def run_a_batch_and_evaluate(tab: Any, app: App) -> None:
    tab.page.get_by_role("tab", name="Batches").click()
    tab.settle()
    choose(tab, "Systems", "demo", "starter", "Tiny LLM")
    tab.sees(re.compile("^About .* USD in all"))
    tab.page.get_by_role("button", name="Start", exact=True).dblclick()
    link = tab.page.get_by_role("link", name="Compare in Evaluate")
    link.wait_for(timeout=LOAD_MS)
    workspace = app.opened()
    (batch,) = workspace.batches.all()
    assert queue.wait(workspace, batch.id).state == "finished"
    link.click()
    tab.page.get_by_role("heading", name="Evaluate").wait_for()
    tab.settle()
    tab.page.get_by_test_id("stDataFrame").first.wait_for()
    sets = workspace.translation_sets.all()
    assert {each.system_name for each in sets} == {"demo", "starter", "Tiny LLM"}
    assert len({each.test_set_hash for each in sets}) == 1
    for each in sets:
        assert workspace.translation_sets.counts(each.id).num_done == NUM_SEGMENTS
    tab.page.get_by_test_id("stCode").filter(has_text=f"n={NUM_SEGMENTS}").wait_for()


def test_votes_and_answers_survive_a_killed_server(tab: Any, app: App) -> None:
    workspace = app.opened()
    num_votes = len(workspace.votes.of_direction("eng_Latn", "gle_Latn"))
    tab.open("playground?part=Arena")
    choose(tab, "Systems", "demo", "starter")
    tab.click("pair")
    tab.page.get_by_role("button", name="A is better").click(timeout=LOAD_MS)
    tab.sees("vote saved")
    app.end(signal.SIGKILL)
    app.start()
    tab.open("playground")
    choose(tab, "Systems", "Slow", "Echo")
    source_field(tab).fill("What was said before the server was killed?")
    tab.click("Translate")
    expect(column(tab, "Echo")).to_contain_text("finish reason: stop", timeout=LOAD_MS)
    expect(column(tab, "Slow").locator(".answer-text")).to_contain_text("100 101", timeout=LOAD_MS)
    app.end(signal.SIGKILL)
    app.start()
    tab.page.reload()
    tab.settle()
    slow = column(tab, "Slow")
    expect(slow).to_contain_text("The program ended while the answer came", timeout=LOAD_MS)
    assert "5 6 7" in text_of(slow)
    assert text_of(column(tab, "Echo")).endswith("before the server was killed?")
    found = {each.system_name: each for each in workspace.answers.search("server was killed")}
    assert found["Slow"].state == "interrupted" and found["Echo"].state == "done"
    assert len(workspace.votes.of_direction("eng_Latn", "gle_Latn")) == num_votes + 1


def test_hostile_texts_are_shown_literally(tab: Any, app: App) -> None:
    tab.open("playground?part=Compare")
    choose(tab, "Systems", "Echo")
    source_field(tab).fill(HOSTILE)
    tab.click("Translate")
    echo = column(tab, "Echo")
    expect(echo).to_contain_text("finish reason: stop", timeout=LOAD_MS)
    assert HOSTILE in text_of(echo)
    tab.expand("Raw answer and prompt")
    tab.page.get_by_role("tab", name="History").click()
    tab.settle()
    tab.page.get_by_test_id("stDataFrame").first.wait_for()
    assert tab.page.evaluate("window.XSS") is None
    assert tab.page.locator("img[src='x']").count() == 0
    main = tab.page.get_by_test_id("stMain")
    assert main.locator(".katex").count() == 0


def test_what_was_asked_is_found_asked_again_and_deleted(tab: Any, app: App) -> None:
    workspace = app.opened()
    tab.open("playground")
    choose(tab, "Systems", "Slow")
    source_field(tab).fill("Asked, found and deleted.")
    tab.expand("Parameters")
    tab.fill("Temperature", "0.5")
    tab.click("Translate")
    expect(column(tab, "Slow")).to_contain_text("5 6 7", timeout=LOAD_MS)
    tab.click("Translate")  # the same while it is answered is a second click
    tab.settle()
    # A way round over another page loses neither answers nor parameters.
    tab.menu("Evaluate")
    tab.menu("Playground")
    tab.click("Stop all")
    expect(column(tab, "Slow")).to_contain_text("finish reason: stopped", timeout=LOAD_MS)
    tab.sees(re.compile("^Asked with .*temperature 0.5"))
    tab.page.get_by_role("tab", name="History").click()
    tab.settle()
    tab.fill("Search", "found and deleted")
    (asked,) = workspace.answers.search("found and deleted")
    assert asked.request["parameters"] == {"temperature": 0.5}
    tab.choose_row(1)
    tab.click("Ask again")
    tab.page.get_by_role("tab", name="Compare", selected=True).wait_for()
    expect(source_field(tab)).to_have_value("Asked, found and deleted.")
    tab.page.get_by_role("tab", name="History").click()
    tab.settle()
    tab.choose_row(1)
    tab.page.get_by_role("button", name="Delete", exact=True).click()
    tab.click("Delete for good")
    tab.page.get_by_role("dialog").wait_for(state="detached")
    tab.settle()
    assert workspace.answers.of_ask(asked.ask_id) == []


def test_a_loaded_test_segment_brings_its_reference(tab: Any, app: App) -> None:
    tab.open("playground")
    tab.click("Load a test segment")
    tab.page.get_by_role("button", name="Load", exact=True).click()
    tab.settle()
    workspace = app.opened()
    corpus = workspace.corpora.all()[0]
    ((source, reference),) = read_segments(workspace.split_file(corpus.id, "test"), limit=1)
    expect(source_field(tab)).to_have_value(source)
    expect(tab.page.get_by_label("Reference (optional)")).to_have_value(reference)
    tab.click("Swap")
    expect(source_field(tab)).to_have_value(reference)


def test_a_chat_is_kept_and_goes_on_after_a_reload(tab: Any, app: App, tiny_llm: LlmServer) -> None:
    known = {each.name for each in app.opened().systems.all()}
    if "Tiny LLM" not in known:
        values = {"name": "Tiny LLM", "base_url": tiny_llm.url, "model": tiny_llm.model}
        add_endpoint(app.opened(), EndpointSettings.parse(values))
    tab.open("playground?part=Chat")
    tab.page.get_by_role("combobox", name="LLM").click()
    tab.page.get_by_role("option", name="Tiny LLM").click()
    tab.settle()
    say(tab, "What is your name?", "Cad is ainm duit?")
    tab.page.reload()
    tab.settle()
    say(tab, "Cad is ainm duit?", "Is mise an cúntóir beag.")
    (first,) = app.opened().answers.asks("chat")
    turns = app.opened().answers.of_ask(first.ask_id)
    assert [turn.position for turn in turns] == [0, 1]
    assert len(turns[1].request["messages"]) == 3


def say(tab: Any, message: str, answer: str) -> None:
    field = tab.page.get_by_test_id("stChatInputTextArea")
    expect(field).to_be_enabled(timeout=LOAD_MS)
    field.fill(message)
    field.press("Enter")
    last = tab.page.get_by_test_id("stChatMessage").last
    expect(last.locator(".answer-text").last).to_have_text(answer, timeout=LOAD_MS)


def test_the_playground_fits_a_phone(tab: Any, app: App) -> None:
    tab.page.set_viewport_size({"width": 390, "height": 844})
    for path in ("playground", "evaluate", "settings"):
        tab.open(path)
        names = ("Compare", "Chat", "Arena", "Batches", "History") if path == "playground" else ()
        for name in names:
            tab.page.get_by_role("tab", name=name).click()
            tab.settle()
            main = "document.querySelector('[data-testid=stMain]')"
            assert tab.page.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 1
