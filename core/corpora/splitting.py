"""Splitting a corpus so that nothing learnt from stands in what is measured on."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from core.corpora.segments import Pair
from core.errors import DataError


@dataclass(frozen=True)
class Splits:
    """Segments in three splits.

    Attributes:
        train, dev, test: Pairs.
        num_empty: Pairs left out because a side was blank.
        num_duplicates: Pairs left out because they stood there already.
    """

    train: list[Pair]
    dev: list[Pair]
    test: list[Pair]
    num_empty: int = 0
    num_duplicates: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Segments per split."""
        return {"train": len(self.train), "dev": len(self.dev), "test": len(self.test)}


class _Words(dict[int, str]):
    """What `str.translate` asks for each character: letters, digits and their marks stay.

    Regular expressions will not do: to them the vowel signs of Devanagari are no word characters.
    """

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        kind = unicodedata.category(letter)
        if kind == "Cf" or 0xFE00 <= code <= 0xFE0F:
            self[code] = ""  # joiners and variation selectors are invisible
        else:
            self[code] = letter if kind[0] in "LN" or kind in ("Mn", "Mc") else " "
        return self[code]


_WORDS = _Words()


def normalised(text: str) -> str:
    """Gives a text as leak checks see it: case, spacing and punctuation do not count."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = " ".join(folded.translate(_WORDS).split())
    # A text of symbols alone, such as emoji, is compared as it stands.
    return words if any(map(str.isalnum, words)) else folded.strip()


def cleaned(pairs: Sequence[Pair]) -> tuple[list[Pair], int, int]:
    """Gives the pairs without blank and repeated ones, and how many of each there were."""
    kept: list[Pair] = []
    seen: set[Pair] = set()
    num_empty = num_duplicates = 0
    for pair in pairs:
        if not pair[0].strip() or not pair[1].strip():
            num_empty += 1
        elif pair in seen:
            num_duplicates += 1
        else:
            seen.add(pair)
            kept.append(pair)
    return kept, num_empty, num_duplicates


def split_pairs(pairs: Sequence[Pair], *, num_dev: int, num_test: int, seed: int) -> Splits:
    """Splits at random; a normalised source or target never stands in two splits.

    Pairs that share a side (directly or through others) stay together, so dev and test may hold
    somewhat fewer segments than asked for, never more. No pair is dropped except blank ones and
    exact duplicates.

    Raises:
        DataError: Too few segments for what was asked.
    """
    kept, num_empty, num_duplicates = cleaned(pairs)
    if num_dev < 1 or num_test < 1:
        raise DataError(
            f"dev {num_dev} and test {num_test} must both be at least 1.",
            hint="A run measures itself on dev and its result on test.",
        )
    if len(kept) < num_dev + num_test + 1:
        raise DataError(
            f"{len(kept)} segments cannot give dev {num_dev}, test {num_test} and a train split.",
            hint="Ask for smaller dev and test splits, or import more segments.",
        )
    groups = _groups(kept)
    random.Random(seed).shuffle(groups)
    wanted = {"dev": num_dev, "test": num_test}
    parts: dict[str, list[int]] = {"dev": [], "test": [], "train": []}
    for group in groups:
        fitting = (name for name, size in wanted.items() if len(parts[name]) + len(group) <= size)
        parts[next(fitting, "train")].extend(group)
    chosen = {name: [kept[i] for i in sorted(indices)] for name, indices in parts.items()}
    for name, split in chosen.items():
        if not split:
            raise DataError(
                f"No {name} split is possible: too many segments share a source or a target.",
                hint="Remove repeated lines, or import ready-made dev and test files.",
            )
    return Splits(chosen["train"], chosen["dev"], chosen["test"], num_empty, num_duplicates)


def _groups(pairs: Sequence[Pair]) -> list[list[int]]:
    """Gives the sets of pairs that are linked by an equal normalised side (union-find)."""
    parent = list(range(len(pairs)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first_with: dict[tuple[int, str], int] = {}
    for index, pair in enumerate(pairs):
        for side, text in enumerate(pair):
            other = first_with.setdefault((side, normalised(text)), index)
            parent[root(index)] = root(other)
    groups: dict[int, list[int]] = {}
    for index in range(len(pairs)):
        groups.setdefault(root(index), []).append(index)
    return list(groups.values())


def num_overlaps(first: Sequence[Pair], second: Sequence[Pair]) -> int:
    """Gives how many pairs of `second` share a normalised source or target with `first`."""
    sources = {normalised(source) for source, _ in first}
    targets = {normalised(target) for _, target in first}
    return sum(normalised(s) in sources or normalised(t) in targets for s, t in second)
