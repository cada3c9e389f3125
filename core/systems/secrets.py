"""Keys: taken from the environment or the session at the last moment, and kept out of all texts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from core.errors import ConfigError
from core.systems.endpoint import KEY_SHAPES, EndpointSettings, references_of, resolved

HIDDEN = "•••"
MIN_SECRET = 6  # shorter ones would be replaced inside ordinary words


class MissingKeyError(ConfigError):
    """An environment variable that should hold a key is not set."""


@dataclass(frozen=True)
class Credentials:
    """What an endpoint is shown.

    Attributes:
        key: The API key; empty if there is none.
        headers: Headers with their references resolved.
        secrets: Every text that must appear nowhere.
    """

    key: str
    headers: dict[str, str]
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        """Gives nothing away, should it come into a traceback."""
        return f"Credentials(key={HIDDEN if self.key else ''!r})"


def credentials_of(settings: EndpointSettings, session_key: str = "") -> Credentials:
    """Resolves the key and the headers of an endpoint.

    Args:
        settings: The endpoint.
        session_key: A key that was given for this session only; it goes before the environment's.

    Raises:
        MissingKeyError: A variable is not set.
        ConfigError: A key cannot be one; it is never repeated.
    """
    key = session_key.strip() or _variable(settings, settings.key_env)
    headers = settings.header_lines()
    values = {name: _variable(settings, name) for name in references_of(headers)}
    _check(settings, key)
    for value in values.values():  # "Bearer …", or cookies, have spaces
        _check(settings, value.replace(" ", ""))
    secrets = tuple(filter(None, (key, *values.values())))
    return Credentials(key, resolved(headers, values), secrets)


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """Gives a text without the secrets, and without what looks like anybody's key."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= MIN_SECRET:
            for form in _forms(secret):
                text = text.replace(form, HIDDEN)
    return text


def scrubbed_message(text: str, secrets: Iterable[str]) -> str:
    """Gives an error's text without secrets, nor keys that are echoed but were never ours.

    Half a character, which JSON may hold, is replaced: it could neither be shown nor stored.
    """
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    return KEY_SHAPES.sub(HIDDEN, scrubbed(text, secrets))


def _forms(secret: str) -> set[str]:
    """Gives how a text may hold a secret: as it is, in an address, in JSON."""
    encoded = {quote(secret, safe=""), quote(secret)}
    small = {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), form) for form in encoded}
    return {secret, json.dumps(secret)[1:-1], *encoded, *small}


def _variable(settings: EndpointSettings, name: str) -> str:
    if not name:
        return ""
    value = os.environ.get(name, "").strip()
    if not value:
        raise MissingKeyError(
            f"The environment variable {name} of the endpoint {settings.name!r} is not set.",
            hint="Set it before the program starts, or give a key for this session.",
        )
    return value


def _check(settings: EndpointSettings, secret: str) -> None:
    if not secret.isascii() or any(ord(char) < 33 or char == "\x7f" for char in secret):
        raise ConfigError(
            f"The key of {settings.name!r} has white space or other than ASCII characters.",
            hint="Copy it again, without quotes or line breaks.",
        )
