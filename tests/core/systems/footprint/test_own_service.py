"""How a service is asked while it is measured: everything that counts was translated."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from core.errors import ModelError
from core.systems.footprint.own_service import NUM_CALLERS, TEXTS_PER_REQUEST, translate_for

DIRECTION = ("eng_Latn", "gle_Latn")


class Upper(ThreadingHTTPServer):
    """A service that answers in capitals, and notes what it was asked; none waits for another."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.status = 200


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upper

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        texts = [text.upper() for text in body["q"]]
        answer = json.dumps({"translatedText": texts, "error": "Slowdown."}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def service() -> Iterator[Upper]:
    server = Upper()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_counted_is_what_was_asked_and_answered(service: Upper) -> None:
    sources = [f"segment {number}" for number in range(40)]
    told: list[float] = []
    amount = translate_for(service.server_port, sources, DIRECTION, 0.2, tell=told.append)
    texts = [text for body in service.asked for text in body["q"]]
    assert amount.num_segments == len(texts) >= NUM_CALLERS * TEXTS_PER_REQUEST
    assert amount.num_source_characters == amount.num_output_characters == sum(map(len, texts))
    assert 0.2 <= amount.seconds < 5 and len(told) == len(service.asked)
    assert set(texts) == set(sources)
    assert {(body["source"], body["target"]) for body in service.asked} == {DIRECTION}


@pytest.mark.parametrize("sources", [["a", "b", "a"], ["only"], ["x"] * 50])
def test_no_text_comes_twice_in_a_request(service: Upper, sources: list[str]) -> None:
    # The service would translate it once, and it would be counted twice.
    amount = translate_for(service.server_port, sources, DIRECTION, 0.0)
    assert len(service.asked) == NUM_CALLERS
    assert all(len(set(body["q"])) == len(body["q"]) for body in service.asked)
    assert amount.num_segments == NUM_CALLERS * len(set(sources))


def test_a_service_that_refuses_or_is_gone_ends_it(service: Upper) -> None:
    service.status = 429
    with pytest.raises(ModelError, match=r"answered 429: Slowdown\."):
        translate_for(service.server_port, ["a"], DIRECTION, 0.0)
    with pytest.raises(ModelError, match="did not answer"):
        translate_for(1, ["a"], DIRECTION, 0.0)
