from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.corpora.segments import Pair
from core.corpora.splitting import Splits, cleaned, normalised, num_overlaps, split_pairs
from core.errors import DataError

# Few words, so that sides repeat and chains of linked pairs arise.
WORDS = ["Tá", "tá!", "cat", "CAT.", "नमस्ते", "नमस्ता", "سلام", "سَلام", "☕", "❤️", "?", " ", "a b"]
SIDES = st.lists(st.sampled_from(WORDS), max_size=2).map(" ".join)
PAIRS = st.lists(st.tuples(SIDES, SIDES), min_size=10, max_size=60)


def split(pairs: list[Pair], num_dev: int, num_test: int, seed: int) -> Splits:
    """Splits, and skips the example where the segments are too few or too entangled."""
    try:
        return split_pairs(pairs, num_dev=num_dev, num_test=num_test, seed=seed)
    except DataError:
        assume(False)
        raise


@settings(max_examples=40)
@given(PAIRS, st.integers(1, 8), st.integers(1, 8), st.integers(0, 3))
def test_no_pair_is_lost_but_blank_and_repeated_ones(
    pairs: list[Pair], num_dev: int, num_test: int, seed: int
) -> None:
    splits = split(pairs, num_dev, num_test, seed)
    kept = {pair for pair in pairs if pair[0].strip() and pair[1].strip()}
    found = Counter(splits.train + splits.dev + splits.test)
    assert found == Counter(kept)
    assert splits.num_empty + splits.num_duplicates + len(kept) == len(pairs)


@settings(max_examples=40)
@given(PAIRS, st.integers(1, 8), st.integers(1, 8), st.integers(0, 3))
def test_no_side_stands_in_two_splits_and_sizes_are_never_over(
    pairs: list[Pair], num_dev: int, num_test: int, seed: int
) -> None:
    splits = split(pairs, num_dev, num_test, seed)
    assert 1 <= len(splits.dev) <= num_dev
    assert 1 <= len(splits.test) <= num_test
    for side in (0, 1):
        texts = [
            {normalised(pair[side]) for pair in part}
            for part in (splits.train, splits.dev, splits.test)
        ]
        assert sum(map(len, texts)) == len(set.union(*texts))
    assert num_overlaps(splits.train, splits.dev + splits.test) == 0


@settings(max_examples=40)
@given(PAIRS, st.integers(0, 3))
def test_same_seed_gives_the_same_splits_in_corpus_order(pairs: list[Pair], seed: int) -> None:
    first, again = split(pairs, 3, 3, seed), split(list(pairs), 3, 3, seed)
    assert first == again
    kept, _, _ = cleaned(pairs)
    for part in (first.train, first.dev, first.test):
        assert part == sorted(part, key=kept.index)


def test_other_seed_gives_other_splits() -> None:
    pairs = [(f"source {n}", f"target {n}") for n in range(100)]
    found = [split_pairs(pairs, num_dev=10, num_test=10, seed=seed) for seed in range(5)]
    assert len({tuple(splits.dev) for splits in found}) == 5
    assert all(splits.counts == {"train": 80, "dev": 10, "test": 10} for splits in found)


def test_pairs_linked_through_others_stay_together() -> None:
    """a1-b1, a1-b2, a2-b2, … is one chain: no cut through it is allowed."""
    chain = [(f"a{n // 2}", f"b{(n + 1) // 2}") for n in range(12)]
    loose = [(f"source {n}", f"target {n}") for n in range(20)]
    pairs = chain + loose
    random.Random(0).shuffle(pairs)
    for seed in range(10):
        splits = split_pairs(pairs, num_dev=5, num_test=5, seed=seed)
        assert set(chain) <= set(splits.train)
        assert splits.counts == {"train": 22, "dev": 5, "test": 5}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The cat.", "the  CAT"),
        ("“Tá”", "tá"),
        ("ﬁne", "fine"),
        ("Straße", "STRASSE"),
        ("snake_case", "snake case"),
        ("नमस्ते।", "नमस्ते"),
        ("क्‍ष", "क्ष"),  # the joiner is invisible
        ("co\u00adoperate", "cooperate"),
        ("١٢٣!", "١٢٣"),
        ("سلام؟", "سلام"),
        ("☕ ", "☕"),
        ("Caf\u00e9", "Cafe\u0301"),
        ("good ☕ ❤️", "good"),
    ],
)
def test_texts_that_say_the_same_are_equal_to_leak_checks(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("कि", "का"),  # vowel signs decide the word
        ("हिंदी", "हदी"),
        ("pêche", "péché"),
        ("☕", "🍵"),
        ("❤️", "☀️"),  # both end in the same variation selector
        ("!", "?"),
        ("👩‍⚕️", "👨‍⚕️"),
        ("1 2", "12"),
    ],
)
def test_texts_that_differ_stay_different(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    ("pairs", "num_dev", "num_test", "sentence"),
    [
        ([("a", "b")] * 9, 1, 1, "1 segments cannot give dev 1, test 1 and a train split."),
        ([], 1, 1, "0 segments cannot give dev 1, test 1 and a train split."),
        ([(str(n), str(n)) for n in range(9)], 4, 5, "9 segments cannot give dev 4, test 5"),
        ([(str(n), str(n)) for n in range(9)], 0, 1, "dev 0 and test 1 must both be at least 1."),
        ([(str(n), str(n)) for n in range(9)], 1, -1, "dev 1 and test -1 must both be at least 1."),
        (
            [("same", str(n)) for n in range(9)],
            1,
            1,
            "No dev split is possible: too many segments share a source or a target.",
        ),
    ],
)
def test_impossible_split_is_one_sentence(
    pairs: list[Pair], num_dev: int, num_test: int, sentence: str
) -> None:
    with pytest.raises(DataError) as caught:
        split_pairs(pairs, num_dev=num_dev, num_test=num_test, seed=1)
    assert caught.value.message.startswith(sentence)


def test_overlaps_count_pairs_that_share_a_side() -> None:
    train = [("The cat.", "An cat."), ("A dog", "Madra")]
    test = [("the cat!", "x"), ("y", "MADRA"), ("z", "w"), ("Madra", "A dog")]
    assert num_overlaps(train, test) == 2
