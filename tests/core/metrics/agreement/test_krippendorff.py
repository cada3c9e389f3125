from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.agreement.krippendorff import Level, krippendorff_alpha

NAN = float("nan")
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval")


def with_gaps(seed: int, values: list[float]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    generator = np.random.default_rng(seed)
    shape = (int(generator.integers(2, 6)), int(generator.integers(2, 30)))
    ratings = generator.choice(values, size=shape)
    ratings[generator.random(shape) < generator.random() * 0.6] = NAN
    return ratings


@pytest.mark.parametrize("level", LEVELS)
@given(
    seed=st.integers(0, 2**32 - 1),
    values=st.lists(st.integers(-25, 100).map(lambda each: each / 4), min_size=2, max_size=7),
)
def test_alpha_equals_the_library_of_that_name_on_data_with_gaps(
    level: Level, seed: int, values: list[float]
) -> None:
    ratings = with_gaps(seed, values)
    paired = ratings[:, np.isfinite(ratings).sum(axis=0) >= 2]
    found = krippendorff_alpha(ratings, level)
    if len(np.unique(paired[np.isfinite(paired)])) < 2:
        assert found is None
        return
    expected = krippendorff.alpha(paired, level_of_measurement=level)
    assert found == pytest.approx(expected, abs=1e-9)


def test_an_example_computed_by_hand() -> None:
    # Two raters, three items, 1 of 3 differs: 2 of 6 values in such pairs; of all pairs of the
    # values 0 0 0 1 1 1, 18 of 30 differ.
    ratings = np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    assert krippendorff_alpha(ratings, "nominal") == pytest.approx(1 - (2 / 6) / (18 / 30))


@pytest.mark.parametrize("level", LEVELS)
def test_items_with_one_rating_say_nothing(level: Level) -> None:
    ratings = np.array([[0.0, 2.0, 5.0, 9.0], [1.0, 2.0, 5.0, NAN]])
    assert krippendorff_alpha(ratings, level) == krippendorff_alpha(ratings[:, :3], level)


@pytest.mark.parametrize("level", LEVELS)
def test_undefined_is_none(level: Level) -> None:
    assert krippendorff_alpha(np.full((2, 3), 4.0), level) is None
    assert krippendorff_alpha(np.array([[1.0, NAN], [NAN, 2.0]]), level) is None
    assert krippendorff_alpha(np.empty((0, 0)), level) is None


def test_great_values_close_together_keep_their_digits() -> None:
    ratings = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 5.0]])
    expected = krippendorff_alpha(ratings, "interval")
    assert krippendorff_alpha(ratings + 1e9, "interval") == pytest.approx(expected, abs=1e-6)
