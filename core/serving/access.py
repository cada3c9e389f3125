"""Who may call the service, and how much a minute."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import time
import uuid
from collections import OrderedDict

from sqlalchemy.exc import SQLAlchemyError

from core.access.attempts import Allowance
from core.errors import ConfigError
from core.serving.settings import ServeSettings
from core.storage.files import utc_now
from core.storage.key_records import ApiKey, KeyRecords

log = logging.getLogger(__name__)

PREFIX_LENGTH = 8
# A revoked key is refused after this many seconds at the latest.
REFRESH_S = 2.0
MAX_CALLERS = 10_000
MAX_NAME_LENGTH = 200


class AccessError(Exception):
    """A caller that is not served.

    Attributes:
        status: HTTP status: 403 for a key, 429 for a limit.
        reason: One sentence.
        retry_after_s: When the limit lets the caller in again; 0 for keys.
    """

    def __init__(self, status: int, reason: str, retry_after_s: int = 0) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


def new_key(
    records: KeyRecords, name: str, *, requests_per_minute: int = 0, characters_per_minute: int = 0
) -> tuple[str, ApiKey]:
    """Makes a key and gives it with its record; it is the only time that the key is known.

    Raises:
        ConfigError: The name is empty or too long, or a limit is negative.
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH:
        raise ConfigError(
            f"A key's name has 1 to {MAX_NAME_LENGTH} characters, not {len(name)}.",
            hint="Name who will use the key, or what for.",
        )
    limits = {
        "requests_per_minute": requests_per_minute,
        "characters_per_minute": characters_per_minute,
    }
    for limit, value in limits.items():
        if not 0 <= value <= 1_000_000_000:
            raise ConfigError(f"{limit} is {value}; it must be 0 (no limit) or more.")
    secret = f"amt-{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=str(uuid.uuid4()),
        name=name,
        prefix=secret[:PREFIX_LENGTH],
        key_hash=hash_of(secret),
        requests_per_minute=requests_per_minute,
        characters_per_minute=characters_per_minute,
        created_at=utc_now(),
    )
    records.add(key)
    return secret, key


def hash_of(secret: str) -> str:
    """Gives the SHA-256 of a key as hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", errors="replace")).hexdigest()


class Access:
    """Checks keys and limits; the keys are those of the workspace, looked up again every moment."""

    def __init__(self, settings: ServeSettings, records: KeyRecords) -> None:
        self._settings = settings
        self._records = records
        self._keys: list[ApiKey] = []
        self._looked_at = float("-inf")
        self._buckets: OrderedDict[tuple[str, str], Allowance] = OrderedDict()

    @property
    def keys(self) -> list[ApiKey]:
        """The valid keys."""
        if time.monotonic() - self._looked_at > REFRESH_S:
            try:
                self._keys = self._records.valid()
            except SQLAlchemyError as error:
                # The database is locked or the disk full: the keys of a moment ago still count.
                if self._looked_at == float("-inf"):
                    raise
                log.warning("the keys could not be looked up: %s", error)
            self._looked_at = time.monotonic()
        return self._keys

    def check_start(self) -> None:
        """Refuses to open the service to other machines before anybody has a key.

        Raises:
            ConfigError: Keys are demanded and there is none.
        """
        if self._settings.needs_key and not self.keys:
            where = self._settings.host if not self._settings.is_loopback else "require_key"
            raise ConfigError(
                f"A service with {where} demands an API key, and there is none yet.",
                hint="Make one: `python -m core deploy key create NAME`, or on the Deploy page.",
            )

    def caller(self, secret: str, address: str) -> tuple[str, ApiKey | None]:
        """Gives who calls: a name for the limits, and the key's record if one was shown.

        Args:
            secret: The key that the caller sent; may be empty.
            address: The caller's address, for limits of those without a key.

        Raises:
            AccessError: The key is wrong or missing.
        """
        if secret and (self.keys or self._settings.needs_key):
            return self._known(secret)
        if self._settings.needs_key:
            raise AccessError(403, "This service demands an API key.")
        return f"address {address}", None

    def _known(self, secret: str) -> tuple[str, ApiKey]:
        digest = hash_of(secret)
        found = None
        for key in self.keys:  # all of them: the time must not tell which one was close
            if hmac.compare_digest(digest, key.key_hash):
                found = key
        if found is None:
            raise AccessError(403, "Invalid API key.")
        return f"key {found.id}", found

    def take(self, caller: tuple[str, ApiKey | None], num_characters: int) -> None:
        """Counts a request against the caller's limits.

        Raises:
            AccessError: One of them is reached.
        """
        self.take_request(caller)
        self.take_characters(caller, num_characters)

    def take_request(self, caller: tuple[str, ApiKey | None]) -> None:
        """Counts a request alone, before it is known how much it holds.

        Raises:
            AccessError: The limit is reached.
        """
        name, key = caller
        self._take((name, "requests"), 1, (key or self._settings).requests_per_minute)

    def take_characters(self, caller: tuple[str, ApiKey | None], num_characters: int) -> None:
        """Counts characters alone.

        Raises:
            AccessError: The limit is reached.
        """
        name, key = caller
        limit = (key or self._settings).characters_per_minute
        self._take((name, "characters"), num_characters, limit)

    def _take(self, bucket_key: tuple[str, str], amount: int, per_minute: int) -> None:
        if not per_minute:
            return
        bucket = self._buckets.setdefault(bucket_key, Allowance(per_minute))
        self._buckets.move_to_end(bucket_key)
        while len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        wait_s = bucket.take(amount, per_minute)
        if wait_s:
            seconds = max(1, round(wait_s + 0.5))
            raise AccessError(
                429,
                f"Slowdown: the limit of {per_minute} {bucket_key[1]} a minute is reached; try "
                f"again in {seconds} s.",
                seconds,
            )
