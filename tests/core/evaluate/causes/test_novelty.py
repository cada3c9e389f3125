from __future__ import annotations

from pathlib import Path

import pytest

from core.evaluate.causes.novelty import measure_novelty
from core.systems.retrieval.nearest import ExampleIndex

TRAINING = [
    ("The cat sat on the mat.", "Shuigh an cat ar an mata."),
    ("Stay at home and wash your hands.", "Fan sa bhaile agus nigh do lámha."),
    ("मांजर चटईवर बसली.", "Shuigh an cat."),
    ("猫はマットの上に座った。", "Shuigh an cat."),
]


def test_copies_are_100_and_all_others_less() -> None:
    sources = [
        "the cat  sat on the mat",
        "The cat sat on a mat.",
        "मांजर चटईवर बसली.",
        "猫はマットに座った。",
        "Zyzzyva!",
        "",
    ]
    found = measure_novelty(sources, ExampleIndex(TRAINING))
    assert found.num_copies == 2
    assert found.similarities[[0, 2]].tolist() == [100, 100]
    assert 75 < found.similarities[1] < 100
    assert 50 < found.similarities[3] < 100
    assert found.similarities[4:].tolist() == [0, 0]
    assert found.lines.tolist() == [1, 1, 3, 4, 0, 0]


def test_what_the_index_holds_out_is_found_all_the_same() -> None:
    held_out = ["The cat sat on the mat.", "Fan sa bhaile agus nigh do lámha."]
    index = ExampleIndex(TRAINING, held_out=held_out)
    found = measure_novelty([TRAINING[0][0], TRAINING[1][0]], index)
    assert found.similarities.tolist() == [100, 100]


def test_progress_is_told_after_each_segment() -> None:
    told: list[tuple[int, int]] = []
    index = ExampleIndex(TRAINING)
    measure_novelty(["a", "b"], index, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_no_sources_are_no_copies() -> None:
    assert measure_novelty([], ExampleIndex(TRAINING)).num_copies == 0


def test_the_leaks_of_loresmt_are_found(loresmt: Path) -> None:
    def lines(name: str) -> list[str]:
        return (loresmt / name).read_text(encoding="utf-8").splitlines()

    pairs = list(zip(lines("train.en"), lines("train.ga"), strict=True))
    found = measure_novelty(lines("test.en2ga.en"), ExampleIndex(pairs))
    assert found.num_copies == 4
    assert found.similarities.max() == pytest.approx(100)
