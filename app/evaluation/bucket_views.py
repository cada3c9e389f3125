"""Scores by buckets of segments: by length, frequency of words, likeness to training, tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from app.evaluation.charts import bar_chart
from app.evaluation.choice import Choice
from app.evaluation.findings import novelty, training_counts
from app.evaluation.positions import picked_row, segments_button
from app.evaluation.training_corpus import corpus_select
from core.evaluate.causes import buckets
from core.evaluate.causes.buckets import Bucket
from core.evaluate.evaluating import Evaluated
from core.evaluate.measuring import segment_scores, subset_scores
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

Grouping = Callable[[], list[Bucket]]


def bucket_view(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows the scores of all systems on each bucket of a kind."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metrics = {each.key: each.name for each in found.result.metrics}
        key = st.selectbox(
            "Metric",
            list(metrics),
            format_func=lambda each: metrics[each],
            key=f"buckets.metric.{len(metrics)}",
        )
        metric = next(each for each in found.metrics if each.key == key)
        corpus = corpus_select(workspace, found)
        groupings = _groupings(workspace, choice, found, corpus, segment_scores(metric))
        kind = st.selectbox("Buckets by", list(groupings), key=f"buckets.kind.{len(groupings)}")
    of_kind = [_counting(each, found) for each in groupings[kind]()]
    of_kind = [each for each in of_kind if len(each.positions)]
    scored = buckets.scored(of_kind, lambda positions: subset_scores(metric, positions))
    names = {each.set_id: choice.names[each.set_id] for each in found.result.scored}
    rows = [
        {"Bucket": bucket.label, "Segments": len(bucket.positions)}
        | {f"score {each}": scores.get(each) for each in names}
        for bucket, scores in scored
    ]
    _bucket_table(rows, names, kind, of_kind)
    st.plotly_chart(
        bar_chart(
            [f"{bucket.label} ({len(bucket.positions)})" for bucket, _ in scored],
            {names[each]: [scores.get(each) for _, scores in scored] for each in names},
            title=f"{metrics[key]} by {kind[:1].lower()}{kind[1:]}",
            unit=metrics[key],
        ),
        width="stretch",
        key=f"buckets.chart.{kind}.{key}",
    )


def _bucket_table(
    rows: list[dict[str, Any]], names: Mapping[str, str], kind: str, of_kind: Sequence[Bucket]
) -> None:
    columns: dict[str, Any] = {
        f"score {each}": st.column_config.NumberColumn(name, format="%.2f", width=110)
        for each, name in names.items()
    }
    columns["Bucket"] = st.column_config.TextColumn(width=190, pinned=True)
    picked = picked_row(rows, columns, key=f"buckets.table.{kind}.{len(rows)}")
    if picked is not None:
        bucket = of_kind[picked]
        segments_button(f"{kind}, {bucket.label}", bucket.positions, key="buckets.show")
    else:
        st.caption("A score of few segments is uncertain. Click a row to see its segments.")


def _counting(bucket: Bucket, found: Evaluated) -> Bucket:
    """Gives a bucket with only those of its segments that count."""
    positions = np.intersect1d(bucket.positions, found.positions)
    return Bucket(bucket.label, positions, bucket.low, bucket.high)


def _groupings(
    workspace: Workspace,
    choice: Choice,
    found: Evaluated,
    corpus: Corpus | None,
    scores: dict[str, Any],
) -> dict[str, Grouping]:
    texts, base = found.texts, found.result.baseline_id
    groupings: dict[str, Grouping] = {
        "Length of the source": lambda: buckets.by_length(texts.sources),
        "Length of the reference": lambda: buckets.by_length(texts.first_reference),
        "Length ratio of the baseline": lambda: buckets.by_length_ratio(
            texts.hypotheses[base], texts.first_reference
        ),
    }
    if base in scores:
        groupings["Segment score of the baseline"] = lambda: buckets.by_score_quantile(scores[base])
    if texts.tags:
        groupings["Tag"] = lambda: buckets.by_tag(texts.tags)
    if texts.documents:
        groupings["Document"] = lambda: buckets.by_tag(texts.documents)
    if corpus is not None:
        groupings["Rarest word's frequency in training"] = lambda: buckets.by_training_frequency(
            texts.first_reference, training_counts(workspace, corpus.id, found)
        )
        groupings["Likeness to training"] = lambda: buckets.by_novelty(
            novelty(workspace, corpus.id, found).similarities
        )
    return groupings
