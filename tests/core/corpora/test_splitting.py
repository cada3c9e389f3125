from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.corpora.linking import Keys, groups_of, keys_of
from core.corpora.segments import Pair, Row, write_segments
from core.corpora.splitting import SplitSettings, assign, assign_files, assign_rows
from core.errors import ConfigError, DataError
from core.text.normalising import normalised

# Few words, so that sides repeat and chains of linked pairs arise.
WORDS = ["Tá", "tá!", "cat", "CAT.", "नमस्ते", "नमस्ता", "سلام", "سَلام", "☕", "❤️", "?", " ", "a b"]
SIDES = st.lists(st.sampled_from(WORDS), max_size=2).map(" ".join)
LOOSE = [(f"source {n}", f"target {n}") for n in range(19)]  # so that a split is always possible
PAIRS = st.lists(st.tuples(SIDES, SIDES), max_size=40).map(lambda pairs: pairs + LOOSE)


class Splits(NamedTuple):
    train: list[Pair]
    dev: list[Pair]
    test: list[Pair]

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(part) for name, part in zip(self._fields, self, strict=True)}


def kept_of(pairs: list[Pair]) -> list[Pair]:
    """The pairs without blank and repeated ones: what an import rejects, and what tells nothing."""
    return [pair for pair in dict.fromkeys(pairs) if pair[0].strip() and pair[1].strip()]


def split_pairs(pairs: list[Pair], *, num_dev: int, num_test: int, seed: int) -> Splits:
    kept = kept_of(pairs)
    chosen = SplitSettings.parse({"num_dev": num_dev, "num_test": num_test, "seed": seed})
    found = assign_rows((Row(*pair) for pair in kept), chosen).tolist()
    parts = ([pair for pair, at in zip(kept, found, strict=True) if at == n] for n in range(3))
    return Splits(*parts)


def num_overlaps(first: list[Pair], second: list[Pair]) -> int:
    """How many pairs of `second` share a normalised source or target with `first`."""
    sides = [{normalised(pair[side]) for pair in first} for side in (0, 1)]
    return sum(normalised(s) in sides[0] or normalised(t) in sides[1] for s, t in second)


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.integers(1, 8), st.integers(1, 8), st.integers(0, 3))
def test_no_pair_is_lost(pairs: list[Pair], num_dev: int, num_test: int, seed: int) -> None:
    splits = split_pairs(pairs, num_dev=num_dev, num_test=num_test, seed=seed)
    assert Counter(splits.train + splits.dev + splits.test) == Counter(kept_of(pairs))


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.integers(1, 8), st.integers(1, 8), st.integers(0, 3))
def test_no_side_stands_in_two_splits_and_sizes_are_never_over(
    pairs: list[Pair], num_dev: int, num_test: int, seed: int
) -> None:
    splits = split_pairs(pairs, num_dev=num_dev, num_test=num_test, seed=seed)
    assert 1 <= len(splits.dev) <= num_dev
    assert 1 <= len(splits.test) <= num_test
    for side in (0, 1):
        texts = [
            {normalised(pair[side]) for pair in part}
            for part in (splits.train, splits.dev, splits.test)
        ]
        assert sum(map(len, texts)) == len(set.union(*texts))
    assert num_overlaps(splits.train, splits.dev + splits.test) == 0


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.integers(0, 3))
def test_same_seed_gives_the_same_splits_in_corpus_order(pairs: list[Pair], seed: int) -> None:
    first, again = (split_pairs(pairs, num_dev=3, num_test=3, seed=seed) for _ in range(2))
    assert first == again
    kept = kept_of(pairs)
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
        (
            [("same", str(n)) for n in range(9)],
            1,
            1,
            "No dev split is possible: 9 segments are 1 group linked by equal sources or targets, "
            "the largest of 9 segments.",
        ),
    ],
)
def test_impossible_split_is_one_sentence(
    pairs: list[Pair], num_dev: int, num_test: int, sentence: str
) -> None:
    with pytest.raises(DataError) as caught:
        split_pairs(pairs, num_dev=num_dev, num_test=num_test, seed=1)
    assert caught.value.message.startswith(sentence)


def lone_rows(count: int) -> list[Row]:
    """Rows that nothing links, of 1 to 40 words."""
    return [Row(f"s{n} " + "word " * (n * 7 % 40), f"t{n}", f"d{n // 10}") for n in range(count)]


