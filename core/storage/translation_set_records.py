"""The records of translation sets: one system's hypotheses for one test set, segment by segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from core.errors import DataError
from core.storage.database import Database
from core.storage.row_digest import digest_of_rows
from core.storage.tables import hypotheses, segment_scores, translation_sets
from core.storage.test_set_text_records import Kind, store_texts

PAGE = 2000
PIECE = 500  # segments a statement; SQLite takes no unlimited number of variables


@dataclass(frozen=True)
class TranslationSet:
    """What one system made of one test set.

    Attributes:
        id: UUID.
        batch_id: The batch that made it; None for an imported one.
        system_id, system_name: Who translated.
        corpus_id, corpus_name, split: Where the segments came from.
        src_lang, tgt_lang: FLORES-200 codes.
        test_set_hash: SHA-256 of sources and references: sets with the same one are comparable.
        num_segments: Segments of the test set.
        provenance: Model, revision, prompt template with version, parameters.
        created_at: UTC ISO-8601.
    """

    id: str
    batch_id: str | None
    system_id: str
    system_name: str
    corpus_id: str
    corpus_name: str
    split: str
    src_lang: str
    tgt_lang: str
    test_set_hash: str
    num_segments: int
    created_at: str
    provenance: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Hypothesis:
    """One segment of a translation set.

    Attributes:
        set_id: The translation set.
        position: The segment's number in the test set, from 0.
        source, reference: The segment.
        hypothesis: The translation; None where there is none, which `failure` explains.
        raw: The answer before cleaning, where cleaning changed it.
        failure: One sentence; empty if it was translated.
        figures: Of its last answer: prompt_tokens, completion_tokens, total_s, is_cached.
        cost_usd: What its calls cost, those of earlier attempts included.
    """

    set_id: str
    position: int
    source: str
    reference: str
    hypothesis: str | None
    raw: str = ""
    failure: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    cost_usd: float = 0.0


@dataclass(frozen=True)
class SetCounts:
    """How far a translation set is.

    Attributes:
        num_done: Segments with a hypothesis.
        num_failed: Segments with a failure.
        cost_usd: What its calls cost.
    """

    num_done: int
    num_failed: int
    cost_usd: float


class TranslationSetRecords:
    """Reads and writes the tables `translation_sets` and `hypotheses`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_whole(
        self,
        records: Sequence[tuple[TranslationSet, Sequence[Hypothesis]]],
        texts: Mapping[tuple[Kind, str], Sequence[str | None]] | None = None,
    ) -> None:
        """Stores new sets of one test set with all their segments: everything or nothing.

        Args:
            records: The sets with their segments.
            texts: Further references and tags of the test set, by kind and name.
        """
        with self._database.writing() as connection:
            for record, segments in records:
                connection.execute(insert(translation_sets).values(**asdict(record)))
                for first in range(0, len(segments), PIECE):
                    rows = [asdict(each) for each in segments[first : first + PIECE]]
                    connection.execute(insert(hypotheses), rows)
            for (kind, name), each in (texts or {}).items():
                store_texts(connection, records[0][0].test_set_hash, kind, name, each)

    def add(self, record: TranslationSet) -> None:
        """Stores a new, empty set; one with its id that is there stays."""
        with self._database.writing() as connection:
            there = select(translation_sets.c.id).where(translation_sets.c.id == record.id)
            if connection.execute(there).first() is None:
                connection.execute(insert(translation_sets).values(**asdict(record)))

    def get(self, set_id: str) -> TranslationSet:
        """Gives the set with this id.

        Raises:
            DataError: There is none.
        """
        found = self._rows(select(translation_sets).where(translation_sets.c.id == set_id))
        if not found:
            raise DataError(f"There is no translation set {set_id!r}.")
        return found[0]

    def all(self) -> list[TranslationSet]:
        """Gives all sets, the newest first."""
        return self._rows(select(translation_sets).order_by(translation_sets.c.created_at.desc()))

    def of_batch(self, batch_id: str) -> list[TranslationSet]:
        """Gives the sets of one batch, in the order in which they were begun."""
        query = select(translation_sets).where(translation_sets.c.batch_id == batch_id)
        return self._rows(query.order_by(translation_sets.c.created_at))

    def of_test_set(self, test_set_hash: str) -> list[TranslationSet]:
        """Gives the sets of one test set, the oldest first: these are comparable."""
        query = select(translation_sets).where(translation_sets.c.test_set_hash == test_set_hash)
        return self._rows(query.order_by(translation_sets.c.created_at))

    def describe(self, set_id: str, provenance: dict[str, Any]) -> None:
        """Stores what is known of a set's origin only once it was begun, such as a version."""
        query = update(translation_sets).where(translation_sets.c.id == set_id)
        with self._database.writing() as connection:
            connection.execute(query.values(provenance=provenance))

    def store(self, records: Sequence[Hypothesis]) -> None:
        """Stores segments; one that failed before is replaced, and what it cost is added."""
        if not records:
            return
        by_set = attrgetter("set_id")
        with self._database.writing() as connection:
            for set_id, found in groupby(sorted(records, key=by_set), by_set):
                of_set = list(found)
                for first in range(0, len(of_set), PIECE):
                    _replace(connection, set_id, of_set[first : first + PIECE])

    def done_positions(self, set_id: str) -> set[int]:
        """Gives the numbers of the segments that have a hypothesis."""
        return self._positions(set_id, hypotheses.c.hypothesis.is_not(None))

    def failed_positions(self, set_id: str) -> set[int]:
        """Gives the numbers of the segments that were asked for in vain."""
        return self._positions(set_id, hypotheses.c.hypothesis.is_(None))

    def _positions(self, set_id: str, condition: ColumnElement[bool]) -> set[int]:
        query = select(hypotheses.c.position).where(hypotheses.c.set_id == set_id, condition)
        with self._database.reading() as connection:
            return {int(position) for (position,) in connection.execute(query)}

    def counts(self, set_id: str) -> SetCounts:
        """Gives how far a set is and what it cost."""
        table = hypotheses.c
        cost_usd = func.coalesce(func.sum(table.cost_usd), 0.0)
        query = select(func.count(table.hypothesis), func.count(), cost_usd)
        with self._database.reading() as connection:
            found = connection.execute(query.where(table.set_id == set_id)).one()
        return SetCounts(found[0], found[1] - found[0], float(found[2]))

    def digest(self, set_id: str) -> str:
        """Gives a SHA-256 of the hypotheses, as hexadecimal digits: another one if any changes."""
        table = hypotheses.c
        query = select(table.position, table.hypothesis).where(table.set_id == set_id)
        return digest_of_rows(self._database, query.order_by(table.position))

    def segments(self, set_id: str, *, only_failed: bool = False) -> Iterator[Hypothesis]:
        """Gives the segments of a set in order, a piece at a time."""
        table, last = hypotheses, -1
        while True:
            query = select(table).where(table.c.set_id == set_id, table.c.position > last)
            if only_failed:
                query = query.where(table.c.hypothesis.is_(None))
            query = query.order_by(table.c.position).limit(PAGE)
            with self._database.reading() as connection:
                found = [Hypothesis(**row) for row in connection.execute(query).mappings()]
            yield from found
            if len(found) < PAGE:
                return
            last = found[-1].position

    def num_of_corpus(self, corpus_id: str) -> int:
        """Gives the number of sets that were made from a corpus."""
        query = select(func.count()).where(translation_sets.c.corpus_id == corpus_id)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def delete(self, set_id: str) -> None:
        """Removes a set with its segments and their scores."""
        with self._database.writing() as connection:
            of_set = segment_scores.c.set_id == set_id
            connection.execute(delete(segment_scores).where(of_set))
            connection.execute(delete(hypotheses).where(hypotheses.c.set_id == set_id))
            connection.execute(delete(translation_sets).where(translation_sets.c.id == set_id))

    def _rows(self, query: Any) -> list[TranslationSet]:
        with self._database.reading() as connection:
            return [TranslationSet(**row) for row in connection.execute(query).mappings()]


def _replace(connection: Connection, set_id: str, piece: Sequence[Hypothesis]) -> None:
    table = hypotheses.c
    positions = [record.position for record in piece]
    # Not a comparison of pairs: for that SQLite looks at every segment of the set.
    there = (table.set_id == set_id, table.position.in_(positions))
    earlier = select(table.position, table.cost_usd).where(*there)
    costs: dict[int, float] = {at: cost_usd for at, cost_usd in connection.execute(earlier)}
    if costs:
        connection.execute(delete(hypotheses).where(*there))
    rows = [asdict(record) for record in piece]
    for row in rows:
        row["cost_usd"] += costs.get(row["position"], 0.0)
    connection.execute(insert(hypotheses), rows)
