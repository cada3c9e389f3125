"""N-grams of many texts at once, as 64-bit numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from core.languages import language

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Integers: TypeAlias = npt.NDArray[np.int64]
    Hashes: TypeAlias = npt.NDArray[np.uint64]

UNKNOWN = -1


@dataclass(frozen=True)
class Grain:
    """What n-grams of a language are made of.

    Attributes:
        size: How many units each holds.
        is_of_characters: Whether the units are characters instead of words; spaces are none.
    """

    size: int = 5
    is_of_characters: bool = False


# Where words are not set apart, as many characters as five words have: the mean word has about 1.6
# characters in Chinese, 2 in Japanese, 4 in Thai and its neighbours. Tibetan parts its syllables.
_CHARACTERS = {"Hans": 8, "Hant": 8, "Jpan": 10, "Thai": 20, "Laoo": 20, "Khmr": 20, "Mymr": 20}


def grain_of(lang: str) -> Grain:
    """Gives what n-grams of a language (FLORES-200 code) are made of: 5 words, mostly."""
    size = _CHARACTERS.get(language(lang).code.partition("_")[2])
    return Grain(size, is_of_characters=True) if size else Grain()


class Grams(NamedTuple):
    """The n-grams of some texts, text after text, repeated ones included.

    Attributes:
        hashes: One a gram; those that hold an unknown unit are left out.
        rows: Parallel to `hashes`: the text that it stands in.
        totals: Grams of each text, those with unknown units included, (texts,).
    """

    hashes: Hashes
    rows: Integers
    totals: Integers


def words_of(texts: Sequence[str], grain: Grain) -> dict[str, int]:
    """Gives a number to each word of some texts; characters need none, they are numbers."""
    if grain.is_of_characters:
        return {}
    words = dict.fromkeys(word for text in texts for word in text.split(" "))
    return {word: number for number, word in enumerate(words)}


def grams_of(texts: Sequence[str], grain: Grain, words: Mapping[str, int]) -> Grams:
    """Gives the n-grams of normalised texts.

    Args:
        texts: As `normalised` gives them.
        grain: What the grams are made of.
        words: Numbers of the known words.
    """
    import numpy as np

    units, lengths = _units(texts, grain, words)
    totals = np.maximum(lengths - grain.size + 1, 0)
    starts = np.cumsum(lengths) - lengths
    # The place of each gram's first unit: the start of its text and how far it stands in it.
    rows = np.repeat(np.arange(len(texts)), totals)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(totals) - totals, totals)
    places = starts[rows] + within
    num_unknown = np.concatenate([[0], np.cumsum(units == UNKNOWN)])
    is_known = num_unknown[places + grain.size] == num_unknown[places]
    places = places[is_known]
    mixed = _mixed(units.astype(np.uint64))
    hashes = np.zeros(len(places), np.uint64)
    for step in range(grain.size):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + mixed[places + step]
    return Grams(_mixed(hashes), rows[is_known], totals)


def _units(
    texts: Sequence[str], grain: Grain, words: Mapping[str, int]
) -> tuple[Integers, Integers]:
    """Gives the numbers of all units, text after text, and how many each text has."""
    import numpy as np

    if grain.is_of_characters:
        joined = [text.replace(" ", "") for text in texts]
        lengths = np.fromiter(map(len, joined), np.int64, len(joined))
        coded = "".join(joined).encode("utf-32-le", "surrogatepass")
        return np.frombuffer(coded, "<u4").astype(np.int64), lengths
    lengths = np.fromiter((text.count(" ") + 1 for text in texts), np.int64, len(texts))
    found = " ".join(texts).split(" ") if texts else []
    return np.fromiter(map(words.get, found, repeat(UNKNOWN)), np.int64, len(found)), lengths


def _mixed(numbers: Hashes) -> Hashes:
    """Scatters numbers over 64 bits, one to one (the last steps of SplitMix64)."""
    import numpy as np

    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
