"""The records of ratings: the newest state of each item, every save, and what became gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from core.errors import DataError
from core.storage.database import Database
from core.storage.tables import (
    campaign_outputs,
    campaign_segments,
    campaign_systems,
    campaigns,
    gold_annotations,
    items,
    raters,
    rating_saves,
    ratings,
)


@dataclass(frozen=True)
class Rating:
    """The newest state of an item.

    Attributes:
        item_id: The item.
        revision: Counts the saves, from 1.
        annotation: What the rater made of it, as `Annotation.to_json` gives it.
        is_done: The rater went on from it.
        active_s: Seconds of work on it, pauses left out.
        warnings: Codes of contradictions that the rater was told of.
        started_at, saved_at: UTC ISO-8601.
    """

    item_id: str
    revision: int
    annotation: dict[str, Any]
    is_done: bool
    active_s: float
    started_at: str
    saved_at: str
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """Where an item stands, as far as a save asks for it.

    Attributes:
        rater_id: Whose item it is now.
        revoked_at: When this rater's link was taken back, or None.
        campaign_state: `open` where something can be changed.
        rating: Its newest state, or None.
    """

    rater_id: str
    revoked_at: str | None
    campaign_state: str
    rating: Rating | None


@dataclass(frozen=True)
class RaterProgress:
    """How far a rater is.

    Attributes:
        num_items: Items that the rater is asked.
        num_done: Finished ones.
        active_s: Seconds of work.
        first_at, last_at: UTC ISO-8601 of the first and the last save, or None.
    """

    num_items: int = 0
    num_done: int = 0
    active_s: float = 0.0
    first_at: str | None = None
    last_at: str | None = None


@dataclass(frozen=True)
class Gold:
    """What was decided for an output of a campaign."""

    campaign_id: str
    segment: int
    system: int
    annotation: dict[str, Any]
    decided_by: str
    decided_at: str


@dataclass(frozen=True)
class TranslationRating:
    """What a rater finished in some campaign on one segment of a translation set.

    Attributes:
        campaign_id, campaign, protocol: Of the campaign; `campaign` is its name.
        rater: Name in the campaign.
        annotation: Of the whole item, as `Annotation.to_json` gives it.
        output: Which of the item's outputs it is, from 0.
        source, text: As they were judged.
    """

    campaign_id: str
    campaign: str
    protocol: str
    rater: str
    annotation: dict[str, Any]
    output: int
    source: str
    text: str


# What every save asks, put together once: a hundred raters save twenty times a second.
_RATING_COLUMNS = tuple(column.name for column in ratings.c)
_WITH_RATING = items.outerjoin(ratings, ratings.c.item_id == items.c.id)
_FOUND = (
    select(items.c.rater_id, rating_saves.c.revision, *ratings.c)
    .select_from(
        _WITH_RATING.outerjoin(
            rating_saves,
            (rating_saves.c.item_id == items.c.id) & (rating_saves.c.save_id == bindparam("save")),
        )
    )
    .where(items.c.id == bindparam("item"))
)
_STANDING = (
    select(items.c.rater_id, raters.c.revoked_at, campaigns.c.state, *ratings.c)
    .select_from(
        _WITH_RATING.join(raters, raters.c.id == items.c.rater_id).join(
            campaigns, campaigns.c.id == items.c.campaign_id
        )
    )
    .where(items.c.id == bindparam("item"))
)
_NEW_RATING = insert(ratings)
_NEXT_RATING = update(ratings).where(ratings.c.item_id == bindparam("of_item"))
_NEW_SAVE = insert(rating_saves)


class RatingRecords:
    """Reads and writes the tables `ratings`, `rating_saves` and `gold_annotations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, rating: Rating, save_id: str, *, rater_id: str = "") -> Rating:
        """Stores a new state of an item and the save itself, flushed to the disk.

        A save that is stored already changes nothing, so that it may be sent again. The revision
        is the next one, whatever `rating` says.

        Args:
            rating: The new state.
            save_id: The page's id of this save.
            rater_id: Whose item it must still be; empty for anybody's.

        Returns:
            The item's newest state.

        Raises:
            DataError: The item was deleted, or given to another rater, since it was shown.
            HostError: The disk is full.
        """
        with self._database.writing(is_durable=True) as connection:
            self._database.lock(connection, rating.item_id)
            found, is_known = _found(connection, rating.item_id, save_id, rater_id)
            if found is not None and is_known:
                return found
            values = asdict(rating)
            values["revision"] = 1 if found is None else found.revision + 1
            values["started_at"] = rating.started_at if found is None else found.started_at
            if found is None:
                connection.execute(_NEW_RATING, values)
            else:
                connection.execute(_NEXT_RATING, {**values, "of_item": rating.item_id})
            save = {
                "item_id": rating.item_id,
                "save_id": save_id,
                "revision": values["revision"],
                "annotation": rating.annotation,
                "saved_at": rating.saved_at,
            }
            connection.execute(_NEW_SAVE, save)
        return Rating(**values)

    def standing(self, item_id: str) -> Standing | None:
        """Gives where an item stands, or None where it was deleted."""
        with self._database.reading() as connection:
            row = connection.execute(_STANDING, {"item": item_id}).first()
        if row is None:
            return None
        rater_id, revoked_at, campaign_state, *rating = row
        return Standing(rater_id, revoked_at, campaign_state, _rating_of(rating))

    def get(self, item_id: str) -> Rating | None:
        """Gives the newest state of an item; None where nothing was saved."""
        with self._database.reading() as connection:
            return _newest(connection, item_id)

    def of_rater(self, rater_id: str) -> dict[str, Rating]:
        """Gives a rater's ratings by item."""
        query = select(ratings).join(items, items.c.id == ratings.c.item_id)
        return self._by_item(query.where(items.c.rater_id == rater_id))

    def of_campaign(self, campaign_id: str) -> dict[str, Rating]:
        """Gives all ratings of a campaign by item."""
        query = select(ratings).join(items, items.c.id == ratings.c.item_id)
        return self._by_item(query.where(items.c.campaign_id == campaign_id))

    def of_translation(self, set_id: str, position: int) -> list[TranslationRating]:
        """Gives what was finished on one segment of a translation set, in all campaigns.

        Checks of the raters are left out; they may show other texts. The order is that of the
        campaigns, the oldest first, and of their raters.

        Args:
            set_id: The translation set.
            position: The segment's place in the test set, from 0.
        """
        with self._database.reading() as connection:
            rows = connection.execute(_of_translation(set_id, position)).all()
        found = []
        for *told, system, systems, source, text in map(tuple, rows):
            if system in systems:
                values = (*told, systems.index(system), source, text)
                found.append(TranslationRating(*values))
        return found

    def states(self, rater_id: str) -> list[tuple[str, int, bool]]:
        """Gives (item id, place, is done) of a rater's items, in order."""
        query = select(items.c.id, items.c.place, func.coalesce(ratings.c.is_done, False))
        query = query.outerjoin(ratings, ratings.c.item_id == items.c.id)
        query = query.where(items.c.rater_id == rater_id).order_by(items.c.place)
        with self._database.reading() as connection:
            return [(row[0], row[1], bool(row[2])) for row in connection.execute(query)]

    def progress(self, campaign_id: str) -> dict[str, RaterProgress]:
        """Gives how far each rater with items is, by the rater's id."""
        query = select(
            items.c.rater_id,
            func.count(items.c.id),
            func.sum(case((ratings.c.is_done, 1), else_=0)),
            func.sum(func.coalesce(ratings.c.active_s, 0.0)),
            func.min(ratings.c.started_at),
            func.max(ratings.c.saved_at),
        )
        query = query.outerjoin(ratings, ratings.c.item_id == items.c.id)
        query = query.where(items.c.campaign_id == campaign_id).group_by(items.c.rater_id)
        with self._database.reading() as connection:
            return {row[0]: RaterProgress(*row[1:]) for row in connection.execute(query)}

    def saves(self, item_id: str) -> list[tuple[str, int, dict[str, Any]]]:
        """Gives (save id, revision, annotation) of each save of an item, the first one first."""
        table = rating_saves.c
        query = select(table.save_id, table.revision, table.annotation)
        with self._database.reading() as connection:
            rows = connection.execute(
                query.where(table.item_id == item_id).order_by(table.revision)
            )
            return [(row[0], row[1], row[2]) for row in rows]

    def put_gold(self, gold: Gold) -> None:
        """Stores what was decided for an output, instead of what was decided before.

        Raises:
            DataError: The campaign was deleted.
        """
        with self._database.writing() as connection:
            known = select(campaigns.c.id).where(campaigns.c.id == gold.campaign_id)
            if connection.execute(known).first() is None:
                raise DataError("The campaign was deleted; the decision was not saved.")
            connection.execute(_delete_gold(gold.campaign_id, gold.segment, gold.system))
            connection.execute(insert(gold_annotations).values(**asdict(gold)))

    def delete_gold(self, campaign_id: str, segment: int, system: int) -> None:
        """Takes a decision back."""
        with self._database.writing() as connection:
            connection.execute(_delete_gold(campaign_id, segment, system))

    def gold(self, campaign_id: str, segments: Sequence[int] | None = None) -> list[Gold]:
        """Gives what was decided, by segment and system; of some segments where they are given."""
        table = gold_annotations
        query = select(table).where(table.c.campaign_id == campaign_id)
        if segments is not None:
            query = query.where(table.c.segment.in_(segments))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.c.segment, table.c.system)).mappings()
            return [Gold(**row) for row in rows]

    def _by_item(self, query: Any) -> dict[str, Rating]:
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings()
            return {row["item_id"]: Rating(**row) for row in rows}


def _found(
    connection: Connection, item_id: str, save_id: str, rater_id: str
) -> tuple[Rating | None, bool]:
    """Gives an item's newest state and whether a save is stored already, in one query.

    Raises:
        DataError: The item went away, or to somebody else, while a rater was at it.
    """
    row = connection.execute(_FOUND, {"item": item_id, "save": save_id}).first()
    if row is None or (rater_id and row[0] != rater_id):
        raise not_yours_any_more()
    return _rating_of(row[2:]), row[1] is not None


def not_yours_any_more() -> DataError:
    """Gives the sentence for a save of an item that was deleted or given to another rater."""
    return DataError(
        "This segment is not part of your work any more; the last change was not saved.",
        hint="Ask the organiser of the evaluation.",
    )


def _rating_of(row: Sequence[Any]) -> Rating | None:
    """Gives the rating in the columns of its table; None where an outer join found none."""
    values = dict(zip(_RATING_COLUMNS, row, strict=True))
    return None if values["item_id"] is None else Rating(**values)


def _newest(connection: Connection, item_id: str) -> Rating | None:
    query = select(ratings).where(ratings.c.item_id == item_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else Rating(**row)


def _delete_gold(campaign_id: str, segment: int, system: int) -> Any:
    table = gold_annotations.c
    return delete(gold_annotations).where(
        table.campaign_id == campaign_id, table.segment == segment, table.system == system
    )


def _of_translation(set_id: str, position: int) -> Any:
    system, segment, output = campaign_systems.c, campaign_segments.c, campaign_outputs.c
    query = select(
        campaigns.c.id, campaigns.c.name, campaigns.c.protocol, raters.c.name, ratings.c.annotation,
        system.number, items.c.systems, segment.source, output.text,
    ).select_from(campaign_systems)  # fmt: skip
    for table, is_same in (
        (campaigns, campaigns.c.id == system.campaign_id),
        (campaign_segments, segment.campaign_id == system.campaign_id),
        (
            campaign_outputs,
            (output.campaign_id == system.campaign_id)
            & (output.segment == segment.number)
            & (output.system == system.number),
        ),
        (
            items,
            (items.c.campaign_id == system.campaign_id) & (items.c.segment == segment.number),
        ),
        (ratings, ratings.c.item_id == items.c.id),
        (raters, raters.c.id == items.c.rater_id),
    ):
        query = query.join(table, is_same)
    query = query.where(system.set_id == set_id, segment.position == position)
    query = query.where(items.c.kind.in_(("main", "calibration")), ratings.c.is_done)
    return query.order_by(
        campaigns.c.created_at, campaigns.c.id, raters.c.created_at, raters.c.name
    )
