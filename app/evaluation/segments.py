"""The table of segments: search, filter, sort by who beats whom, click one to read it."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.evaluation.choice import Choice
from app.evaluation.findings import findings
from app.evaluation.one_segment import one_segment
from app.evaluation.positions import focus_bar, picked_row
from app.text import counted, shortened
from core.evaluate.causes.checks import CHECKS
from core.evaluate.causes.segment_view import (
    SegmentFilter,
    SegmentOrder,
    SegmentTable,
    select_segments,
)
from core.evaluate.evaluating import Evaluated
from core.evaluate.measuring import segment_scores
from core.evaluate.results import MetricResult
from core.storage.workspace import Workspace

ROWS_A_PAGE = 500
SHOWN_NAME = 32
TABLE_HEIGHT_PX = 420
PLAIN_ORDERS = {
    "order of the test set": SegmentOrder(),
    "greatest spread": SegmentOrder("spread", is_descending=True),
}


def segments(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows the table of segments, and the one that was clicked with all its texts."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = _metric_select(found)
        order = _order_select(choice, found, metric)
        text = st.text_input(
            "Search", key="segments.text", placeholder="in all texts", icon=":material/search:"
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        checks = _check_select()
        is_different = st.toggle("Only where systems differ", key="segments.different")
    positions = focus_bar()
    table = _table(workspace, choice, found, metric, with_checks=bool(checks))
    chosen = select_segments(
        table,
        SegmentFilter(
            text=text,
            checks=tuple(checks),
            positions=_counting(found, positions),
            is_only_different=is_different,
        ),
        order,
    )
    if checks and not table.flags:
        st.info("The checks have not run on so many segments yet: *Causes* starts them.")
        return
    if not len(chosen):
        st.info("No segment fits. Loosen the search or the filters.")
        return
    shown = _page_of(chosen)
    picked = _show_table(choice, table, shown, metric)
    if picked is None:
        st.caption("Click a row to read the segment with its differences marked.")
    else:
        one_segment(workspace, choice, table, picked, metric, found)


def _check_select() -> list[str]:
    """Shows which checks must have found something, and gives their keys."""
    chosen: list[str] = st.multiselect(
        "With a finding",
        [check.key for check in CHECKS],
        format_func=lambda key: next(each.name for each in CHECKS if each.key == key),
        key="segments.checks",
        placeholder="any",
        help="Segments in which a check of the part *Causes* found something.",
    )
    return chosen


def _counting(found: Evaluated, positions: NDArray[np.intp] | None) -> NDArray[np.intp]:
    """Gives the segments that count, of those that are looked at."""
    return found.positions if positions is None else np.intersect1d(found.positions, positions)


def _metric_select(found: Evaluated) -> MetricResult:
    metrics = {each.key: each for each in found.result.metrics}
    preferred = next((key for key in ("chrf2", "chrf++") if key in metrics), next(iter(metrics)))
    key = st.selectbox(
        "Segment score",
        list(metrics),
        index=list(metrics).index(preferred),
        format_func=lambda each: metrics[each].name,
        key=f"segments.metric.{len(metrics)}",
        help="A single segment's score says little about a system; it is for finding segments.",
        width=190,
    )
    return metrics[key]


def _order_select(choice: Choice, found: Evaluated, metric: MetricResult) -> SegmentOrder:
    """Shows in which order the segments stand; differences respect that lower may be better."""
    is_lower_better = metric.is_lower_better
    orders = dict(PLAIN_ORDERS)
    ids = [system.set_id for system in found.result.scored]
    names = choice.names
    base = found.result.baseline_id
    for each in ids:
        if each != base:
            more, less = (
                f"{names[each]} beats {names[base]} most",
                f"{names[base]} beats {names[each]} most",
            )
            orders[more] = SegmentOrder("difference", each, base, is_descending=not is_lower_better)
            orders[less] = SegmentOrder("difference", base, each, is_descending=not is_lower_better)
    for each in ids:
        orders[f"worst of {names[each]}"] = SegmentOrder(
            "score", each, is_descending=is_lower_better
        )
    label = st.selectbox("Order", list(orders), key=f"segments.order.{len(orders)}")
    return orders[label]


def _table(
    workspace: Workspace,
    choice: Choice,
    found: Evaluated,
    metric: MetricResult,
    *,
    with_checks: bool,
) -> SegmentTable:
    texts = found.texts
    ids = [system.set_id for system in found.result.scored]
    measured = next(each for each in found.metrics if each.key == metric.key)
    flags = {}
    if with_checks:
        of_sets = findings(workspace, choice.settings, found) or {}
        flags = {
            set_id: {key: each.flags for key, each in of_set.items()}
            for set_id, of_set in of_sets.items()
        }
    return SegmentTable(
        texts.sources,
        texts.first_reference,
        {set_id: texts.hypotheses[set_id] for set_id in ids},
        segment_scores(measured),
        flags,
    )


def _page_of(chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    num_pages = -(-len(chosen) // ROWS_A_PAGE)
    if num_pages == 1:
        st.caption(counted(len(chosen), "segment"))
        return chosen
    page = st.number_input(
        f"Page of {num_pages}, {ROWS_A_PAGE} segments each; {len(chosen):,} in all",
        1,
        num_pages,
        1,
        key=f"segments.page.{num_pages}",
    )
    return chosen[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE]


def _show_table(
    choice: Choice,
    table: SegmentTable,
    shown: NDArray[np.intp],
    metric: MetricResult,
) -> int | None:
    """Shows the table and gives the segment that was clicked, from 0."""
    rows = []
    for at in shown.tolist():
        row: dict[str, Any] = {"#": at + 1, "Source": table.sources[at]}
        for set_id, texts in table.hypotheses.items():
            row[f"text {set_id}"] = texts[at]
            if set_id in table.scores:
                score = table.scores[set_id][at]
                row[f"score {set_id}"] = None if np.isnan(score) else score
        rows.append({**row, "Reference": table.references[at]})
    key = f"segments.table.{len(shown)}.{int(shown[0])}"
    picked = picked_row(rows, _columns(choice, table, metric), key=key, height=TABLE_HEIGHT_PX)
    return None if picked is None else int(shown[picked])


def _columns(choice: Choice, table: SegmentTable, metric: MetricResult) -> dict[str, Any]:
    """Gives the headings: columns go by ids, as a system may be called like any of the others."""
    columns: dict[str, Any] = {"#": st.column_config.NumberColumn(width=60, pinned=True)}
    for set_id in table.hypotheses:
        name = shortened(choice.names[set_id], SHOWN_NAME)
        columns[f"text {set_id}"] = st.column_config.TextColumn(name)
        columns[f"score {set_id}"] = st.column_config.NumberColumn(
            f"{metric.name} · {name}", format="%.1f", width=80
        )
    return columns
