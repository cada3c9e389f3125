"""A tiny mail server on loopback: STARTTLS, login, and refusals on demand."""

from __future__ import annotations

import base64
import socketserver
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

USER, PASSWORD = "me", "rightPasswordOfTheTest"


@dataclass
class Mail:
    """One message as it came.

    Attributes:
        sender, receivers: Of the envelope.
        text: Headers and body.
        was_encrypted: Whether the connection was, when it came.
        user: Who had logged in; empty = nobody.
    """

    sender: str
    receivers: list[str] = field(default_factory=list)
    text: str = ""
    was_encrypted: bool = False
    user: str = ""


class SmtpServer:
    """The server, in threads of this process.

    Attributes:
        mails: What came.
        refuses: Addresses that are refused.
    """

    def __init__(self, certificate: Path) -> None:
        self.mails: list[Mail] = []
        self.refuses: set[str] = set()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.smtp = self
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def made_certificate(folder: Path) -> Path:
    """Makes a certificate of its own for `localhost`, with its key in the same file."""
    path = folder / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", str(path), "-out", str(folder / "certificate.pem"), "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + (folder / "certificate.pem").read_bytes())
    return path


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    smtp: SmtpServer


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.hub = cast(_Server, self.server).smtp
        self.encrypted, self.user, self.mail = False, "", Mail("")
        self._say("220 localhost ready")
        while line := self.rfile.readline():
            word, _, rest = line.decode().strip().partition(" ")
            if word.upper() == "QUIT":
                self._say("221 bye")
                return
            self._answer(word.upper(), rest)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def _answer(self, word: str, rest: str) -> None:
        if word == "EHLO":
            extra = "AUTH PLAIN" if self.encrypted else "STARTTLS"
            self._say(f"250-localhost\r\n250 {extra}")
        elif word == "STARTTLS":
            self._say("220 go ahead")
            self._encrypt()
        elif word == "AUTH":
            self._login(rest)
        elif word == "MAIL":
            self.mail = Mail(_address(rest), [], "", self.encrypted, self.user)
            self._say("250 OK")
        elif word == "RCPT":
            is_refused = _address(rest) in self.hub.refuses
            self.mail.receivers += [] if is_refused else [_address(rest)]
            self._say("550 there is nobody of this name" if is_refused else "250 OK")
        elif word == "DATA":
            self._take_text()
        else:
            self._say("250 OK")

    def _encrypt(self) -> None:
        self.rfile.close()
        self.wfile.close()
        self.connection = self.hub.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.encrypted = True

    def _login(self, rest: str) -> None:
        _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        is_right = (user, password) == (USER, PASSWORD)
        self.user = user if is_right else ""
        self._say("235 welcome" if is_right else "535 wrong user or password")

    def _take_text(self) -> None:
        self._say("354 end with a dot")
        lines = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line.removeprefix(".") if line.startswith("..") else line)
        self.mail.text = "".join(lines)
        self.hub.mails.append(self.mail)
        self._say("250 taken")


def _address(text: str) -> str:
    return text.partition("<")[2].partition(">")[0]
