"""N-grams of held-out texts, and how nearly a text that comes by is one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from core.corpora.leakage.grams import Grain, Grams, grams_of, words_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from core.corpora.leakage.grams import Hashes, Integers

    Shares = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

# A phrase within a held-out segment says little ("it's up to you"): a text that lies inside one
# counts if it has three n-grams, seven words, and makes up a fifth of it.
MIN_INSIDE_GRAMS = 3
MIN_INSIDE_SHARE = 0.2

TINY = 1e-9  # what floats may fall short of a threshold

_MANY_LOOKED_UP = 300_000  # at once: texts are built alike
_MAX_TABLE = 32_000_000  # bytes

_MAX_LOOKED_UP = 2_000_000  # n-grams of pairs looked up at once, some 100 MB


class Near(NamedTuple):
    """One text that is nearly in another, or the other way round.

    Attributes:
        row: The text that came by.
        text: The text of the index.
        overlap: Shared n-grams as a share of the different ones of the text of the index, or of all
            that the one that came by has, whichever is more, 0 to 1.
        is_inside: True where the one that came by lies inside that of the index.
    """

    row: int
    text: int
    overlap: float
    is_inside: bool


class Passing(NamedTuple):
    """Texts that come by, as the n-grams that the index has; by text, the rarest grams first.

    Attributes:
        rows: The text that a gram stands in.
        grams: The number of the gram in the index, each once a text.
        times: How often it stands there.
        totals: Grams of each text, those that the index lacks included, (texts,).
        starts: Where the grams of each text begin, and the end of the last one, (texts + 1,).
    """

    rows: Integers
    grams: Integers
    times: Integers
    totals: Integers
    starts: Integers


class NearPairs(NamedTuple):
    """Pairs of a text that came by and one of the index; parallel, as in `Near`."""

    rows: Integers
    texts: Integers
    overlaps: Shares
    is_inside: Flags

    def chosen(self, which: Flags | Integers) -> NearPairs:
        """Gives some of the pairs."""
        return NearPairs(
            self.rows[which], self.texts[which], self.overlaps[which], self.is_inside[which]
        )


class NearIndex:
    """The n-grams of held-out texts, each text once.

    Attributes:
        starts: Where the texts of each gram begin in `gram_texts`, and the end of the last one.
        gram_texts: The texts that each gram stands in, gram by gram.
        totals: How many different grams each text has, (texts,).
        least: The fewest shared grams that make any text of a gram the same, (grams,).
    """

    def __init__(self, texts: Sequence[str], grain: Grain) -> None:
        """Indexes normalised texts; those shorter than one n-gram are near nothing."""
        import numpy as np

        self._grain = grain
        self._words = words_of(texts, grain)
        grams = grams_of(texts, grain, self._words)
        self._hashes, numbers = np.unique(grams.hashes, return_inverse=True)
        self._num_texts = max(len(texts), 1)
        # Each gram once a text, by gram; looked up to tell whether a text has a gram.
        self._pairs = np.unique(numbers * self._num_texts + grams.rows)
        self.gram_texts = (self._pairs % self._num_texts).astype(np.int32)
        by_gram = self._pairs // self._num_texts
        self.starts = np.searchsorted(by_gram, np.arange(len(self._hashes) + 1))
        self.totals = np.bincount(self.gram_texts, minlength=len(texts))
        self.least = np.full(len(self._hashes), np.iinfo(np.int64).max)
        np.minimum.at(self.least, by_gram, self.totals[self.gram_texts])
        self._sieve = _Sieve(self._hashes)
        self._table: Flags | None = None

    @property
    def num_grams(self) -> int:
        """How many different n-grams there are."""
        return len(self._hashes)

    def coverage(self, is_seen: Flags) -> Shares:
        """Gives the share of each text's n-grams that were seen; NaN for a text without any."""
        import numpy as np

        by_gram = np.repeat(np.arange(self.num_grams), np.diff(self.starts))
        seen = np.bincount(self.gram_texts[is_seen[by_gram]], minlength=len(self.totals))
        with np.errstate(invalid="ignore"):
            return np.asarray(seen / self.totals)

    def passing(self, texts: Sequence[str], threshold: float, is_seen: Flags) -> Passing:
        """Gives the n-grams of texts that may be nearly one of the index; others have none.

        Args:
            texts: Normalised texts that come by.
            threshold: The least overlap.
            is_seen: A flag for each n-gram of the index; those that come by are set.
        """
        import numpy as np

        found = grams_of(texts, self._grain, self._words)
        rows, grams = self._known(found)
        is_seen[grams] = True
        num_known = np.bincount(rows, minlength=len(texts))
        num_grams = max(self.num_grams, 1)
        pairs, times = np.unique(rows * num_grams + grams, return_counts=True)
        rows, grams = np.divmod(pairs, num_grams)
        num_different = np.bincount(rows, minlength=len(texts))
        # Only texts that share enough with anything at all are looked at one by one.
        may_leak = num_known >= found.totals * threshold - TINY
        may_leak[rows[num_different[rows] >= self.least[grams] * threshold - TINY]] = True
        kept = np.flatnonzero(may_leak[rows])
        kept = kept[np.lexsort([np.diff(self.starts)[grams[kept]], rows[kept]])]
        rows = rows[kept]
        starts = np.searchsorted(rows, np.arange(len(texts) + 1))
        return Passing(rows, grams[kept], times[kept], found.totals, starts)

    def _known(self, found: Grams) -> tuple[Integers, Integers]:
        """Gives the n-grams that the index has, by text and number."""
        import numpy as np

        is_likely = self._sieve.lets_through(found.hashes)
        hashes, rows = found.hashes[is_likely], found.rows[is_likely]
        places = np.searchsorted(self._hashes, hashes)
        places[places == self.num_grams] = 0
        is_known = self._hashes[places] == hashes if self.num_grams else np.zeros(0, np.bool_)
        return rows[is_known], places[is_known]

    def judged(
        self, passing: Passing, rows: Integers, texts: Integers, threshold: float
    ) -> NearPairs:
        """Gives those of some pairs that are nearly the same, in their order.

        Args:
            passing: The texts that come by.
            rows: One of them, for each pair.
            texts: One of the index; parallel to `rows`.
            threshold: The least overlap.
        """
        import numpy as np

        ends = np.cumsum(np.diff(passing.starts)[rows])
        parts, first = [], 0
        while first < len(rows):
            before = ends[first - 1] if first else 0
            last = max(int(np.searchsorted(ends, before + _MAX_LOOKED_UP, "right")), first + 1)
            parts.append(self._compared(passing, rows[first:last], texts[first:last]))
            first = last
        if not parts:
            return NearPairs(rows, texts, np.zeros(0), np.zeros(0, np.bool_))
        pairs = NearPairs(*map(np.concatenate, zip(*parts, strict=True)))
        return pairs.chosen(pairs.overlaps >= threshold - TINY)

    def _compared(self, passing: Passing, rows: Integers, texts: Integers) -> NearPairs:
        import numpy as np

        counts = np.diff(passing.starts)[rows]
        numbers = np.repeat(np.arange(len(rows)), counts)
        places = spread(passing.starts[rows], counts)
        keys = passing.grams[places] * self._num_texts + texts[numbers]
        is_shared = self._has(keys)
        numbers, times = numbers[is_shared], passing.times[places[is_shared]]
        shared = np.bincount(numbers, minlength=len(rows))
        # A text without n-grams shares none, whatever it is divided by.
        overlaps = shared / np.maximum(self.totals[texts], 1)
        is_part = (shared >= MIN_INSIDE_GRAMS) & (overlaps >= MIN_INSIDE_SHARE)
        all_shared = np.bincount(numbers, times, minlength=len(rows))
        inside = np.where(is_part, all_shared / np.maximum(passing.totals[rows], 1), 0)
        return NearPairs(rows, texts, np.maximum(overlaps, inside), inside > overlaps)

    def _has(self, keys: Integers) -> Flags:
        """Tells which pairs of a gram and a text there are; by a table where many are asked."""
        import numpy as np

        if self._table is None and len(keys) > _MANY_LOOKED_UP and self._fits_table:
            self._table = np.zeros(self.num_grams * self._num_texts, np.bool_)
            self._table[self._pairs] = True
        if self._table is not None:
            return self._table[keys]
        found = np.searchsorted(self._pairs, keys)
        found[found == len(self._pairs)] = 0
        return np.asarray(self._pairs[found] == keys)

    @property
    def _fits_table(self) -> bool:
        return self.num_grams * self._num_texts <= _MAX_TABLE


def spread(starts: Integers, counts: Integers) -> Integers:
    """Gives the places of slices, one slice after the other."""
    import numpy as np

    ends = np.cumsum(counts)
    num_places = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - counts), counts) + np.arange(num_places)


class _Sieve:
    """A table of flags that holds back most hashes that are not in a set, at one look each."""

    def __init__(self, hashes: Hashes) -> None:
        import numpy as np

        size = 1 << max(10, (len(hashes) * 16 - 1).bit_length())
        self._mask = np.uint64(size - 1)
        self._flags = np.zeros(size, np.bool_)
        self._flags[hashes & self._mask] = True

    def lets_through(self, hashes: Hashes) -> Flags:
        """Tells for each hash whether it may be in the set; those in it always pass."""
        import numpy as np

        return np.asarray(self._flags[hashes & self._mask])
