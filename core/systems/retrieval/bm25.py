"""BM25: the texts of a collection that share words with a query, above all rare ones."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import regex  # type: ignore[import-untyped]

from core.text.normalising import normalised
from core.text.spans import UNSPACED

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond": values with
# 1.2 < k1 < 2 and 0.5 < b < 0.8 do well in many collections. Segments are short and seldom repeat
# a word, so that both matter little here.
K1 = 1.2
B = 0.75

_UNSPACED = regex.compile(UNSPACED)
# With marks, and with the long-vowel sign of kana, which Unicode counts to no script.
_UNSPACED_RUN = regex.compile(rf"({UNSPACED}(?:{UNSPACED}|\p{{M}}|ー)*+)")
_IDEOGRAPH = regex.compile(r"\p{Han}")


def words_in(text: str) -> Iterator[str]:
    """Gives the words of a text as `normalised` sees them: letters, digits and their marks.

    Writing without spaces gives each two neighbouring characters, and each ideograph, instead.
    """
    text = normalised(text)
    if text.isascii() or not _UNSPACED.search(text):
        yield from text.split()
        return
    for word in text.split():
        for place, piece in enumerate(_UNSPACED_RUN.split(word)):
            if place % 2 == 0 or len(piece) == 1:
                yield from [piece] if piece else []
            else:
                yield from map("".join, pairwise(piece))
                yield from _IDEOGRAPH.findall(piece)


class Bm25Index:
    """An inverted index of texts; nothing changes once it is built, so threads may share it.

    The score of a text is the sum over the words of the query, each as often as it stands there, of

        ln(1 + (N - n + 0.5) / (n + 0.5)) * f * (K1 + 1) / (f + K1 * (1 - B + B * l / L))

    with N texts, n of them with the word, the word f times among the l words of this text, and L
    words in the mean text (Robertson & Zaragoza 2009; the first 1 is Lucene's, so that
    a word of more than half of the texts does not count against them).
    """

    def __init__(self, texts: Sequence[str]) -> None:
        import numpy as np

        self._num_texts = len(texts)
        self._word_ids: dict[str, int] = {}
        words, lengths = self._read(texts)
        numbers = np.repeat(np.arange(len(texts)), lengths)
        postings, frequencies = np.unique(words * len(texts) + numbers, return_counts=True)
        words, numbers = np.divmod(postings, max(len(texts), 1))
        counts = np.bincount(words, minlength=len(self._word_ids))
        weights = np.log1p((len(texts) - counts + 0.5) / (counts + 0.5))
        norms = K1 * (1 - B + B * lengths / max(lengths.mean() if len(texts) else 0, 1e-9))
        shares = weights[words] * frequencies * (K1 + 1) / (frequencies + norms[numbers])
        # What each word gives each of its texts is known beforehand: a query only adds.
        self._numbers = numbers.astype(np.int32)
        self._shares = shares.astype(np.float32)
        self._starts = np.concatenate(([0], np.cumsum(counts)))

    def top(
        self, query: str, count: int, *, excluded: npt.NDArray[np.intp] | None = None
    ) -> list[tuple[int, float]]:
        """Gives the texts with the best scores and their scores, the best first.

        Equal scores stand in the order of the texts. A text without a word of the query is not
        given.

        Args:
            query: Any text.
            count: The most texts to give.
            excluded: Numbers of texts that are not to be given.
        """
        import numpy as np

        known = (self._word_ids.get(word) for word in words_in(query))
        times = Counter(word for word in known if word is not None)
        if not times or count < 1:
            return []
        scores = np.zeros(self._num_texts)
        for word, num_times in times.items():
            part = slice(self._starts[word], self._starts[word + 1])
            # "the" takes some 0.1 ms in 100,000 texts. To pass by texts that only such words could
            # bring in (MaxScore) was measured to take two to five times as long as to add it.
            scores[self._numbers[part]] += num_times * self._shares[part]
        if excluded is not None:
            scores[excluded] = 0
        return _largest(scores, count)

    def _read(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Gives the id of each word of all texts, in order, and the number of words of each."""
        import numpy as np

        ids = array("q")
        lengths = array("q")
        for text in texts:
            before = len(ids)
            ids.extend(
                self._word_ids.setdefault(word, len(self._word_ids)) for word in words_in(text)
            )
            lengths.append(len(ids) - before)
        return np.array(ids, np.int64), np.array(lengths, np.int64)


def _largest(scores: npt.NDArray[np.float64], count: int) -> list[tuple[int, float]]:
    """Gives number and score of the `count` largest scores above 0, equal ones in order."""
    import numpy as np

    numbers = np.flatnonzero(scores > 0)  # a tenth of the time of nonzero on figures
    if numbers.size > count:
        found = scores[numbers]
        numbers = numbers[found >= np.partition(found, -count)[-count]]
    best = numbers[np.argsort(-scores[numbers], kind="stable")[:count]]
    return list(zip(best.tolist(), scores[best].tolist(), strict=True))
