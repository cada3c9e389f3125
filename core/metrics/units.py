"""The words and characters of texts as numbers, as BLEU and chrF see them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from core.metrics.lexical import MetricSpec, sacrebleu_metric
from core.metrics.ngrams import Units


class WordNumbers:
    """Numbers the words that BLEU's tokenizer makes of texts.

    The tokenizer 13a first puts spaces around each space, so that what it does to a word depends
    on this word alone. Each different word is tokenized once, a fifth of the time.
    """

    def __init__(self, spec: MetricSpec) -> None:
        self._tokenize = sacrebleu_metric(spec).tokenizer
        self._lowercase = spec.lowercase
        self._is_by_word = spec.tokenizer == "13a"
        self._numbers: dict[str, int] = {}
        self._numbers_by_word: dict[str, list[int]] = {}

    def units(self, texts: Sequence[str | None]) -> Units:
        """Gives the words of each text; a text that is None has none."""
        rows = [self._numbered(text.rstrip()) if text else [] for text in texts]
        return joined(rows)

    def _numbered(self, text: str) -> list[int]:
        if self._lowercase:
            text = text.lower()
        words = text.split(" ")
        if not self._is_by_word or text.split() != [word for word in words if word]:
            return self._tokens(text)
        found: list[int] = []
        for word in words:
            numbers = self._numbers_by_word.get(word)
            if numbers is None:
                numbers = self._numbers_by_word[word] = self._tokens(word)
            found += numbers
        return found

    def _tokens(self, text: str) -> list[int]:
        numbers = self._numbers
        return [numbers.setdefault(token, len(numbers)) for token in self._tokenize(text).split()]


def joined(rows: Sequence[Sequence[int]]) -> Units:
    """Puts the numbers of all segments, one row each, behind each other."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    numbers = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(lengths.sum()))
    return Units(numbers, lengths)


def characters(texts: Sequence[str | None]) -> Units:
    """Gives the characters of each text without white space; a text that is None has none."""
    squeezed = ["".join(text.split()) if text else "" for text in texts]
    lengths = np.array([len(text) for text in squeezed], dtype=np.int64)
    encoded = "".join(squeezed).encode("utf-32-le", "surrogatepass")
    return Units(np.frombuffer(encoded, dtype="<u4").astype(np.int64), lengths)
