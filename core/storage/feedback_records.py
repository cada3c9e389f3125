"""The records of feedback: better translations that users of a service suggested."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import func, insert, select

from core.storage.database import Database
from core.storage.tables import feedback


@dataclass(frozen=True)
class Feedback:
    """One suggestion: with `source` and `correction` it is a pair for the next fine-tuning.

    Attributes:
        id: UUID.
        src_lang, tgt_lang: FLORES-200 codes.
        source: What was translated.
        hypothesis: What the model had said; may be empty.
        correction: What the user suggested instead.
        model: The canonical name of the model that was served.
        created_at: UTC ISO-8601.
    """

    id: str
    src_lang: str
    tgt_lang: str
    source: str
    hypothesis: str
    correction: str
    model: str
    created_at: str


class FeedbackRecords:
    """Reads and writes the `feedback` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: Feedback) -> None:
        """Stores a suggestion."""
        with self._database.writing() as connection:
            connection.execute(insert(feedback).values(**asdict(entry)))

    def counts(self) -> dict[tuple[str, str], int]:
        """Gives the number of suggestions by direction (source, target)."""
        columns = (feedback.c.src_lang, feedback.c.tgt_lang)
        query = select(*columns, func.count()).group_by(*columns).order_by(*columns)
        with self._database.reading() as connection:
            return {(str(s), str(t)): int(count) for s, t, count in connection.execute(query)}

    def of_direction(self, src_lang: str, tgt_lang: str) -> list[Feedback]:
        """Gives the suggestions of one direction, the oldest first."""
        query = (
            select(feedback)
            .where(feedback.c.src_lang == src_lang, feedback.c.tgt_lang == tgt_lang)
            .order_by(feedback.c.created_at)
        )
        with self._database.reading() as connection:
            return [Feedback(**row) for row in connection.execute(query).mappings()]
