"""What a comparison of checkpoints gives: the table, what is sure of it, texts side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app.text import counted
from core.finetune import checkpoint_bench
from core.finetune.bench_table import METRICS, difference_of, value_in
from core.finetune.checkpoint_bench import TEST_WARNING, system_words
from core.storage.run_records import Run
from core.storage.workspace import Workspace


def bench_result(workspace: Workspace, run: Run, result: Mapping[str, Any]) -> None:
    """Shows a finished comparison."""
    st.caption(
        f"{counted(result['num_segments'], 'segment')} of the {result['split']} split, beam size "
        f"{result['num_beams']}. Loss and TER: lower is better."
    )
    if result["split"] == "test":
        st.warning(TEST_WARNING)
    st.dataframe(_table(result), hide_index=True, width="stretch", key="run.bench.table")
    for row in result["rows"]:
        if "error" in row:
            st.text(f"{system_words(row['system'])}: {row['error']}")
    st.text(_sentence(result))
    done = [row for row in result["rows"] if "error" not in row]
    if done:
        lines = [f"{each['signature']}  n={each['num_segments']}" for each in done[0]["scores"]]
        lines += dict.fromkeys(each["signature"] for each in result["differences"])
        st.code("\n".join(lines), language=None, wrap_lines=True)
    if len(done) > 1:
        _side_by_side(workspace, run, [row["system"] for row in done], result)


def _table(result: Mapping[str, Any]) -> pd.DataFrame:
    baseline, rows = result["baseline"], []
    for row in result["rows"]:
        if "error" in row:
            continue
        shown: dict[str, Any] = {"Model": system_words(row["system"])}
        shown["Loss"] = row["loss"]
        shown |= {name: value_in(row, name) for name in METRICS}
        difference = difference_of(result, row["system"], result["metric"])
        shown[f"{result['metric']} against {system_words(baseline)}"] = _difference(difference)
        best = [name for name, system in result["best"].items() if system == row["system"]]
        shown["Best by"] = ", ".join(best)
        rows.append(shown)
    return pd.DataFrame(rows)


def _difference(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    return f"{found['delta']:+.2f} [{found['low']:+.2f}, {found['high']:+.2f}]"


def _sentence(result: Mapping[str, Any]) -> str:
    """Says which is the best by what, and whether that is more than chance."""
    best, metric = result["best"], result["metric"]
    if not best[metric]:
        return "No model could be scored."
    words = (
        f"Best by {metric}: {system_words(best[metric])}; by loss: {system_words(best['loss'])}."
    )
    if best[metric] != best["loss"]:
        words += " They disagree; what people get is the translations."
    found = difference_of(result, best[metric], metric)
    if found is None:
        return words
    sure = "more than" if found["is_significant"] else "not more than"
    return (
        f"{words} {system_words(best[metric]).capitalize()} differs from the "
        f"{system_words(result['baseline'])} by {found['delta']:+.2f} {metric} (95 % interval "
        f"{found['low']:+.2f} to {found['high']:+.2f}, p = {found['p']:.3f} by paired bootstrap): "
        f"{sure} chance explains."
    )


def _side_by_side(
    workspace: Workspace, run: Run, systems: list[str], result: Mapping[str, Any]
) -> None:
    """Shows what two of the models made of each segment."""
    best = result["best"][result["metric"]]
    left, right = st.columns(2)
    first = left.selectbox(
        "Translations of",
        systems,
        index=systems.index(best) if best in systems else 0,
        format_func=system_words,
        key="run.bench.first",
    )
    others = [each for each in systems if each != first]
    second = right.selectbox(
        "beside those of",
        others,
        index=len(others) - 1,
        format_func=system_words,
        key="run.bench.second",
    )
    texts = [checkpoint_bench.translations(workspace, run.id, each) for each in (first, second)]
    rows = [
        {
            "Source": source,
            "Reference": reference,
            system_words(first): one,
            system_words(second): other,
        }
        for (source, reference), one, other in zip(
            checkpoint_bench.segments(workspace, run.id), *texts, strict=True
        )
    ]
    num_different = sum(one != other for one, other in zip(*texts, strict=True))
    if st.toggle(f"Only the {num_different:,} that differ", key="run.bench.differ"):
        rows = [row for row in rows if row[system_words(first)] != row[system_words(second)]]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key="run.bench.texts")
