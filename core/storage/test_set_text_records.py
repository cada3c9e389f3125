"""The records of what a test set has besides sources and first references: more of these, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import Connection, delete, insert, select

from core.storage.database import Database
from core.storage.row_digest import digest_of_rows
from core.storage.tables import test_set_texts

Kind = Literal["reference", "tag", "document"]
PIECE = 500  # rows a statement; SQLite takes no unlimited number of variables


class TestSetTextRecords:
    """Reads and writes the table `test_set_texts`."""

    __test__ = False  # its name is the field's word, not pytest's

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, test_set_hash: str, kind: Kind, name: str, texts: Sequence[str | None]) -> None:
        """Stores one text a segment, all or none; earlier ones of this name are replaced."""
        with self._database.writing() as connection:
            store_texts(connection, test_set_hash, kind, name, texts)

    def store_all(
        self, test_set_hash: str, texts: Mapping[tuple[Kind, str], Sequence[str | None]]
    ) -> None:
        """Stores several texts a segment, by kind and name: everything or nothing."""
        with self._database.writing() as connection:
            for (kind, name), each in texts.items():
                store_texts(connection, test_set_hash, kind, name, each)

    def digest(self, test_set_hash: str) -> str:
        """Gives a SHA-256 of all these texts, as hexadecimal digits: another one if any changes."""
        table = test_set_texts.c
        query = select(table.kind, table.name, table.position, table.text)
        query = query.where(table.test_set_hash == test_set_hash)
        return digest_of_rows(
            self._database, query.order_by(table.kind, table.name, table.position)
        )

    def names(self, test_set_hash: str, kind: Kind) -> list[str]:
        """Gives the names under which texts of a kind are stored, such as `A` and `B`."""
        table = test_set_texts.c
        query = select(table.name).where(table.test_set_hash == test_set_hash, table.kind == kind)
        with self._database.reading() as connection:
            return [row[0] for row in connection.execute(query.distinct().order_by(table.name))]

    def texts(self, test_set_hash: str, kind: Kind, name: str) -> list[str | None]:
        """Gives the texts by segment; empty if there are none of this name."""
        table = test_set_texts.c
        query = select(table.text).where(
            table.test_set_hash == test_set_hash, table.kind == kind, table.name == name
        )
        with self._database.reading() as connection:
            return [row[0] for row in connection.execute(query.order_by(table.position))]

    def delete(self, test_set_hash: str, kind: Kind, name: str) -> None:
        """Removes the texts of this name."""
        table = test_set_texts.c
        query = delete(test_set_texts).where(
            table.test_set_hash == test_set_hash, table.kind == kind, table.name == name
        )
        with self._database.writing() as connection:
            connection.execute(query)


def store_texts(
    connection: Connection,
    test_set_hash: str,
    kind: Kind,
    name: str,
    texts: Sequence[str | None],
) -> None:
    """Stores texts as part of the caller's transaction."""
    of_name = {"test_set_hash": test_set_hash, "kind": kind, "name": name}
    connection.execute(
        delete(test_set_texts).where(
            *(test_set_texts.c[column] == value for column, value in of_name.items())
        )
    )
    rows = [{**of_name, "position": at, "text": text} for at, text in enumerate(texts)]
    for first in range(0, len(rows), PIECE):
        connection.execute(insert(test_set_texts), rows[first : first + PIECE])
