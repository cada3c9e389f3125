from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from core.errors import DataError
from core.metrics.lexical import SPECS
from core.metrics.statistics import extract_statistics, kind_of
from core.metrics.statistics_cache import StatisticsCache

REFERENCES = [["the nurse wrote a letter", "both parents", ""]]
SYSTEMS = {
    "A": ["the nurse wrote letters", "both the parents", "x"],
    "B": ["a nurse writes", "", ""],
}
BLEU, TER, CHRF = (kind_of(SPECS[key], REFERENCES) for key in ("bleu", "ter", "chrf2"))
KINDS = [BLEU, TER, CHRF]


class Counted(list[tuple[int, int]]):
    """Progress that remembers what it was told; nothing means that nothing was extracted."""

    def __call__(self, done: int, every: int) -> None:
        self.append((done, every))


@pytest.fixture
def cache(tmp_path: Path) -> StatisticsCache:
    return StatisticsCache(tmp_path / "statistics")


def test_statistics_are_those_extracted_and_are_not_extracted_again(cache) -> None:
    first, second = Counted(), Counted()
    found = cache.ensure(KINDS, SYSTEMS, REFERENCES, on_progress=first)
    assert first[-1] == (18, 18) and len(first) == 3  # 3 kinds of 2 systems of 3 segments
    again = cache.ensure(KINDS, SYSTEMS, REFERENCES, on_progress=second)
    assert second == []
    for kind in KINDS:
        expected = extract_statistics(kind, list(SYSTEMS.values()), REFERENCES)
        for name, rows in zip(SYSTEMS, expected, strict=True):
            assert np.array_equal(found[kind][name], rows)
            assert np.array_equal(again[kind][name], rows)
            assert again[kind][name].dtype == np.float64


def test_only_what_is_missing_is_extracted(cache) -> None:
    cache.ensure([BLEU], {"A": SYSTEMS["A"]}, REFERENCES)
    assert cache.missing([BLEU, CHRF], SYSTEMS, REFERENCES) == [
        (BLEU, "B"), (CHRF, "A"), (CHRF, "B"),
    ]  # fmt: skip
    told = Counted()
    cache.ensure([BLEU, CHRF], SYSTEMS, REFERENCES, on_progress=told)
    assert told == [(3, 9), (9, 9)]
    assert cache.missing([BLEU, CHRF], SYSTEMS, REFERENCES) == []


def test_hypotheses_count_by_their_weights_and_the_progress_never_goes_back(cache) -> None:
    told = Counted()
    weights = {"bleu": 1, "ter": 60, "chrf": 4}
    cache.ensure(KINDS, SYSTEMS, REFERENCES, weights=weights, on_progress=told)
    assert told == [(6, 390), (366, 390), (390, 390)]


def test_a_system_is_known_by_its_text_whatever_its_name(cache) -> None:
    cache.ensure([BLEU], SYSTEMS, REFERENCES)
    assert cache.missing([BLEU], {"renamed": SYSTEMS["A"]}, REFERENCES) == []
    assert cache.get(BLEU, SYSTEMS["B"], REFERENCES) is not None
    assert cache.get(BLEU, [*SYSTEMS["B"][:2], " "], REFERENCES) is None


@pytest.mark.parametrize(
    "other",
    [
        [["the nurse wrote a letter", "both parents", "."]],
        [*REFERENCES, REFERENCES[0]],
        [*REFERENCES, ["the nurse wrote a letter", "both parents", None]],
        [["the nurse wrote a letter\nboth parents", "", ""]],
    ],
)
def test_other_references_have_statistics_of_their_own(cache, other) -> None:
    cache.ensure([BLEU], SYSTEMS, REFERENCES)
    kind = kind_of(SPECS["bleu"], other)
    assert cache.missing([kind], SYSTEMS, other) == [(kind, "A"), (kind, "B")]
    found = cache.ensure([kind], SYSTEMS, other)[kind]["A"]
    assert np.array_equal(found, extract_statistics(kind, [SYSTEMS["A"]], other)[0])


def test_lowercased_statistics_are_others(cache) -> None:
    cache.ensure([BLEU], SYSTEMS, REFERENCES)
    assert cache.get(kind_of(SPECS["bleu-lc"], REFERENCES), SYSTEMS["A"], REFERENCES) is None


