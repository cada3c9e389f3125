"""The records of votes: which of two answers somebody found better, not knowing whose they were."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.storage.database import Database
from core.storage.tables import votes

OUTCOMES = ("a", "b", "tie")


@dataclass(frozen=True)
class Vote:
    """One judgement of a pair of answers.

    Attributes:
        id: UUID.
        ask_id: The pair of answers, `AnswerRecord.ask_id`; a pair is judged once.
        system_a, system_b: Ids of the systems, whichever side they were shown on.
        outcome: One of OUTCOMES, the relative judgement.
        are_both_unacceptable: The absolute judgement, given apart from the relative one.
        rater: Who judged; may be empty.
        src_lang, tgt_lang: FLORES-200 codes.
        corpus_id: The corpus whose test segment it was; empty for a text of one's own.
        segment: Its number in the split, from 0; None for a text of one's own.
        voted_at: UTC ISO-8601.
    """

    id: str
    ask_id: str
    system_a: str
    system_b: str
    outcome: str
    are_both_unacceptable: bool
    rater: str
    src_lang: str
    tgt_lang: str
    corpus_id: str
    segment: int | None
    voted_at: str


class VoteRecords:
    """Reads and writes the `votes` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, vote: Vote) -> bool:
        """Stores a vote; False if the pair was judged before (a double click)."""
        try:
            with self._database.writing() as connection:
                connection.execute(insert(votes).values(**asdict(vote)))
        except IntegrityError:
            return False
        return True

    def withdraw(self, ask_id: str) -> None:
        """Takes a vote back."""
        with self._database.writing() as connection:
            connection.execute(delete(votes).where(votes.c.ask_id == ask_id))

    def of_ask(self, ask_id: str) -> Vote | None:
        """Gives the vote on a pair of answers, or None."""
        return next(iter(self._rows(select(votes).where(votes.c.ask_id == ask_id))), None)

    def of_direction(self, src_lang: str, tgt_lang: str) -> list[Vote]:
        """Gives the votes of one direction, the oldest first."""
        query = select(votes).where(votes.c.src_lang == src_lang, votes.c.tgt_lang == tgt_lang)
        return self._rows(query.order_by(votes.c.voted_at))

    def directions(self) -> list[tuple[str, str]]:
        """Gives the directions that were judged, the most votes first."""
        columns = select(votes.c.src_lang, votes.c.tgt_lang)
        with self._database.reading() as connection:
            found = Counter((str(s), str(t)) for s, t in connection.execute(columns))
        return [direction for direction, _ in found.most_common()]

    def _rows(self, query: Any) -> list[Vote]:
        with self._database.reading() as connection:
            return [Vote(**row) for row in connection.execute(query).mappings()]
