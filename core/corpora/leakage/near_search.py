"""Held-out texts that texts which come by are near to, however many are near to one another.

Forms, forecasts and interface strings are built alike: each one that comes by may be near to every
held-out text. Pairs are therefore found through few n-grams (the prefix filter of Chaudhuri et al.
2006 and Bayardo et al. 2007): a held-out text of which 80 % must be shared shares one of its rarest
fifth. A text that was found often enough is closed, and looked at no more than to find one that
each text which comes by is near to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from core.corpora.leakage.nearness import TINY, NearIndex, NearPairs, spread

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from core.corpora.leakage.grams import Integers
    from core.corpora.leakage.nearness import Flags, Shares

# A text that comes by with more pairs than this is compared with those that are not closed only.
MAX_PAIRS_OF_ROW = 50

# It is compared with so many closed ones, until it is near to one.
_CLOSED_LOOKED_AT = (8, 64, 512, 2_048)

# Pairs of one comparison, above which such texts are compared with no more than these: minutes.
MAX_PAIRS = 200_000_000


class _Postings(NamedTuple):
    """The texts of each gram; those that have it among their rarest ones stand first.

    Attributes:
        texts: Gram by gram.
        starts: Where those of each gram begin, (grams,).
        rare_counts: How many have it among their rarest ones, (grams,).
        counts: How many have it, (grams,).
    """

    texts: npt.NDArray[np.int32]
    starts: Integers
    rare_counts: Integers
    counts: Integers


class NearSearch:
    """Finds what texts of an index the ones that come by are near to.

    Attributes:
        is_near: Which texts of the index were found, (texts,).
        is_seen: Which n-grams of the index came by, (grams,).
        num_crowded: Texts that came by and were not compared with all closed ones.
        num_cut: Those of them that may be near to one that they were not compared with.
    """

    def __init__(self, index: NearIndex, threshold: float, max_listed: int) -> None:
        """Takes the least overlap, and how often a text is found until it is closed."""
        import numpy as np

        self._index, self._threshold, self._max_listed = index, threshold, max_listed
        self.is_near = np.zeros(len(index.totals), np.bool_)
        self.is_seen = np.zeros(index.num_grams, np.bool_)
        self.num_crowded = self.num_cut = 0
        self._num_pairs = 0
        self._num_found = np.zeros(len(index.totals), np.int64)
        self._gram_numbers = np.repeat(np.arange(index.num_grams), np.diff(index.starts))
        self._is_rare = self._rarest()
        self._all = self._postings(self._num_found >= 0)
        self._open, self._num_open = self._all, len(index.totals)

    @property
    def is_spent(self) -> bool:
        """Whether so many pairs were compared that the rest is looked at in part."""
        return self._num_pairs > MAX_PAIRS

    def read(self, texts: Sequence[str], groups: Sequence[int]) -> None:
        """Takes normalised texts that come by, and the text of the index that each is equal to."""
        import numpy as np

        self._groups = np.array(groups, np.int64)
        self._passing = self._index.passing(texts, self._threshold, self.is_seen)
        self._is_wide = self._wide()
        of_grams = self._counts(self._all, slice(None))
        self._of_rows = self._summed(of_grams)
        self._is_crowded = self._of_rows > MAX_PAIRS_OF_ROW

    def costs(self) -> Shares:
        """Gives how many n-grams are to be looked up for each text that was read, about."""
        import numpy as np

        of_open = self._summed(self._counts(self._open, slice(None))) + _CLOSED_LOOKED_AT[0]
        pairs = np.where(self._is_crowded, of_open, self._of_rows)
        return np.asarray(pairs * (1.0 + np.diff(self._passing.starts)))

    def found(self, first: int, last: int) -> NearPairs:
        """Gives for some of the texts that were read what they are near to.

        It is the closest one and, besides, those that were found less often than is listed; where
        there are very many, the closest one of those that were looked at. A text that it is equal
        to is not among them.
        """
        uncrowded, crowded = self._places(first, last)
        some = self._judged(*self._pairs(self._all, uncrowded))
        if len(crowded) and not self.is_spent:
            rows, texts = self._pairs(self._open, crowded)
            self._num_pairs += len(rows)
            some = _joined(some, self._judged(rows, texts))
        if len(crowded) and (self.is_spent or (self._num_found >= self._max_listed).any()):
            some = _joined(some, self._closed(crowded, some))
        return self._taken(some)

    def judged(self, rows: Sequence[int], texts: Sequence[int]) -> NearPairs:
        """Gives those of some pairs that are near: texts that were read, and ones of the index."""
        import numpy as np

        pairs = np.array(rows, np.int64), np.array(texts, np.int64)
        return self._index.judged(self._passing, *pairs, self._threshold)

    def note(self) -> str:
        """Tells what was not looked at; mostly empty."""
        parts = []
        if self.num_crowded:
            parts.append(
                f"{self.num_crowded:,} texts are built like more than {MAX_PAIRS_OF_ROW} held-out "
                f"ones: each is listed with one that it is near to, perhaps not the closest."
            )
        if self.num_cut:
            parts.append(
                f"{self.num_cut:,} of them were compared with {_CLOSED_LOOKED_AT[-1]:,} such "
                f"held-out ones, not with all: some near leaks may not be listed."
            )
        if self.is_spent:
            parts.append(
                f"After {MAX_PAIRS:,} pairs of texts built alike, the search for near ones was "
                f"cut short: some near leaks may not be counted."
            )
        return " ".join(parts)

    def _places(self, first: int, last: int) -> tuple[Integers, Integers]:
        """Gives the n-grams of texts that few have, and those of the others."""
        import numpy as np

        places = np.arange(self._passing.starts[first], self._passing.starts[last])
        is_crowded = self._is_crowded[self._passing.rows[places]]
        return places[~is_crowded], places[is_crowded]

    def _pairs(self, postings: _Postings, places: Integers) -> tuple[Integers, Integers]:
        """Gives the pairs that n-grams of the texts that were read lead to."""
        import numpy as np

        counts = self._counts(postings, places)
        texts = postings.texts[spread(postings.starts[self._passing.grams[places]], counts)]
        return np.repeat(self._passing.rows[places], counts), texts.astype(np.int64)

    def _judged(self, rows: Integers, texts: Integers) -> NearPairs:
        import numpy as np

        num_texts = max(len(self.is_near), 1)
        rows, texts = np.divmod(np.unique(rows * num_texts + texts), num_texts)
        is_other = texts != self._groups[rows]
        return self._index.judged(self._passing, rows[is_other], texts[is_other], self._threshold)

    def _closed(self, places: Integers, some: NearPairs) -> NearPairs:
        """Looks further, rarest n-grams first, where texts are near to nothing yet."""
        import numpy as np

        rows, grams = self._passing.rows[places], self._passing.grams[places]
        self.num_crowded += len(np.unique(rows))
        counts = self._counts(self._all, places)
        ends = np.cumsum(counts)
        is_first = np.concatenate([[True], rows[1:] != rows[:-1]])
        skipped = ends - counts
        skipped -= np.maximum.accumulate(np.where(is_first, skipped, 0))
        before, more = 0, [some]
        for limit in _CLOSED_LOOKED_AT:
            left = np.clip(before - skipped, 0, counts)
            right = np.clip(limit - skipped, 0, counts)
            texts = self._all.texts[spread(self._all.starts[grams] + left, right - left)]
            found = self._judged(np.repeat(rows, right - left), texts.astype(np.int64))
            more.append(found)
            is_left = ~np.isin(rows, np.concatenate([found.rows, some.rows]))
            is_left &= self._groups[rows] < 0  # what is equal to one is listed with it
            rows, grams, counts, skipped = (
                column[is_left] for column in (rows, grams, counts, skipped)
            )
            before = limit
        self.num_cut += len(np.unique(rows[skipped + counts > before]))
        return _joined(*more[1:])

    def _taken(self, pairs: NearPairs) -> NearPairs:
        """Notes what was found, and gives what is listed of it."""
        import numpy as np

        num_texts = max(len(self.is_near), 1)
        _, kept = np.unique(pairs.rows * num_texts + pairs.texts, return_index=True)
        pairs = pairs.chosen(kept)
        self.is_near[pairs.texts] = True
        is_listed = np.zeros(len(pairs.rows), np.bool_)
        closest = np.lexsort([pairs.texts, -pairs.overlaps, pairs.rows])
        is_listed[closest[_is_first(pairs.rows[closest])]] = True
        by_text = np.argsort(pairs.texts, kind="stable")
        texts = pairs.texts[by_text]
        times = np.arange(len(texts)) - np.searchsorted(texts, texts)
        is_listed[by_text[times + self._num_found[texts] < self._max_listed]] = True
        self._num_found += np.bincount(texts, minlength=len(self._num_found))
        is_open = self._num_found < self._max_listed
        if is_open.sum() * 2 <= self._num_open and self._num_open:
            self._open, self._num_open = self._postings(is_open), int(is_open.sum())
        return pairs.chosen(is_listed)

    def _counts(self, postings: _Postings, places: Integers | slice) -> Integers:
        """Gives how many texts each n-gram of the texts that were read leads to."""
        import numpy as np

        grams = self._passing.grams[places]
        return np.where(self._is_wide[places], postings.counts[grams], postings.rare_counts[grams])

    def _summed(self, of_grams: Integers) -> Integers:
        import numpy as np

        sums = np.concatenate([[0], np.cumsum(of_grams)])
        return np.diff(sums[self._passing.starts])

    def _wide(self) -> Flags:
        """Tells which n-grams lead to all texts: those that come by inside one share one of them.

        So few of the n-grams of a text may be missing from the one that it lies in.
        """
        import numpy as np

        rows, times, totals = self._passing.rows, self._passing.times, self._passing.totals
        sums = np.concatenate([[0], np.cumsum(times)])
        num_known = np.diff(sums[self._passing.starts])
        before = sums[:-1] - sums[self._passing.starts[rows]] + (totals - num_known)[rows]
        return np.asarray(before <= (totals * (1 - self._threshold + TINY) + TINY)[rows])

    def _rarest(self) -> Flags:
        """Tells for each text of each gram whether the gram is among the rarest of the text.

        They are so many that a text which shares none of them shares too few of the others.
        """
        import numpy as np

        texts = self._index.gram_texts
        order = np.lexsort([np.diff(self._index.starts)[self._gram_numbers], texts])
        totals = self._index.totals
        num_missing = totals - np.ceil(totals * self._threshold - 2 * TINY * totals).astype(int)
        starts = np.cumsum(totals) - totals
        is_rare = np.zeros(len(texts), np.bool_)
        texts = texts[order]
        is_rare[order] = np.arange(len(order)) - starts[texts] <= num_missing[texts]
        return is_rare

    def _postings(self, is_kept: Flags) -> _Postings:
        import numpy as np

        kept = np.flatnonzero(is_kept[self._index.gram_texts])
        kept = kept[np.lexsort([~self._is_rare[kept], self._gram_numbers[kept]])]
        grams, num_grams = self._gram_numbers[kept], self._index.num_grams
        counts = np.bincount(grams, minlength=num_grams)
        rare_counts = np.bincount(grams[self._is_rare[kept]], minlength=num_grams)
        texts = self._index.gram_texts[kept]
        return _Postings(texts, np.cumsum(counts) - counts, rare_counts, counts)


def _is_first(rows: Integers) -> Flags:
    """Tells which of some sorted numbers differ from the one before."""
    import numpy as np

    return np.concatenate([np.ones(min(len(rows), 1), np.bool_), rows[1:] != rows[:-1]])


def _joined(*parts: NearPairs) -> NearPairs:
    import numpy as np

    return NearPairs(*map(np.concatenate, zip(*parts, strict=True)))
