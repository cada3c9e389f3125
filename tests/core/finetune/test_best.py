"""The best checkpoint by each metric, and the end of a run's patience."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, get_args

import pytest

from core.errors import ConfigError
from core.finetune.best import (
    LAST,
    LOWER_IS_BETTER,
    Scored,
    best_first,
    best_of,
    best_steps,
    evaluations_without_gain,
    has_stopped_learning,
    is_better,
    num_best_kept,
    scored_steps,
)
from core.finetune.chosen import Chosen, EarlyEnd, chosen_words
from core.finetune.run_folder import RunFolder
from core.finetune.settings import RECIPES, FineTuneSettings
from core.metrics.lexical import SPECS
from core.storage.files import append_json_line, write_json


def scored(*values: float) -> list[Scored]:
    return [Scored(100 * (i + 1), value) for i, value in enumerate(values)]


def evaluated(file: Path, step: int, *, loss: float | None = 1.0, **scores: float) -> None:
    values = [{"name": name, "value": value} for name, value in scores.items()]
    append_json_line(file, {"kind": "eval", "step": step, "loss": loss, "scores": values})


def test_lower_is_better_for_ter() -> None:
    """Transformers' Trainer takes `ter` for a metric where more is better: it keeps the worst."""
    best = best_of(scored(80.0, 60.0, 70.0), "TER")
    assert best == Scored(200, 60.0)
    assert is_better("TER", 60.0, 70.0) and not is_better("TER", 70.0, 60.0)
    assert has_stopped_learning(scored(60.0, 70.0, 80.0), by("TER", patience=2))
    assert not has_stopped_learning(scored(80.0, 70.0, 60.0), by("TER", patience=2))


def test_the_table_knows_every_choice_and_agrees_with_the_metrics() -> None:
    choices = get_args(FineTuneSettings.model_fields["best_metric"].annotation)
    assert {*LOWER_IS_BETTER, LAST} == {*choices}
    known = {spec.name: spec.is_lower_better for spec in SPECS.values()}
    for name, is_lower in LOWER_IS_BETTER.items():
        assert is_lower == (name == "loss" or known[name])


def by(metric: str, *, patience: int = 0, delta: float = 0.0, average: int = 0) -> Any:
    return FineTuneSettings.parse(
        {
            "best_metric": metric,
            "early_stopping_patience": patience,
            "early_stopping_min_delta": delta,
            "average_checkpoints": average,
        }
    )


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [
        ("loss", (2.0, 1.0, 1.5), 200),
        ("chrF++", (20.0, 31.0, 30.0), 200),
        ("BLEU", (5.0, 5.0, 5.0), 100),  # of equal ones the earliest
        ("loss", (math.nan, 3.0, math.nan), 200),
    ],
)
def test_best_is_the_best(metric: str, values: tuple[float, ...], expected: int) -> None:
    best = best_of(scored(*values), metric)
    assert best is not None and best.step == expected


def test_where_nothing_is_a_number_nothing_is_the_best() -> None:
    assert best_of(scored(math.nan), "loss") is None and best_of([], "BLEU") is None
    assert not is_better("loss", math.nan, 1.0) and is_better("loss", 1.0, math.nan)


def test_published_run_has_another_best_by_loss_than_by_bleu() -> None:
    """Dev loss and dev BLEU of each epoch of the published notebook: why loss is no default."""
    loss = scored(1.309, 1.218, 1.154, 1.118, 1.112, 1.145, 1.150, 1.170)
    bleu = scored(22.6, 22.2, 21.7, 25.4, 26.1, 25.9, 26.5, 26.9)
    assert (best_first(loss, "loss")[0].step, best_first(bleu, "BLEU")[0].step) == (500, 800)
    assert has_stopped_learning(loss, by("loss", patience=3))
    assert not has_stopped_learning(bleu, by("BLEU", patience=3))


@pytest.mark.parametrize(
    ("values", "delta", "expected"),
    [
        ((), 0.0, 0),
        ((30.0,), 0.0, 0),
        ((30.0, 30.0), 0.0, 1),
        ((30.0, 29.0, 31.0), 0.0, 0),
        ((30.0, 30.4, 30.8, 31.2), 1.0, 0),  # small steps add up to a gain
        ((30.0, 30.4, 30.8), 1.0, 2),
        ((math.nan, math.nan), 0.0, 2),
    ],
)
def test_evaluations_without_gain(values: tuple[float, ...], delta: float, expected: int) -> None:
    assert evaluations_without_gain(scored(*values), "chrF++", delta) == expected


