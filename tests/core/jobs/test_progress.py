from __future__ import annotations

from typing import Any

import pytest

from core.jobs.progress import SPARKLINE_POINTS, Progress


def train(step: int, elapsed_s: float, loss: float = 1.0) -> dict[str, Any]:
    return {"kind": "train", "step": step, "elapsed_s": elapsed_s, "loss": loss}


def evaluation(step: int, **scores: float) -> dict[str, Any]:
    rows = [{"name": name, "value": value} for name, value in scores.items()]
    return {"kind": "eval", "step": step, "loss": 1.0, "scores": rows}


def after(*records: dict[str, Any]) -> Progress:
    progress = Progress()
    for record in records:
        progress.add(record)
    return progress


PLAN = {"kind": "plan", "total_steps": 100}
RESUME = {"kind": "resume", "step": 2}


@pytest.mark.parametrize(
    ("records", "seconds_left"),
    [
        ([], None),
        ([PLAN, train(1, 2.0)], None),  # one point is no pace
        ([train(1, 2.0), train(2, 4.0)], None),  # the end is unknown
        ([PLAN, train(10, 0.0), train(20, 5.0)], 40.0),
        ([PLAN, train(1, 0.0), train(50, 49.0), train(100, 99.0)], 0.0),
        ([PLAN, train(5, 1.0), train(5, 2.0)], None),
        # A resumed run starts its clock anew: the old pace does not count.
        ([PLAN, train(1, 500.0), train(2, 900.0), PLAN, RESUME], None),
        ([PLAN, train(2, 900.0), PLAN, RESUME, train(3, 1.0), train(4, 2.0)], 96.0),
    ],
)
def test_time_left_follows_the_recent_pace(
    records: list[dict[str, Any]], seconds_left: float | None
) -> None:
    assert after(*records).seconds_left == seconds_left


def test_old_pace_is_forgotten() -> None:
    """Compiling makes the first steps slow; the estimate must recover."""
    slow = [train(step, step * 10.0) for step in range(1, 50)]
    fast = [train(50 + step, 500.0 + step) for step in range(300)]
    progress = after({"kind": "plan", "total_steps": 449}, *slow, *fast)
    assert progress.seconds_left == 100.0


@pytest.mark.parametrize("count", [0, 1, 23, 24, 47, 48, 49, 1000, 5000])
def test_sparkline_is_short_and_spans_the_whole_run(count: int) -> None:
    losses = after(*[train(n, float(n), float(n)) for n in range(count)]).summary()["losses"]
    assert len(losses) <= 2 * SPARKLINE_POINTS
    assert len(losses) >= min(count, SPARKLINE_POINTS)
    assert losses == sorted(losses)
    if count:
        assert losses[0] == 0.0
        assert losses[-1] >= count * 0.9 - 1


def test_summary_holds_phase_step_and_both_scores() -> None:
    progress = after(
        PLAN,
        {"kind": "phase", "phase": "training"},
        evaluation(0, BLEU=1.0),
        train(1, 1.0, 2.34567),
        evaluation(1, BLEU=9.5),
        {"kind": "checkpoint", "step": 1},
    )
    assert progress.phase == "training"
    assert progress.summary() == {
        "step": 1,
        "total_steps": 100,
        "seconds_left": None,
        "scores": {"BLEU": 9.5},
        "base_scores": {"BLEU": 1.0},
        "losses": [2.3457],
    }
