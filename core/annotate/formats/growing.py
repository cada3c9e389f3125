"""A campaign that grows while a file is read: names and texts get the numbers they go by."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from core.annotate.campaign_data import (
    CampaignData,
    JudgedItem,
    JudgedSegment,
    JudgedSystem,
    Protocol,
)
from core.errors import DataError

MAX_NAME_LENGTH = 200


class GrowingCampaign:
    """What was found so far in a file; `finished` gives the campaign."""

    def __init__(self) -> None:
        self.items: list[JudgedItem] = []
        self.outputs: dict[tuple[int, int], str] = {}
        self._systems: dict[str, int] = {}
        self._raters: dict[str, int] = {}
        self._numbers: dict[Hashable, int] = {}
        self._segments: list[JudgedSegment] = []

    def system(self, name: str, where: str) -> int:
        """Gives the number of a system, a new one for a new name."""
        return self._systems.setdefault(_checked(name, "system", where), len(self._systems))

    def rater(self, name: str, where: str) -> str:
        """Gives the name of a rater, who is known from now on."""
        checked = _checked(name, "rater", where)
        self._raters.setdefault(checked, len(self._raters))
        return checked

    def segment(self, key: Hashable, segment: JudgedSegment) -> int:
        """Gives the number of the segment with this key; the first one to come is kept."""
        number = self._numbers.setdefault(key, len(self._segments))
        if number == len(self._segments):
            self._segments.append(segment)
        return number

    def add(self, item: JudgedItem) -> None:
        """Adds what a rater made of an item, behind the rater's earlier ones."""
        self.items.append(item)

    def finished(
        self,
        name: str,
        protocol: Protocol,
        origin: Mapping[str, Any],
        *,
        langs: tuple[str, str] = ("", ""),
        typology: str = "",
    ) -> CampaignData:
        """Gives the campaign; segments of a document stand together, items keep their order."""
        documents = {segment.document: None for segment in self._segments}
        places = {document: place for place, document in enumerate(documents)}
        order = sorted(
            range(len(self._segments)), key=lambda number: places[self._segments[number].document]
        )
        new = {number: place for place, number in enumerate(order)}
        counts = dict.fromkeys(self._raters, 0)
        items = []
        for item in self.items:
            items.append(replace(item, segment=new[item.segment], place=counts[item.rater]))
            counts[item.rater] += 1
        return CampaignData(
            name=name,
            protocol=protocol,
            src_lang=langs[0],
            tgt_lang=langs[1],
            systems=tuple(JudgedSystem(system) for system in self._systems),
            segments=tuple(self._segments[number] for number in order),
            outputs={(new[segment], system): text for (segment, system), text in
                     self.outputs.items()},
            raters=tuple(self._raters),
            items=tuple(items),
            typology=typology,
            origin=origin,
        )  # fmt: skip


def name_of_file(file_name: str) -> str:
    """Gives the name of a campaign that a file holds: the file's, without folders and ending."""
    stem = PurePath(file_name.replace("\\", "/")).stem
    return " ".join(stem.split())[:MAX_NAME_LENGTH] or "imported"


def _checked(name: str, what: str, where: str) -> str:
    found = " ".join(name.split())
    if not 1 <= len(found) <= MAX_NAME_LENGTH:
        raise DataError(
            f"{where} names a {what} with {len(found)} characters.",
            hint=f"Use 1 to {MAX_NAME_LENGTH} characters.",
        )
    return found
