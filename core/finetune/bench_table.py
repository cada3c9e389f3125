"""The table of the checkpoint bench: scores, which is the best by what, and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.finetune.best import is_better
from core.finetune.checkpoint_bench import FINAL
from core.metrics.comparison import Measured, PairResult
from core.metrics.lexical import find_specs, score_system
from core.metrics.measures import lexical_measure
from core.metrics.significance import paired_bootstrap
from core.metrics.statistics import extract_statistics, kind_of

METRICS = ("chrF++", "BLEU", "TER")
_KEYS = ("chrf++", "bleu", "ter")


def bench_table(
    outputs: Mapping[str, Mapping[str, Any]], references: Sequence[str], *, metric: str
) -> dict[str, Any]:
    """Gives everything that is told of a comparison, as plain values.

    Args:
        outputs: By system `loss` and `hypotheses`, or the `error` that kept it from translating.
        references: Parallel to the hypotheses.
        metric: By which the run chooses; for the significance a score of translations is needed.
    """
    rows: list[dict[str, Any]] = []
    for system, output in outputs.items():
        if "error" in output:
            rows.append({"system": system, "error": output["error"]})
            continue
        found = score_system(output["hypotheses"], references, names=METRICS)
        scores = [score.as_dict() for score in found]
        rows.append({"system": system, "loss": output["loss"], "scores": scores})
    metric = metric if metric in METRICS else METRICS[0]
    return {
        "metric": metric,
        "rows": rows,
        "best": {name: _best(rows, name) for name in ("loss", *METRICS)},
        **_significance(outputs, references),
    }


def value_in(row: Mapping[str, Any], metric: str) -> float:
    """Gives a row's value by a metric; NaN where the system did not translate."""
    if "error" in row:
        return float("nan")
    if metric == "loss":
        return float(row["loss"])
    return float(next(score["value"] for score in row["scores"] if score["name"] == metric))


def _best(rows: Sequence[Mapping[str, Any]], metric: str) -> str:
    """Gives the best system by a metric, the first of equal ones; empty where there is none."""
    best, value = "", float("nan")
    for row in rows:
        if is_better(metric, value_in(row, metric), value):
            best, value = str(row["system"]), value_in(row, metric)
    return best


def _significance(
    outputs: Mapping[str, Mapping[str, Any]], references: Sequence[str]
) -> dict[str, Any]:
    """Compares all with the final model, or the last one, by the paired bootstrap."""
    texts = {
        each: output["hypotheses"] for each, output in outputs.items() if "error" not in output
    }
    if len(texts) < 2:
        return {"baseline": "", "differences": []}
    baseline = FINAL if FINAL in texts else list(texts)[-1]
    measured = []
    for spec in find_specs(_KEYS):
        rows = extract_statistics(kind_of(spec, [references]), list(texts.values()), [references])
        measured.append(Measured(lexical_measure(spec), dict(zip(texts, rows, strict=True))))
    found = paired_bootstrap(measured, baseline=baseline)
    differences = [
        {"metric": each.measure.name, "signature": each.signature, **_difference(pair)}
        for each in found
        for pair in each.against_baseline
    ]
    return {"baseline": baseline, "differences": differences}


def _difference(pair: PairResult) -> dict[str, Any]:
    interval = pair.interval
    return {
        "system": pair.system,
        "delta": round(pair.delta, 3),
        "low": None if interval is None else round(interval.low, 3),
        "high": None if interval is None else round(interval.high, 3),
        "p": round(pair.p_corrected, 4),
        "is_better": pair.is_better,
        "is_significant": pair.is_significant(),
    }


def difference_of(table: Mapping[str, Any], system: str, metric: str) -> dict[str, Any] | None:
    """Gives how a system differs from the table's baseline by a metric; None for itself."""
    for each in table["differences"]:
        if each["system"] == system and each["metric"] == metric:
            return dict(each)
    return None
