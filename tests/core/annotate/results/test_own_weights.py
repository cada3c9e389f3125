from __future__ import annotations

import math
from typing import Any

import pytest

from core.annotate.mqm_weights import PRESETS, penalty_of
from core.annotate.results.own_weights import OWN_WEIGHTS, read_weights, weights_of
from core.annotate.typologies import TYPOLOGIES
from core.errors import ConfigError

ROW = {"severity": "major", "category": "*", "penalty": 5.0}


@pytest.mark.parametrize("name", PRESETS)
def test_weights_that_start_from_a_preset_cost_the_same(name: str) -> None:
    table = weights_of(PRESETS[name])
    rows = [each.model_dump() for each in table.weights]
    preset = read_weights(rows, table.scale).preset()
    assert preset.name == OWN_WEIGHTS and preset.scale == PRESETS[name].scale
    for typology in TYPOLOGIES.values():
        for category in [*(each.name for each in typology.categories), "Non-translation!"]:
            for severity in ("critical", "major", "minor", "neutral", "no-error"):
                expected = penalty_of(PRESETS[name], severity, category)
                assert penalty_of(preset, severity, category) == expected


def test_empty_rows_are_left_out_and_words_are_written_as_one_likes() -> None:
    empty = {"severity": None, "category": "", "penalty": math.nan}
    rows = [empty, {"severity": " Major ", "category": "Fluency/Own_kind", "penalty": 2}, ROW]
    preset = read_weights(rows, "penalty").preset()
    assert penalty_of(preset, "MAJOR", "fluency/own kind") == 2
    assert penalty_of(preset, "major", "Style") == 5
    assert "major fluency/own kind 2; major * 5" in preset.description


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "the table holds no weights"),
        ([{"severity": "major"}], "row 1 has no penalty"),
        ([ROW, {"penalty": 2.0}], "row 2 has no severity"),
        ([{**ROW, "penalty": -1.0}], "row 1: penalty: .* greater than or equal to 0"),
        ([{**ROW, "penalty": math.inf}], "row 1: penalty: .* finite"),
        ([{**ROW, "severity": "ma*"}], "'ma[*]' is neither a severity nor '[*]' alone"),
        ([{**ROW, "severity": "*"}], "no row names a severity"),
        ([ROW] * 101, "at most 100 items"),
        ([{**ROW, "category": "x" * 121}], "at most 120 characters"),
    ],
)
def test_what_cannot_be_used_is_said(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_weights(rows, "penalty")
