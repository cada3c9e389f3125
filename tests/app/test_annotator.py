"""What the annotator is sent, and the modules it is made of."""

import json
import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from app.assets import annotator_url, routes
from app.components.annotator.component import AnnotatorView, payload
from app.judging.wording import wording
from core.annotate.annotation import Annotation
from core.storage.workspace import PROJECT

FOLDER = PROJECT / "app" / "components" / "annotator"
MODULES = sorted(path.name for path in FOLDER.glob("*.js") if path.name != "loader.js")


def view() -> AnnotatorView:
    return AnnotatorView(
        item="one",
        protocol="sqm",
        annotation=Annotation().to_json(),
        source={"text": "A cat.", "lang": "en", "name": "English"},
        outputs=[{"text": "Cat.", "lang": "ga", "name": "Irish", "label": "A"}],
        messages=wording("eng_Latn").beginning("annotator."),
    )


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes()))


def test_the_payload_is_json_with_every_field_that_the_modules_read() -> None:
    sent = json.loads(json.dumps(payload(view()), allow_nan=False))
    assert sent["source"]["direction"] == "auto"
    assert sent["outputs"][0]["label"] == "A"
    sources = "".join((FOLDER / name).read_text(encoding="utf-8") for name in MODULES)
    read = set(re.findall(r"\bdata\.([a-z_]+)", sources))
    assert read <= set(sent), "the modules read what nobody sends"


def test_every_sentence_that_the_modules_say_is_in_the_message_file() -> None:
    messages = wording("eng_Latn").beginning("annotator.")
    sources = "".join((FOLDER / name).read_text(encoding="utf-8") for name in MODULES)
    said = set(re.findall(r"\bsay\(\"([a-z_.]+)\"", sources))
    said |= set(re.findall(r"\"(keys\.[a-z]+)\"", sources))
    assert len(said) > 40
    assert said <= set(messages)


def test_every_module_is_served_to_be_kept_under_an_address_of_its_version(
    client: TestClient,
) -> None:
    for name in MODULES:
        response = client.get(annotator_url().replace("main.js", name))
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["content-type"].startswith("text/javascript")
        assert response.content == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("name", ["annotator.css", "component.py", "..%2fassets.py", "no.js"])
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    assert client.get(annotator_url().replace("main.js", name)).status_code == 404


def test_another_version_is_not_served_under_this_name(client: TestClient) -> None:
    assert client.get("/assets/annotator/0000000000000000/main.js").status_code == 404


def test_the_annotator_mounts_and_nothing_is_left_at_first() -> None:
    def page() -> None:
        import streamlit as st

        from app.components.annotator.component import annotator
        from tests.app.test_annotator import view

        left = annotator(view(), key="rate-one", on_save=lambda _: None, on_go=lambda _: None)
        st.text(f"left: {left}")

    at = AppTest.from_function(page, default_timeout=20).run()
    assert not at.exception
    assert at.text[0].value == "left: None"
