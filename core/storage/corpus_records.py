"""The records of corpora: what each holds and where it came from; the segments are files."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import DataError
from core.storage.database import Database
from core.storage.tables import corpora

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Corpus:
    """Parallel segments in three splits.

    Attributes:
        id: UUID, also the name of the folder below `workspace/corpora/`.
        name: What people call it; unique.
        src_lang: FLORES-200 code of the first column.
        tgt_lang: FLORES-200 code of the second column.
        origin: Where the segments came from, in words.
        is_synthetic: True for generated text, which says nothing about real translation.
        num_train, num_dev, num_test: Segments per split.
        details: How it was made and from which corpus, counts of what was left out, leaks.
        created_at: UTC ISO-8601.
    """

    id: str
    name: str
    src_lang: str
    tgt_lang: str
    origin: str
    is_synthetic: bool
    num_train: int
    num_dev: int
    num_test: int
    created_at: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Segments per split, in the order train, dev, test."""
        return {"train": self.num_train, "dev": self.num_dev, "test": self.num_test}


class CorpusRecords:
    """Reads and writes the `corpora` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, corpus: Corpus) -> None:
        """Stores a new corpus.

        Raises:
            DataError: Another corpus has this name.
        """
        try:
            with self._database.writing() as connection:
                connection.execute(insert(corpora).values(**asdict(corpus)))
        except IntegrityError:
            raise DataError(
                f"There is already a corpus named {corpus.name!r}.", hint="Choose another name."
            ) from None

    def all(self) -> list[Corpus]:
        """Gives all corpora, the newest first."""
        query = select(corpora).order_by(corpora.c.created_at.desc())
        with self._database.reading() as connection:
            return [Corpus(**row) for row in connection.execute(query).mappings()]

    def get(self, name_or_id: str) -> Corpus:
        """Gives the corpus with this name or id.

        Raises:
            DataError: There is none; the message lists the ones that exist.
        """
        if not name_or_id:
            raise DataError("No corpus was chosen.", hint="Give the name or id of a corpus.")
        query = select(corpora).where((corpora.c.id == name_or_id) | (corpora.c.name == name_or_id))
        with self._database.reading() as connection:
            found = [Corpus(**row) for row in connection.execute(query).mappings()]
        if not found:
            names = ", ".join(repr(corpus.name) for corpus in self.all()[:5]) or "none yet"
            raise DataError(f"There is no corpus {name_or_id!r}.", hint=f"Corpora: {names}.")
        # A corpus may have another one's id as its name; the id counts.
        return next((corpus for corpus in found if corpus.id == name_or_id), found[0])

    def change_details(self, corpus_id: str, **details: Any) -> None:
        """Stores what was found out about a corpus later, such as leaks; the segments stay."""
        with self._database.writing() as connection:
            query = select(corpora.c.details).where(corpora.c.id == corpus_id)
            known = connection.execute(query).scalar_one_or_none()
            if known is not None:
                change = update(corpora).where(corpora.c.id == corpus_id)
                connection.execute(change.values(details={**known, **details}))

    def delete(self, corpus_id: str) -> None:
        """Removes the record; the files are the caller's."""
        with self._database.writing() as connection:
            connection.execute(delete(corpora).where(corpora.c.id == corpus_id))
