"""A webhook on loopback that takes JSON, and fails on demand."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "T00secretOfTheTest"


class WebhookServer:
    """The server, in threads of this process.

    Attributes:
        taken: The JSON that came, also where it was refused.
        statuses: Of the next answers; 200 when there are none left.
        is_silent: Whether it never answers.
    """

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self.is_silent = False
        self.ended = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                """Keeps quiet."""

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.taken.append(json.loads(self.rfile.read(length)))
                if outer.is_silent:
                    outer.ended.wait()
                    return
                status = outer.statuses.pop(0) if outer.statuses else 200
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/{SECRET}"

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
