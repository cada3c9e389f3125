"""The Playground, Evaluate and Settings as a tab would run them, on stored records."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import cache
from core.storage.answer_records import AnswerRecord
from core.storage.files import utc_now
from core.storage.system_records import SystemRecord
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.vote_records import Vote
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from core.systems.history import blinded, json_lines
from tests.pages.reading import button, shown
from tests.servers.fault_server import FaultServer

ROOT = Path(__file__).resolve().parents[2]
NAME = "*a* <b> $x$ :red[y]"
PARTS = ("Compare", "Chat", "Arena", "Batches", "History")


def opened(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, page: str, **query: str
) -> AppTest:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = AppTest.from_file(ROOT / "app" / "main.py", default_timeout=60).run()
    for name, value in query.items():
        app.query_params[name] = value
    app = app.switch_page(f"../pages/{page}.py").run()
    assert not app.exception
    return app


def answer(ask_id: str, position: int, **values: Any) -> AnswerRecord:
    given: dict[str, Any] = {
        "purpose": "compare",
        "system_id": "endpoint:x",
        "system_name": NAME,
        "src_lang": "eng_Latn",
        "tgt_lang": "gle_Latn",
        "source": "A source.",
        "text": "Téacs.",
        "raw": "Téacs.",
        "state": "done",
        "finish_reason": "stop",
        "figures": {"total_s": 1.5, "prompt_tokens": 3, "completion_tokens": 4, "cost_usd": 0.1},
        "asked_at": utc_now(),
        **values,
    }
    return AnswerRecord(str(uuid.uuid4()), ask_id, position, **given)


@pytest.fixture
def stocked(ready_workspace: Workspace) -> Workspace:
    """A workspace with hostile names everywhere."""
    workspace = ready_workspace
    settings = EndpointSettings(name=NAME, base_url="http://127.0.0.1:9/v1", model=NAME)
    add_endpoint(workspace, settings)
    workspace.answers.add([answer("ask-1", 0), answer("ask-1", 1, state="failed", failure="No.")])
    workspace.answers.add([answer("chat-1", 0, purpose="chat", src_lang="", tgt_lang="")])
    workspace.answers.add(
        [
            answer("duel-1", n, purpose="arena", system_name=f"Secret {n}", text=f"Téacs {n}.")
            for n in range(2)
        ]
    )
    workspace.templates.save(NAME, {"name": NAME, "user": "{{ source }}"})
    return workspace


@pytest.mark.parametrize("part", PARTS)
def test_each_part_opens_on_an_empty_and_on_a_stocked_workspace(
    workspace: Workspace,
    stocked: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
) -> None:
    for each in (workspace, stocked):
        app = opened(each, monkeypatch, "playground", part=part)
        assert not app.error


def test_the_answers_of_a_question_are_found_by_their_address(
    stocked: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(stocked, monkeypatch, "playground", ask="ask-1")
    text = shown(app)
    assert NAME in [element.value for element in app.text]
    assert "total 1.50 s" in text and "3 + 4 tokens" in text and "0.100000 USD" in text
    assert app.text_area[0].value == "A source."


def test_a_pair_stays_blind_in_the_history_until_its_vote(
    stocked: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(stocked, monkeypatch, "playground", part="History")
    systems = list(app.dataframe[0].value["System"])
    assert "hidden" in systems and not {"Secret 0", "Secret 1"} & set(systems)
    assert stocked.answers.search("Secret") == []
    lines = "".join(json_lines(blinded(stocked, stocked.answers.each())))
    assert "Secret" not in lines and NAME in lines
    # Where there is nothing to vote on, there is nothing to hide.
    stocked.answers.add(
        [answer("duel-2", n, purpose="arena", system_name=f"Same {n}") for n in range(2)]
    )
    app = opened(stocked, monkeypatch, "playground", part="History")
    assert {"Same 0", "Same 1"} <= set(app.dataframe[0].value["System"])
    values = ("v", "duel-1", "a", "b", "tie", False, "", "eng_Latn", "gle_Latn", "", None)
    stocked.votes.add(Vote(*values, utc_now()))
    assert len(stocked.answers.search("Secret")) == 2
    app = opened(stocked, monkeypatch, "playground", part="History")
    assert {"Secret 0", "Secret 1"} <= set(app.dataframe[0].value["System"])


def test_a_message_that_comes_while_the_other_tab_waits_is_not_lost(
    stocked: Workspace, monkeypatch: pytest.MonkeyPatch, faults: FaultServer
) -> None:
    values = {"name": "Slow", "base_url": faults.url("slow-3000-20"), "model": "m"}
    add_endpoint(stocked, EndpointSettings.parse(values))
    app = opened(stocked, monkeypatch, "playground", part="Chat")
    next(each for each in app.selectbox if each.label == "LLM").select("Slow").run()
    app.chat_input[0].set_value("The first message.").run()
    (first,) = stocked.answers.search("The first message.")
    try:
        app.chat_input[0].set_value("The second message.").run()
        assert "The answer before it is still coming" in shown(app)
        assert "The second message." in [each.value for each in app.code]
        assert len(stocked.answers.of_ask(first.ask_id)) == 1
    finally:
        cache.board().stop(first.ask_id)


def translation_set(workspace: Workspace, name: str, *, num_failed: int = 0) -> TranslationSet:
    pairs = [("One.", "A haon."), ("Two.", "A dó."), ("Three.", "A trí.")]
    record = TranslationSet(
        id=str(uuid.uuid4()),
        batch_id=None,
        system_id="endpoint:x",
        system_name=name,
        corpus_id="c",
        corpus_name=NAME,
        split="test",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        test_set_hash=hashlib.sha256(b"x").hexdigest(),
        num_segments=len(pairs),
        created_at=utc_now(),
    )
    workspace.translation_sets.add(record)
    workspace.translation_sets.store(
        [
            Hypothesis(record.id, n, source, reference, None, failure="No answer.")
            if n < num_failed
            else Hypothesis(record.id, n, source, reference, reference)
            for n, (source, reference) in enumerate(pairs)
        ]
    )
    return record


def test_an_endpoint_is_set_up_changed_and_deleted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "settings")
    by_label = {item.label: item for item in reversed(app.text_input)}  # the first of a name
    by_label["Name"].set_value("Mine")
    by_label["Base URL"].set_value("http://127.0.0.1:9/v1/chat/completions")
    by_label["Model"].set_value("m")
    app = app.run()
    button(app, "Add").click()
    app = app.run()
    (record,) = workspace.systems.all()
    assert record.settings["base_url"] == "http://127.0.0.1:9/v1"
    button(app, "Change").click()
    app = app.run()
    app.text_input(key=f"endpoint.endpoint:{record.id}.1.name").set_value("Yours")
    app = app.run()
    button(app, "Save").click()
    app = app.run()
    assert [each.name for each in workspace.systems.all()] == ["Yours"]
    button(app, "Delete").click()
    app = app.run()
    assert len(workspace.systems.all()) == 1  # one click only asks
    button(app, "Delete").click()  # a test has no fragments: the dialog must be opened again
    button(app, "Delete for good").click()
    app.run()
    assert workspace.systems.all() == []


def test_a_key_in_the_wrong_field_is_refused_and_not_repeated(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-live-0123456789abcdef"
    app = opened(workspace, monkeypatch, "settings")
    by_label = {item.label: item for item in reversed(app.text_input)}  # the first of a name
    by_label["Name"].set_value("Mine")
    by_label["Base URL"].set_value("http://127.0.0.1:9/v1")
    by_label["Model"].set_value("m")
    by_label["Key variable"].set_value(key)
    app = app.run()
    button(app, "Add").click()
    app = app.run()
    assert "NAME of an environment variable" in shown(app) and key not in shown(app)
    assert workspace.systems.all() == []


def test_a_changed_template_is_a_new_version(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(workspace, monkeypatch, "settings")
    field = next(item for item in app.text_area if item.label == "User message")
    field.set_value("Broken {{ source")
    app = app.run()
    assert "Cannot be saved" in shown(app)
    field = next(item for item in app.text_area if item.label == "User message")
    field.set_value("Please translate: {{ source }}")
    app = app.run()
    button(app, "Save as a new version").click()
    app.run()
    (record,) = workspace.templates.newest()
    assert (record.name, record.version) == ("Zero-shot", 1)
    assert record.content["user"] == "Please translate: {{ source }}"


def test_a_deleted_system_of_an_old_chain_does_not_break_the_page(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"name": "Old", "first": "endpoint:gone", "second": "model:gone"}
    record = SystemRecord(str(uuid.uuid4()), "Old", "chain", settings, utc_now())
    workspace.systems.add(record)
    opened(workspace, monkeypatch, "settings")
    opened(workspace, monkeypatch, "playground")
