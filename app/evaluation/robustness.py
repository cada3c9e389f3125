"""The same systems on several test sets, and on perturbed sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.evaluation.charts import bar_chart
from app.evaluation.choice import Choice, test_set_labels
from app.evaluation.scores import interval
from app.navigation import page_path
from app.text import plain, shortened
from core.corpora.perturbing import perturbations_for
from core.evaluate.evaluating import Evaluated
from core.evaluate.robustness import Drop, Drops, Matrix, score_drops, score_matrix
from core.metrics.lexical import SPECS
from core.storage.workspace import Workspace

SHOWN_LABEL = 40
KEPT = 16


def robustness(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows how far scores hold elsewhere."""
    names = {key: spec.name for key, spec in SPECS.items()}
    metric = st.selectbox(
        "Metric",
        list(names),
        index=list(names).index("chrf2"),
        format_func=lambda each: names[each],
        key="robustness.metric",
        width=220,
    )
    signature = _signature(workspace)
    tokenizer, level = choice.settings.tokenizer, choice.settings.alpha
    st.subheader("Perturbed sources", anchor=False)
    drops = _drops(signature, found.result.test_set_hash, metric, tokenizer, level, workspace)
    _drop_view(drops, names[metric], found)
    st.subheader("All test sets", anchor=False)
    _matrix_view(_matrix(signature, metric, tokenizer, workspace), names[metric])


def _signature(workspace: Workspace) -> tuple[tuple[str, int], ...]:
    """Gives what tells whether something has come or gone since the tables were made.

    Statistics count as well: what would have taken too long may have been computed by a job.
    """
    sets, folder = workspace.translation_sets, workspace.statistics_folder
    changed_ns = folder.stat().st_mtime_ns if folder.exists() else 0
    counts = ((each.id, sets.counts(each.id).num_done) for each in sets.all())
    return (*counts, ("statistics", changed_ns))


@st.cache_data(max_entries=KEPT, show_spinner="Comparing with the clean sources …")
def _drops(
    signature: tuple[tuple[str, int], ...],
    test_set: str,
    metric: str,
    tokenizer: str,
    level: float,
    _workspace: Workspace,
) -> Drops:
    return score_drops(_workspace, test_set, metric, tokenizer=tokenizer, level=level)


@st.cache_data(max_entries=KEPT, show_spinner="Scoring all test sets …")
def _matrix(
    signature: tuple[tuple[str, int], ...], metric: str, tokenizer: str, _workspace: Workspace
) -> Matrix:
    return score_matrix(_workspace, metric, tokenizer=tokenizer)


def _drop_view(drops: Drops, metric: str, found: Evaluated) -> None:
    if drops.num_left_out:
        st.caption(
            f"{drops.num_left_out} comparisons take too long for a page: score the perturbed and "
            "the clean test set above; after that they stand here."
        )
    if not drops.found and not drops.num_left_out:
        applicable = ", ".join(perturbations_for(found.result.src_lang))
        st.info(
            "No system has translated perturbed sources of this test set yet. In a batch of the "
            f"Playground choose what is done to the sources: {applicable}."
        )
        st.page_link(
            page_path("playground"),
            label="To the batches",
            icon=":material/forum:",
            query_params={"part": "Batches"},
        )
        return
    if drops.found:
        _drop_table(drops.found)
        _drop_chart(drops.found, metric)


def _drop_table(drops: Sequence[Drop]) -> None:
    rows = [
        {
            "System": each.system_name,
            "Sources": each.perturbation,
            "Clean": each.clean,
            "Perturbed": each.perturbed,
            "Δ": each.delta,
            "Δ 95 %": interval(each.low, each.high, sign="+"),
            "p (Holm)": each.p_corrected,
            "More than chance": "yes" if each.is_significant else "no",
            "Sources changed": f"{each.num_changed} of {each.num_segments}",
        }
        for each in drops
    ]
    numbers = {"Clean": "%.2f", "Perturbed": "%.2f", "Δ": "%+.2f", "p (Holm)": "%.4f"}
    columns: dict[str, Any] = {
        name: st.column_config.NumberColumn(format=form, width=80) for name, form in numbers.items()
    }
    columns["System"] = st.column_config.TextColumn(width=180, pinned=True)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        column_config=columns,
        key="robustness.drops",
    )
    st.caption(
        "Paired bootstrap of the same system on perturbed and clean sources, by the first "
        "reference and the texts as they are; p is corrected over this table."
    )
    other = sorted({each.system_name for each in drops if not each.is_same_origin})
    if other:
        st.caption(
            plain(
                f"Clean and perturbed sources were not translated by the same model, prompt and "
                f"parameters: {', '.join(other)}."
            )
        )


def _drop_chart(drops: Sequence[Drop], metric: str) -> None:
    kinds = list(dict.fromkeys(each.perturbation for each in drops))
    systems = dict.fromkeys(each.system_name for each in drops)
    by_place = {(each.system_name, each.perturbation): each.delta for each in drops}
    st.plotly_chart(
        bar_chart(
            kinds,
            {name: [by_place.get((name, kind)) for kind in kinds] for name in systems},
            title=f"{metric}: change against clean sources",
            unit=f"Δ {metric}",
        ),
        width="stretch",
        key="robustness.chart",
    )


def _matrix_view(matrix: Matrix, metric: str) -> None:
    labels = test_set_labels(list(matrix.test_sets.values()))
    rows = []
    for system_id, name in matrix.systems.items():
        row: dict[str, Any] = {"System": name}
        for test_set, label in labels.items():
            cell = matrix.cells.get((system_id, test_set))
            row[label] = None if cell is None else cell.value
        rows.append(row)
    columns: dict[str, Any] = {
        label: st.column_config.NumberColumn(
            shortened(label, SHOWN_LABEL), format="%.2f", help=plain(label), width=150
        )
        for label in labels.values()
    }
    columns["System"] = st.column_config.TextColumn(width=180, pinned=True)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        column_config=columns,
        placeholder="–",
        key="robustness.matrix",
    )
    st.caption(
        f"{metric} of the newest complete translations. Scores of different test sets are not "
        "comparable with each other: read down a column, not along a row."
    )
    if matrix.num_left_out:
        st.caption(
            f"{matrix.num_left_out} scores take too long for a page: choose their test set above "
            "and score it there; after that they stand here."
        )
