"""The records of scorings: values of segments by an external scorer, an LLM judge, or people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from core.errors import DataError
from core.storage.database import Database
from core.storage.job_records import Job, JobRecords
from core.storage.row_digest import digest_of_rows
from core.storage.tables import scorings, segment_scores

Kind = Literal["external", "judge", "human"]
PAGE = 5000
PIECE = 500  # rows a statement; SQLite takes no unlimited number of variables


@dataclass(frozen=True)
class Scoring:
    """Who scored the segments of a test set's translations, and how.

    Attributes:
        id: UUID; also that of its job, if a job makes the scores.
        kind: `external`, `judge` or `human`.
        name: What stands above its column, such as `COMET`.
        test_set_hash: The test set; its translation sets are what was scored.
        is_lower_better: Whether a small value is a good one.
        settings: The whole settings: command, prompt, file, presets.
        created_at: UTC ISO-8601.
    """

    id: str
    kind: Kind
    name: str
    test_set_hash: str
    created_at: str
    is_lower_better: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SegmentScore:
    """The score of one segment of one translation set.

    Attributes:
        scoring_id: The scoring.
        set_id: The translation set.
        position: The segment's number in the test set, from 0.
        value: The score; None where there is none, which `failure` explains.
        rater: Who judged, where several people did; else empty.
        failure: One sentence; empty if there is a value.
        details: Such as error spans, or the answer of a judge.
    """

    scoring_id: str
    set_id: str
    position: int
    value: float | None
    rater: str = ""
    failure: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class ScoringRecords:
    """Reads and writes the tables `scorings` and `segment_scores`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs = JobRecords(database)

    def add(
        self, scoring: Scoring, scores: Sequence[SegmentScore] = (), *, job: Job | None = None
    ) -> None:
        """Stores a new scoring with its scores and its job: all of it or nothing."""
        with self._database.writing() as connection:
            if job is not None:
                self._jobs.insert(connection, job)
            connection.execute(insert(scorings).values(**asdict(scoring)))
            _insert(connection, scores)

    def replace(self, scoring: Scoring, scores: Sequence[SegmentScore]) -> None:
        """Stores a scoring without a job in place of the one with its id, all of it or nothing."""
        with self._database.writing() as connection:
            _delete(connection, scoring.id)
            connection.execute(insert(scorings).values(**asdict(scoring)))
            _insert(connection, scores)

    def get(self, scoring_id: str) -> Scoring:
        """Gives the scoring with this id.

        Raises:
            DataError: There is none.
        """
        found = self._rows(select(scorings).where(scorings.c.id == scoring_id))
        if not found:
            raise DataError(f"There is no scoring {scoring_id!r}.")
        return found[0]

    def of_test_set(self, test_set_hash: str) -> list[Scoring]:
        """Gives the scorings of a test set, the oldest first."""
        query = select(scorings).where(scorings.c.test_set_hash == test_set_hash)
        return self._rows(query.order_by(scorings.c.created_at))

    def change_settings(self, scoring_id: str, settings: dict[str, Any]) -> None:
        """Stores other settings, such as a higher budget; they count from the next start."""
        query = update(scorings).where(scorings.c.id == scoring_id).values(settings=settings)
        with self._database.writing() as connection:
            connection.execute(query)

    def store(self, scores: Sequence[SegmentScore]) -> None:
        """Stores scores, all or none; those of the same segments by the same rater are replaced."""
        table = segment_scores.c
        with self._database.writing() as connection:
            for first in range(0, len(scores), PIECE):
                for (scoring_id, set_id, rater), places in _places(scores[first : first + PIECE]):
                    connection.execute(
                        delete(segment_scores).where(
                            table.scoring_id == scoring_id,
                            table.set_id == set_id,
                            table.rater == rater,
                            table.position.in_(places),
                        )
                    )
            _insert(connection, scores)

    def scores(self, scoring_id: str, set_id: str = "") -> Iterator[SegmentScore]:
        """Gives the scores by set, rater and position, of one set where `set_id` is given."""
        table, last = segment_scores, ("", "", -1)
        while True:
            # Spelt out: not every database compares rows of three.
            query = select(table).where(
                table.c.scoring_id == scoring_id,
                (table.c.set_id > last[0])
                | (
                    (table.c.set_id == last[0])
                    & (
                        (table.c.rater > last[1])
                        | ((table.c.rater == last[1]) & (table.c.position > last[2]))
                    )
                ),
            )
            if set_id:
                query = query.where(table.c.set_id == set_id)
            query = query.order_by(table.c.set_id, table.c.rater, table.c.position).limit(PAGE)
            with self._database.reading() as connection:
                found = [SegmentScore(**row) for row in connection.execute(query).mappings()]
            yield from found
            if len(found) < PAGE:
                return
            last = (found[-1].set_id, found[-1].rater, found[-1].position)

    def scores_at(self, scoring_id: str, set_id: str, position: int) -> list[SegmentScore]:
        """Gives the scores of one segment by rater; empty if it has none."""
        table = segment_scores.c
        query = select(segment_scores).where(
            table.scoring_id == scoring_id, table.set_id == set_id, table.position == position
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.rater)).mappings()
            return [SegmentScore(**row) for row in rows]

    def counts(self, scoring_id: str) -> dict[str, tuple[int, int]]:
        """Gives for each translation set how many scores there are, and how many have a value."""
        table = segment_scores.c
        query = select(table.set_id, func.count(), func.count(table.value))
        query = query.where(table.scoring_id == scoring_id).group_by(table.set_id)
        with self._database.reading() as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(query)}

    def digest(self, scoring_id: str) -> str:
        """Gives a SHA-256 of all values, as hexadecimal digits: another one if any changes."""
        table = segment_scores.c
        query = select(table.set_id, table.rater, table.position, table.value)
        query = query.where(table.scoring_id == scoring_id)
        return digest_of_rows(
            self._database, query.order_by(table.set_id, table.rater, table.position)
        )

    def delete(self, scoring_id: str) -> None:
        """Removes a scoring, its scores and its job, if there is one; files are the caller's."""
        with self._database.writing() as connection:
            _delete(connection, scoring_id)
            self._jobs.delete(connection, scoring_id)

    def _rows(self, query: Any) -> list[Scoring]:
        with self._database.reading() as connection:
            return [Scoring(**row) for row in connection.execute(query).mappings()]


def _places(piece: Sequence[SegmentScore]) -> list[tuple[tuple[str, str, str], list[int]]]:
    """Gives the positions of the scores by scoring, translation set and rater."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for score in piece:
        key = (score.scoring_id, score.set_id, score.rater)
        found.setdefault(key, []).append(score.position)
    return list(found.items())


def _delete(connection: Connection, scoring_id: str) -> None:
    connection.execute(delete(segment_scores).where(segment_scores.c.scoring_id == scoring_id))
    connection.execute(delete(scorings).where(scorings.c.id == scoring_id))


def _insert(connection: Connection, scores: Sequence[SegmentScore]) -> None:
    for first in range(0, len(scores), PIECE):
        rows = [asdict(score) for score in scores[first : first + PIECE]]
        connection.execute(insert(segment_scores), rows)
