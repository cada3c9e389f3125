"""The records of notices: what people were told about jobs, each thing once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import insert, select, update

from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.tables import notices


@dataclass(frozen=True)
class Notice:
    """One thing to tell.

    Attributes:
        id: UUID.
        claim: What it is about: job, event and attempt; there is one notice for each.
        job_id: The job.
        event: `finished`, `failed`, `lost` or `stalled`.
        noun: What people call the job, such as `run`.
        title: What people call what it works on.
        reason: One sentence on why it ended; may be empty.
        hint: What can be done; may be empty.
        created_at: UTC ISO-8601.
        sent: Way of telling -> what came of it, in words.
        seen_at: When somebody said that he had seen it; None before.
    """

    id: str
    claim: str
    job_id: str
    event: str
    noun: str
    title: str
    reason: str
    hint: str
    created_at: str
    sent: dict[str, str] = field(default_factory=dict)
    seen_at: str | None = None


class NoticeRecords:
    """Reads and writes the `notices` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, notice: Notice) -> bool:
        """Stores a notice unless its claim was made before; False then: it was told already."""
        with self._database.writing() as connection:
            self._database.lock(connection, f"notice {notice.claim}")
            query = select(notices.c.id).where(notices.c.claim == notice.claim)
            if connection.execute(query).first() is not None:
                return False
            connection.execute(insert(notices).values(**asdict(notice)))
        return True

    def get(self, notice_id: str) -> Notice | None:
        """Gives a notice, or None."""
        return next(iter(self._rows(select(notices).where(notices.c.id == notice_id))), None)

    def newest(self, *, limit: int, is_unseen: bool = False) -> list[Notice]:
        """Gives notices, the newest first; all, or those that nobody has seen."""
        query = select(notices).order_by(notices.c.created_at.desc()).limit(limit)
        return self._rows(query.where(notices.c.seen_at.is_(None)) if is_unseen else query)

    def store_sent(self, notice_id: str, sent: dict[str, str]) -> None:
        """Stores what came of each way of telling."""
        self._change(notices.c.id == notice_id, {"sent": sent})

    def mark_seen(self, notice_ids: Collection[str]) -> None:
        """Takes notices as seen: those that were shown, not what came since."""
        is_new = notices.c.id.in_(notice_ids) & notices.c.seen_at.is_(None)
        self._change(is_new, {"seen_at": utc_now()})

    def _change(self, condition: Any, values: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(update(notices).where(condition).values(**values))

    def _rows(self, query: Any) -> list[Notice]:
        with self._database.reading() as connection:
            return [Notice(**row) for row in connection.execute(query).mappings()]
