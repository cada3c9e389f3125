"""The token that is printed at start: who knows it is the owner, until the next start."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass, field

from core.errors import ConfigError

TOKEN_VARIABLE = "ADAPTMLLM_OWNER_TOKEN"
MIN_LENGTH = 20
MAX_LENGTH = 200


@dataclass(frozen=True)
class OwnerToken:
    """A token; it shows in no error and no log.

    Attributes:
        value: The token.
    """

    value: str = field(repr=False)

    @property
    def start_id(self) -> str:
        """What an owner's cookie names, so that it ends with the token; tells nothing of it."""
        return hashlib.sha256(f"start {self.value}".encode()).hexdigest()[:32]

    def is_same(self, typed: str) -> bool:
        """Tells whether a token is right, in a time that does not tell how nearly."""
        wanted = hashlib.sha256(self.value.encode()).digest()
        given = hashlib.sha256(typed.strip().encode("utf-8", errors="replace")).digest()
        return hmac.compare_digest(wanted, given)


def take_token(environment: MutableMapping[str, str] = os.environ) -> OwnerToken:
    """Gives the token of this start: a new one, or that of the environment, which forgets it.

    Raises:
        ConfigError: The environment's token is too short or too long, or not plain ASCII.
    """
    chosen = environment.pop(TOKEN_VARIABLE, "")
    if not chosen:
        return OwnerToken(secrets.token_urlsafe(24))
    if not MIN_LENGTH <= len(chosen) <= MAX_LENGTH or not chosen.isascii() or " " in chosen:
        raise ConfigError(
            f"{TOKEN_VARIABLE} has {len(chosen)} characters; it needs {MIN_LENGTH} to {MAX_LENGTH} "
            "ASCII characters without blanks.",
            hint="Leave it out, and a random one is made and printed at each start.",
        )
    return OwnerToken(chosen)
