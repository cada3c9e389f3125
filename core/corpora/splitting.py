"""Splitting a corpus so that nothing learnt from stands in what is measured on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import Field, model_validator

from core.corpora.linking import Keys, groups_of, keys_of
from core.corpora.segments import Row, read_rows
from core.corpora.watching import Watch, unwatched
from core.errors import DataError
from core.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Assignment: TypeAlias = npt.NDArray[np.int8]
    Numbers: TypeAlias = npt.NDArray[np.int64]

TRAIN, DEV, TEST = 0, 1, 2  # places in SPLITS
HELD_OUT = {DEV: "dev", TEST: "test"}

USUAL_SHARE = 20  # one of so many rows
USUAL_MOST = 500

_NUM_STRATA = 10
_BARRED = -1  # a group that goes to train whatever dev and test still lack
_MAX_HELD_OUT = 1_000_000
_TOLERANCE = 0.02  # percent: three times 33.33 is meant as all of it


class SplitSettings(Settings):
    """How a corpus is split into train, dev and test."""

    by: Literal["count", "ratio"] = Field(
        default="count",
        description="Whether dev and test are given as numbers of segments or in percent.",
    )
    num_dev: int = Field(
        default=0, ge=0, le=_MAX_HELD_OUT, description="Segments for dev; 0 = 5 %, at most 500."
    )
    num_test: int = Field(
        default=0, ge=0, le=_MAX_HELD_OUT, description="Segments for test; 0 = 5 %, at most 500."
    )
    train_percent: float = Field(
        default=80.0,
        ge=1,
        le=99.8,
        description="Share of train in percent; it also gets what remains.",
    )
    dev_percent: float = Field(default=10.0, ge=0.1, le=90, description="Share of dev in percent.")
    test_percent: float = Field(
        default=10.0, ge=0.1, le=90, description="Share of test in percent."
    )
    seed: int = Field(
        default=1, ge=0, le=2**32 - 1, description="The same seed gives the same split."
    )
    keep_documents: bool = Field(
        default=False, description="Whether the segments of one document stay in one split."
    )
    stratify_by_length: bool = Field(
        default=True, description="Whether short and long segments are shared out evenly."
    )

    @model_validator(mode="after")
    def _shares_are_all(self) -> SplitSettings:
        shares = (self.train_percent, self.dev_percent, self.test_percent)
        if self.by == "ratio" and abs(sum(shares) - 100) > _TOLERANCE:
            train, dev, test = (f"{share:g} %" for share in shares)
            raise ValueError(
                f"train {train}, dev {dev} and test {test} are {sum(shares):g} % together, "
                f"not 100 %"
            )
        return self

    def sizes(self, num_rows: int) -> tuple[int, int]:
        """Gives the numbers of segments that are asked for dev and for test.

        Raises:
            DataError: So many rows cannot give them.
        """
        usual = max(1, min(USUAL_MOST, num_rows // USUAL_SHARE))
        sizes = (self.num_dev or usual, self.num_test or usual)
        if self.by == "ratio":
            shares = (self.dev_percent, self.test_percent)
            # Remainders go to train; the small summand is for shares that floats fall short of.
            dev, test = (max(1, int(num_rows * share / 100 + 1e-6)) for share in shares)
            sizes = (dev, test)
        if num_rows < sum(sizes) + 1:
            raise DataError(
                f"{num_rows} segments cannot give dev {sizes[0]}, test {sizes[1]} "
                f"and a train split.",
                hint="Ask for smaller dev and test splits, or import more segments.",
            )
        return sizes


def assign_files(
    paths: Sequence[Path],
    settings: SplitSettings,
    *,
    placed: Sequence[Path] = (),
    watch: Watch = unwatched,
    total: int = 0,
) -> Assignment:
    """Gives the split of each row of files of segments, taken as one file after the other.

    Args:
        paths: The files.
        settings: How to split.
        placed: Files whose rows have their split already; see `assign`.
        watch: Is told how far it is.
        total: How many rows there are in all; 0 = not known.

    Raises:
        DataError: As `assign`.
    """
    num_placed = 0

    def placed_rows() -> Iterator[Row]:
        nonlocal num_placed
        for row in chain.from_iterable(map(read_rows, placed)):
            num_placed += 1
            yield row

    rows = chain(chain.from_iterable(map(read_rows, paths)), placed_rows())
    keys = keys_of(rows, watch=watch, phase="reading for the split", total=total)
    return assign(keys, settings, num_placed=num_placed)


def assign_rows(rows: Iterable[Row], settings: SplitSettings) -> Assignment:
    """Gives the split of each row; the rows are read once and not kept.

    Raises:
        DataError: As `assign`.
    """
    return assign(keys_of(rows, phase="reading for the split"), settings)


def assign(keys: Keys, settings: SplitSettings, *, num_placed: int = 0) -> Assignment:
    """Gives the split of each row: 0 train, 1 dev, 2 test.

    Rows that share a normalised source or target (or, if asked, a document), directly or through
    others, are never parted. Dev and test get exactly what is asked where enough rows are linked to
    no other, else as much as the groups allow, never more. Everything else is train; no row is left
    out. The same keys and settings give the same split on any machine: nothing depends on the order
    of a set or on how numpy shuffles.

    Args:
        keys: Of all rows.
        settings: How to split.
        num_placed: How many rows at the end have their split already, and are no part of what is
            given back: whatever is linked to one of them is train, so that no split that is cut
            out here shares a segment with a split that was there before.

    Raises:
        DataError: There are too few rows, or linked rows leave nothing for dev or test.
    """
    import numpy as np

    num_rows = len(keys) - num_placed
    num_dev, num_test = settings.sizes(num_rows)
    linked = groups_of(keys, with_documents=settings.keep_documents)
    groups = linked[:num_rows]
    sizes = np.bincount(groups, minlength=int(linked.max()) + 1)
    barred = np.unique(linked[num_rows:])
    sizes[barred] = 0
    order, tie_order = _random_orders(len(sizes), settings.seed)
    filling = _Filling(sizes, order, {DEV: num_dev, TEST: num_test})
    filling.splits[barred] = _BARRED
    if settings.stratify_by_length:
        filling.fill_strata(_strata(keys, groups, len(sizes)), tie_order)
    filling.fill(order)
    filling.tighten()
    for split, name in HELD_OUT.items():
        if not np.any(filling.splits == split):
            raise _impossible(name, keys, groups, sizes, settings)
    filling.splits[barred] = TRAIN
    return filling.splits[groups]


def _random_orders(num_groups: int, seed: int) -> tuple[Numbers, Numbers]:
    """Gives the order in which groups are taken, and strata whose remainders are equal."""
    import numpy as np

    # Raw numbers of a bit generator are what numpy promises never to change (NEP 19).
    random = np.random.PCG64(seed)
    groups, strata = (random.random_raw(count) for count in (num_groups, _NUM_STRATA))
    return np.argsort(groups, kind="stable"), np.argsort(strata, kind="stable")


class _Filling:
    """Groups on their way into splits.

    Attributes:
        splits: The split of each group.
        left: Rows that each split still lacks.
    """

    def __init__(self, sizes: Numbers, order: Numbers, wanted: dict[int, int]) -> None:
        import numpy as np

        self.splits: Assignment = np.zeros(len(sizes), np.int8)
        self.left = wanted
        self._sizes = sizes
        self._order = order

    def fill(self, order: Numbers, wanted: dict[int, int] | None = None) -> None:
        """Puts groups where they fit, in their order, until `wanted` (or all that lacks) is met."""
        room = dict(self.left) if wanted is None else wanted
        order = order[self.splits[order] == TRAIN]
        for group, size in zip(order.tolist(), self._sizes[order].tolist(), strict=True):
            if not any(room.values()):
                break
            for split, rows in room.items():
                if size <= rows:
                    self.splits[group] = split
                    room[split] -= size
                    self.left[split] -= size
                    break

    def fill_strata(self, strata: Numbers, tie_order: Numbers) -> None:
        """Fills from each stratum what is due to it; what does not come out even is left."""
        import numpy as np

        num_rows = np.bincount(strata, self._sizes, _NUM_STRATA).astype(np.int64)
        due = {}
        for split, rows in self.left.items():
            due[split] = _quotas(num_rows, rows, tie_order)
            num_rows = num_rows - due[split]
        for stratum in range(_NUM_STRATA):
            members = self._order[strata[self._order] == stratum]
            self.fill(members, {split: int(quotas[stratum]) for split, quotas in due.items()})

    def tighten(self) -> None:
        """Swaps groups for larger ones of train while that brings a split nearer to its size."""
        import numpy as np

        for split in self.left:
            while self.left[split]:
                inner = np.unique(self._sizes[self.splits == split])
                outer = np.unique(self._sizes[self.splits == TRAIN])
                gains = outer[None, :] - inner[:, None]
                gains[gains > self.left[split]] = 0
                if not gains.size or gains.max() <= 0:
                    break
                row, column = np.unravel_index(np.argmax(gains), gains.shape)
                out, into = self._first(split, inner[row]), self._first(TRAIN, outer[column])
                self.splits[out], self.splits[into] = TRAIN, split
                self.left[split] -= int(gains[row, column])

    def _first(self, split: int, size: int) -> int:
        """Gives the first group of a split and a size, in the random order."""
        import numpy as np

        is_such = (self.splits[self._order] == split) & (self._sizes[self._order] == size)
        return int(self._order[np.argmax(is_such)])


def _strata(keys: Keys, groups: Numbers, num_groups: int) -> Numbers:
    """Gives the decile of source length in which the first row of each group stands."""
    import numpy as np

    num_rows = len(groups)
    deciles = np.empty(num_rows, np.int64)
    in_order = np.argsort(keys.lengths[:num_rows], kind="stable")
    deciles[in_order] = np.arange(num_rows) * _NUM_STRATA // num_rows
    strata = np.zeros(num_groups, np.int64)  # groups without a row among these are in none
    strata[groups[::-1]] = deciles[::-1]  # the last one written is the first row
    return strata


def _quotas(num_rows: Numbers, wanted: int, tie_order: Numbers) -> Numbers:
    """Shares `wanted` out in proportion to `num_rows`, by largest remainders."""
    import numpy as np

    total = max(1, int(num_rows.sum()))
    quotas, remainders = np.divmod(num_rows * wanted, total)
    by_remainder = tie_order[np.argsort(-remainders[tie_order], kind="stable")]
    quotas[by_remainder[: wanted - int(quotas.sum())]] += 1
    return quotas


def _impossible(
    name: str, keys: Keys, groups: Numbers, sizes: Numbers, settings: SplitSettings
) -> DataError:
    import numpy as np

    if not sizes.any():
        return DataError(
            f"No {name} split is possible: each of the {len(groups):,} segments shares its source "
            f"or target with the splits that are given.",
            hint="Give all splits, or leave the given ones out.",
        )
    sizes = sizes[sizes > 0]
    largest, how = int(sizes.max()), "equal sources or targets"
    hint = "Remove repeated lines, or import ready-made dev and test files."
    if settings.keep_documents:
        by_text = int(np.bincount(groups_of(keys, with_documents=False)).max())
        if by_text < largest:
            how = "the same document (keep_documents) or equal sources or targets"
            hint = (
                "Let documents be divided, remove repeated lines, which link documents, or ask for "
                "larger dev and test splits."
            )
    group = "groups" if len(sizes) > 1 else "group"
    return DataError(
        f"No {name} split is possible: {int(sizes.sum()):,} segments are {len(sizes):,} {group} "
        f"linked by {how}, the largest of {largest:,} segments.",
        hint=hint,
    )