def counts(assignment: npt.NDArray[np.int8]) -> list[int]:
    return [int((assignment == split).sum()) for split in range(3)]


@pytest.mark.parametrize(
    ("num_rows", "values", "expected"),
    [
        (1003, {"by": "ratio"}, [803, 100, 100]),
        (1003, {}, [903, 50, 50]),
        (20, {}, [18, 1, 1]),
        (3, {}, [1, 1, 1]),
        (20_000, {}, [19_000, 500, 500]),
        (1003, {"num_dev": 7, "num_test": 11}, [985, 7, 11]),
        (1000, {"by": "ratio", "train_percent": 70, "dev_percent": 14.5, "test_percent": 15.5},
         [700, 145, 155]),
        (300, {"by": "ratio", "train_percent": 33.33, "dev_percent": 33.33, "test_percent": 33.33},
         [102, 99, 99]),
        (3, {"by": "ratio"}, [1, 1, 1]),
        (1000, {"by": "ratio", "train_percent": 98, "dev_percent": 0.7, "test_percent": 1.3},
         [980, 7, 13]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stratify", [False, True])
def test_lone_rows_give_exactly_what_is_asked(
    num_rows: int, values: dict[str, object], expected: list[int], stratify: bool
) -> None:
    chosen = SplitSettings.parse({**values, "stratify_by_length": stratify})
    assert counts(assign_rows(lone_rows(num_rows), chosen)) == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"by": "ratio", "train_percent": 80, "dev_percent": 10, "test_percent": 5},
            "train 80 %, dev 10 % and test 5 % are 95 % together, not 100 %.",
        ),
        ({"dev_percent": 0}, "dev_percent: Input should be greater than or equal to 0.1 (got 0)."),
        ({"num_dev": -1}, "num_dev: Input should be greater than or equal to 0 (got -1)."),
        ({"seed": -1}, "seed: Input should be greater than or equal to 0 (got -1)."),
    ],
)
def test_wrong_settings_are_one_sentence(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SplitSettings.parse(values)
    assert caught.value.message == message


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(SIDES, SIDES, st.sampled_from(["", "x", "y", "z"])), max_size=50),
    st.integers(1, 9),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
)
def test_groups_are_never_parted_and_sizes_exact_where_lone_rows_are_enough(
    rows: list[tuple[str, str, str]], num_dev: int, num_test: int, documents: bool, stratify: bool
) -> None:
    chosen = SplitSettings(
        num_dev=num_dev, num_test=num_test, keep_documents=documents, stratify_by_length=stratify
    )
    keys = keys_of([Row(*row) for row in rows] + [Row(*pair) for pair in LOOSE])
    groups = groups_of(keys, with_documents=documents)
    found = assign(keys, chosen)
    assert len(found) == len(keys)
    for group in np.unique(groups):
        assert len(np.unique(found[groups == group])) == 1
    _, dev, test = counts(found)
    assert 1 <= dev <= num_dev
    assert 1 <= test <= num_test
    if (np.bincount(groups) == 1).sum() >= num_dev + num_test:
        assert (dev, test) == (num_dev, num_test)


def test_groups_are_swapped_until_the_size_is_met() -> None:
    """Documents of 3, 4, 5, … rows: what fits at first seldom adds up to 31."""
    rows = [Row(f"s{d} {n}", f"t{d} {n}", f"d{d}") for d in range(40) for n in range(3 + d % 7)]
    for seed in range(20):
        chosen = SplitSettings(num_dev=31, num_test=29, keep_documents=True, seed=seed)
        assert counts(assign_rows(rows, chosen))[1:] == [31, 29]


def test_a_seed_gives_this_very_split_on_every_machine() -> None:
    found = assign_rows(lone_rows(30), SplitSettings(num_dev=4, num_test=5, seed=7))
    assert "".join(map(str, found.tolist())) == "000010200001212000002200100000"


def test_other_seeds_split_differently() -> None:
    found = {assign_rows(lone_rows(100), SplitSettings(seed=seed)).tobytes() for seed in range(10)}
    assert len(found) == 10


