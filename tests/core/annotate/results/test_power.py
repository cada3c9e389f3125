from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.annotate.results.power import MOST_SEGMENTS, power_hint, power_words


def differences(mean: float, spread: float, size: int) -> np.ndarray:
    values = np.random.default_rng(size).normal(0, 1, size)
    standard = (values - values.mean()) / values.std(ddof=1)
    return standard * spread + mean


def test_the_number_is_that_of_the_formula() -> None:
    hint = power_hint(differences(0.2, 1, 34))
    assert hint.num_needed == 155  # (2.4865 / 0.2)^2 = 154.6
    assert hint.num_more == 130  # 121, to two digits upwards


def test_so_many_segments_show_the_difference_four_times_in_five() -> None:
    needed = power_hint(differences(-0.25, 1, 40)).num_needed or 0
    drawn = np.random.default_rng(2).normal(-0.25, 1, (4000, needed))
    found = stats.ttest_1samp(drawn, 0, axis=1, alternative="less").pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (differences(0.2, 1, 34), "About 130 more segments to separate X from Y"),
        (differences(2, 1, 50), "there are segments enough"),
        (differences(0.001, 1, 50), f"even {MOST_SEGMENTS:,} segments would hardly"),
        (np.zeros(50), "take them as equal"),
        (np.full(50, 0.5), "there are segments enough"),
        (differences(1, 1, 5), "fewer than 6 segments"),
        (differences(0.43, 1, 33), "About 1 more segment to separate"),
    ],
)
def test_the_hint_is_said_in_words_without_dividing_by_nothing(
    values: np.ndarray, words: str
) -> None:
    assert words in power_words("X", "Y", power_hint(values))
