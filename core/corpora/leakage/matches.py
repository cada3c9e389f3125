"""Which held-out texts of one side the rows that stream past repeat, and how closely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from core.corpora.leakage.held_out import NOTHING, HeldOutSide
from core.corpora.leakage.leaks import EXACT, NEAR, NO_LEAK, NORMALISED
from core.corpora.leakage.near_search import NearSearch
from core.corpora.leakage.nearness import Near
from core.text.normalising import normalised

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from core.corpora.leakage.nearness import Shares


class Match(NamedTuple):
    """How a text repeats a held-out one.

    Attributes:
        level: EXACT, NORMALISED, NEAR or NO_LEAK; the greater, the closer.
        overlap: 0 to 1.
        is_inside: Whether the text lies inside the held-out one.
    """

    level: int
    overlap: float
    is_inside: bool = False


NO_MATCH = Match(NO_LEAK, 0.0)


@dataclass(frozen=True)
class Hit:
    """What a text that comes by repeats.

    Attributes:
        text: As it stands.
        group: The held-out group that it is equal to when normalised, or NOTHING.
        near: The groups that it is near to.
    """

    text: str
    group: int
    near: dict[int, Near]


class SideMatches:
    """Finds the held-out texts of one side that come by, and remembers which did."""

    def __init__(self, held: HeldOutSide, *, threshold: float, max_listed: int) -> None:
        import numpy as np

        self._held = held
        self._threshold = threshold
        self._max_listed = max_listed
        self._is_equal = np.zeros(len(held.members), np.bool_)
        self._verbatim: set[str] = set()
        self._num_listed: dict[int, int] = {}
        self._search = NearSearch(held.near, threshold, max_listed) if held.near else None
        self._texts: Sequence[str] = ()
        self._groups: list[int] = []

    def read(self, texts: Sequence[str]) -> None:
        """Takes the texts that are looked at next."""
        keys = [normalised(text) for text in texts]
        self._texts = texts
        self._groups = [self._held.groups.get(key, NOTHING) for key in keys]
        if self._search:
            self._search.read(keys, self._groups)

    def costs(self) -> Shares:
        """Gives what work each text makes that was read, in n-grams to be looked up."""
        import numpy as np

        return self._search.costs() if self._search else np.zeros(len(self._texts))

    def look(self, first: int, last: int) -> dict[int, Hit]:
        """Gives what each of some texts repeats; texts that repeat nothing are absent."""
        near: dict[int, dict[int, Near]] = {}
        if self._search:
            columns = (column.tolist() for column in self._search.found(first, last))
            for each in map(Near._make, zip(*columns, strict=True)):
                near.setdefault(each.row, {})[each.text] = each
        hits = {}
        for row in range(first, last):
            text, group = self._texts[row], self._groups[row]
            if group != NOTHING:
                self._is_equal[group] = True
                if text in self._held.first_rows:
                    self._verbatim.add(text)
            if group != NOTHING or row in near:
                hits[row] = Hit(text, group, near.get(row, {}))
        return hits

    def complete(self, hits: Mapping[int, Hit], pairs: Iterable[tuple[int, int]]) -> None:
        """Adds to hits what is near but was not listed, of pairs of a text and a held-out row."""
        if not self._search:
            return
        asked = {
            (place, group)
            for place, row in pairs
            if place in hits
            and (group := self._held.group_of[row]) != NOTHING
            and group != hits[place].group
            and group not in hits[place].near
        }
        if asked:
            columns = self._search.judged(*zip(*asked, strict=True))
            for each in map(Near._make, zip(*(c.tolist() for c in columns), strict=True)):
                hits[each.row].near[each.text] = each

    def match(self, hit: Hit | None, row: int) -> Match:
        """Tells how closely a text that came by repeats a held-out row."""
        group = self._held.group_of[row]
        if hit is None or group == NOTHING:
            return NO_MATCH
        if group == hit.group:
            return Match(EXACT if hit.text == self._held.texts[row] else NORMALISED, 1.0)
        near = hit.near.get(group)
        return Match(NEAR, near.overlap, near.is_inside) if near else NO_MATCH

    def listed(self, hit: Hit) -> list[int]:
        """Gives the held-out rows that a text is listed with, the closest first.

        Each row of a group is listed at least once, and each text with the row that it is closest
        to; beyond that a group is listed only so often: a line that stands a thousand times in
        both splits would fill the list.
        """
        rows = [self._closest(hit)]
        for group in (hit.group, *hit.near):
            times = self._num_listed.get(group, 0)
            if group != NOTHING and times < self._max_listed:
                self._num_listed[group] = times + 1
                members = self._held.members[group]
                rows += members if not times else members[: self._max_listed]
        return rows

    def _closest(self, hit: Hit) -> int:
        if hit.group == NOTHING:
            nearest = max(hit.near.values(), key=lambda near: near.overlap)
            return self._held.members[nearest.text][0]
        return self._held.first_rows.get(hit.text, self._held.members[hit.group][0])

    def levels(self) -> npt.NDArray[np.int8]:
        """Gives the closest level of each held-out row, (rows,)."""
        import numpy as np

        levels = np.where(self._is_equal, np.int8(NORMALISED), np.int8(NO_LEAK))
        if self._search:
            levels[self._search.is_near & ~self._is_equal] = NEAR
        return self._held.levels_of_rows(levels, self._verbatim)

    def coverage(self) -> npt.NDArray[np.float64] | None:
        """Gives the share of each held-out row's n-grams that came by; NaN where it has none."""
        import numpy as np

        if not self._held.near or not self._search:
            return None
        by_group = np.append(self._held.near.coverage(self._search.is_seen), np.nan)
        return np.asarray(by_group[self._held.group_of])

    def note(self) -> str:
        """Tells what was not looked at, since too much is nearly the same; mostly empty."""
        return self._search.note() if self._search else ""
