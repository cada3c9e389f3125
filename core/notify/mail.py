"""Sending a notice by e-mail over SMTP; the password comes from the environment alone."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from core.errors import ConfigError, HostError
from core.notify.settings import PASSWORD_VARIABLE, NotifySettings

TIMEOUT_S = 15.0


def send(settings: NotifySettings, subject: str, text: str) -> None:
    """Sends one message to everybody in `mail_to`.

    Raises:
        ConfigError: There is no password for the user.
        HostError: The mail server cannot be reached, or refuses; the sentence says what it said.
    """
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if settings.smtp_user and not password:
        raise ConfigError(
            f"There is no password for {settings.smtp_user} at {settings.smtp_host}.",
            hint=f"Set {PASSWORD_VARIABLE} before the application, or the run, is started.",
        )
    server = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        with _connected(settings) as smtp:
            if settings.smtp_user:
                smtp.login(settings.smtp_user, password)
            refused = smtp.send_message(_message(settings, subject, text))
    except smtplib.SMTPAuthenticationError:
        raise HostError(
            f"The mail server {server} does not accept user and password.",
            hint=f"Check the user and {PASSWORD_VARIABLE}.",
        ) from None
    except ssl.SSLError as error:
        raise HostError(
            f"The connection to the mail server {server} cannot be encrypted: {error.reason}.",
            hint="Check port and encryption.",
        ) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        said = _said(error, password)
        raise HostError(
            f"The mail server {server} did not take the message: {said}.",
            hint="Check server, port, encryption and addresses.",
        ) from None
    if refused:
        names = ", ".join(refused)
        raise HostError(f"The mail server {server} refused {names}.", hint="Check the addresses.")


def _connected(settings: NotifySettings) -> smtplib.SMTP:
    place = (settings.smtp_host, settings.smtp_port)
    context = ssl.create_default_context()
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(*place, timeout=TIMEOUT_S, context=context)
    smtp = smtplib.SMTP(*place, timeout=TIMEOUT_S)
    try:
        if settings.smtp_security == "starttls":
            smtp.starttls(context=context)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _message(settings: NotifySettings, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = f"[adaptMLLM] {subject}"
    message["From"] = settings.mail_from
    message["To"] = ", ".join(settings.receivers)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="adaptmllm.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text + "\n")
    return message


def _said(error: Exception, password: str) -> str:
    told = getattr(error, "smtp_error", None) or getattr(error, "strerror", None) or str(error)
    words = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
    words = words.replace(password, "…") if password else words
    return " ".join((words or type(error).__name__).split())[:300].rstrip(".")
