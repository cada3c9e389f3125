from __future__ import annotations

from itertools import permutations

import pytest

from core.annotate.mqm_weights import PRESETS, find_preset, penalty_of, score_errors
from core.errors import ConfigError


@pytest.mark.parametrize(
    ("severity", "category", "wmt21", "wmt23", "adaptmllm", "mqm_core"),
    [
        ("Major", "Accuracy/Mistranslation", 5, 5, 10, 5),
        ("minor", "Style/Awkward", 1, 1, 1, 1),
        ("Neutral", "Style/Awkward", 0, 0, 0, 0),
        ("Critical", "Accuracy/Mistranslation", None, 5, None, 25),
        ("Minor", "Fluency/Punctuation", 0.1, 0.1, 1, 1),
        ("Major", "Fluency/Punctuation", 5, 5, 10, 5),
        ("Minor", "Locale convention/Punctuation", 1, 0.1, 1, 1),
        ("Major", "Non-translation!", 25, 25, 25, 5),
        ("Minor", "Non-translation!", 1, 25, 25, 1),
        ("Major", "Non-translation", 5, 25, 25, 5),
        ("Major", "Source error", 5, 0, 10, 5),
        ("Minor", "Source issue/Typo", 1, 0, 1, 1),
        ("Minor", "Accuracy/Creative_Reinterpretation", 1, 0, 1, 1),
        ("No-error", "No-error", 0, 0, 0, 0),
        ("no_error", "", 0, 0, 0, 0),
        ("HOTW-test", "Found", 0, 0, 0, 0),
        ("trivial", "Source error", None, None, None, None),
    ],
)
def test_penalties_are_those_of_the_preset(
    severity: str,
    category: str,
    wmt21: float | None,
    wmt23: float | None,
    adaptmllm: float | None,
    mqm_core: float | None,
) -> None:
    found = [penalty_of(preset, severity, category) for preset in PRESETS.values()]
    assert list(PRESETS) == ["wmt21", "wmt23", "adaptmllm", "mqm-core"]
    assert found == [wmt21, wmt23, adaptmllm, mqm_core]


def test_scores_are_minus_the_penalty_without_a_floor_and_never_minus_zero() -> None:
    assert score_errors(PRESETS["wmt21"], [25, 5, 5], "word") == -35
    assert str(score_errors(PRESETS["wmt21"], [0], "word")) == "0.0"


def test_scores_do_not_depend_on_the_order_of_errors() -> None:
    orders = permutations([0.1, 0.1, 0.7, 5, 0.1])
    assert len({score_errors(PRESETS["wmt21"], order, "word") for order in orders}) == 1


def test_the_papers_score_is_per_word_of_the_hypothesis() -> None:
    preset = PRESETS["adaptmllm"]
    assert score_errors(preset, [], "The cat is black.") == 100
    assert score_errors(preset, [1], "The cat is black.") == 75
    assert score_errors(preset, [10], "The black cat sleeps here.") == -100
    assert score_errors(preset, [1], "") == 0


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no preset 'wmt99'.*wmt21, wmt23, adaptmllm, mqm-core"):
        find_preset("wmt99")
