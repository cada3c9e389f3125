"""Signatures of scorers name what decides their values."""

from __future__ import annotations

from typing import Any

import pytest

from core.evaluate.scorers.scorer_signatures import scorer_signature
from core.storage.scoring_records import Kind, Scoring

JUDGE: dict[str, Any] = {
    "judged_by": {"name": "Big", "model": "big-1"},
    "system": "endpoint:1",
    "mode": "mqm",
    "weights": "wmt21",
    "max_errors": 5,
    "system_prompt": "You judge.",
    "prompt": "{{ source }} {{ hypothesis }}",
    "uses_reference": True,
    "budget_usd": 3.0,
}


def signature(kind: Kind, settings: dict[str, Any]) -> str:
    return scorer_signature(Scoring("s", kind, "Name", "a" * 64, "2024-01-01", settings=settings))


def test_a_judge_is_named_by_model_mode_weights_prompts_and_reference() -> None:
    assert signature("judge", JUDGE) == (
        "Name|kind:judge|model:big-1|mode:mqm|weights:wmt21|max_errors:5|prompts:52d27df6|"
        "reference:yes"
    )
    by_score = signature("judge", JUDGE | {"mode": "score", "uses_reference": False})
    assert by_score == "Name|kind:judge|model:big-1|mode:score|prompts:52d27df6|reference:no"


@pytest.mark.parametrize(
    "change",
    [
        {"judged_by": {"model": "big-2"}}, {"mode": "score"}, {"weights": "wmt23"},
        {"max_errors": 0}, {"system_prompt": ""}, {"prompt": "{{ hypothesis }}"},
        {"uses_reference": False},
    ],
)  # fmt: skip
def test_whatever_decides_a_judges_values_makes_another_signature(change: dict[str, Any]) -> None:
    assert signature("judge", JUDGE | change) != signature("judge", JUDGE)
    assert signature("judge", JUDGE | {"budget_usd": 9.0}) == signature("judge", JUDGE)


def test_commands_and_ratings_are_named_by_command_preset_and_file() -> None:
    command = {"command": "/home/me/comet/score.py ~/m.ckpt {input} {output}", "limit_s": 60}
    told = "Name|kind:external|command:score.py m.ckpt {input} {output}"
    assert signature("external", command) == told
    ratings = {"preset": "wmt21", "file": "mqm.tsv", "notes": ["Some."], "matched_by": "ids"}
    assert signature("human", ratings) == "Name|kind:human|preset:wmt21|file:mqm.tsv"
