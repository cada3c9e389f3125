"""Fixtures of the tests of messages: a real webhook and a real mail server on loopback."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.smtp import SmtpServer, made_certificate
from tests.servers.webhook import WebhookServer


@pytest.fixture
def webhook() -> Iterator[WebhookServer]:
    server = WebhookServer()
    server.start()
    yield server
    server.end()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl to make a certificate with")
    return made_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def smtp(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpServer]:
    """The mail server; this process trusts its certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_name("certificate.pem")))
    server = SmtpServer(certificate)
    server.start()
    yield server
    server.end()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are as long as they need to be for a test."""
    from core.notify import webhook

    monkeypatch.setattr(webhook, "FIRST_PAUSE_S", 0.01)
