from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.corpora.doctor.alignment import Anchors, Stretch, stretches
from core.corpora.doctor.row_features import row_features
from core.corpora.doctor.settings import DoctorSettings
from core.corpora.sample import generate_sample
from core.corpora.segments import Pair, Row

NOTHING = DoctorSettings(**dict.fromkeys(DoctorSettings().active, False))
STRICT = {"evidence": 15.0, "min_rows": 3}
STANDARD = {"evidence": 25.0, "min_rows": 5}


def found(
    sources: list[str], targets: list[str], *, evidence: float, min_rows: int
) -> list[Stretch]:
    rows = [Row(*pair) for pair in zip(sources, targets, strict=False)]
    features = row_features(rows, "eng_Latn", "gle_Latn", NOTHING)
    return stretches(
        features.source_chars,
        features.target_chars,
        Anchors(features.source_anchors, features.num_source_anchors),
        Anchors(features.target_anchors, features.num_target_anchors),
        evidence=evidence,
        min_rows=min_rows,
    )


def prose(num: int, seed: int = 1) -> tuple[list[str], list[str]]:
    """Gives sides whose lengths go together as those of translations do."""
    rng = random.Random(seed)
    sources, targets = [], []
    for _ in range(num):
        num_words = max(1, round(rng.lognormvariate(2.3, 0.7)))
        name = f" {rng.choice('ABC')}{rng.randrange(300)}" if rng.random() < 0.2 else ""
        sources.append("word " * num_words + name)
        targets.append("focal " * max(1, round(num_words * rng.lognormvariate(0, 0.2))) + name)
    return sources, targets


@pytest.mark.parametrize("seed", range(8))
def test_aligned_text_has_no_stretches(seed: int) -> None:
    assert found(*prose(3000, seed), **STRICT) == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shift", [-5, -1, 1, 2])
def test_thirty_shifted_rows_are_found_where_they_are(seed: int, shift: int) -> None:
    sources, targets = prose(600, seed)
    texts = sources if shift < 0 else targets
    num = abs(shift)
    texts[200 : 230 + num] = ["inserted line"] * num + texts[200:230]
    (stretch,) = found(sources, targets, **STANDARD)
    assert stretch.shift == shift
    # At its ends, a row or two may fit either way.
    assert 198 <= stretch.start <= 200 + num + 3 and 227 <= stretch.end <= 232 + num


def test_lost_line_shifts_all_that_follows() -> None:
    sources, targets = prose(1000)
    del targets[400]
    (stretch,) = found(sources, targets, **STANDARD)
    assert stretch.shift == -1 and abs(stretch.start - 401) <= 3 and stretch.end == 999


def test_stretch_shorter_than_asked_for_stays() -> None:
    sources, targets = prose(600)
    sources[200:231] = ["inserted line", *sources[200:230]]
    assert found(sources, targets, evidence=15, min_rows=40) == []


def test_anchors_alone_find_a_stretch_of_equally_long_rows() -> None:
    rng = random.Random(1)
    numbers = [str(rng.randrange(10_000, 99_999)) for _ in range(200)]
    sources, targets = [f"number {number}" for number in numbers], [f"uimhir {n}" for n in numbers]
    assert found(sources, targets, **STRICT) == []
    targets[50:81] = ["uimhir", *targets[50:80]]
    (stretch,) = found(sources, targets, **STANDARD)
    assert (stretch.shift, stretch.start, stretch.end) == (1, 50, 80)


def test_digits_of_another_script_are_the_same_anchors() -> None:
    rng = random.Random(1)
    numbers = [str(rng.randrange(10_000, 99_999)) for _ in range(200)]
    deva = str.maketrans("0123456789", "०१२३४५६७८९")
    sources = [f"number {number}" for number in numbers]
    targets = [f"क्रमांक {number.translate(deva)}" for number in numbers]
    targets[50:81] = ["क्रमांक", *targets[50:80]]
    assert [stretch.shift for stretch in found(sources, targets, **STANDARD)] == [1]


@pytest.mark.parametrize("order", ["drawn", "sorted", "by length"])
def test_templated_sample_has_no_stretches(order: str) -> None:
    pairs: list[Pair] = generate_sample().train
    if order != "drawn":
        pairs = sorted(pairs, key=None if order == "sorted" else lambda pair: len(pair[0]))
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    assert found(*sides, **STRICT) == []


@pytest.mark.parametrize("num", [0, 1, 39])
def test_few_rows_tell_nothing(num: int) -> None:
    assert found(*prose(num), **STRICT) == []


def test_blank_rows_tell_nothing() -> None:
    assert found([""] * 100, [""] * 100, **STRICT) == []
    assert found(["", "a"] * 50, ["", "b"] * 50, **STRICT) == []


def test_loresmt_has_the_stretch_that_its_publishers_overlooked(loresmt: Path) -> None:
    sources, targets = (
        (loresmt / f"train.{code}").read_text(encoding="utf-8").split("\n")[:-1]
        for code in ("en", "ga")
    )
    # From "President Trump, with Bolsonaro …", a sentence that was cut at "former U.S.", on.
    assert found(sources, targets, evidence=40, min_rows=10) == [
        Stretch(3242, 3296, -1),
        Stretch(3296, 3337, -2),
        Stretch(3338, 3359, -3),
        Stretch(3360, 3402, -2),
        Stretch(3402, 3417, -1),
    ]
    rest = [*range(3200), *range(3800, len(sources))]
    sources, targets = [sources[row] for row in rest], [targets[row] for row in rest]
    assert found(sources, targets, **STRICT) == []
    del sources[4000]
    (stretch,) = found(sources, targets, **STANDARD)
    assert stretch.shift == 1 and abs(stretch.start - 4000) <= 3 and stretch.end > 7500
