"""Text that is built alike: forms, forecasts, interface strings."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.corpora.leakage import comparing, near_search
from core.corpora.leakage.leaks import Leak, Leaks
from core.corpora.leakage.removing import leaking_train_rows
from core.corpora.leakage.reporting import leaks_within
from core.corpora.leakage.settings import LeakSettings
from core.corpora.leakage.status import PairStatus
from core.corpora.segments import Pair, write_segments
from core.text.normalising import normalised

ORDER = ["exact", "normalised", "near"]


def checked(
    folder: Path, train: list[Pair], test: list[Pair], max_listed: int = 20
) -> tuple[PairStatus, list[Leak]]:
    paths = {split: folder / f"{split}.jsonl" for split in ("train", "test")}
    write_segments(paths["train"], train)
    write_segments(paths["test"], test)
    out = folder / "leaks.parquet"
    settings = LeakSettings(max_listed=max_listed)
    status = leaks_within(paths, "eng_Latn", "gle_Latn", out, settings)
    return status.pairs[0], list(Leaks(out).page(limit=100_000).leaks)


def grams(text: str) -> list[tuple[str, ...]]:
    words = normalised(text).split()
    return [tuple(words[i : i + 5]) for i in range(len(words) - 4)]


def level_of(own: str, other: str) -> str:
    if normalised(own) == normalised(other):
        return "exact" if own == other else "normalised"
    own_grams, other_grams = set(grams(own)), grams(other)
    shared = own_grams & set(other_grams)
    overlap = len(shared) / len(own_grams) if own_grams else 0
    inside = sum(gram in shared for gram in other_grams) / max(len(other_grams), 1)
    is_inside = len(shared) >= 3 and overlap >= 0.2 and inside >= 0.8
    return "near" if max(overlap, inside * is_inside) >= 0.8 - 1e-9 else ""


def fox(number: int | str) -> str:
    return f"The quick brown fox jumps over the lazy dog and buys item {number}"


def forecast(rng: random.Random) -> str:
    winds = f"winds from the {rng.choice(['north', 'south'])} at {rng.randrange(3)} km per hour"
    more = rng.choice(["", " all day long", " all day long and also in the night after it"])
    return f"On day {rng.randrange(30)} of this month there will be {winds}{more}"


def made(rng: random.Random, num_rows: int) -> list[Pair]:
    kinds = [
        lambda: fox(rng.randrange(500)),
        lambda: fox(rng.randrange(500)).upper(),
        lambda: forecast(rng),
        lambda: " ".join(rng.choices("abcdefgh", k=9)),
    ]
    return [(rng.choice(kinds)(), rng.choice(kinds)()) for _ in range(num_rows)]


@pytest.mark.parametrize(("max_listed", "seed"), [(1, 1), (3, 2), (20, 3)])
def test_levels_and_leaking_rows_are_those_of_the_definition(
    max_listed: int, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_search, "MAX_PAIRS_OF_ROW", 5)
    monkeypatch.setattr(comparing, "_MAX_COST", 5_000)
    rng = random.Random(seed)
    train, test = made(rng, 300), made(rng, 60)
    status, leaks = checked(tmp_path, train, test, max_listed)
    assert "are built like more than 5 held-out ones" in status.note
    levels = {
        side: [[level_of(own[side], other[side]) for other in train] for own in test]
        for side in (0, 1)
    }
    for side, name in enumerate(["source", "target"]):
        best = [min(set(row) - {""}, key=ORDER.index, default="") for row in levels[side]]
        assert status.counts[name] == {level: best.count(level) for level in ORDER}
        leaking = [n for n in range(len(train)) if any(row[n] for row in levels[side])]
        found = leaking_train_rows(tmp_path / "leaks.parquet", sides=[name])
        assert found.tolist() == leaking
    assert status.counts["both"]["near"] > 0
    for leak in leaks:
        assert leak.source_level == levels[0][leak.number][leak.other_number]
        assert leak.target_level == levels[1][leak.number][leak.other_number]


def test_a_row_that_is_near_to_all_is_listed_with_few(tmp_path: Path) -> None:
    train = [(fox(n), f"x{n}") for n in range(3_000)]
    test = [(fox(n), f"y{n}") for n in range(5_000, 5_200)]
    status, leaks = checked(tmp_path, train, test, max_listed=4)
    assert status.counts["source"] == {"exact": 0, "normalised": 0, "near": 200}
    assert {leak.number for leak in leaks} == set(range(200))
    assert len(leaks) <= len(train) + 4 * len(test)
    assert leaking_train_rows(tmp_path / "leaks.parquet").tolist() == list(range(3_000))
    assert status.note.endswith(
        "texts are built like more than 50 held-out ones: each is listed with one that it is near "
        "to, perhaps not the closest."
    )


def test_equal_rows_are_found_among_many_that_are_built_alike(tmp_path: Path) -> None:
    train = [(fox(n), f"x{n}") for n in range(2_000)] + [(fox(7_007).upper(), "x")]
    test = [(fox(n), f"y{n}") for n in range(1_900, 2_100)] + [(fox(7_007), "y")]
    status, _ = checked(tmp_path, train, test)
    assert status.counts["source"] == {"exact": 100, "normalised": 1, "near": 100}
    rows = leaking_train_rows(tmp_path / "leaks.parquet", levels=["exact", "normalised"])
    assert rows.tolist() == list(range(1_900, 2_001))


def test_what_was_not_looked_at_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_search, "MAX_PAIRS", 100)
    monkeypatch.setattr(near_search, "MAX_PAIRS_OF_ROW", 2)
    monkeypatch.setattr(comparing, "_MAX_COST", 100)
    rng = random.Random(1)
    status, _ = checked(tmp_path, made(rng, 200), made(rng, 40))
    assert "After 100 pairs of texts built alike, the search for near ones was cut" in status.note
    assert not checked(tmp_path, [("a", "b")], [("a", "c")])[0].note


def test_rows_that_could_not_be_compared_with_all_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_search, "_CLOSED_LOOKED_AT", (1,))
    monkeypatch.setattr(near_search, "MAX_PAIRS_OF_ROW", 2)
    monkeypatch.setattr(comparing, "_MAX_COST", 100)
    rng = random.Random(4)
    status, leaks = checked(tmp_path, made(rng, 300), made(rng, 60), max_listed=1)
    assert "of them were compared with 1 such held-out ones, not with all" in status.note
    assert len(leaks) > 0


def test_a_search_is_stopped_in_the_middle_of_a_batch(tmp_path: Path) -> None:
    train = [(fox(n), f"x{n}") for n in range(2_000)]
    done_at: list[int] = []

    def stop(phase: str, done: int, total: int) -> None:
        if "looking" in phase:
            done_at.append(done)
            if done:
                raise InterruptedError

    paths = {split: tmp_path / f"{split}.jsonl" for split in ("train", "test")}
    write_segments(paths["train"], train)
    write_segments(paths["test"], [(fox(n), "y") for n in range(5_000, 6_000)])
    out = tmp_path / "leaks.parquet"
    with pytest.raises(InterruptedError):
        leaks_within(paths, "eng_Latn", "gle_Latn", out, watch=stop)
    assert len(done_at) == 2
    assert 0 < done_at[1] < len(train)
    assert not out.exists()
