"""How one request wants to be searched for, at the real service."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.corpora.sample import generate_sample

SOURCE = "The nurse opened the small box."
QUESTION = {"q": SOURCE, "source": "en", "target": "ga"}
WAYS: list[dict[str, Any]] = [
    {},
    {"num_beams": 5},
    {"num_beams": 5, "length_penalty": 0},
    {"num_beams": 5, "length_penalty": "5"},
]


def test_each_way_of_searching_has_answers_of_its_own(started: Callable[..., Any]) -> None:
    service = started()
    figure = service.figure
    num_before = figure("sentences")
    first = [service.translate(SOURCE, **way)["translatedText"] for way in WAYS]
    num_translated = figure("sentences")
    assert (num_translated - num_before, figure("cached")) == (len(WAYS), 0)
    assert [service.translate(SOURCE, **way)["translatedText"] for way in WAYS] == first
    # What the service does anyway, and a penalty that has no effect, are the first way again.
    for same in ({"num_beams": 1}, {"num_beams": None}, {"length_penalty": 3.0}):
        assert service.translate(SOURCE, **same)["translatedText"] == first[0]
    messages = [{"role": "user", "content": SOURCE}]
    for way, text in zip(WAYS, first, strict=True):
        answer = service.send("/v1/chat/completions", {"messages": messages, **way})[1]
        assert answer["choices"][0]["message"]["content"] == text
    assert (figure("sentences"), figure("cached")) == (num_translated, 2 * len(WAYS) + 3)
    # With one beam alternatives are searched for apart.
    more = service.translate(SOURCE, alternatives=2, length_penalty=0)
    assert more["translatedText"] == first[0] and len(more["alternatives"]) == 2


def test_a_large_length_penalty_prefers_longer_translations(running: Any) -> None:
    texts = [source for source, _ in generate_sample(num_train=50, num_dev=1, num_test=1).train]
    mean_words = []
    for penalty in (0, 5):
        # The model is sure of its best translations; the others show what is preferred.
        answer = running.translate(texts, num_beams=8, alternatives=2, length_penalty=penalty)
        others = [text for row in answer["alternatives"] for text in row]
        # Two ways to cut a text into pieces are one alternative, so that a few may be missing.
        assert 1.8 * len(texts) <= len(others) <= 2 * len(texts)
        mean_words.append(sum(len(text.split()) for text in others) / len(others))
    assert mean_words[0] < mean_words[1]


@pytest.mark.parametrize("path", ["/translate", "/v1/chat/completions"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_beams", 0),
        ("num_beams", 17),
        ("num_beams", 1.5),
        ("num_beams", ""),
        ("length_penalty", -0.1),
        ("length_penalty", 5.1),
        ("length_penalty", float("nan")),
        ("length_penalty", [1]),
        ("length_penalty", "long"),
    ],
)
def test_values_out_of_bounds_are_named(running: Any, path: str, name: str, value: Any) -> None:
    sent = {**QUESTION, "messages": [{"role": "user", "content": SOURCE}], name: value}
    status, answer, _ = running.send(path, json.dumps(sent).encode())  # with NaN as Python has it
    sentence = answer["error"] if path == "/translate" else answer["error"]["message"]
    assert status == 400 and sentence.startswith(f"Invalid request: {name}: ")


def test_bounds_and_meaning_are_in_the_description_of_the_api(running: Any) -> None:
    paths = running.send("/openapi.json")[1]["paths"]
    for path in ("/translate", "/v1/chat/completions"):
        content = paths[path]["post"]["requestBody"]["content"]["application/json"]
        fields = content["schema"]["properties"]
        beams, penalty = (fields[name] for name in ("num_beams", "length_penalty"))
        assert beams["anyOf"][0] == {"type": "integer", "minimum": 1, "maximum": 16}
        assert penalty["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 5}
        assert "With 1 beam it has no effect" in penalty["description"]
