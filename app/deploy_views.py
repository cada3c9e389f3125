"""The Models part of the Deploy page: choose a model, prepare it, watch the preparation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from app.access.visiting import visitor_name
from app.errors import shown_to_user
from app.forms import group_fields
from app.problem_views import problem
from app.state import session
from app.text import STATE_MEANINGS, duration, plain, state_badge
from core.errors import AdaptMLLMError
from core.finetune.models import HUB_MODELS
from core.finetune.run_folder import RunFolder
from core.finetune.settings import STARTER
from core.languages import language_name
from core.serving import versions
from core.serving.licences import notice_of
from core.serving.models import checkpoint_steps
from core.serving.settings import PrepareSettings
from core.storage.run_records import Run
from core.storage.version_records import Version
from core.storage.workspace import Workspace

INTERVAL_S = 2
MAX_RUNS = 200
FINISHED, CHECKPOINT, BASE = "A finished run", "A checkpoint of a run", "A base model"
OTHER = "Another hub id or folder …"
_SHARES = {"preparing": 0.1, "converting": 0.3, "evaluating": 0.6, "saving": 0.95}


def prepare_form(workspace: Workspace) -> None:
    """Shows what can be prepared and how, and the button that does it."""
    key = f"deploy.prepare.{session().prepare_id}"
    origin = st.segmented_control(
        "What to prepare",
        [FINISHED, CHECKPOINT, BASE],
        default=FINISHED,
        key=f"{key}.origin",
        required=True,
    )
    values = _model(workspace, origin or FINISHED, key=key)
    if origin == BASE and values["model"] and notice_of(values["model"]):
        st.warning(plain(notice_of(values["model"])), icon=":material/gavel:")
    fields = ["quantization"] if origin == BASE else ["quantization", "directions"]
    values |= group_fields(PrepareSettings, fields, {}, key=key)
    with st.expander("Comparison with the original"):
        values |= _corpus(workspace, is_base=origin == BASE, key=key)
        fields = ["num_segments", "num_beams", "threads", "max_chrf_drop"]
        values |= group_fields(PrepareSettings, fields, {}, key=key)
    prevents = _what_prevents(workspace, values)
    if st.button(
        "Prepare",
        type="primary",
        icon=":material/deployed_code:",
        key=f"{key}.go",
        disabled=bool(prevents),
        help=plain(prevents) or "Converts the model and compares it with the original.",
    ):
        tab = session()
        settings = PrepareSettings.parse(values)
        version = versions.prepare(
            workspace, settings, version_id=tab.prepare_id, by=visitor_name()
        )
        tab.renew_prepare_id()
        tab.version_id = version.id
        tab.notice = f"Preparing {version.name}."
        st.rerun()


def _model(workspace: Workspace, origin: str, *, key: str) -> dict[str, Any]:
    if origin == BASE:
        return {"model": _base_model(key=key)}
    states = ("finished",) if origin == FINISHED else ()
    runs = {run.id: run for run in workspace.runs.newest(limit=MAX_RUNS, states=states)}
    if not runs:
        return {"model": ""}
    left, right = st.columns(2)
    with left:
        run_id = st.selectbox(
            "Run",
            list(runs),
            format_func=lambda each: _run_label(runs[each]),
            key=f"{key}.{origin}",
        )
    if origin == FINISHED:
        return {"model": run_id}
    steps = checkpoint_steps(workspace, runs[run_id])[::-1]
    with right:
        step = st.selectbox(
            "Checkpoint",
            steps,
            format_func=lambda each: f"After step {each:,}",
            key=f"{key}.step.{run_id}",
            placeholder="This run kept none",
            disabled=not steps,
        )
    return {"model": f"{run_id}@{step}" if step else ""}


def _run_label(run: Run) -> str:
    names = (language_name(run.src_lang), language_name(run.tgt_lang))
    return f"{run.name} · {names[0]} → {names[1]} · {run.created_at[:10]}"


def _base_model(*, key: str) -> str:
    labels = {STARTER: "Starter model · tiny, untrained", OTHER: OTHER}
    labels |= {name: f"{name} — {note}" for name, note in HUB_MODELS.items()}
    options = [*HUB_MODELS, STARTER, OTHER]
    left, right = st.columns(2)
    with left:
        chosen = st.selectbox(
            "Base model",
            options,
            format_func=lambda name: labels[name],
            key=f"{key}.base",
            help="Hub models are downloaded when the preparation starts.",
        )
    if chosen != OTHER:
        return chosen
    with right:
        return st.text_input(
            "Hub id or folder",
            key=f"{key}.other",
            max_chars=1000,
            placeholder="owner/name or /path/to/model",
        ).strip()


def _corpus(workspace: Workspace, *, is_base: bool, key: str) -> dict[str, Any]:
    """Shows corpus and direction of the comparison; a run has its own."""
    corpora = {corpus.id: corpus for corpus in workspace.corpora.all()}
    options = list(corpora) if is_base else ["", *corpora]
    left, right = st.columns(2)
    with left:
        chosen = st.selectbox(
            "Dev lines of",
            options,
            format_func=lambda each: corpora[each].name if each else "The run's own corpus",
            key=f"{key}.corpus.{is_base}",
            placeholder="No corpus yet",
            disabled=not options,
        )
    if not is_base or not chosen:
        return {"corpus": chosen or ""}
    pair = (corpora[chosen].src_lang, corpora[chosen].tgt_lang)
    with right:
        src_lang, tgt_lang = st.radio(
            "Direction",
            [pair, pair[::-1]],
            format_func=lambda each: f"{language_name(each[0])} → {language_name(each[1])}",
            key=f"{key}.direction.{chosen}",
        )
    return {"corpus": chosen, "src_lang": src_lang, "tgt_lang": tgt_lang}


def _what_prevents(workspace: Workspace, values: dict[str, Any]) -> str:
    """Shows why the preparation would be refused and gives the reason; empty if nothing does."""
    if not values["model"]:
        reason = "There is no model to prepare here yet: finish a run, or choose a base model."
        st.caption(reason)
        return reason
    try:
        versions.check_prepare(workspace, PrepareSettings.parse(values))
        return ""
    except AdaptMLLMError as error:
        problem("Cannot be prepared yet", error.message, error.hint)
        return str(error)


def preparations(workspace: Workspace, found: Sequence[Version]) -> None:
    """Shows the preparations that are at work or wait, live, each with a way to stop it."""
    for version in found:
        if version.job.has_ended:
            continue
        with st.container(border=True):
            st.text(f"{version.name} · {version.quantization}")
            _live_preparation(workspace, version.id)
            if st.button("Stop", icon=":material/stop:", key=f"deploy.stop.{version.id}"):
                versions.stop(workspace, version.id)
                session().notice = f"Asked the preparation of {version.name} to stop."
                st.rerun()


@st.fragment(run_every=INTERVAL_S)
def _live_preparation(workspace: Workspace, version_id: str) -> None:
    with shown_to_user():
        job = workspace.versions.get(version_id).job
        if job.has_ended:  # the record comes last: by then it has the figures too
            st.rerun()
        folder = RunFolder(workspace.version_folder(version_id)).observed_state()
        state = folder.state if job.is_active and folder.is_active else job.state
        state_badge(state)
        if job.started_at and state in _SHARES:
            since = datetime.now(UTC) - datetime.fromisoformat(job.started_at)
            note = f"{STATE_MEANINGS[state]} {duration(since.total_seconds())} so far."
            st.progress(_SHARES[state], text=note)
