from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import AdaptMLLMError, ConfigError
from core.search.plan import Plan, check_plan
from core.storage.workspace import Workspace

MakePlan = Callable[..., Plan]


def test_plan_that_can_run_is_accepted_and_read_back(
    ready_workspace: Workspace, made_plan: MakePlan
) -> None:
    plan = made_plan(num_trials=7)
    check_plan(ready_workspace, plan)
    assert Plan.parse(json.loads(json.dumps(plan.as_dict()))) == plan


@pytest.mark.parametrize(
    ("space", "base", "study", "sentence"),
    [
        (
            {"precision": ["fp32", "fp16"]},
            {},
            {},
            "A trial with precision fp16 could not run: precision fp16 needs a GPU",
        ),
        (
            {"zero_stage": [0, 2], "offload": ["none", "optimizer"]},
            {"engine": "deepspeed"},
            {},
            "A trial with zero_stage 0, offload optimizer could not run: offload 'optimizer' needs",
        ),
        (
            {"batch_size": [8, 16]},
            {"batching": "token budget"},
            {},
            "batch_size does nothing while batching is 'token budget'.",
        ),
        ({"num_epochs": [1, 2]}, {"max_steps": 9}, {}, "num_epochs does nothing while max_steps"),
        ({"lora_rank": [4, 8]}, {}, {}, "lora_rank does nothing while method is 'full'."),
        ({"scratch_layers": [1, 2]}, {}, {}, "scratch_layers does nothing while base_model is "),
        ({"zero_stage": [1, 2]}, {"engine": "plain"}, {}, "zero_stage does nothing while engine"),
        (
            {"method": ["full", "lora"], "freeze": ["nothing", "encoder"]},
            {},
            {},
            "A trial with method lora, freeze encoder could not run:",
        ),
        (
            {"learning_rate": {"low": 1e-5, "high": 1e-3}},
            {},
            {"sampler": "grid"},
            "A grid needs single values, and learning_rate is 1e-05 to 0.001.",
        ),
        (
            {name: {"low": 1, "high": 400} for name in ("num_epochs", "batch_size", "seed")},
            {},
            {"sampler": "grid"},
            "The grid has 64,000,000 combinations, at most 100,000 can be.",
        ),
        (
            {"warmup_steps": {"low": 0, "high": 5000}},
            {},
            {"sampler": "grid"},
            "A grid over warmup_steps would have 5,001 values, at most 1,000 can be.",
        ),
        (
            {"scratch_d_model": {"low": 100, "high": 200, "step": 10}},
            {"base_model": "from scratch"},
            {},
            "A trial with scratch_d_model 110 could not run: scratch_heads 4 must divide",
        ),
        ({"seed": [1, 2]}, {"corpus": "nowhere"}, {}, "There is no corpus 'nowhere'"),
    ],
)
def test_plan_that_cannot_run_is_refused_before_anything_starts(
    ready_workspace: Workspace,
    made_plan: MakePlan,
    space: dict[str, Any],
    base: dict[str, Any],
    study: dict[str, Any],
    sentence: str,
) -> None:
    with pytest.raises(AdaptMLLMError) as caught:
        check_plan(ready_workspace, made_plan(space, base, **study))
    assert caught.value.message.startswith(sentence)
    assert "\n" not in str(caught.value)


def test_fp16_with_t5_is_refused_by_the_family(
    ready_workspace: Workspace, made_plan: MakePlan, tmp_path: Path
) -> None:
    """On a GPU, too: the family is looked at before the machine."""
    folder = tmp_path / "t5"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "mt5"}')
    plan = made_plan({"precision": ["bf16", "fp16"]}, {"base_model": str(folder)})
    with pytest.raises(ConfigError, match="precision fp16 could not run: .*trained in bf16"):
        check_plan(ready_workspace, plan)
    named = made_plan({"precision": ["fp16"]}, {"base_model": "google/madlad400-3b-mt"})
    with pytest.raises(ConfigError, match="madlad400-3b-mt is of a family that was trained in"):
        check_plan(ready_workspace, named)


def test_two_objectives_leave_no_pruner(made_plan: MakePlan) -> None:
    with pytest.raises(ConfigError, match="pruner 'median' needs a single objective"):
        made_plan(second_objective="energy")
    plan = made_plan(second_objective="energy", pruner="none")
    assert plan.study.directions == ["maximize", "minimize"]


def test_hand_made_values_are_checked(made_plan: MakePlan) -> None:
    space = {"learning_rate": [1e-4, 1e-3], "num_epochs": [1, 2], "weight_decay": [0.0, 1.0]}
    plan = made_plan(space)
    plan.check_params({"learning_rate": 1e-4, "weight_decay": 1})
    for params, sentence in (
        ({}, "The trial has no values"),
        ({"learning_rate": 0.5}, "learning_rate 0.5 is outside of what this study"),
        ({"learning_rate": [1]}, r"learning_rate: \[1\] is no value of a setting"),
        ({"learning_rate": None}, "learning_rate: None is no value of a setting"),
        ({"num_epochs": 1.5}, "num_epochs: Input should be a valid integer"),
        ({"seed": 3}, "'seed' is not searched by this study"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            plan.check_params(params)
    grid = made_plan(space, sampler="grid")
    assert grid.num_trials == 8  # a grid ends with its last combination
    with pytest.raises(ConfigError, match="A grid tries every combination once, and takes no"):
        grid.check_params({"learning_rate": 1e-4, "num_epochs": 2, "weight_decay": 0.0})
