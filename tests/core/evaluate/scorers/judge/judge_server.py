"""An OpenAI-compatible endpoint whose answers a test writes; it notes what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[list[dict[str, str]]], str]


class JudgeServer:
    """The server, in a thread of this process.

    Attributes:
        answer: Gives the answer to messages; a test may change it.
        delay_s: How long each answer takes.
        bodies: Every request so far.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.delay_s = 0.0
        self.bodies: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def end(self) -> None:
        """Stops it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner.bodies.append(body)
                time.sleep(owner.delay_s)
                part = {"id": "j", "object": "chat.completion.chunk", "created": 1, "model": "m"}
                text = owner.answer(body["messages"])
                choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
                end = {"index": 0, "delta": {}, "finish_reason": "stop"}
                usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
                events = [
                    {**part, "choices": [choice]},
                    {**part, "choices": [end]},
                    {**part, "choices": [], "usage": usage},
                ]
                lines = [*map(json.dumps, events), "[DONE]"]
                data = "".join(f"data: {line}\n\n" for line in lines).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *values: Any) -> None:
                """Says nothing."""

        return Handler
