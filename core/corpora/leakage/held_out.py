"""Held-out rows, indexed so that rows which stream past find the ones that they repeat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.corpora.leakage.grams import grain_of
from core.corpora.leakage.leaks import EXACT
from core.corpora.leakage.nearness import NearIndex
from core.corpora.linking import BATCH
from core.corpora.segments import Row
from core.corpora.watching import Watch, unwatched
from core.text.normalising import normalised

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NOTHING = -1  # the group of a blank text

# The n-grams of so many rows take some 500 MB; 10 % each for dev and test of a million are fewer.
MAX_NEAR_ROWS = 250_000


class HeldOutSide:
    """One side of the held-out rows; texts that are equal when normalised are one group.

    Attributes:
        texts: As they stand, (rows,).
        group_of: The group of each row; NOTHING for a blank text, (rows,).
        groups: The number of each group by its normalised text.
        members: The rows of each group.
        first_rows: The first row with each text as it stands.
        near: What finds nearly equal texts, by group; None = they are not looked for.
    """

    def __init__(self, texts: list[str], lang: str, *, looks_for_near: bool) -> None:
        self.texts = texts
        self.groups: dict[str, int] = {}
        self.group_of: list[int] = []
        self.members: list[list[int]] = []
        self.first_rows: dict[str, int] = {}
        for row, text in enumerate(texts):
            key = normalised(text)
            group = self.groups.setdefault(key, len(self.members)) if key else NOTHING
            if group == len(self.members):
                self.members.append([])
            if key:
                self.members[group].append(row)
            self.group_of.append(group)
            self.first_rows.setdefault(text, row)
        self.near = NearIndex(list(self.groups), grain_of(lang)) if looks_for_near else None

    def levels_of_rows(
        self, of_groups: npt.NDArray[np.int8], verbatim: set[str]
    ) -> npt.NDArray[np.int8]:
        """Gives the level of each row from that of its group and the texts found as they stand."""
        import numpy as np

        levels = np.append(of_groups, np.int8(0))[self.group_of]  # NOTHING takes the last one
        for row, text in enumerate(self.texts):
            if levels[row] and text in verbatim:
                levels[row] = EXACT
        return np.asarray(levels)


@dataclass(frozen=True)
class HeldOut:
    """The rows of one corpus that are measured on.

    Attributes:
        corpus: Name of the corpus; empty = the one reported on.
        langs: FLORES-200 codes of its source and target.
        ranges: First row of each split, and one behind its last.
        sides: Source and target.
        pairs: Rows by the groups of both sides.
        note: What is not looked for, and why; mostly empty.
    """

    corpus: str
    langs: tuple[str, str]
    ranges: Mapping[str, tuple[int, int]]
    sides: tuple[HeldOutSide, HeldOutSide]
    pairs: Mapping[tuple[int, int], Sequence[int]]
    note: str = ""

    @property
    def num_rows(self) -> int:
        """Rows of all splits."""
        return len(self.sides[0].texts)


def hold_out(
    splits: Mapping[str, Iterable[Row]],
    langs: tuple[str, str],
    *,
    corpus: str = "",
    looks_for_near: bool = True,
    watch: Watch = unwatched,
) -> HeldOut:
    """Reads and indexes held-out splits; one without rows is left out."""
    texts: tuple[list[str], list[str]] = ([], [])
    ranges = {}
    for split, rows in splits.items():
        first = len(texts[0])
        for row in rows:
            if len(texts[0]) % BATCH == 0:
                watch(f"reading {split}", len(texts[0]), 0)
            texts[0].append(row.source)
            texts[1].append(row.target)
        if len(texts[0]) > first:
            ranges[split] = (first, len(texts[0]))
    note = ""
    if looks_for_near and len(texts[0]) > MAX_NEAR_ROWS:
        looks_for_near = False
        note = (
            f"Nearly equal segments were not looked for: {len(texts[0]):,} held-out segments are "
            f"more than {MAX_NEAR_ROWS:,}."
        )
    source, target = (
        HeldOutSide(side, lang, looks_for_near=looks_for_near)
        for side, lang in zip(texts, langs, strict=True)
    )
    pairs: dict[tuple[int, int], list[int]] = {}
    for number, groups in enumerate(zip(source.group_of, target.group_of, strict=True)):
        if NOTHING not in groups:
            pairs.setdefault(groups, []).append(number)
    return HeldOut(corpus, langs, ranges, (source, target), pairs, note)
