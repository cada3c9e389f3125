"""The curves of several runs in the same charts, each run in its own colour throughout."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.live_charts import Chart, Series, live_charts
from core.finetune.compared_courses import common_base, positions
from core.finetune.comparing import Compared
from core.finetune.history import History

AXES = {"step": "steps", "tokens": "tokens seen", "minutes": "minutes of training"}
_X_TITLES = {"step": "step", "tokens": "thousand tokens", "minutes": "minutes"}
MAX_POINTS = 150  # a run and chart; six runs in six charts

# Name in the history, title, unit.
_DEV = (
    ("loss", "Dev loss per token", "cross-entropy"),
    ("chrF++", "chrF++ on dev", "score (0–100)"),
    ("BLEU", "BLEU on dev", "score (0–100)"),
)
_TRAIN = (
    ("loss", "Training loss per token", "cross-entropy"),
    ("learning_rate", "Learning rate", "learning rate"),
    ("tokens_per_s", "Speed without padding", "tokens/s"),
)


def axis_choice() -> str:
    """Shows what the curves are drawn over, and gives the choice."""
    chosen = st.segmented_control(
        "Over",
        list(AXES),
        default="step",
        format_func=lambda each: AXES[each],
        key="compare_runs.axis",
        required=True,
        help="Tokens and minutes leave evaluations out; tokens are counted without padding.",
    )
    return chosen or "step"


def overlay_charts(runs: Sequence[Compared], histories: Sequence[History], axis: str) -> None:
    """Shows the charts of all runs."""
    live_charts(charts(runs, histories, axis), key="charts-compared", max_points=MAX_POINTS)
    st.caption(
        "Each run has the same colour and dash in all charts. The dashed line is the base model, "
        "where all runs begin with the same scores. Drag to zoom, double-click to zoom out."
    )


def charts(runs: Sequence[Compared], histories: Sequence[History], axis: str) -> list[Chart]:
    """Gives the charts; every run has its line in each, so that its colour is the same."""
    labels = [each.label for each in runs]
    places = [positions(history, axis) for history in histories]
    x_title = _X_TITLES[axis]
    of_train = [
        Chart(f"train-{name}-{axis}", title, x_title, unit, tuple(
            Series(label, at[0], history.train.values.get(name) or [None] * len(at[0]))
            for label, at, history in zip(labels, places, histories, strict=True)
        ))
        for name, title, unit in _TRAIN
    ]  # fmt: skip
    of_dev = [
        Chart(
            f"dev-{name}-{axis}",
            title,
            x_title,
            unit,
            tuple(
                Series(label, at[1], history.evals.values.get(name) or [None] * len(at[1]), True)
                for label, at, history in zip(labels, places, histories, strict=True)
            ),
            baseline=common_base(histories, name),
            baseline_name="base model",
        )
        for name, title, unit in _DEV
    ]
    return [of_train[0], *of_dev, *of_train[1:]]
