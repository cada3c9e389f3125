"""Scores and settings of several runs as tables, and as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.corpora.leak_badge import LEAK_WORDS
from app.navigation import page_path
from app.state import session
from app.text import counted, duration
from core.evaluate.run_intervals import Interval
from core.evaluate.run_sets import add_run, has_outputs
from core.finetune.changes import value_words
from core.finetune.comparing import (
    Compared,
    csv_text,
    score_names,
    score_rows,
    settings_json,
    settings_rows,
)
from core.storage.workspace import Workspace

Intervals = Mapping[str, Mapping[str, Interval]]


def score_table(workspace: Workspace, runs: Sequence[Compared], intervals: Intervals) -> None:
    """Shows final scores with what the runs took, a row each."""
    names = score_names(runs)
    rows = [_score_row(each, names, intervals.get(each.run.id, {})) for each in runs]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key="compare_runs.scores",
        column_config={
            "Run": st.column_config.TextColumn(pinned=True),
            "TER": st.column_config.TextColumn(help="Lower is better."),
            "Leaks": st.column_config.TextColumn(
                help="Whether segments of the test split stand in train"
            ),
            "Energy": st.column_config.TextColumn(
                help="Processor, memory and GPUs until now, without PUE"
            ),
        },
    )
    _score_notes(runs, names, intervals)
    with st.container(horizontal=True):
        _evaluate_button(workspace, runs)
        st.download_button(
            "Table (CSV)",
            csv_text([*_with_bounds(runs, intervals)]),
            file_name="runs.csv",
            mime="text/csv",
            icon=":material/download:",
            key="compare_runs.csv",
        )
    signatures = dict.fromkeys(text for each in runs for text in each.signatures.values())
    if signatures:
        with st.expander("Signatures"):
            st.code("\n".join(signatures), language=None, wrap_lines=True)


def _score_row(
    run: Compared, names: Sequence[str], bounds: Mapping[str, Interval]
) -> dict[str, Any]:
    scores = {name: _score_words(run, name, bounds.get(name)) for name in names}
    step = run.state.progress.get("step")
    total = run.state.progress.get("total_steps")
    return {
        "Run": run.label,
        "State": run.state.state,
        **scores,
        "Leaks": LEAK_WORDS[run.leak.badge] if run.leak else "",
        "Steps": f"{step:,} of {total:,}" if step and total else "",
        "Training": duration(run.run.train_seconds),
        "Duration": duration(run.duration_s),
        "Energy": "–" if run.energy_kwh is None else f"{run.energy_kwh:.3g} kWh",
    }


def _score_words(run: Compared, name: str, bounds: Interval | None) -> str:
    """Gives a score with its interval and its distance from the base model."""
    if name not in run.scores:
        return "–"
    words = f"{run.scores[name]:.1f}"
    if bounds:
        words += f" [{bounds[0]:.1f}, {bounds[1]:.1f}]"
    if name in run.base:
        words += f" ({run.scores[name] - run.base[name]:+.1f})"
    return words


def _score_notes(runs: Sequence[Compared], names: Sequence[str], intervals: Intervals) -> None:
    if not names:
        st.caption("Final scores come when a run has translated its test split.")
        return
    counts = dict.fromkeys(each.num_segments for each in runs if each.scores)
    of = ", ".join(counted(number, "segment") for number in counts)
    brackets = (
        "In brackets 95 % intervals (bootstrap); "
        if intervals
        else "Compare in Evaluate brings intervals; "
    )
    st.caption(f"On the test split of {of}. {brackets}in parentheses the distance from the base.")


def _with_bounds(runs: Sequence[Compared], intervals: Intervals) -> list[dict[str, Any]]:
    """Adds the intervals to the rows of the file."""
    rows = score_rows(runs)
    for row, run in zip(rows, runs, strict=True):
        for name in score_names(runs):
            low, high = intervals.get(run.run.id, {}).get(name, (None, None))
            row |= {f"{name} low": low, f"{name} high": high}
    return rows


def _evaluate_button(workspace: Workspace, runs: Sequence[Compared]) -> None:
    """Shows the button that takes all runs of the first one's test set into Evaluate."""
    ready = [each for each in runs if has_outputs(workspace, each.run)]
    alike = [each for each in ready if each.test_set == ready[0].test_set]
    is_ready = len(alike) > 1
    if st.button(
        "Compare in Evaluate",
        icon=":material/leaderboard:",
        key="compare_runs.evaluate",
        disabled=not is_ready,
        help="Intervals, significance and segments."
        if is_ready
        else "Needs two runs that have translated the same test split.",
    ):
        sets = [add_run(workspace, each.run.id)[-1] for each in alike]
        values = {"systems": tuple(each.id for each in sets), "baseline": sets[0].id}
        session().evaluate.replace(sets[0].test_set_hash, values)
        st.switch_page(page_path("evaluate"))


def settings_table(runs: Sequence[Compared]) -> None:
    """Shows in which settings the runs differ, or all of them."""
    shows_all = st.toggle("Show settings that are the same, too", key="compare_runs.all_settings")
    rows = settings_rows(runs, only_different=not shows_all)
    if rows:
        labels = [each.label for each in runs]
        words = [map(value_words, row.values) for row in rows]
        shown = [
            {"Setting": row.label, **dict(zip(labels, values, strict=True))}
            for row, values in zip(rows, words, strict=True)
        ]
        st.dataframe(
            pd.DataFrame(shown), hide_index=True, width="stretch", key="compare_runs.settings"
        )
    else:
        st.caption("The settings are the same; what differs is chance or the machine.")
    st.download_button(
        "Settings (JSON)",
        settings_json(runs, only_different=not shows_all),
        file_name="settings-diff.json",
        mime="application/json",
        icon=":material/download:",
        key="compare_runs.json",
    )
