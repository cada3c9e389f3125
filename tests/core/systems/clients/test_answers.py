"""What is read of an endpoint's answers, whatever they hold; real servers are asked elsewhere."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from core.systems.clients.answers import Chunk, chunk_of, whole_answer
from core.systems.endpoint import EndpointSettings
from core.systems.failures import AskError
from core.systems.protocol import Delta, Event, Finished, Usage

SETTINGS = EndpointSettings(name="Mine", base_url="https://example.org/v1", model="m")
KEY = "4fJ8kQ2mZx7Lq9-secret"


def whole(body: Any, kind: str = "application/json") -> list[Event]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return whole_answer(content, kind, SETTINGS, (KEY,))


def answer(**values: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": "Dia duit"}, "finish_reason": "stop", **values}]}


WHOLE: list[tuple[Any, list[Event]]] = [
    (answer(), [Delta("Dia duit"), Finished("stop")]),
    (answer(message=None, text="Dia"), [Delta("Dia"), Finished("stop")]),
    (answer(message={"content": None}), [Finished("stop")]),
    (answer(message={"content": ""}, finish_reason="length"), [Finished("length")]),
    (answer(finish_reason=None), [Delta("Dia duit"), Finished("incomplete")]),
    (answer(finish_reason=7), [Delta("Dia duit"), Finished("incomplete")]),
    (answer(message={"content": "half \ud800"}), [Delta("half ?"), Finished("stop")]),
    ({**answer(), "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
     [Delta("Dia duit"), Usage(3, 2), Finished("stop")]),
    ({**answer(), "usage": {"prompt_tokens": 3, "completion_tokens": None}},
     [Delta("Dia duit"), Usage(3, 0), Finished("stop")]),
    ({**answer(), "usage": {"prompt_tokens": "many", "completion_tokens": 1e999}},
     [Delta("Dia duit"), Finished("stop")]),
    ({**answer(), "usage": {"prompt_tokens": -3, "completion_tokens": [2]}},
     [Delta("Dia duit"), Usage(0, 0), Finished("stop")]),
    ({**answer(), "usage": []}, [Delta("Dia duit"), Finished("stop")]),
    ({**answer(), "error": None}, [Delta("Dia duit"), Finished("stop")]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "events"), WHOLE, ids=range(len(WHOLE)))
def test_answer_in_one_piece_is_read(body: Any, events: list[Event]) -> None:
    assert whole(body) == events


NO_ANSWERS: list[tuple[Any, str, str]] = [
    (b"", "application/json", "other than JSON ('')"),
    (b"not JSON", "application/json", "other than JSON ('not JSON')"),
    (b"\xff\xfe", "text/plain", "other than JSON"),
    (b"[" * 200_000, "application/json", "other than JSON"),
    (b"  <html>", "application/json", "a web page"),
    (b"{}", "text/html", "a web page"),
    ({}, "application/json", "the answer holds no choices"),
    ([], "application/json", "the answer holds no choices"),
    (None, "application/json", "the answer holds no choices"),
    ("text", "application/json", "the answer holds no choices"),
    ({"choices": None}, "application/json", "the answer holds no choices"),
    ({"choices": []}, "application/json", "the answer holds no choices"),
    ({"choices": {}}, "application/json", "the answer holds no choices"),
    ({"choices": ["text"]}, "application/json", "the answer holds no choices"),
    ({"choices": [{}]}, "application/json", "the answer holds no choices"),
    ({"choices": [{"message": "text"}]}, "application/json", "the answer holds no choices"),
    ({"error": {"message": "no credit"}}, "application/json", "broke off: no credit."),
    ({"error": "no credit"}, "application/json", "broke off: no credit."),
]


@pytest.mark.parametrize(("body", "kind", "sentence"), NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_what_is_no_answer_is_told_in_a_sentence(body: Any, kind: str, sentence: str) -> None:
    with pytest.raises(AskError) as caught:
        whole(body, kind)
    assert sentence in caught.value.message
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("place", range(150, 215, 5))
def test_key_in_an_answer_that_is_none_is_not_repeated(place: int) -> None:
    text = "x" * place + f" {KEY} "
    for body in (text.encode(), {"error": text}, {"error": {"message": text}}):
        with pytest.raises(AskError) as caught:
            whole(body, "text/plain")
        for size in range(6, len(KEY)):
            assert KEY[:size] not in str(caught.value)


def chunk(usage: Any = None, **choice: Any) -> SimpleNamespace:
    return SimpleNamespace(choices=[SimpleNamespace(**choice)], usage=usage)


def delta(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(**values)


USAGE = SimpleNamespace(prompt_tokens=3, completion_tokens=None)
WRONG_USAGE = SimpleNamespace(prompt_tokens="abc", completion_tokens=2)

CHUNKS: list[tuple[Any, Chunk]] = [
    (chunk(delta=delta(content="Dia")), Chunk("Dia", is_understood=True)),
    (chunk(delta=delta(content=None, role="assistant")), Chunk(is_understood=True)),
    (chunk(delta=delta()), Chunk(is_understood=True)),
    (chunk(delta=delta(content=7)), Chunk(is_understood=True)),
    (chunk(delta=delta(content="\udc00")), Chunk("?", is_understood=True)),
    (chunk(delta=delta(reasoning_content="Hm")), Chunk("", "Hm", is_understood=True)),
    (chunk(delta=delta(reasoning="Hm")), Chunk("", "Hm", is_understood=True)),
    (chunk(delta=delta(content=""), finish_reason="stop"), Chunk("", "", "stop", None, True)),
    (chunk(text="Dia", finish_reason=None), Chunk("Dia", is_understood=True)),
    (chunk(delta=None, text=None), Chunk()),
    (chunk(USAGE, delta=delta(content="a")), Chunk("a", "", "", Usage(3, 0), True)),
    (SimpleNamespace(choices=[], usage=USAGE), Chunk("", "", "", Usage(3, 0), True)),
    (SimpleNamespace(choices=[], usage=WRONG_USAGE), Chunk("", "", "", Usage(0, 2), True)),
    (SimpleNamespace(choices=[], usage="many"), Chunk()),
    (SimpleNamespace(choices="text", usage=None), Chunk()),
    (SimpleNamespace(choices=None), Chunk()),
    ("text", Chunk()),
    (None, Chunk()),
]


@pytest.mark.parametrize(("piece", "found"), CHUNKS, ids=range(len(CHUNKS)))
def test_chunk_is_read_whatever_it_leaves_out(piece: Any, found: Chunk) -> None:
    assert chunk_of(piece) == found
