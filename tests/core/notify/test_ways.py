"""Webhook and e-mail against real servers on loopback."""

from __future__ import annotations

import email
import email.policy
import logging
from typing import Any

import pytest

from core.errors import AdaptMLLMError, ConfigError, HostError
from core.notify import webhook as sending
from core.notify.delivering import sample_notice, send
from core.notify.settings import NotifySettings
from core.storage.notice_records import Notice
from tests.servers.smtp import PASSWORD, USER, SmtpServer
from tests.servers.webhook import SECRET, WebhookServer

NOTICE = Notice(
    id="n",
    claim="c",
    job_id="1234",
    event="failed",
    noun="run",
    title="Gaeilge\nBcc: all@example.org",
    reason="The disk is full.",
    hint="Free some space.",
    created_at="2026-01-01T00:00:00.000+00:00",
)


def settings(**values: Any) -> NotifySettings:
    return NotifySettings.parse(values)


def by_mail(server: SmtpServer, **values: Any) -> NotifySettings:
    given = {"smtp_host": "localhost", "smtp_port": server.port, "mail_from": "a@example.org"}
    return settings(**{**given, "mail_to": "b@example.org, c@example.org", **values})


def failure(given: NotifySettings, way: str) -> AdaptMLLMError:
    with pytest.raises(AdaptMLLMError) as caught:
        send(given, NOTICE, way)
    return caught.value


def test_webhook_gets_the_text_that_chat_programs_show_and_its_parts(
    webhook: WebhookServer,
) -> None:
    send(settings(webhook_url=webhook.url, address="http://lab:8501/"), NOTICE, "webhook")
    (taken,) = webhook.taken
    assert taken["text"].startswith('The run "Gaeilge Bcc: all@example.org" has failed on ')
    assert taken["text"].endswith(
        "The disk is full.\nFree some space.\nhttp://lab:8501/run?id=1234"
    )
    assert (taken["event"], taken["kind"], taken["id"]) == ("failed", "run", "1234")
    assert (taken["reason"], taken["link"]) == ("The disk is full.", "http://lab:8501/run?id=1234")


def test_webhook_out_of_order_is_tried_three_times(webhook: WebhookServer) -> None:
    webhook.statuses = [503, 500]
    send(settings(webhook_url=webhook.url), NOTICE, "webhook")
    assert len(webhook.taken) == 3
    webhook.statuses = [503] * 5
    error = failure(settings(webhook_url=webhook.url), "webhook")
    assert error.message == (
        "The webhook did not take the message in 3 tries: 127.0.0.1 answered with status 503."
    )
    assert len(webhook.taken) == 6


@pytest.mark.parametrize("status", [302, 307, 403, 404])
def test_refusal_and_redirect_are_told_at_once(status: int, webhook: WebhookServer) -> None:
    webhook.statuses = [status]
    error = failure(settings(webhook_url=webhook.url), "webhook")
    assert f"answered with status {status}" in error.message
    assert len(webhook.taken) == 1


def test_address_of_a_webhook_is_in_no_error_and_no_log(
    webhook: WebhookServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.2)
    webhook.is_silent = True
    told = [str(failure(settings(webhook_url=webhook.url), "webhook"))]
    assert "127.0.0.1 cannot be reached" in told[0]
    told.append(str(failure(settings(webhook_url=f"http://127.0.0.1:9/{SECRET}"), "webhook")))
    with pytest.raises(ConfigError) as caught:
        settings(webhook_url=f"ftp://example.org/{SECRET}")
    told.append(str(caught.value))
    assert "begins with http:// or https://" in told[-1]
    assert not any(SECRET in text for text in [*told, caplog.text])


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "lab/hook", "http://", "http://x:y/", "http://a b/", "http://é/"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        settings(webhook_url=url)


def test_mail_is_encrypted_logged_in_and_whole(
    smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADAPTMLLM_SMTP_PASSWORD", PASSWORD)
    send(by_mail(smtp, smtp_user=USER), NOTICE, "e-mail")
    (mail,) = smtp.mails
    assert mail.was_encrypted and mail.user == USER
    assert mail.receivers == ["b@example.org", "c@example.org"]
    message = email.message_from_string(mail.text, policy=email.policy.default)
    subject = '[adaptMLLM] The run "Gaeilge Bcc: all@example.org" has failed'
    assert message["Subject"] == subject and message["Bcc"] is None
    assert "The disk is full." in message.get_content()


def test_mail_needs_its_password_from_the_environment(smtp: SmtpServer) -> None:
    error = failure(by_mail(smtp, smtp_user=USER), "e-mail")
    assert error.message == "There is no password for me at localhost."
    assert "ADAPTMLLM_SMTP_PASSWORD" in error.hint


def test_wrong_password_is_told_without_it(
    smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADAPTMLLM_SMTP_PASSWORD", "wrongOne")
    error = failure(by_mail(smtp, smtp_user=USER), "e-mail")
    assert "does not accept user and password" in error.message
    assert "wrongOne" not in str(error)


def test_certificate_that_is_not_trusted_ends_it(
    smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    error = failure(by_mail(smtp), "e-mail")
    assert "cannot be encrypted" in error.message
    assert smtp.mails == []


def test_refused_receivers_are_named(smtp: SmtpServer) -> None:
    smtp.refuses = {"c@example.org"}
    assert "refused c@example.org." in failure(by_mail(smtp), "e-mail").message
    assert smtp.mails[0].receivers == ["b@example.org"]
    smtp.refuses = {"b@example.org", "c@example.org"}
    assert "did not take the message" in failure(by_mail(smtp), "e-mail").message


def test_mail_server_that_is_not_there_is_one_sentence() -> None:
    given = settings(
        smtp_host="127.0.0.1", smtp_port=9, mail_from="a@example.org", mail_to="b@example.org"
    )
    error = failure(given, "e-mail")
    assert isinstance(error, HostError)
    assert error.message == (
        "The mail server 127.0.0.1:9 did not take the message: Connection refused."
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"smtp_host": "mail.example.org"}, "e-mail needs mail_from and mail_to"),
        ({"smtp_host": "m", "mail_from": "a@b", "mail_to": "a@b,"}, "e-mail needs mail_from"),
        (
            {
                "smtp_host": "mail.example.org", "mail_from": "a@b", "mail_to": "a@b",
                "smtp_user": "me", "smtp_security": "none",
            },
            "would send the password openly",
        ),
        ({"mail_to": "a@b\nBcc: c@d"}, "characters that no such field may hold"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        settings(**values)


def test_sample_says_that_it_is_one(webhook: WebhookServer) -> None:
    send(settings(webhook_url=webhook.url), sample_notice(), "webhook")
    assert "This is a test" in webhook.taken[0]["text"] and not webhook.taken[0]["link"]
