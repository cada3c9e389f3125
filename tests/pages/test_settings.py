"""Settings as a tab would run it: forms, cards and dialogs of endpoints, chains, templates."""

import re
import uuid
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.forms import field_problems
from app.text import plain
from core.errors import ConfigError
from core.storage.answer_records import AnswerRecord
from core.storage.batch_records import Batch
from core.storage.files import utc_now
from core.storage.job_records import Job
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from core.systems.batch.settings import BatchSettings
from core.systems.catalogue import add_chain, add_endpoint, delete_system
from core.systems.chain import ChainSettings
from core.systems.endpoint import EndpointSettings
from core.systems.prompts.template import Template
from tests.pages.reading import button, shown

ROOT = Path(__file__).resolve().parents[2]
NAME = "*a* <b> $x$ :red[y]"


@pytest.fixture
def app(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The application, not yet on a page."""
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    return AppTest.from_file(ROOT / "app" / "main.py", default_timeout=60).run()


def opened(app: AppTest) -> AppTest:
    app = app.switch_page("../pages/settings.py").run()
    assert not app.exception
    return app


def clicked(app: AppTest, *labels: str) -> AppTest:
    """Clicks in one run; a test has no fragments, so a dialog's opener is clicked with it."""
    for label in labels:
        button(app, label).click()
    app = app.run()
    assert not app.exception
    return app


def added(workspace: Workspace, name: str = NAME) -> str:
    settings = EndpointSettings(name=name, base_url="http://127.0.0.1:9/v1", model="m")
    return add_endpoint(workspace, settings).id


def add_batch(workspace: Workspace, system_id: str, state: str) -> None:
    batch_id, now = str(uuid.uuid4()), utc_now()
    job = Job(batch_id, "core.systems.batch.batch_job", f"batches/{batch_id}", "api", state, now)
    settings = BatchSettings(systems=(system_id,)).model_dump(mode="json")
    workspace.batches.add(Batch(batch_id, "c", "c", "test", settings, now, job))


def test_deletion_says_who_uses_an_endpoint(workspace: Workspace, app: AppTest) -> None:
    system_id, other_id = added(workspace), added(workspace, "Other")
    for state in ("translating", "queued", "stopped", "finished"):
        add_batch(workspace, system_id, state)
    add_batch(workspace, other_id, "failed")
    given = ("chat", 0, "chat", system_id, NAME, "", "", "Hi")
    turn = AnswerRecord(str(uuid.uuid4()), *given, asked_at=utc_now())
    workspace.answers.add([turn])
    app = clicked(opened(app), "Delete")
    text = shown(app)
    assert "Running or queued batches that use it: 2; they may fail." in text
    assert "Unfinished batches that use it: 1; they cannot be resumed afterwards." in text
    assert "Chats with it can only be read afterwards." in text
    assert len(workspace.systems.all()) == 2
    clicked(app, "Delete", "Delete for good")
    assert [each.name for each in workspace.systems.all()] == ["Other"]


def test_endpoint_of_a_chain_is_kept_and_the_chain_is_shown_once(
    workspace: Workspace, app: AppTest
) -> None:
    first, second = added(workspace, "One"), added(workspace, "Two")
    values = {"first": first, "second": second, "pivot_lang": "gle_Latn"}
    add_chain(workspace, ChainSettings.parse({**values, "name": "One → Two"}))
    app = opened(app)
    assert [each.value for each in app.text].count("One → Irish → Two") == 1
    assert "gle_Latn" not in shown(app) and "One → Two" not in [each.value for each in app.text]
    app = clicked(app, "Delete")
    app = clicked(app, "Delete", "Delete for good")
    assert "The chain 'One → Two' uses 'One'." in shown(app)
    assert len(workspace.systems.all()) == 3
    add_chain(workspace, ChainSettings.parse({**values, "name": NAME}))
    texts = [each.value for each in opened(app).text]
    assert NAME in texts and texts.count("One → Irish → Two") == 2


def test_edits_outlive_an_endpoint_that_was_deleted_meanwhile(
    workspace: Workspace, app: AppTest
) -> None:
    system_id = added(workspace)
    app = clicked(opened(app), "Change")
    key = f"endpoint.{system_id}.0"
    app.text_input(key=f"{key}.name").set_value("Typed")
    app.number_input(key=f"{key}.price_in_usd").set_value(2.5)
    delete_system(workspace, system_id)
    app = clicked(app, "Save")
    assert "It was deleted meanwhile" in shown(app)
    assert workspace.systems.all() == []
    clicked(app, "Add as a new one")
    (record,) = workspace.systems.all()
    found = {name: record.settings[name] for name in ("name", "base_url", "price_in_usd")}
    assert found == {"name": "Typed", "base_url": "http://127.0.0.1:9/v1", "price_in_usd": 2.5}


def test_empty_key_is_refused(workspace: Workspace, app: AppTest) -> None:
    system_id = added(workspace)
    app = opened(app)
    app.text_input(key=f"endpoint.key.{system_id}").set_value("  \t ")
    app = clicked(app, "Use it")
    assert "The field is empty" in shown(app)
    assert app.session_state["session"].session_keys == {}
    app.text_input(key=f"endpoint.key.{system_id}").set_value(" secret ")
    app = clicked(app, "Use it")
    assert app.session_state["session"].session_keys == {system_id: "secret"}
    assert "secret" not in shown(app)


def test_everything_that_is_missing_is_named_at_once(workspace: Workspace, app: AppTest) -> None:
    app = opened(app)
    app.text_input(key="endpoint.new.0.key_env").set_value("not a variable")
    app = clicked(app, "Add")
    text = shown(app)
    for title in ("Name: give it a name.", "Base URL: say", "Model: say", "Key variable: give"):
        assert title in text
    assert "String should" not in text
    assert workspace.systems.all() == []


def test_preset_keeps_the_name_and_the_model_that_were_typed(app: AppTest) -> None:
    app = opened(app)
    key = "endpoint.new.0"
    app.button_group(key=f"{key}.preset").set_value("DeepL")
    app = app.run()
    assert app.text_input(key=f"{key}.name").value == "DeepL"
    assert app.selectbox(key=f"{key}.kind").value == "deepl"
    app.text_input(key=f"{key}.model").set_value("typed")
    app.button_group(key=f"{key}.preset").set_value("Ollama")
    app = app.run()
    assert app.text_input(key=f"{key}.name").value == "Ollama"
    app.text_input(key=f"{key}.name").set_value("Mine")
    app.button_group(key=f"{key}.preset").set_value("OpenAI")
    app = app.run()
    fields = [app.text_input(key=f"{key}.{name}").value for name in ("name", "model", "key_env")]
    assert fields == ["Mine", "typed", "OPENAI_API_KEY"]
    assert app.text_input(key=f"{key}.base_url").value == "https://api.openai.com/v1"
    assert not app.exception


def test_template_stays_chosen_when_saved_and_asks_before_it_is_deleted(
    workspace: Workspace, app: AppTest
) -> None:
    app = opened(app)
    app.text_input(key="template.0.Zero-shot.name").set_value("My own")
    app = clicked(app.run(), "Save as a new version")
    assert app.selectbox(key="template.chosen").value == "My own"
    app = clicked(app, "Delete my versions")
    assert "The template is gone then." in shown(app)
    assert len(workspace.templates.newest()) == 1
    app = clicked(app, "Delete my versions", "Delete for good")
    assert workspace.templates.newest() == []
    assert app.selectbox(key="template.chosen").value == "Zero-shot"


def test_template_problems_name_the_fields_of_the_form(app: AppTest) -> None:
    app = opened(app)
    app.number_input(key="template.0.Zero-shot.count").set_value(3)
    text = shown(app.run())
    assert "'Number of examples' is 3, but 'Examples' is 'none'" in text
    assert "num_examples" not in text


def test_problems_of_fields_are_told_apart() -> None:
    with pytest.raises(ConfigError) as caught:
        Template.parse({"name": "x" * 81, "user": "", "stop": ["", "a"]})
    assert field_problems(Template, caught.value, {"user": "User message"}) == [
        "Name: at most 80 characters are allowed.",
        "User message: it is empty.",
        "Stop: it is empty.",
    ]


def test_connection_test_begins_with_what_is_reached(workspace: Workspace, app: AppTest) -> None:
    system_id = added(workspace, "Mine")
    checks = [
        {"name": name, "verdict": verdict, "detail": NAME}
        for name, verdict in (("lists models", "no"), ("reachable", "yes"), ("answers", "unknown"))
    ]
    found = {"probe": {"checks": checks, "time": utc_now()}}
    workspace.systems.learn(system_id.partition(":")[2], found)
    lines = [each.value for each in opened(app).markdown if "badge[" in each.value]
    lines = [line for line in lines if plain(NAME) in line]
    words = [re.sub(r".*badge\[(\w+)\] ([a-z ]+) .*", r"\1 \2", line) for line in lines]
    assert words == ["yes reachable", "no lists models", "unknown answers"]
