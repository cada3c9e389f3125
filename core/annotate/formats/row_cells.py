"""What stands in the cells of a rater's row: the same for reading a file and for writing it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.rating_table import COLUMNS, RatingTable

METADATA, COMMENT = "metadata", "comment"
# No cell holds a tab; of line ends only `\n` and a last `\r` are some to readers of such files.
_PARTING = re.compile(r"[\t\r\n]")


def columns_of(table: RatingTable) -> list[str]:
    """Gives each column's name in `COLUMNS`, `metadata` or `comment`; "" for others."""
    places = {table.place_of(name): name for name in COLUMNS}
    others = (METADATA, COMMENT)
    return [places.get(at, name if name in others else "") for at, name in enumerate(table.header)]


def item_cells(data: CampaignData, item: JudgedItem) -> dict[str, str]:
    """Gives the cells that all rows of an item share, by the names of `COLUMNS`."""
    segment = data.segments[item.segment]
    return {
        "system": data.systems[item.systems[0]].name,
        "document": segment.document,
        "document_segment": segment.document_segment,
        "segment": segment.label or str(item.segment + 1),
        "rater": item.rater,
        "source": segment.source,
        "target": data.shown_text(item),
    }


def line_of(cells: dict[str, str], columns: Sequence[str]) -> list[str]:
    """Gives the cells of a line; tabs and line breaks became blanks, one for one."""
    return [one_line(cells.get(name, "")) for name in columns]


def one_line(text: str) -> str:
    """Gives a text in which blanks stand for tabs and line breaks; places in it stay the same."""
    return _PARTING.sub(" ", text)
