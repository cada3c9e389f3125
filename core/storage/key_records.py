"""The records of API keys: who may use the services and how much; never the key itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import insert, select, update

from core.errors import ConfigError
from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.tables import api_keys


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key that was given to somebody.

    Attributes:
        id: UUID.
        name: Whose key it is, or what it is for.
        prefix: Its first characters, by which people tell keys apart.
        key_hash: SHA-256 of the key, as hexadecimal digits. A key has 256 random bits, so a slow
            hash would protect nothing more.
        requests_per_minute, characters_per_minute: Its limits; 0 = none.
        created_at: UTC ISO-8601.
        revoked_at: UTC ISO-8601; None while it is valid.
    """

    id: str
    name: str
    prefix: str
    key_hash: str
    requests_per_minute: int
    characters_per_minute: int
    created_at: str
    revoked_at: str | None = None


class KeyRecords:
    """Reads and writes the `api_keys` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey) -> None:
        """Stores a new key."""
        with self._database.writing() as connection:
            connection.execute(insert(api_keys).values(**asdict(key)))

    def all(self) -> list[ApiKey]:
        """Gives all keys, revoked ones too, the newest first."""
        query = select(api_keys).order_by(api_keys.c.created_at.desc())
        with self._database.reading() as connection:
            return [ApiKey(**row) for row in connection.execute(query).mappings()]

    def valid(self) -> list[ApiKey]:
        """Gives the keys that were not revoked."""
        return [key for key in self.all() if key.revoked_at is None]

    def revoke(self, key_id: str) -> ApiKey:
        """Makes a key worthless, by its id, prefix or name; gives its record.

        Raises:
            ConfigError: There is no such valid key, or the name fits several.
        """
        found = [key for key in self.valid() if key_id in (key.id, key.prefix, key.name)]
        if len(found) != 1:
            count = "no valid key" if not found else f"{len(found)} keys"
            raise ConfigError(
                f"There is {count} {key_id!r}." if not found else f"{count} fit {key_id!r}.",
                hint="`python -m core deploy key list` names them with their prefixes.",
            )
        change = {"revoked_at": utc_now()}
        with self._database.writing() as connection:
            connection.execute(
                update(api_keys).where(api_keys.c.id == found[0].id).values(**change)
            )
        return found[0]
