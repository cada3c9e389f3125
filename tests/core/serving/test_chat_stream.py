"""Answers of `/v1/chat/completions` that come in pieces."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from core.corpora.sample import generate_sample

SOURCE = "The nurse opened the small box."


@pytest.mark.parametrize(
    ("options", "has_usage"),
    [({}, False), ({"include_usage": False}, False), ({"include_usage": True}, True)],
    ids=str,
)
def test_usage_comes_last_where_it_was_asked_for(
    running: Any, options: dict[str, bool], has_usage: bool
) -> None:
    from openai import DefaultHttpxClient, OpenAI

    messages: Any = [{"role": "user", "content": f"{SOURCE}\n{SOURCE}"}]
    with OpenAI(
        base_url=f"{running.url}/v1",
        api_key="none",
        http_client=DefaultHttpxClient(trust_env=False),
        max_retries=0,
    ) as client:
        create: Any = client.chat.completions.create
        usage = create(model="", messages=messages).usage
        chunks = list(create(model="", messages=messages, stream=True, stream_options=options))
    assert usage.prompt_tokens == 12
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    if has_usage:
        last = chunks.pop()
        assert (last.choices, last.usage) == ([], usage)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert [chunk.usage for chunk in chunks] == [None] * len(chunks)


def test_a_caller_that_leaves_a_stream_frees_the_queue(started: Callable[..., Any]) -> None:
    service = started("--cache-limit", "0", "--char-limit", "1000000")
    pairs = generate_sample(num_train=600, num_dev=1, num_test=1).train
    lines = 20 * [source for source, _ in pairs]
    message = {"role": "user", "content": "\n".join(lines)}
    body = json.dumps({"messages": [message], "stream": True, "num_beams": 16}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}"
    with socket.create_connection(("127.0.0.1", service.port)) as caller:
        caller.sendall(f"{head}\r\nContent-Type: application/json\r\n\r\n".encode() + body)
        received = b""
        while b"chat.completion.chunk" not in received:
            received += caller.recv(1000)
    deadline = time.monotonic() + 60
    while service.figure("in_flight") > 1:  # the look itself is one
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert service.figure("queue_sentences") == 0
    before, now = -1, service.figure("sentences")
    while now != before:  # what was being computed is computed to its end, nothing after it
        assert time.monotonic() < deadline
        time.sleep(1)
        before, now = now, service.figure("sentences")
    assert now < len(lines) / 10
    assert "Traceback" not in service.log()
