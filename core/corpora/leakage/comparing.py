"""One split, row by row, against the held-out rows of a corpus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from core.corpora.leakage.held_out import HeldOut
from core.corpora.leakage.leaks import (
    BOTH,
    EXACT,
    LEVEL_NAMES,
    LEVELS,
    NORMALISED,
    SIDES,
    Leak,
    LeakWriter,
)
from core.corpora.leakage.matches import NO_MATCH, Hit, SideMatches
from core.corpora.leakage.settings import LeakSettings
from core.corpora.leakage.status import EITHER, PairStatus
from core.corpora.linking import BATCH
from core.corpora.segments import Row
from core.corpora.watching import Watch

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Levels = npt.NDArray[np.int8]


def compare(
    held: HeldOut,
    rows: Iterable[Row],
    langs: tuple[str, str],
    *,
    corpus: str,
    split: str,
    settings: LeakSettings,
    writer: LeakWriter,
    watch: Watch,
) -> list[PairStatus]:
    """Looks for held-out rows in a split that streams past and writes down where they stand.

    Args:
        held: The held-out rows.
        rows: The other split, however long.
        langs: FLORES-200 codes of its source and target.
        corpus: Name of its corpus; empty = the one reported on.
        split: Its name.
        settings: What counts and how much is listed.
        writer: Takes the leaks.
        watch: Told of every 8,192nd row, or more often.

    Returns:
        One status for each held-out split; none where the other split has no rows.
    """
    comparison = _Comparison(held, shared_sides(held.langs, langs), corpus, split, settings)
    rows = iter(rows)
    done = 0
    while batch := list(islice(rows, BATCH)):
        for leak in comparison.look(batch, done, watch):
            writer.add(leak)
        done += len(batch)
    return comparison.statuses(done) if done else []


def shared_sides(langs: tuple[str, str], other: tuple[str, str]) -> dict[int, int]:
    """Gives for each side (0 source, 1 target) the other corpus's side in the same language."""
    return {side: other.index(lang) for side, lang in enumerate(langs) if lang in other}


# N-grams that are looked up between two looks at the watch, well below a second.
_MAX_COST = 600_000


