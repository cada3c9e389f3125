"""What is read of an endpoint's answers, whatever they hold; real servers are asked elsewhere."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.systems.clients.answers import (
    MAX_REASON,
    MAX_TOKENS,
    Chunk,
    chunk_of,
    reason_of,
    whole_answer,
)
from core.systems.endpoint import EndpointSettings
from core.systems.failures import AskError
from core.systems.protocol import Delta, Event, Finished, Usage, is_whole_reason
from core.systems.secrets import HIDDEN

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


REASONS = [
    ("stop", "stop"),
    (" STOP\n", "stop"),
    ("eos_token", "stop"),
    ("end_turn", "stop"),
    ("max_tokens", "length"),
    ("MAX_TOKENS", "length"),
    ("SAFETY", "SAFETY"),
    ("st\x00\u200bop", "stop"),
    ("half \ud800", "half ?"),
    ("z" * 1000, "z" * MAX_REASON),
    (f"because {KEY}", f"because {HIDDEN}"),
    ("because sk-proj-4fJ8kQ2mZx7", f"because {HIDDEN}"),
    (None, ""),
    (7, ""),
    (["stop"], ""),
]


@pytest.mark.parametrize(("given_reason", "reason"), REASONS, ids=range(len(REASONS)))
def test_reason_is_one_short_line_in_words_of_ours(given_reason: Any, reason: str) -> None:
    assert reason_of(given_reason, (KEY,)) == reason
    piece = chunk(delta=delta(content="a"), finish_reason=given_reason)
    assert chunk_of(piece, (KEY,)).finish_reason == reason
    assert whole(answer(finish_reason=given_reason))[-1] == Finished(reason or "incomplete")


@pytest.mark.parametrize("place", range(MAX_REASON - len(KEY) - 1, MAX_REASON))
def test_key_in_a_reason_is_hidden_before_the_reason_is_cut(place: int) -> None:
    reason = reason_of("x" * place + KEY, (KEY,))
    assert reason == ("x" * place + HIDDEN)[:MAX_REASON]


@given(st.text())
@example("\ud800" * 40)
@example("a" * MAX_REASON + " b")
def test_any_reason_can_be_shown_and_stored(text: str) -> None:
    reason = reason_of(text)
    assert len(reason) <= MAX_REASON and reason.isprintable()
    reason.encode()


@pytest.mark.parametrize(
    "reason", ["stop", "STOP", "stop_sequence", "end_turn", "eos", "EOS_token"]
)
def test_end_that_is_known_to_be_one_is_whole(reason: str) -> None:
    assert is_whole_reason(reason) and Finished(reason).is_whole


@pytest.mark.parametrize(
    "reason",
    ["", "incomplete", "length", "content_filter", "stopped", "error", "tool_calls", "SAFETY",
     "nonstop", "stop?", "finished", HIDDEN],
)  # fmt: skip
def test_end_that_nobody_knows_is_not_whole(reason: str) -> None:
    assert not is_whole_reason(reason) and not Finished(reason).is_whole


COUNTS: list[tuple[Any, Any, Usage | None]] = [
    (MAX_TOKENS, 0, Usage(MAX_TOKENS, 0)),
    (MAX_TOKENS + 1, 2, Usage(0, 2)),
    (3, 10**400, Usage(3, 0)),
    (MAX_TOKENS + 1, 10**400, None),
    (-(10**400), 2, Usage(0, 2)),
    (2.5, float("nan"), None),
    ("3", None, None),
]


@pytest.mark.parametrize(("prompt", "completion", "usage"), COUNTS, ids=range(len(COUNTS)))
def test_count_of_tokens_that_cannot_be_is_none(
    prompt: Any, completion: Any, usage: Usage | None
) -> None:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    assert chunk_of(SimpleNamespace(choices=[], usage=SimpleNamespace(**counts))).usage == usage
    assert [each for each in whole({**answer(), "usage": counts}) if isinstance(each, Usage)] == (
        [] if usage is None else [usage]
    )
