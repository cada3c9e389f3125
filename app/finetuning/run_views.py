"""The parts of a run's page, each shown from values that core gives."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from app.components.live_charts import live_charts
from app.corpora.leak_badge import leak_note
from app.finetuning.charts import run_charts
from app.finetuning.data_form import part_label
from app.finetuning.further_scores import further_scores
from app.navigation import page_path
from app.problem_views import why_it_ended
from app.text import STATE_MEANINGS, ago, counted, duration, plain, rows_of, size
from core.finetune.checkpoint_list import best_words
from core.finetune.history import History
from core.finetune.launching import script_file
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs.folder import JobState
from core.languages import language_name
from core.storage.files import JsonLinesTail, last_lines
from core.storage.run_records import Run
from core.storage.workspace import Workspace

FINISHED_POINTS = 800
LIVE_POINTS = 200
LOG_BYTES = 6000


def subtitle(run: Run) -> str:
    """Gives direction, base model and corpus in one line."""
    direction = f"{language_name(run.src_lang)} → {language_name(run.tgt_lang)}"
    return (
        f"{direction} · {plain(run.base_model)} · {plain(run.corpus_name)} · {ago(run.created_at)}"
    )


def trial_link(workspace: Workspace, run: Run) -> None:
    """Shows of which study the run is a trial, and leads there; nothing where it is none's."""
    study = workspace.studies.names().get(run.job.study) if run.job.study else None
    if study is None:  # it may have been deleted
        return
    from app.searching.kept import trial_number  # imports Optuna, which other runs spare

    number = trial_number(run.job.study, run.id)
    which = "A trial" if number is None else f"Trial {number}"
    st.page_link(
        page_path("study"),
        label=f"{which} of {plain(study)}",
        icon=":material/manage_search:",
        query_params={"id": run.job.study},
    )


def progress(run: Run, state: JobState, history: History) -> None:
    """Shows how far the run is, why it ended, and what can be done about it."""
    now = state.progress
    step, total = now.get("step", 0), now.get("total_steps", 0)
    if state.is_active and total:
        left = now.get("seconds_left")
        note = f" · about {duration(left)} left" if left and state.state == "training" else ""
        best = best_words(history, FineTuneSettings.parse(run.settings))
        note += f" · {plain(best)}" if best else ""
        st.progress(min(1.0, step / total), text=f"Step {step} of {total}{note}")
    elif state.is_active:
        st.progress(0.0, text=STATE_MEANINGS[state.state])
    if state.is_active and history.note:
        st.caption(plain(history.note))
    if state.state != "queued":  # else the queue says why it waits
        why_it_ended(state)
    if state.has_ended and total:
        peak = now.get("peak_memory_bytes", 0)
        memory = f" · peak host memory {size(peak)}" if peak else ""  # unknown on other machines
        st.caption(f"{step} of {total} steps{memory}")


def charts(workspace: Workspace, run: Run, history: History, *, is_live: bool) -> None:
    """Shows the charts; zoom is kept while new points arrive."""
    points = LIVE_POINTS if is_live else FINISHED_POINTS
    metric = FineTuneSettings.parse(run.settings).best_metric
    live_charts(run_charts(history, metric), key=f"charts-{run.id}", max_points=points)
    share = history.plan.get("padding_share")
    if share is not None:
        st.caption(
            f"{history.plan['num_train']:,} training segments · "
            f"{history.plan['steps_per_epoch']:,} steps an epoch · {share:.1%} of token slots are "
            "padding. Drag to zoom, double-click to zoom out."
        )
    if len(history.parts) > 1:
        with st.expander("What an epoch is made of"):
            for part in history.parts:
                st.text(part_label(part))
    trained, total = (history.plan.get(f"num_{kind}") for kind in ("trainable", "parameters"))
    if trained and trained != total:
        st.caption(f"{trained:,} of {total:,} weights are trained.")
    if run.settings["label_smoothing"]:
        st.caption("Label smoothing raises the training loss, not the dev loss.")
    if lost := history.lost_dev_losses():
        st.warning(
            f"The dev loss was not a number after step {', '.join(map(str, lost[-3:]))}: in fp16 "
            "large activations overflow. Choose bf16, or fp32."
        )
    if history.evals.x:
        leak_note(workspace, run.corpus_id, "dev")
    if history.signatures:
        with st.expander("Signatures of the dev scores"):
            st.code("\n".join(history.signatures.values()), language=None, wrap_lines=True)


