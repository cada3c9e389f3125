"""The records of campaigns: what is judged, who judges it, and what each rater is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import ConfigError, DataError
from core.storage.database import Database
from core.storage.files import utc_now
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

PIECE = 500  # rows a statement; SQLite takes no unlimited number of variables


@dataclass(frozen=True)
class Campaign:
    """A human evaluation.

    Attributes:
        id: UUID.
        name: Unique.
        protocol: `sqm`, `mqm`, `esa` or `ranking`.
        state: `open` or `closed`.
        src_lang, tgt_lang: FLORES-200 codes; empty where an imported file does not tell.
        test_set_hash: That of its translation sets, or "".
        settings: The whole settings: typology, guidelines, overlap, checks, seed.
        origin: Of an import: format, file and header; else {}.
        created_at, closed_at: UTC ISO-8601.
    """

    id: str
    name: str
    protocol: str
    state: str
    src_lang: str
    tgt_lang: str
    created_at: str
    test_set_hash: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)
    closed_at: str | None = None


@dataclass(frozen=True)
class CampaignSystem:
    """A system by its number in the campaign, from 0, and its translation set if it has one."""

    campaign_id: str
    number: int
    name: str
    set_id: str | None = None


@dataclass(frozen=True)
class CampaignSegment:
    """A segment by its number in the campaign, from 0.

    Attributes:
        position: Its place in the test set, from 0, or None.
        document_segment, label: Its ids in document and test set.
    """

    campaign_id: str
    number: int
    document: str
    document_segment: str
    label: str
    position: int | None
    source: str
    reference: str | None


@dataclass(frozen=True)
class CampaignOutput:
    """What a system made of a segment."""

    campaign_id: str
    segment: int
    system: int
    text: str


@dataclass(frozen=True)
class Rater:
    """Somebody who judges in one campaign.

    Attributes:
        id: UUID.
        name: Unique in the campaign; the owner's word for the rater.
        link_version: Which links are valid; 0 has none.
        revoked_at: Since when the rater may not enter, or None.
        language: Of the rater's pages, FLORES-200 code.
        consented_at: When the rater agreed to the campaign's terms, or None.
        profile: What the rater told, and preferences such as the size of the text.
        seen_at: When the rater was here last, or None.
    """

    id: str
    campaign_id: str
    name: str
    created_at: str
    link_version: int = 1
    revoked_at: str | None = None
    language: str = "eng_Latn"
    consented_at: str | None = None
    profile: dict[str, Any] = field(default_factory=dict)
    seen_at: str | None = None


@dataclass(frozen=True)
class Item:
    """What one rater is asked at one place.

    Attributes:
        id: UUID.
        place: From 0, in the order of work.
        kind: `main`, `calibration`, `degraded`, `repeat` or `gold`.
        segment: Number of the segment.
        systems: Numbers of the systems, in the order shown.
        texts: What is shown instead of the systems' outputs; empty where nothing is.
        of_item: The item that a check repeats or spoils, or None.
        origin: Of an import: what the file said of the item that has no other place; else {}.
    """

    id: str
    campaign_id: str
    rater_id: str
    place: int
    kind: str
    segment: int
    systems: list[int]
    texts: list[str] = field(default_factory=list)
    of_item: str | None = None
    origin: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CampaignTexts:
    """Everything that is judged in a campaign."""

    systems: Sequence[CampaignSystem]
    segments: Sequence[CampaignSegment]
    outputs: Sequence[CampaignOutput]


class CampaignRecords:
    """Reads and writes campaigns with their texts, raters and items."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        campaign: Campaign,
        texts: CampaignTexts,
        raters_: Sequence[Rater] = (),
        items_: Sequence[Item] = (),
        ratings_: Sequence[dict[str, Any]] = (),
        gold: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Stores a new campaign: everything or nothing.

        Args:
            campaign: The campaign.
            texts: What is judged.
            raters_: Who judges.
            items_: What they are asked.
            ratings_: Rows of the table `ratings`, of an import.
            gold: Rows of the table `gold_annotations`, of an import.

        Raises:
            ConfigError: There is a campaign of this name.
        """
        with self._named(campaign.name) as connection:
            connection.execute(insert(campaigns).values(**asdict(campaign)))
            for table, rows in (
                (campaign_systems, [vars(each) for each in texts.systems]),
                (campaign_segments, [vars(each) for each in texts.segments]),
                (campaign_outputs, [vars(each) for each in texts.outputs]),
                (raters, [vars(each) for each in raters_]),
                (items, [vars(each) for each in items_]),
                (ratings, ratings_),
                (gold_annotations, gold),
            ):
                insert_rows(connection, table, rows)

    def get(self, campaign_id: str) -> Campaign:
        """Gives the campaign with this id.

        Raises:
            DataError: There is none.
        """
        found = self._campaigns(select(campaigns).where(campaigns.c.id == campaign_id))
        if not found:
            raise DataError(f"There is no campaign {campaign_id[:60]!r}.")
        return found[0]

    def find(self, name: str) -> Campaign:
        """Gives the campaign with this id, beginning of an id, or name.

        Raises:
            DataError: There is none, or several begin so.
        """
        by_name = self._campaigns(select(campaigns).where(campaigns.c.name == name))
        if by_name:
            return by_name[0]
        is_like = campaigns.c.id.startswith(name, autoescape=True)
        found = self._campaigns(select(campaigns).where(is_like)) if name else []
        if len(found) != 1:
            told = f"{len(found)} campaigns begin with" if found else "There is no campaign"
            raise DataError(f"{told} {name[:60]!r}.", hint="Give its name, or more of its id.")
        return found[0]

    def all(self) -> list[Campaign]:
        """Gives all campaigns, the newest first."""
        return self._campaigns(select(campaigns).order_by(campaigns.c.created_at.desc()))

    def rename(self, campaign_id: str, name: str) -> None:
        """Gives a campaign another name.

        Raises:
            ConfigError: There is a campaign of this name.
        """
        with self._named(name) as connection:
            query = update(campaigns).where(campaigns.c.id == campaign_id).values(name=name)
            connection.execute(query)

    def set_state(self, campaign_id: str, state: str) -> None:
        """Opens (`open`) or closes (`closed`) a campaign."""
        closed_at = utc_now() if state == "closed" else None
        query = update(campaigns).where(campaigns.c.id == campaign_id)
        with self._database.writing() as connection:
            connection.execute(query.values(state=state, closed_at=closed_at))

    def change_settings(self, campaign_id: str, settings: dict[str, Any]) -> None:
        """Stores other settings, such as guidelines; items that exist stay as they are."""
        query = update(campaigns).where(campaigns.c.id == campaign_id).values(settings=settings)
        with self._database.writing() as connection:
            connection.execute(query)

    def link_sets(
        self,
        campaign_id: str,
        test_set_hash: str,
        set_ids: Mapping[int, str],
        positions: Mapping[int, int],
    ) -> None:
        """Stores which translation sets hold what was judged: everything or nothing.

        Args:
            campaign_id: The campaign.
            test_set_hash: That of the sets.
            set_ids: By the number of the system.
            positions: Places in the test set by the number of the segment.
        """
        with self._database.writing() as connection:
            query = update(campaigns).where(campaigns.c.id == campaign_id)
            connection.execute(query.values(test_set_hash=test_set_hash))
            for table, column, found in (
                (campaign_systems, "set_id", set_ids),
                (campaign_segments, "position", positions),
            ):
                at = (table.c.campaign_id == campaign_id, table.c.number == bindparam("at"))
                if found:
                    change = update(table).where(*at).values({column: bindparam("value")})
                    rows = [{"at": number, "value": value} for number, value in found.items()]
                    connection.execute(change, rows)

    def systems(self, campaign_id: str) -> list[CampaignSystem]:
        """Gives the systems by number."""
        table = campaign_systems
        query = select(table).where(table.c.campaign_id == campaign_id).order_by(table.c.number)
        with self._database.reading() as connection:
            return [CampaignSystem(**row) for row in connection.execute(query).mappings()]

    def segments(self, campaign_id: str, document: str | None = None) -> list[CampaignSegment]:
        """Gives the segments by number, of one document where it is given."""
        table = campaign_segments
        query = select(table).where(table.c.campaign_id == campaign_id).order_by(table.c.number)
        if document is not None:
            query = query.where(table.c.document == document)
        with self._database.reading() as connection:
            return [CampaignSegment(**row) for row in connection.execute(query).mappings()]

    def segments_at(self, campaign_id: str, numbers: Sequence[int]) -> list[CampaignSegment]:
        """Gives the segments with these numbers, by number."""
        table = campaign_segments
        query = select(table).where(table.c.campaign_id == campaign_id, table.c.number.in_(numbers))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.c.number)).mappings()
            return [CampaignSegment(**row) for row in rows]

    def outputs(
        self, campaign_id: str, segments: Sequence[int] | None = None
    ) -> list[CampaignOutput]:
        """Gives the outputs by segment and system; of some segments only where they are given."""
        table = campaign_outputs
        query = select(table).where(table.c.campaign_id == campaign_id)
        if segments is not None:
            query = query.where(table.c.segment.in_(segments))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.c.segment, table.c.system)).mappings()
            return [CampaignOutput(**row) for row in rows]

    def delete(self, campaign_id: str) -> None:
        """Removes a campaign with everything that was judged in it."""
        with self._database.writing() as connection:
            of_campaign = select(items.c.id).where(items.c.campaign_id == campaign_id)
            for table in (ratings, rating_saves):
                connection.execute(delete(table).where(table.c.item_id.in_(of_campaign)))
            for table in (
                gold_annotations, items, raters, campaign_outputs, campaign_segments,
                campaign_systems,
            ):  # fmt: skip
                connection.execute(delete(table).where(table.c.campaign_id == campaign_id))
            connection.execute(delete(campaigns).where(campaigns.c.id == campaign_id))

    def _campaigns(self, query: Any) -> list[Campaign]:
        with self._database.reading() as connection:
            return [Campaign(**row) for row in connection.execute(query).mappings()]

    @contextmanager
    def _named(self, name: str) -> Iterator[Connection]:
        try:
            with self._database.writing() as connection:
                yield connection
        except IntegrityError as error:
            if "campaigns" not in str(error.orig) or "name" not in str(error.orig):
                raise
            raise ConfigError(
                f"There is a campaign {name!r} already.", hint="Choose another name."
            ) from None


def insert_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows in pieces that every database takes."""
    for first in range(0, len(rows), PIECE):
        connection.execute(insert(table), list(rows[first : first + PIECE]))