def test_steps_that_a_resume_undid_do_not_count(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    for step, value in ((0, 99.0), (2, 10.0), (4, 20.0), (6, 90.0)):
        evaluated(file, step, **{"chrF++": value})
    assert best_of(scored_steps(file, "chrF++"), "chrF++") == Scored(6, 90.0)
    append_json_line(file, {"kind": "resume", "step": 4})
    assert best_of(scored_steps(file, "chrF++"), "chrF++") == Scored(4, 20.0)
    evaluated(file, 6, **{"chrF++": 15.0})
    assert [each.step for each in scored_steps(file, "chrF++")] == [2, 4, 6]
    assert best_of(scored_steps(file, "chrF++"), "chrF++") == Scored(4, 20.0)


def test_endless_loss_and_missing_scores_are_no_numbers(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    evaluated(file, 2, loss=None, BLEU=1.0)
    assert math.isnan(scored_steps(file, "loss")[0].value)
    assert math.isnan(scored_steps(file, "TER")[0].value)
    assert scored_steps(file, "BLEU") == [Scored(2, 1.0)]


def test_as_many_of_the_best_are_kept_as_are_averaged() -> None:
    values = scored(1.0, 5.0, 3.0, 4.0)
    assert best_steps(values, by("BLEU")) == [200]
    assert best_steps(values, by("BLEU", average=3)) == [200, 400, 300]
    assert best_steps(values, by("BLEU", average=2), present={100, 300}) == [300, 100]
    assert best_steps(values, by(LAST)) == []
    assert [num_best_kept(by(*given)) for given in (("loss",), (LAST,))] == [1, 0]


@pytest.mark.parametrize("name", ["early_stopping_patience", "average_checkpoints"])
def test_what_compares_needs_a_metric(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} 3 needs a best_metric to compare by"):
        FineTuneSettings.parse({"best_metric": LAST, name: 3})


def test_the_papers_run_chooses_no_checkpoint_as_it_did() -> None:
    assert RECIPES["The paper's run"][1]["best_metric"] == LAST
    assert FineTuneSettings().best_metric == "chrF++"


@pytest.mark.parametrize(
    ("chosen", "early", "expected"),
    [
        (Chosen(500, last_step=500), None, "The model is that of the last step, 500."),
        (
            Chosen(500, "chrF++", 31.2, 700),
            EarlyEnd(700, 1000, 2, "chrF++"),
            "Ended early after step 700 of 1,000: no better chrF++ on dev in 2 evaluations since "
            "step 500. The model is that of step 500, not the last and the best on dev "
            "(chrF++ 31.2).",
        ),
        (
            Chosen(
                5, "loss", 1.1, 6, averaged=[3, 5],
                average={"steps": [3, 5], "value": 1.1, "best": 1.2, "is_used": True},
            ),
            None,
            "The model is the mean of the checkpoints of steps 3 and 5 (loss 1.100 on dev); the "
            "best of them alone, step 5, has loss 1.200.",
        ),
        (
            Chosen(
                6, "TER", 60.0, 6,
                average={"steps": [3, 5, 6], "value": 61.0, "best": 60.0, "is_used": False},
            ),
            None,
            "The model is that of step 6, which is the last and the best on dev (TER 60.0). The "
            "mean of steps 3, 5 and 6 is not better (TER 61.0).",
        ),
        (
            Chosen(2, "BLEU", 5.0, 6, unreadable=[4]),
            None,
            "The model is that of step 2, not the last and the best on dev (BLEU 5.0). Better, but "
            "unreadable: step 4.",
        ),
    ],
)  # fmt: skip
def test_a_result_says_whose_weights_the_model_has(
    chosen: Chosen, early: EarlyEnd | None, expected: str, tmp_path: Path
) -> None:
    result: dict[str, Any] = {"chosen": chosen.as_dict()}
    if early:
        result["ended_early"] = vars(early)
    write_json(RunFolder(tmp_path).result_file, result)
    assert chosen_words(tmp_path) == expected


def test_an_older_result_says_nothing(tmp_path: Path) -> None:
    assert chosen_words(tmp_path) == ""
    write_json(RunFolder(tmp_path).result_file, {"fine_tuned": []})
    assert chosen_words(tmp_path) == ""