def samples(history: History) -> None:
    """Shows fixed dev segments: reference, base model, and the newest translations."""
    st.subheader("Samples from the dev split", anchor=False)
    if 0 not in history.samples:
        st.caption("What it translates before training appears before the first step.")
        return
    last = history.last_sample_step()
    rows = [
        {
            "Source": base["source"],
            "Reference": base["reference"],
            "Before training": base["hypothesis"],
            f"After step {last}": now["hypothesis"] if last else "",
        }
        for base, now in zip(history.samples[0], history.samples[last], strict=False)
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key="run.samples")


def log_tail(workspace: Workspace, run: Run) -> None:
    """Shows the end of each log."""
    folder = RunFolder(workspace.run_folder(run.id))
    with st.expander("Logs"):
        files = [folder.log_file, *sorted(folder.path.glob("rank-*.log"))]
        names = [path.name for path in files]
        chosen = st.segmented_control("File", names, default=names[0], key="run.log", required=True)
        text = last_lines(folder.path / (chosen or names[0]), max_bytes=LOG_BYTES)
        st.code(text or "Nothing yet.", language=None, height=260)


def final_scores(workspace: Workspace, run: Run) -> None:
    """Shows base model and fine-tuned model on the test split, with signatures and outputs."""
    if not run.scores:
        return
    base = {score["name"]: score for score in run.scores["base"]}
    tuned = {score["name"]: score for score in run.scores["fine_tuned"]}
    st.subheader("On the test split", anchor=False)
    st.caption(
        f"{counted(run.scores['num_segments'], 'segment')} · "
        f"trained for {duration(run.train_seconds)}"
    )
    leak_note(workspace, run.corpus_id, "test")
    for row in rows_of(list(tuned.values()), 3):
        for column, score in zip(st.columns(3), row, strict=False):
            with column:
                _final_score(score, base[score["name"]]["value"])
    further_scores(run)
    with st.expander("Signatures"):
        lines = [f"{s['signature']}  n={s['num_segments']}" for s in tuned.values()]
        st.code("\n".join(lines), language=None, wrap_lines=True)
    with st.expander("Both outputs side by side"):
        rows = JsonLinesTail(RunFolder(workspace.run_folder(run.id)).outputs_file).read()
        frame = pd.DataFrame(rows).rename(
            columns={
                "source": "Source",
                "reference": "Reference",
                "base": "Before training",
                "fine_tuned": "After training",
            }
        )
        st.dataframe(frame, hide_index=True, width="stretch", key="run.outputs")


def _final_score(score: dict[str, Any], before: float) -> None:
    is_lower_better = score["name"] == "TER"
    st.metric(
        score["name"],
        f"{score['value']:.1f}",
        delta=f"{score['value'] - before:+.1f} from {before:.1f}",
        delta_color="inverse" if is_lower_better else "normal",
        border=True,
        help="Lower is better." if is_lower_better else "Higher is better.",
    )


def settings(workspace: Workspace, run: Run) -> None:
    """Shows settings, command and DeepSpeed configuration as they were used."""
    folder = RunFolder(workspace.run_folder(run.id))
    with st.expander("Settings"):
        st.code(json.dumps(run.settings, indent=1, ensure_ascii=False), language="json")
        files = (folder.deepspeed_file, folder.environment_file)
        for path in (folder.command_file, script_file(folder), *files):
            if path.exists():
                st.caption(path.name)
                st.code(path.read_text(encoding="utf-8"), language=None, wrap_lines=True)
        st.caption("Folder")
        st.code(str(folder.path), language=None, wrap_lines=True)