def test_each_decile_of_length_gives_its_share() -> None:
    rows = [Row("x" * (n + 1), f"t{n}") for n in range(1000)]
    random.Random(1).shuffle(rows)
    deciles = np.array([(len(row.source) - 1) // 100 for row in rows])
    for seed in range(3):
        found = assign_rows(rows, SplitSettings(num_dev=50, num_test=100, seed=seed))
        assert np.bincount(deciles[found == 1]).tolist() == [5] * 10
        assert np.bincount(deciles[found == 2]).tolist() == [10] * 10
    loose = assign_rows(rows, SplitSettings(num_dev=50, num_test=100, stratify_by_length=False))
    assert np.bincount(deciles[loose == 2], minlength=10).tolist() != [10] * 10


def test_no_length_is_preferred_where_dev_is_smaller_than_the_deciles() -> None:
    rows = [Row("x" * (n + 1), f"t{n}") for n in range(100)]
    lengths = [
        len(rows[int(np.argmax(found == 1))].source) // 10
        for seed in range(60)
        for found in [assign_rows(rows, SplitSettings(num_dev=1, num_test=1, seed=seed))]
    ]
    assert len(set(lengths)) >= 8


def test_documents_that_are_all_linked_are_named_as_the_cause() -> None:
    rows = [Row(f"s{n}", f"t{n}", "one") for n in range(1200)]
    with pytest.raises(DataError) as caught:
        assign_rows(rows, SplitSettings(keep_documents=True))
    assert caught.value.message == (
        "No dev split is possible: 1,200 segments are 1 group linked by the same document "
        "(keep_documents) or equal sources or targets, the largest of 1,200 segments."
    )
    assert caught.value.hint.startswith("Let documents be divided")
    assert counts(assign_rows(rows, SplitSettings())) == [1080, 60, 60]


def test_files_are_one_row_after_the_other(tmp_path: Path) -> None:
    rows = lone_rows(200)
    write_segments(tmp_path / "a.jsonl", rows[:50])
    write_segments(tmp_path / "b.jsonl", rows[50:])
    chosen = SplitSettings(keep_documents=True, num_dev=20, num_test=20)
    paths = [tmp_path / "a.jsonl", tmp_path / "absent.jsonl", tmp_path / "b.jsonl"]
    found = assign_files(paths, chosen)
    assert found.tolist() == assign_rows(rows, chosen).tolist()
    splits_of_documents = {(row.document, split) for row, split in zip(rows, found, strict=True)}
    assert len(splits_of_documents) == 20


def test_half_a_million_rows_take_seconds() -> None:
    numbers = np.arange(1, 500_001, dtype=np.uint64)
    keys = Keys(numbers, numbers // np.uint64(2), numbers // np.uint64(9), numbers.astype(np.int32))
    found = assign(keys, SplitSettings(by="ratio", keep_documents=True))
    train, dev, test = counts(found)
    assert train + dev + test == 500_000
    assert 50_000 - 18 < dev <= 50_000  # groups are two documents of nine rows
    assert 50_000 - 18 < test <= 50_000


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.lists(st.tuples(SIDES, SIDES), max_size=12), st.integers(0, 3), st.booleans())
def test_what_is_cut_out_shares_nothing_with_splits_that_were_there(
    pairs: list[Pair], there: list[Pair], seed: int, by_length: bool
) -> None:
    kept, placed = kept_of(pairs), kept_of(there)
    values = {"num_dev": 4, "num_test": 3, "seed": seed, "stratify_by_length": by_length}
    keys = keys_of(Row(*pair) for pair in [*kept, *placed])
    found = assign(keys, SplitSettings.parse(values), num_placed=len(placed)).tolist()
    assert len(found) == len(kept)
    held_out = [pair for pair, split in zip(kept, found, strict=True) if split]
    assert num_overlaps(placed, held_out) == 0
    assert (found.count(1), found.count(2)) == (4, 3)  # of those that are linked to nothing


def test_rows_that_all_stand_in_given_splits_cannot_be_split(tmp_path: Path) -> None:
    rows = lone_rows(20)
    for name in ("pool", "dev"):
        write_segments(tmp_path / f"{name}.jsonl", rows)
    with pytest.raises(DataError, match="each of the 20 segments shares its source or target with"):
        assign_files([tmp_path / "pool.jsonl"], SplitSettings(), placed=[tmp_path / "dev.jsonl"])
