"""The charts of a run, out of its history."""

from __future__ import annotations

from collections.abc import Iterable

from app.components.live_charts import Chart, Series
from core.finetune.history import Columns, History


def run_charts(history: History) -> list[Chart]:
    """Gives the charts of a run in reading order; those without data stay in their place."""
    train, evals = history.train, history.evals
    dev_loss = Series("dev", evals.x, evals.values.get("loss", []), markers=True)
    charts = [
        Chart(
            "loss",
            "Loss per token",
            "step",
            "cross-entropy",
            (_series(train, "loss", "train"), dev_loss),
        ),
        _score_chart(history, "chrF++"),
        _score_chart(history, "BLEU"),
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


def _score_chart(history: History, name: str) -> Chart:
    evals = history.evals
    series = Series("fine-tuned", evals.x, evals.values.get(name, []), markers=True)
    return Chart(
        name,
        f"{name} on dev",
        "step",
        "score (0–100)",
        (series,),
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
