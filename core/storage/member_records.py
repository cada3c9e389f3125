"""The records of members: who may use the application besides its owner."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import ConfigError, DataError
from core.storage.database import Database
from core.storage.tables import members


@dataclass(frozen=True)
class Member:
    """Somebody who works in the application.

    Attributes:
        id: UUID.
        name: Unique.
        role: `owner` or `member`.
        email: By which an identity provider knows the member; in lower case, or "".
        link_version: Which links are valid.
        revoked_at: Since when the member may not enter, or None.
        created_at, seen_at: UTC ISO-8601.
    """

    id: str
    name: str
    role: str
    created_at: str
    email: str = ""
    link_version: int = 1
    revoked_at: str | None = None
    seen_at: str | None = None


class MemberRecords:
    """Reads and writes the table `members`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, member: Member) -> None:
        """Stores a new member.

        Raises:
            ConfigError: There is a member of this name.
        """
        try:
            with self._database.writing() as connection:
                connection.execute(insert(members).values(**asdict(member)))
        except IntegrityError:
            raise ConfigError(
                f"There is a member {member.name!r} already.", hint="Choose another name."
            ) from None

    def get(self, member_id: str) -> Member:
        """Gives the member with this id.

        Raises:
            DataError: There is none.
        """
        found = self._rows(select(members).where(members.c.id == member_id))
        if not found:
            raise DataError(f"There is no member {member_id[:60]!r}.")
        return found[0]

    def of_email(self, email: str) -> Member | None:
        """Gives the member with this address, whatever its case, or None."""
        if not email.strip():
            return None
        same = func.lower(members.c.email) == email.strip().lower()
        return next(iter(self._rows(select(members).where(same))), None)

    def all(self) -> list[Member]:
        """Gives all members, the oldest first."""
        return self._rows(select(members).order_by(members.c.created_at))

    def change(self, member_id: str, **values: Any) -> None:
        """Stores other values of a member, such as `revoked_at` or `link_version`."""
        with self._database.writing() as connection:
            connection.execute(update(members).where(members.c.id == member_id).values(**values))

    def _rows(self, query: Any) -> list[Member]:
        with self._database.reading() as connection:
            return [Member(**row) for row in connection.execute(query).mappings()]
