"""What a new study starts from: the settings of a run that everything else is taken from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.finetuning.form import corpus_and_direction
from app.forms import group_fields
from app.searching.space_editor import vary_key
from app.searching.wording import field_title, value_words
from app.state import SearchDraft, session, widget_value
from app.text import ago, plain
from core.finetune.settings import RECIPES, FineTuneSettings
from core.storage.corpus_records import Corpus
from core.storage.run_records import Run
from core.storage.workspace import Workspace

NUM_RUNS = 30
DRAFT = "draft"
DIRECTION = ("corpus", "src_lang", "tgt_lang")
# What decides how long a trial takes, how often it can be pruned, and where it can run.
TRIAL_FIELDS = [
    "num_epochs", "max_steps", "eval_every_steps", "eval_segments", "precision", "engine",
]  # fmt: skip


def starting_point(
    workspace: Workspace, corpora: Sequence[Corpus], draft: SearchDraft, *, key: str
) -> dict[str, Any]:
    """Shows what a study starts from, with corpus and direction; gives the run's settings."""
    vary = vary_key(key)
    starts = _starts(workspace)
    left, right = st.columns(2)
    with left:
        values = _start(starts, draft, key=key)
    key = f"{key}.{draft.start}"
    with right:
        draft.base |= corpus_and_direction(corpora, {**values, **draft.base}, key=key)
    with st.expander("Settings of each trial"):
        st.caption(
            "A trial is a run with these settings. Only a trial with several evaluations can be "
            "pruned; what is varied below is not shown here."
        )
        chosen = widget_value(vary)  # drawn below, and what it holds counts already
        varied = draft.varied if chosen is None else chosen
        shown = [name for name in TRIAL_FIELDS if name not in varied]
        draft.base |= group_fields(FineTuneSettings, shown, {**values, **draft.base}, key=key)
    return {**values, **draft.base, "name": ""}


def _start(
    starts: dict[str, tuple[str, dict[str, Any]]], draft: SearchDraft, *, key: str
) -> dict[str, Any]:
    options = list(starts)
    chosen = st.selectbox(
        "Start from",
        options,
        index=options.index(draft.start) if draft.start in starts else 0,
        format_func=lambda each: starts[each][0],
        key=f"{key}.start",
        help="Everything that is not varied is taken from there.",
    )
    if chosen != draft.start:
        # What was chosen for another start says nothing about this one; a corpus does.
        is_recipe = chosen.startswith("recipe ")
        draft.base = {
            name: value for name, value in draft.base.items() if is_recipe and name in DIRECTION
        }
        draft.start = chosen
    values = {**starts[chosen][1], **draft.preset}
    model = values.get("base_model", FineTuneSettings.model_fields["base_model"].default)
    st.caption(plain(f"Base model: {model}"))
    if draft.preset:
        changed = ", ".join(
            f"{field_title(name)} {value_words(value)}" for name, value in draft.preset.items()
        )
        st.caption(plain(f"Changed by the preset: {changed}"))
    return values


def _starts(workspace: Workspace) -> dict[str, tuple[str, dict[str, Any]]]:
    """Gives label and settings of all that a study can start from."""
    found: dict[str, tuple[str, dict[str, Any]]] = {
        f"recipe {name}": (f"Recipe: {name}", dict(values)) for name, (_, values) in RECIPES.items()
    }
    found[DRAFT] = ("What stands on the Fine-tune page", dict(session().draft))
    runs = workspace.runs.newest(limit=NUM_RUNS)
    names = Counter(run.name for run in runs)
    return found | {f"run {run.id}": (_run_label(run, names), dict(run.settings)) for run in runs}


def _run_label(run: Run, names: Counter[str]) -> str:
    """Names a run; by its id, too, where labels would be alike: a widget knows them by those."""
    same = f" · {run.id[:8]}" if names[run.name] > 1 else ""
    return f"Run: {run.name} · {ago(run.created_at)}{same}"
