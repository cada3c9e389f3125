"""The list of runs, as Home and Runs show it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.corpora.leak_badge import LEAK_WORDS
from app.navigation import page_path
from app.text import ago, duration
from core.corpora.leak_notes import split_note
from core.emissions.stored import job_energy
from core.finetune.runs import run_state
from core.languages import language_name
from core.storage.corpus_records import Corpus
from core.storage.run_records import Run
from core.storage.workspace import Workspace


def run_table(workspace: Workspace, runs: Sequence[Run], *, key: str) -> None:
    """Shows runs as rows; a click on one opens its page."""
    corpora = {corpus.id: corpus for corpus in workspace.corpora.all()}
    rows = [_row(workspace, run, corpora.get(run.corpus_id)) for run in runs]
    if any(run.job.study for run in runs):
        names = workspace.studies.names()
        for row, run in zip(rows, runs, strict=True):
            row["Study"] = names.get(run.job.study)  # none where the study was deleted
    # A selection is a row number: in a list that changed it would be another run.
    shown = hashlib.sha256(" ".join(run.id for run in runs).encode()).hexdigest()[:12]
    chosen = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=f"{key}.{shown}",
        on_select="rerun",
        selection_mode="single-row",
        width="stretch",
        placeholder="",
        column_config={
            "Progress": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "Loss": st.column_config.LineChartColumn(help="Training loss so far", y_min=0),
            "BLEU": st.column_config.NumberColumn(
                format="%.1f", help="Cased BLEU: on the test split once finished, else on dev"
            ),
            "Base": st.column_config.NumberColumn(
                format="%.1f", help="The same score of the untouched base model"
            ),
            "Leaks": st.column_config.TextColumn(
                width=110, help="Whether segments of the split that was scored stand in train"
            ),
            "kWh": st.column_config.NumberColumn(
                format="%.3g", help="Energy of processor, memory and GPUs until now, without PUE"
            ),
        },
    )
    selected = chosen.selection.rows
    if selected:
        st.switch_page(page_path("run"), query_params={"id": runs[selected[0]].id})


def _row(workspace: Workspace, run: Run, corpus: Corpus | None) -> dict[str, object]:
    # Only a working run's folder is read: a thousand finished ones come from the database.
    state = run.job if not run.job.is_active else run_state(workspace, run)
    progress = state.progress
    total = progress.get("total_steps") or 0
    base, tuned = _bleu(run, progress)
    return {
        "Name": run.name,
        "State": state.state,
        "Progress": progress.get("step", 0) / total if total else 0.0,
        "Left": duration(progress.get("seconds_left")) if state.state == "training" else "",
        "BLEU": tuned,
        "Base": base,
        "Leaks": LEAK_WORDS[split_note(corpus, "test" if run.scores else "dev").badge],
        "kWh": _energy_kwh(workspace, run),
        "Loss": progress.get("losses") or [],
        "Direction": f"{language_name(run.src_lang)} → {language_name(run.tgt_lang)}",
        "Corpus": run.corpus_name,
        "Started": ago(run.created_at),
    }


def _energy_kwh(workspace: Workspace, run: Run) -> float | None:
    """Gives what the run took, as it was published last; None where nothing was measured."""
    energy = job_energy(workspace, run.id)
    return energy.total.energy.total_kwh if energy else None


def _bleu(run: Run, progress: dict[str, dict[str, float]]) -> tuple[float | None, float | None]:
    """Gives (base, fine-tuned) BLEU: the final ones if there are any, else those on dev."""
    if run.scores:
        values = [{s["name"]: s["value"] for s in run.scores[k]} for k in ("base", "fine_tuned")]
        return values[0]["BLEU"], values[1]["BLEU"]
    return progress.get("base_scores", {}).get("BLEU"), progress.get("scores", {}).get("BLEU")
