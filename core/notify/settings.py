"""What is told about runs, and to whom: declared once for page, command line and database."""

from __future__ import annotations

from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator, model_validator

from core.settings import Settings
from core.storage.workspace import Workspace

PREFERENCE = "notify"
PASSWORD_VARIABLE = "ADAPTMLLM_SMTP_PASSWORD"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _field(default: Any, description: str, group: str, **bounds: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"group": group}, **bounds)


class NotifySettings(Settings):
    """What holds for all runs and searches of this installation."""

    # The address of a webhook is a secret of its own.
    model_config = ConfigDict(hide_input_in_errors=True)

    version: Literal[1] = 1
    finished: bool = _field(True, "Tell when a run has finished.", "Events")
    failed: bool = _field(True, "Tell when a run has failed, and why.", "Events")
    lost: bool = _field(
        True,
        "Tell when a run was lost: its process was killed, or the machine restarted.",
        "Events",
    )
    stalled: bool = _field(
        True, "Tell, once, when a run is at work and reports nothing for long.", "Events"
    )
    stalled_minutes: int = _field(
        30,
        "After so many minutes without a report a run counts as stalled.",
        "Events",
        ge=1,
        le=10_080,
        title="Stalled after (minutes)",
    )
    address: str = _field(
        "",
        "Where others open this application, such as http://lab:8501, for links in messages; "
        "empty = no links.",
        "Events",
        max_length=300,
        title="Address of this application",
    )
    webhook_url: str = _field(
        "",
        "JSON is posted here; its `text` suits Slack and Mattermost. Empty = no webhook.",
        "Webhook",
        max_length=2000,
        title="Webhook address",
    )
    smtp_host: str = _field(
        "", "The mail server; empty = no e-mail.", "E-mail", max_length=255, title="Mail server"
    )
    smtp_port: int = _field(
        587, "Its port: 587 for STARTTLS, 465 for TLS.", "E-mail", ge=1, le=65535, title="Port"
    )
    smtp_security: Literal["starttls", "tls", "none"] = _field(
        "starttls",
        "How the connection is encrypted; none is for a server on this machine.",
        "E-mail",
        title="Encryption",
    )
    smtp_user: str = _field(
        "",
        f"Name at the mail server; its password comes from the environment ({PASSWORD_VARIABLE}). "
        "Empty = no login.",
        "E-mail",
        max_length=255,
        title="User",
    )
    mail_from: str = _field("", "The sender's address.", "E-mail", max_length=300, title="From")
    mail_to: str = _field(
        "", "Who gets the messages; several with commas.", "E-mail", max_length=2000, title="To"
    )

    @field_validator("webhook_url", "address")
    @classmethod
    def _is_web_address(cls, text: str) -> str:
        text = text.strip()
        try:
            parts = urlsplit(text)
            is_right = parts.scheme in ("http", "https") and bool(parts.hostname)
            is_right = is_right and (parts.port is None or parts.port > 0)
        except ValueError:
            is_right = False
        if text and (not is_right or not text.isascii() or not text.isprintable() or " " in text):
            raise ValueError("an address begins with http:// or https:// and a host")
        return text

    @field_validator("smtp_host", "smtp_user", "mail_from", "mail_to")
    @classmethod
    def _is_one_line(cls, text: str) -> str:
        text = text.strip()
        if not text.isprintable():
            raise ValueError("it holds characters that no such field may hold")
        return text

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Self:
        if self.smtp_host and not ("@" in self.mail_from and all(map(_has_at, self.receivers))):
            raise ValueError("e-mail needs mail_from and mail_to: addresses such as me@example.org")
        if self.smtp_user and self.smtp_security == "none" and self.smtp_host not in _LOOPBACK:
            raise ValueError(
                "smtp_security 'none' would send the password openly; choose 'starttls' or 'tls'"
            )
        return self

    @property
    def receivers(self) -> list[str]:
        """The addresses of `mail_to`; at least one text, which may be empty."""
        return [part.strip() for part in self.mail_to.split(",")]

    @property
    def ways(self) -> list[str]:
        """The ways of telling that are set up: `webhook`, `e-mail`."""
        return [
            *(["webhook"] if self.webhook_url else []),
            *(["e-mail"] if self.smtp_host else []),
        ]


def _has_at(address: str) -> bool:
    return "@" in address


def notify_settings(workspace: Workspace) -> NotifySettings:
    """Gives the settings of this installation; the defaults where nobody has chosen any."""
    return NotifySettings.parse(workspace.preferences.get(PREFERENCE))


def store_notify_settings(workspace: Workspace, settings: NotifySettings) -> None:
    """Stores the settings of this installation."""
    workspace.preferences.put(PREFERENCE, settings.model_dump())
