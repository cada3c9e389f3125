"""The records of raters: who judges in a campaign, and what each is asked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import ConfigError, DataError
from core.storage.campaign_records import Item, Rater, insert_rows
from core.storage.database import Database
from core.storage.tables import items, raters, rating_saves, ratings


class RaterRecords:
    """Reads and writes the raters of campaigns, and what they are asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, rater: Rater, items_: Sequence[Item] = ()) -> None:
        """Stores a new rater with items: all or nothing.

        Raises:
            ConfigError: The campaign has a rater of this name.
        """
        try:
            with self._database.writing() as connection:
                connection.execute(insert(raters).values(**asdict(rater)))
                insert_rows(connection, items, [vars(each) for each in items_])
        except IntegrityError:
            raise ConfigError(
                f"The campaign has a rater {rater.name!r} already.", hint="Choose another name."
            ) from None

    def get(self, rater_id: str) -> Rater:
        """Gives the rater with this id.

        Raises:
            DataError: There is none.
        """
        query = select(raters).where(raters.c.id == rater_id)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise DataError(f"There is no rater {rater_id[:60]!r}.")
        return Rater(**row)

    def of_campaign(self, campaign_id: str) -> list[Rater]:
        """Gives the raters of a campaign, in the order in which they were added."""
        query = select(raters).where(raters.c.campaign_id == campaign_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(raters.c.created_at, raters.c.name)).mappings()
            return [Rater(**row) for row in rows]

    def change(self, rater_id: str, **values: Any) -> None:
        """Stores other values of a rater, such as `revoked_at`, `name` or `language`.

        Raises:
            ConfigError: The campaign has a rater of this name.
        """
        query = update(raters).where(raters.c.id == rater_id).values(**values)
        try:
            with self._database.writing() as connection:
                connection.execute(query)
        except IntegrityError:
            raise ConfigError(
                f"The campaign has a rater {values.get('name')!r} already.",
                hint="Choose another name.",
            ) from None

    def items(self, rater_id: str) -> list[Item]:
        """Gives what a rater is asked, in order."""
        query = select(items).where(items.c.rater_id == rater_id).order_by(items.c.place)
        with self._database.reading() as connection:
            return [Item(**row) for row in connection.execute(query).mappings()]

    def item_at(self, rater_id: str, place: int) -> Item | None:
        """Gives what a rater is asked at a place, or None."""
        query = select(items).where(items.c.rater_id == rater_id, items.c.place == place)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else Item(**row)

    def items_of_campaign(self, campaign_id: str) -> list[Item]:
        """Gives the items of all raters, by rater and place."""
        query = select(items).where(items.c.campaign_id == campaign_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(items.c.rater_id, items.c.place)).mappings()
            return [Item(**row) for row in rows]

    def replace(self, old: Rater, new: Rater, again: Sequence[Item] = ()) -> int:
        """Stores a new rater with what another has not finished, and that one's end: all or none.

        What the other had begun stays as it is and is asked of the new one as a copy.

        Args:
            old: As they are stored from now on.
            new: Who takes over.
            again: Further items, at the first places of the new one.

        Returns:
            How many unfinished items were taken over.

        Raises:
            ConfigError: The campaign has a rater of the new one's name.
        """
        try:
            with self._database.writing() as connection:
                connection.execute(insert(raters).values(**asdict(new)))
                insert_rows(connection, items, [vars(each) for each in again])
                change = update(raters).where(raters.c.id == old.id).values(**asdict(old))
                connection.execute(change)
                return _hand_over(connection, old.id, new.id, first=len(again))
        except IntegrityError:
            raise ConfigError(
                f"The campaign has a rater {new.name!r} already.", hint="Choose another name."
            ) from None

    def erase(self, rater_id: str) -> None:
        """Removes a rater with all items and everything that was judged in them."""
        with self._database.writing() as connection:
            of_rater = select(items.c.id).where(items.c.rater_id == rater_id)
            for table in (ratings, rating_saves):
                connection.execute(delete(table).where(table.c.item_id.in_(of_rater)))
            connection.execute(delete(items).where(items.c.rater_id == rater_id))
            connection.execute(delete(raters).where(raters.c.id == rater_id))


def _hand_over(connection: Connection, rater_id: str, to_rater_id: str, *, first: int) -> int:
    """Gives unfinished items another rater, at the places from `first`; gives their number."""
    query = select(items, ratings.c.is_done).outerjoin(ratings, ratings.c.item_id == items.c.id)
    query = query.where(items.c.rater_id == rater_id).order_by(items.c.place)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    is_done = [row.pop("is_done") for row in rows]
    open_rows = [row for row, done in zip(rows, is_done, strict=True) if not done]
    for place, row in enumerate(open_rows, start=first):
        change = {"rater_id": to_rater_id, "place": place}
        if is_done[rows.index(row)] is None:  # nothing was saved of it
            connection.execute(update(items).where(items.c.id == row["id"]).values(**change))
        else:
            connection.execute(insert(items).values(**{**row, **change, "id": str(uuid.uuid4())}))
    return len(open_rows)