def test_fractions_and_lone_surrogates_are_stored_too(cache) -> None:
    references = [["a b", "c"], ["d", "e f"], ["g h", "\ud800"]]
    kind = kind_of(SPECS["ter"], references)
    rows = cache.ensure([kind], {"A": ["a b x", "\udcff"]}, references)[kind]["A"]
    assert rows[0, 1] == 5 / 3
    stored = cache.get(kind, ["a b x", "\udcff"], references)
    assert stored is not None and np.array_equal(stored, rows)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: b"PK\x03\x04 something else",
        lambda content: bytes([content[0] ^ 1]) + content[1:],
        lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:],
        lambda content: content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
    ],
)
def test_a_damaged_file_is_extracted_again(cache, tmp_path, damage, caplog) -> None:
    rows = cache.ensure([CHRF], {"A": SYSTEMS["A"]}, REFERENCES)[CHRF]["A"]
    (path,) = (tmp_path / "statistics").iterdir()
    content = path.read_bytes()
    path.write_bytes(damage(content))
    assert cache.get(CHRF, SYSTEMS["A"], REFERENCES) is None
    assert "is damaged" in caplog.text
    again = cache.ensure([CHRF], {"A": SYSTEMS["A"]}, REFERENCES)[CHRF]["A"]
    assert np.array_equal(rows, again)
    assert path.read_bytes() == content


def test_what_was_used_longest_ago_is_deleted_first(tmp_path) -> None:
    folder = tmp_path / "statistics"
    texts = {name: [f"{name} {number}" for number in range(50)] for name in "ABC"}
    references = [texts["A"]]
    cache = StatisticsCache(folder, max_bytes=5000)  # two files of 50 times 10 numbers
    for age, name in enumerate("AB"):
        cache.ensure([BLEU], {name: texts[name]}, references)
        for path in folder.iterdir():
            if path.stat().st_mtime > 1000:
                os.utime(path, (age, age))
    assert cache.get(BLEU, texts["A"], references) is not None  # used again: B is older now
    cache.ensure([BLEU], {"C": texts["C"]}, references)
    names = [name for name in "ABC" if cache.get(BLEU, texts[name], references) is not None]
    assert names == ["A", "C"]
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 5000


def test_threads_may_store_the_same_statistics_at_once(cache, tmp_path) -> None:
    threads = [Thread(target=cache.ensure, args=(KINDS, SYSTEMS, REFERENCES)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.missing(KINDS, SYSTEMS, REFERENCES) == []
    assert len(list((tmp_path / "statistics").iterdir())) == len(KINDS) * len(SYSTEMS)


def test_a_cancelled_extraction_keeps_the_kinds_that_were_finished(cache, tmp_path) -> None:
    def cancel(done: int, _every: int) -> None:
        if done > 6:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        cache.ensure(KINDS, SYSTEMS, REFERENCES, on_progress=cancel)
    assert cache.missing([BLEU], SYSTEMS, REFERENCES) == []
    assert len(cache.missing(KINDS, SYSTEMS, REFERENCES)) == 4
    assert not list((tmp_path / "statistics").glob(".*"))


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path, caplog) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = StatisticsCache(tmp_path / "file")
    found = cache.ensure([BLEU], SYSTEMS, REFERENCES)
    assert set(found[BLEU]) == {"A", "B"}
    assert "could not be stored" in caplog.text


def test_unequal_texts_are_refused_and_nothing_is_stored(cache, tmp_path) -> None:
    with pytest.raises(DataError, match="2 hypotheses cannot be scored against 3 references"):
        cache.ensure([BLEU], {"A": ["a", "b"]}, REFERENCES)
    assert not (tmp_path / "statistics").exists()


def test_files_of_subfolders_count_and_go_when_they_are_the_oldest(tmp_path: Path) -> None:
    folder = tmp_path / "statistics"
    for name in ("results", "findings"):
        kept = folder / name / "old"
        kept.parent.mkdir(parents=True)
        kept.write_bytes(bytes(3000))
        for path in (kept, kept.parent):
            os.utime(path, (0, 0))
    StatisticsCache(folder, max_bytes=2000).ensure([BLEU], SYSTEMS, REFERENCES)
    assert not [path for path in folder.rglob("old") if path.is_file()]
    assert (folder / "results").is_dir() and (folder / "findings").is_dir()
    assert len(list(folder.glob("*.npy"))) == 2
