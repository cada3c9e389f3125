"""A digest of rows: whether anything that a query finds is not what it was before."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Select

from core.storage.database import Database

PAGE = 5000


def digest_of_rows(database: Database, query: Select[Any]) -> str:
    """Gives a SHA-256 of the rows of a query, as hexadecimal digits.

    Args:
        database: Where the rows are.
        query: With an order, which counts.
    """
    found = hashlib.sha256()
    with database.reading() as connection:
        for rows in connection.execute(query).partitions(PAGE):
            # A list's own text tells a number from its digits, and where a value ends.
            found.update(repr([tuple(row) for row in rows]).encode())
    return found.hexdigest()
