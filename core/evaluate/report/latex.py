r"""An evaluation as LaTeX tables for a paper; they need the package booktabs and no other."""

from __future__ import annotations

from core.evaluate.report.figures import (
    MINUS,
    best_sets,
    decimals_of,
    direction,
    interval_words,
    is_finite,
    metric_notes,
    number,
    p_value,
    segments_words,
    sentence,
    system_name,
    test_words,
)
from core.evaluate.results import DifferenceResult, EvaluationResult, MetricResult, SystemResult
from core.latex import TABLE_HEAD, escaped

_BETTER = r"\textsuperscript{$\dagger$}"
_WORSE = r"\textsuperscript{$\ddagger$}"


def latex_tables(result: EvaluationResult, *, decimals: int = 1) -> str:
    """Gives a table of systems by metrics, and one of the differences if there are any.

    The captions say what a reader needs to repeat the numbers: segments, test, seed, signatures.

    Args:
        result: Whose scored systems are shown.
        decimals: Of BLEU, chrF and TER; metrics between -1 and 1 get two more.
    """
    tables = [_scores(result, decimals)]
    if result.differences:
        tables.append(_differences(result, decimals))
    return TABLE_HEAD + "\n".join(tables)


def _scores(result: EvaluationResult, decimals: int) -> str:
    shown = [(metric, decimals_of(result, metric, usual=decimals)) for metric in result.metrics]
    best = {metric.key: best_sets(result, metric, digits) for metric, digits in shown}
    rows = []
    for system in result.scored:
        cells = [_name(result, system)]
        for metric, digits in shown:
            is_best = system.set_id in best[metric.key]
            cells.append(_score(result, system.set_id, metric, digits, is_best=is_best))
        rows.append(cells)
    header = ["System", *(_metric(metric) for metric in result.metrics)]
    return _table(
        _scores_caption(result),
        short=f"Scores of {direction(result)}",
        label="scores",
        columns="l" + "r" * len(shown),
        rows=[header, *rows],
    )


def _differences(result: EvaluationResult, decimals: int) -> str:
    rows = [["System", "Metric", r"$\Delta$", r"95\,\% interval", "$p$", "$p$ (Holm)"]]
    for system in result.scored:
        for metric in result.metrics:
            each = result.difference(system.set_id, metric.key)
            if each:
                digits = decimals_of(result, metric, usual=decimals)
                rows.append(_difference_row(each, system, metric, digits))
    baseline = escaped(system_name(result, result.baseline_id))
    caption = (
        f"Differences from {baseline}. {_about_test(result)} Intervals are of the same resamples "
        f"of both systems. {_about_marks(result)}"
    )
    return _table(
        caption,
        short=f"Differences from {system_name(result, result.baseline_id)}",
        label="differences",
        columns="llrrrr",
        rows=rows,
    )


def _difference_row(
    each: DifferenceResult, system: SystemResult, metric: MetricResult, decimals: int
) -> list[str]:
    interval = "--"
    if is_finite(each.low) and is_finite(each.high):
        interval = f"{{[}}{_number(each.low, decimals)}, {_number(each.high, decimals)}{{]}}"
    return [
        escaped(system.name),
        _metric(metric),
        _number(each.delta, decimals, is_signed=True) + _mark(each),
        interval,
        *(p_value(p).replace("<", "$<$") for p in (each.p_value, each.p_corrected)),
    ]


def _table(caption: str, *, short: str, label: str, columns: str, rows: list[list[str]]) -> str:
    header, *body = (" & ".join(cells) + r" \\" for cells in rows)
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            r"\small",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            header,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            rf"\caption[{escaped(short)}]{{{caption}}}",
            rf"\label{{tab:{label}}}",
            r"\end{table}",
            "",
        ]
    )


def _scores_caption(result: EvaluationResult) -> str:
    signatures = "; ".join(_signature(metric) for metric in result.metrics)
    left_out = [
        f"{each.name}: {sentence(each.excluded)}" for each in result.systems if each.excluded
    ]
    own_notes = metric_notes(result)
    parts = [
        f"{escaped(direction(result))}: {escaped(result.test_set_name)} "
        f"({escaped(result.split)}), {_segments(result)}.",
        rf"$\pm$ is half of the {_interval(result)}; bold is best.",
        _about_marks(result) if result.differences else "",
        _about_test(result),
        *(escaped(text) for text in (sentence(result.leak), *result.notes, *own_notes, *left_out)),
        f"Signatures: {signatures}.",
    ]
    return " ".join(part for part in parts if part)


def _segments(result: EvaluationResult) -> str:
    usual, bracket, others = segments_words(result).partition(" (")
    number_of_all = usual.replace(",", "{,}")  # a comma in a formula has a space behind it
    return f"${number_of_all}$" + escaped(bracket + others)


def _interval(result: EvaluationResult) -> str:
    return escaped(interval_words(result)).replace(r"95 \%", r"95\,\%")


def _about_test(result: EvaluationResult) -> str:
    return escaped(f"Test: {test_words(result)}.")


def _about_marks(result: EvaluationResult) -> str:
    baseline = escaped(system_name(result, result.baseline_id))
    return (
        f"{_BETTER}: significantly better, {_WORSE}: worse than {baseline} "
        f"($p < {result.alpha:g}$ after Holm)."
    )


def _name(result: EvaluationResult, system: SystemResult) -> str:
    note = " (baseline)" if system.set_id == result.baseline_id and len(result.scored) > 1 else ""
    return escaped(system.name) + note


def _metric(metric: MetricResult) -> str:
    arrow = r"$\downarrow$" if metric.is_lower_better else r"$\uparrow$"
    return f"{escaped(metric.name)} {arrow}"


def _signature(metric: MetricResult) -> str:
    # A signature is one long word: lines may break after its bars.
    text = escaped(metric.signature).replace(r"\textbar{}", r"\textbar\allowbreak{}")
    return rf"{escaped(metric.name)} \texttt{{{text}}}"


def _score(
    result: EvaluationResult, set_id: str, metric: MetricResult, decimals: int, *, is_best: bool
) -> str:
    score = result.score(set_id, metric.key)
    if score is None or not is_finite(score.value):
        return "--"
    value = _number(score.value, decimals)
    text = rf"\textbf{{{value}}}" if is_best else value
    if is_finite(score.half_width):
        text += rf"{{\scriptsize\,$\pm$\,{_number(score.half_width, decimals)}}}"
    return text + _mark(result.difference(set_id, metric.key))


def _mark(difference: DifferenceResult | None) -> str:
    if difference is None or not difference.is_significant:
        return ""
    return _BETTER if difference.is_better else _WORSE


def _number(value: float | None, decimals: int, *, is_signed: bool = False) -> str:
    return number(value, decimals, is_signed=is_signed).replace(MINUS, "$-$").replace("–", "--")
