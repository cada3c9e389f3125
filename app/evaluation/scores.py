"""The scores of all systems: intervals, differences from the baseline, ranks, signatures."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.evaluation.charts import interval_chart
from app.evaluation.choice import Choice
from app.evaluation.judge_boxes import judge_boxes
from app.evaluation.published import published_box
from app.evaluation.sets import set_buttons
from app.text import counted, plain
from core.evaluate.evaluating import Evaluated
from core.evaluate.report.figures import TESTS
from core.evaluate.results import EvaluationResult, MetricResult
from core.storage.workspace import Workspace

COMPARISON = (
    "System", "Score", "95 %", "Δ", "Δ 95 %", "p", "p (Holm)", "Verdict", "Cluster", "Ranks",
)  # fmt: skip
HELP = {
    "Δ": "Score minus the baseline's.",
    "Δ 95 %": "From the same resamples of both systems.",
    "p": "How often chance alone makes a difference as large as this one.",
    "p (Holm)": "Corrected for comparing several systems with the baseline.",
    "Verdict": "▲ and ▼: significantly better or worse than the baseline.",
    "Cluster": "Every system of a cluster is significantly better than each of the next one.",
    "Ranks": "The ranks that the tests of all pairs leave open.",
}


def scores(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows the numbers that a reviewer asks for."""
    result = found.result
    _excluded(result)
    judge_boxes(workspace, found)
    _score_table(result)
    _comparison(result)
    _signatures(result)
    published_box(result)
    set_buttons(workspace, choice)


def _excluded(result: EvaluationResult) -> None:
    left_out = [system for system in result.systems if system.excluded]
    if not left_out:
        return
    with st.container(border=True):
        st.badge("not scored", icon=":material/block:", color="orange")
        for system in left_out:
            st.text(f"{system.name}: {system.excluded}")
        st.caption(
            "A segment without a translation is never scored as an empty one. Resume the batch in "
            "the Playground, or switch on *Only segments that all translated* in the options."
        )


def _score_table(result: EvaluationResult) -> None:
    rows = [_score_row(result, system.set_id, system.name) for system in result.scored]
    columns: dict[str, Any] = {"System": st.column_config.TextColumn(width=180, pinned=True)}
    for metric in result.metrics:
        columns[_heading(metric)] = st.column_config.NumberColumn(
            format="%.2f", width=80, help=plain(metric.note) or None
        )
        columns[f"± {metric.name}"] = st.column_config.NumberColumn(
            "±", format="%.2f", width=60, help="Half of the 95 % interval."
        )
    columns["Empty"] = st.column_config.NumberColumn(
        width=70, help="Hypotheses without any text; they count as they are."
    )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        column_config=columns,
        placeholder="–",
        key="evaluate.scores",
    )
    st.caption(
        f"{counted(result.num_scored, 'segment')} · references: {len(result.references)} · "
        f"95 % intervals of {result.num_interval_samples:,} resamples, seed {result.seed}"
    )


def _score_row(result: EvaluationResult, set_id: str, name: str) -> dict[str, Any]:
    mark = " (baseline)" if set_id == result.baseline_id else ""
    row: dict[str, Any] = {"System": f"{name}{mark}"}
    for metric in result.metrics:
        score = result.score(set_id, metric.key)
        row[_heading(metric)] = None if score is None else score.value
        row[f"± {metric.name}"] = None if score is None else score.half_width
    system = next(each for each in result.systems if each.set_id == set_id)
    return {**row, "Empty": system.num_empty, "USD": system.cost_usd or None}


def _heading(metric: MetricResult) -> str:
    return f"{metric.name} {'↓' if metric.is_lower_better else '↑'}"


def _comparison(result: EvaluationResult) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("Against the baseline", anchor=False)
        names = {metric.key: metric.name for metric in result.metrics}
        key = st.selectbox(
            "By",
            list(names),
            format_func=lambda each: names[each],
            key=f"evaluate.by.{len(names)}",
            label_visibility="collapsed",
            width=220,
        )
    metric = next(each for each in result.metrics if each.key == key)
    rows = [_comparison_row(result, system.set_id, system.name, key) for system in result.scored]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        column_config=_comparison_columns(),
        placeholder="–",
        key="evaluate.comparison",
    )
    # The signature's own words: sacreBLEU's test, its draws and its seed.
    st.caption(
        f"{TESTS[result.test].capitalize()}, {result.num_samples:,} draws, seed {result.seed}; "
        f"significant below {result.alpha:g} after Holm. {plain(' '.join(result.notes))}"
    )
    if metric.note:
        st.caption(plain(metric.note))
    st.plotly_chart(interval_chart(result, metric), width="stretch", key=f"evaluate.chart.{key}")


def _comparison_columns() -> dict[str, Any]:
    numbers = {
        "Score": ("%.2f", 65),
        "Δ": ("%+.2f", 70),
        "p": ("%.4f", 65),
        "p (Holm)": ("%.4f", 75),
    }
    columns: dict[str, Any] = {
        name: st.column_config.NumberColumn(format=form, width=width, help=HELP.get(name))
        for name, (form, width) in numbers.items()
    }
    texts = {"95 %": 110, "Δ 95 %": 125, "Verdict": 140, "Ranks": 60}
    columns |= {
        name: st.column_config.TextColumn(width=width, help=HELP.get(name))
        for name, width in texts.items()
    }
    columns["Cluster"] = st.column_config.NumberColumn(width=65, help=HELP["Cluster"])
    columns["System"] = st.column_config.TextColumn(width=150, pinned=True)
    return columns


def _comparison_row(
    result: EvaluationResult, set_id: str, name: str, metric: str
) -> dict[str, Any]:
    score, difference = result.score(set_id, metric), result.difference(set_id, metric)
    rank = result.rank(set_id, metric)
    row: dict[str, Any] = dict.fromkeys(COMPARISON) | {"System": name}
    if score is not None:
        row |= {"Score": score.value, "95 %": interval(score.low, score.high)}
    if difference is None:
        row["Verdict"] = "baseline" if set_id == result.baseline_id else ""
    else:
        row |= {
            "Δ": difference.delta,
            "Δ 95 %": interval(difference.low, difference.high, sign="+"),
            "p": difference.p_value,
            "p (Holm)": difference.p_corrected,
            "Verdict": _verdict(difference.is_significant, difference.is_better),
        }
    if rank is not None:
        ranks = (rank.best_rank, rank.worst_rank)
        shown = str(ranks[0]) if ranks[0] == ranks[1] else f"{ranks[0]}–{ranks[1]}"
        row |= {"Cluster": rank.cluster, "Ranks": shown}
    return row


def _verdict(is_significant: bool, is_better: bool) -> str:
    if not is_significant:
        return "no clear difference"
    return "▲ better" if is_better else "▼ worse"


def interval(low: float | None, high: float | None, *, sign: str = "") -> str:
    """Gives an interval in square brackets; empty if there is none."""
    if low is None or high is None:
        return ""
    return f"[{low:{sign}.2f}, {high:{sign}.2f}]"


def _signatures(result: EvaluationResult) -> None:
    st.subheader("Signatures", anchor=False)
    lines = []
    for metric in result.metrics:
        num_segments = next((e.num_segments for e in result.scores if e.metric == metric.key), 0)
        lines.append(f"{metric.test_signature or metric.signature} · n={num_segments}")
    st.code("\n".join(lines), language=None, wrap_lines=True)
    st.caption(
        "Two metrics of one name and another β of chrF are told apart by the name before the first "
        "bar."
    )
