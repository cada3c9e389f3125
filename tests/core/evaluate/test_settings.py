"""The settings of an evaluation: what fits together, told in one sentence where it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.evaluate.settings import EvaluationSettings

GIVEN: dict[str, Any] = {"test_set": "a" * 64, "systems": ("one", "two")}


def test_defaults_are_those_of_sacrebleu() -> None:
    settings = EvaluationSettings.parse(GIVEN)
    assert (settings.tokenizer, settings.seed, settings.references) == (
        "13a",
        12345,
        ("reference",),
    )
    assert (settings.baseline_id, settings.samples) == ("one", 1000)
    assert settings.changed(test="ar").samples == 10_000
    assert settings.changed(test="ar", num_samples=50).samples == 50
    assert settings.changed(baseline="two").baseline_id == "two"


def test_settings_come_back_from_their_file(tmp_path: Path) -> None:
    settings = EvaluationSettings.parse(
        {**GIVEN, "metrics": ("chrf++", "scoring:c1"), "alpha": 0.01, "is_normalized": True}
    )
    settings.save(tmp_path / "settings.json")
    assert EvaluationSettings.load(tmp_path / "settings.json") == settings


def test_what_is_named_twice_counts_once() -> None:
    twice = {"metrics": ("ter", "bleu", "ter"), "references": ("reference", "B", "reference")}
    settings = EvaluationSettings.parse(GIVEN | twice)
    assert settings.metrics == ("ter", "bleu")
    assert settings.references == ("reference", "B")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"systems": ()}, "no system was chosen"),
        ({"systems": ("one", "one")}, "a system is named twice"),
        ({"systems": tuple(map(str, range(51)))}, "systems"),
        ({"baseline": "three"}, "the baseline is none of the systems"),
        ({"metrics": ()}, "no metric was chosen"),
        ({"metrics": ("bleu", "meteor")}, "There is no metric 'meteor'"),
        ({"references": ()}, "no reference was chosen"),
        ({"tokenizer": "flores200"}, "tokenizer"),
        ({"test": "t"}, "test"),
        ({"num_samples": -1}, "num_samples"),
        ({"alpha": 1.0}, "alpha"),
        ({"seed": 0}, "seed"),
        ({"systms": ("one",)}, "systms"),
    ],
)
def test_settings_that_do_not_fit_are_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        EvaluationSettings.parse(GIVEN | changes)
    assert "\n" not in str(caught.value)
