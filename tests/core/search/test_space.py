from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from core.errors import ConfigError
from core.search.presets import PRESETS
from core.search.space import parse_space, searchable


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "The space is empty."),
        ([], "The space is empty."),
        ({"lerning_rate": [1e-3]}, "'lerning_rate' is no setting that can be searched."),
        ({"corpus": ["a"]}, "'corpus' is no setting that can be searched."),
        ({"batch_size": []}, "batch_size has no values to choose from."),
        ({"batch_size": [8, 8]}, "batch_size has the value 8 twice."),
        ({"batch_size": [0]}, "batch_size: Input should be greater than or equal to 1 (got 0)."),
        ({"batch_size": 5}, "The values of batch_size cannot be read: 5."),
        ({"batch_size": [True]}, "batch_size: True is no value of a setting."),
        ({"batch_size": {"low": 1.5, "high": 3}}, "batch_size: Input should be a valid integer"),
        ({"learning_rate": {"low": 1, "high": 0.1}}, "The range of learning_rate is empty: it "),
        (
            {"learning_rate": {"low": float("nan"), "high": 1}},
            "The values of learning_rate cannot ",
        ),
        ({"learning_rate": {"low": 10**400, "high": 0}}, "The values of learning_rate cannot be "),
        ({"weight_decay": {"low": 0, "high": 1, "step": float("inf")}}, "The values of weight_de"),
        ({"weight_decay": {"low": 0, "high": 1, "step": float("nan")}}, "The values of weight_de"),
        (
            {"weight_decay": {"low": 0, "high": 1, "step": 1e-9}},
            "weight_decay has the step 1e-09",
        ),
        ({"learning_rate": {"low": "a", "high": 1}}, "The values of learning_rate cannot be read"),
        ({"learning_rate": {"low": 1e-3}}, "The values of learning_rate cannot be read"),
        ({"weight_decay": {"low": 0, "high": 1, "log": True}}, "weight_decay begins at 0, and a "),
        (
            {"weight_decay": {"low": 0, "high": 1, "step": -1}},
            "weight_decay has the step -1 between",
        ),
        ({"num_epochs": {"low": 1, "high": 9, "step": 0.5}}, "num_epochs is a whole number, and "),
        ({"precision": {"low": 1, "high": 2}}, "precision is no number."),
        ({"precision": ["fp8"]}, "precision: Input should be 'fp32', 'bf16' or 'fp16' (got 'fp8')"),
    ],
)
def test_wrong_space_is_told_in_one_sentence(values: Any, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_space(values)
    assert caught.value.message.startswith(sentence)
    assert "\n" not in str(caught.value) and caught.value.hint


def test_parameters_become_optunas_distributions() -> None:
    space = parse_space(
        {
            "learning_rate": {"low": 1e-5, "high": 1e-3, "log": True},
            "weight_decay": {"low": 0, "high": 0.1, "step": 0.05},
            "num_epochs": {"low": 1, "high": 6, "step": 2},
            "batch_size": [8, 16],
        }
    )
    distributions = {name: each.distribution() for name, each in space.items()}
    assert distributions == {
        "learning_rate": FloatDistribution(1e-5, 1e-3, log=True),
        "weight_decay": FloatDistribution(0, 0.1, step=0.05),
        "num_epochs": IntDistribution(1, 5, step=2),  # 6 cannot be reached
        "batch_size": CategoricalDistribution([8, 16]),
    }
    assert space["num_epochs"].values == (1, 3, 5)
    assert space["weight_decay"].values == (0.0, 0.05, 0.1)
    assert space["learning_rate"].values == ()


def test_values_made_by_hand_must_be_of_the_space() -> None:
    space = parse_space(
        {
            "learning_rate": {"low": 1e-5, "high": 1e-3, "log": True},
            "num_epochs": {"low": 1, "high": 5, "step": 2},
            "precision": ["fp32", "bf16"],
        }
    )
    assert space["learning_rate"].holds(3e-4) and not space["learning_rate"].holds(2e-3)
    assert space["num_epochs"].holds(3) and not space["num_epochs"].holds(2)
    assert not space["num_epochs"].holds(3.5) and not space["num_epochs"].holds("3")
    assert space["precision"].holds("bf16") and not space["precision"].holds("fp16")


@given(
    low=st.floats(1e-6, 0.1),
    high=st.floats(1e-6, 0.1),
    is_log=st.booleans(),
    choices=st.lists(st.integers(1, 500), min_size=1, max_size=6, unique=True),
)
def test_space_is_read_back_as_it_was_written(
    low: float, high: float, is_log: bool, choices: list[int]
) -> None:
    ends = {"low": min(low, high), "high": max(low, high), "log": is_log}
    space = parse_space({"learning_rate": ends, "batch_size": choices})
    assert parse_space({name: each.as_dict() for name, each in space.items()}) == space


def test_presets_hold_what_the_issue_of_the_paper_recalls() -> None:
    for preset in PRESETS.values():
        assert set(parse_space(preset.space)) <= set(searchable())
    grid = parse_space(PRESETS["Paper's grid"].space)
    assert {name: list(each.choices) for name, each in grid.items()} == {
        "learning_rate": [1e-5, 3e-5, 9e-5],
        "batch_size": [8, 12, 16],
        "gradient_accumulation": [2, 4, 8],
        "weight_decay": [0.01, 0.1, 1.0, 2.0],
        "precision": ["fp32", "fp16"],
        "num_epochs": [1, 3, 5],
    }
    assert "recalled" in PRESETS["Paper's grid"].purpose
