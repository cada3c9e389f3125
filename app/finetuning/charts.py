"""The charts of a run, out of its history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.components.live_charts import Chart, Series
from core.finetune.best import LAST
from core.finetune.checkpoint_list import best_in_history
from core.finetune.history import Columns, History

FURTHER_LABELS = {"reverse": "other direction", "general": "general text"}


def run_charts(history: History, best_metric: str = LAST) -> list[Chart]:
    """Gives the charts of a run in reading order; those without data stay in their place.

    Args:
        history: Of the run.
        best_metric: By which the best step is chosen; it is marked on that metric's chart.
    """
    train, evals = history.train, history.evals
    dev_loss = Series("dev", evals.x, evals.values.get("loss", []), markers=True)
    best = _best_point(history, best_metric)
    on_loss = best if best_metric == "loss" else ()
    charts = [
        Chart(
            "loss",
            "Loss per token",
            "step",
            "cross-entropy",
            (_series(train, "loss", "train"), dev_loss, *on_loss),
        ),
        *[
            _score_chart(history, name, best if name == best_metric else ())
            for name in ("chrF++", "BLEU", *(("TER",) if best_metric == "TER" else ()))
        ],
        _step_chart(train, "learning_rate", "Learning rate", "learning rate"),
        _step_chart(train, "grad_norm", "Gradient norm before clipping", "norm"),
        _step_chart(train, "tokens_per_s", "Speed without padding", "tokens/s"),
    ]
    host = history.host
    uses = [name for name in host.values if name.endswith("use")]
    memories = [name for name in host.values if name.endswith("memory") and name != "memory"]
    charts.append(_host_chart(host, "use", "Processor and GPU use", "%", ["processor", *uses]))
    charts.append(_host_chart(host, "memory", "Memory in use", "GB", ["memory", *memories]))
    return charts


def _series(columns: Columns, name: str, label: str) -> Series:
    return Series(label, columns.x, columns.values.get(name, []))


def _step_chart(train: Columns, name: str, title: str, unit: str) -> Chart:
    return Chart(name, title, "step", unit, (_series(train, name, "train"),))


def _best_point(history: History, metric: str) -> tuple[Series, ...]:
    """Gives the best step until now as a series of one point; nothing where there is none."""
    best = best_in_history(history, metric)
    return (Series("best", [best.step], [best.value], markers=True),) if best else ()


def _score_chart(history: History, name: str, best: tuple[Series, ...]) -> Chart:
    evals = history.evals
    values: Sequence[float] = evals.values.get(name, [])
    series = [Series("fine-tuned", evals.x if values else [], values, markers=True)]
    for further, label in FURTHER_LABELS.items():
        column = f"{further} {name}"
        if column in evals.values:
            series.append(Series(label, evals.x, evals.values[column], markers=True))
    return Chart(
        name,
        f"{name} on dev",
        "step",
        "score (0–100)",
        (*series, *best),
        baseline=history.base_score(name),
        baseline_name="base model",
    )


def _host_chart(host: Columns, key: str, title: str, unit: str, names: Iterable[str]) -> Chart:
    labels = {"processor": "processor (100 % = one core)", "memory": "host memory of the run"}
    series = tuple(
        Series(labels.get(name, name), host.x, host.values[name])
        for name in names
        if name in host.values
    )
    return Chart(key, title, "minutes", unit, series)