class _Comparison:
    """Held-out rows and what was found of them so far."""

    def __init__(
        self,
        held: HeldOut,
        sides: Mapping[int, int],
        corpus: str,
        split: str,
        settings: LeakSettings,
    ) -> None:
        import numpy as np

        self._held = held
        self._sides = sides
        self._corpus, self._split = corpus, split
        first = sides.get(0, 1 - sides.get(1, 1))
        self._order = (first, 1 - first)  # the other row's texts, in our order of languages
        self._max_listed = settings.max_listed
        self._matches = {
            side: SideMatches(
                held.sides[side], threshold=settings.near_threshold, max_listed=settings.max_listed
            )
            for side in sides
        }
        self._both: Levels = np.zeros(held.num_rows, np.int8)
        self._num_pairs: dict[tuple[int, int], int] = {}
        self._verbatim: set[tuple[str, str]] = set()

    def look(self, rows: Sequence[Row], first: int, watch: Watch) -> Iterator[Leak]:
        """Gives the leaks in some rows, the first of which has the number `first`.

        Rows that are near to very many are looked at a few at a time, so that the watch is called
        every second and their hits need little memory.
        """
        for side, other in self._sides.items():
            self._matches[side].read([row[other] for row in rows])
        done = 0
        while done < len(rows):
            watch(f"looking for held-out segments in {self._split}", first + done, 0)
            last = self._portion(done)
            hits = {side: matches.look(done, last) for side, matches in self._matches.items()}
            yield from self._leaks(hits, rows, first)
            done = last

    def _portion(self, first: int) -> int:
        """Gives how far the next rows reach that are looked at together."""
        import numpy as np

        costs = np.add.reduce([matches.costs()[first:] for matches in self._matches.values()])
        num_rows = int(np.searchsorted(np.cumsum(costs), _MAX_COST, "right"))
        return first + min(max(num_rows, 1), len(costs))

    def _leaks(
        self, hits: Mapping[int, dict[int, Hit]], rows: Sequence[Row], first: int
    ) -> Iterator[Leak]:
        pairs: list[tuple[int, int]] = []
        for place in sorted(set().union(*hits.values())):
            of_row = {side: found[place] for side, found in hits.items() if place in found}
            pairs += ((place, held_row) for held_row in self._listed(of_row))
        for side, found in hits.items():
            self._matches[side].complete(found, pairs)
        for place, held_row in pairs:
            of_row = {side: found[place] for side, found in hits.items() if place in found}
            leak = self._leak(held_row, of_row, first + place, rows[place])
            if leak:
                yield leak

    def _listed(self, hits: Mapping[int, Hit]) -> Iterable[int]:
        """Gives the held-out rows that a row is listed with, those that have both sides first."""
        listed: dict[int, None] = {}
        if len(hits) == 2:
            listed.update(dict.fromkeys(self._pairs(hits[0], hits[1])))
        for side, hit in hits.items():
            listed.update(dict.fromkeys(self._matches[side].listed(hit)))
        return listed

    def _pairs(self, source: Hit, target: Hit) -> Sequence[int]:
        """Gives held-out rows both sides of which a row repeats, and remembers them."""
        groups = (source.group, target.group)
        rows = self._held.pairs.get(groups, ())
        if not rows:
            return ()
        self._verbatim.add((source.text, target.text))
        times = self._num_pairs.get(groups, 0)
        self._num_pairs[groups] = times + 1
        if not times:
            self._both[rows] = NORMALISED
            return rows
        return rows[: self._max_listed] if times < self._max_listed else rows[:1]

    def _leak(self, row: int, hits: Mapping[int, Hit], number: int, other: Row) -> Leak | None:
        matches = [
            self._matches[side].match(hits.get(side), row) if side in self._matches else NO_MATCH
            for side in (0, 1)
        ]
        closest = max(matches, key=lambda match: (match.level, match.overlap))
        weaker = min(match.level for match in matches)
        if weaker:
            self._both[row] = max(self._both[row], weaker)
        split, start = self._place(row)
        source, target = (side.texts[row] for side in self._held.sides)
        return Leak(
            corpus=self._held.corpus,
            split=split,
            number=row - start,
            level=LEVEL_NAMES[closest.level],
            side=BOTH if weaker else SIDES[matches.index(closest)],
            overlap=closest.overlap,
            source_level=LEVEL_NAMES[matches[0].level],
            target_level=LEVEL_NAMES[matches[1].level],
            is_inside=closest.is_inside,
            other_corpus=self._corpus,
            other_split=self._split,
            other_number=number,
            source=source,
            target=target,
            other_source=other[self._order[0]],
            other_target=other[self._order[1]],
        )

    def _place(self, row: int) -> tuple[str, int]:
        return next(
            (split, first) for split, (first, last) in self._held.ranges.items() if row < last
        )

    def statuses(self, num_other: int) -> list[PairStatus]:
        """Gives what was found of each held-out split."""
        import numpy as np

        levels = {SIDES[side]: matches.levels() for side, matches in self._matches.items()}
        either = np.maximum.reduce(list(levels.values()))
        if len(levels) == 2:
            levels[BOTH] = self._levels_of_both()
        levels[EITHER] = either
        coverage = {SIDES[side]: each.coverage() for side, each in self._matches.items()}
        is_near = all(self._held.sides[side].near for side in self._sides)
        notes = [self._held.note, *(matches.note() for matches in self._matches.values())]
        note = " ".join(filter(None, dict.fromkeys(notes)))
        return [
            PairStatus(
                corpus=self._held.corpus,
                split=split,
                other_corpus=self._corpus,
                other_split=self._split,
                src_lang=self._held.langs[0],
                tgt_lang=self._held.langs[1],
                num_held_out=last - first,
                num_other=num_other,
                counts={side: _counted(all_[first:last]) for side, all_ in levels.items()},
                coverage={side: _mean(all_, first, last) for side, all_ in coverage.items()},
                is_near_checked=is_near,
                note=note,
            )
            for split, (first, last) in self._held.ranges.items()
        ]

    def _levels_of_both(self) -> Levels:
        source, target = (side.texts for side in self._held.sides)
        for row, pair in enumerate(zip(source, target, strict=True)):
            if self._both[row] and pair in self._verbatim:
                self._both[row] = EXACT
        return self._both


def _counted(levels: Levels) -> dict[str, int]:
    return {name: int((levels == LEVEL_NAMES.index(name)).sum()) for name in LEVELS}


def _mean(shares: npt.NDArray[np.float64] | None, first: int, last: int) -> float | None:
    """Gives the mean over the segments that have n-grams; None where there are none."""
    import numpy as np

    if shares is None:
        return None
    known = shares[first:last][~np.isnan(shares[first:last])]
    return float(known.mean()) if len(known) else None
