"""The evaluation that was chosen: at once where that is quick, else by a job with progress."""

from __future__ import annotations

import json
from dataclasses import replace

import streamlit as st

from app.access.visiting import visitor_name
from app.errors import shown_to_user
from app.problem_views import problem
from app.text import counted, duration, state_badge
from core.evaluate import evaluation_jobs
from core.evaluate.evaluating import Evaluated, evaluate
from core.evaluate.leaks import with_leaks
from core.evaluate.result_cache import result_key
from core.evaluate.settings import EvaluationSettings
from core.evaluate.texts import EvaluationTexts, load_texts
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.workspace import Workspace

INTERVAL_S = 1.0
KEPT = 6


def evaluated(workspace: Workspace, settings: EvaluationSettings) -> Evaluated | None:
    """Gives the evaluation; while a job computes it, shows that job and gives None."""
    key = result_key(workspace, settings)
    texts = _texts(str(workspace.root), key, settings.model_dump_json())
    seconds = evaluation_jobs.seconds_needed(workspace, texts, settings, key=key)
    if seconds > evaluation_jobs.INLINE_S:
        job_view(
            workspace,
            settings,
            f"{counted(len(settings.systems), 'system')} on "
            f"{counted(texts.num_segments, 'segment')}: about {duration(seconds)} of work that a "
            "page should not wait for. A job does it; you may leave the page.",
            key=key,
        )
        return None
    found = _evaluated(str(workspace.root), key, settings.model_dump_json())
    # Nothing is compared anew when a corpus is checked, so what is kept may say too little.
    return replace(found, result=with_leaks(workspace, found.result, found.texts))


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _texts(root: str, key: str, settings: str) -> EvaluationTexts:
    del key  # it changes with everything that decides the result
    chosen = EvaluationSettings.parse(json.loads(settings))
    return load_texts(_workspace(root), chosen.test_set, chosen.systems)


@st.cache_resource(max_entries=KEPT, show_spinner="Scoring and comparing …")
def _evaluated(root: str, key: str, settings: str) -> Evaluated:
    texts = _texts(root, key, settings)
    chosen = EvaluationSettings.parse(json.loads(settings))
    return evaluate(_workspace(root), chosen, key=key, texts=texts)


def _workspace(root: str) -> Workspace:
    from app import cache

    del root  # of the key only: there is one workspace a server
    return cache.workspace()


def job_view(
    workspace: Workspace,
    settings: EvaluationSettings,
    words: str,
    *,
    key: str,
    button: str = "Score",
) -> None:
    """Shows the job of an evaluation with its progress, or the button that starts it.

    Args:
        workspace: Where it runs.
        settings: Of the evaluation.
        words: Why there is a job.
        key: What `result_key` gives for these settings.
        button: What the button says.
    """
    job_id = evaluation_jobs.job_id_of(workspace, settings, key=key)
    state = evaluation_jobs.state_of(workspace, job_id)
    if state is None or state.has_ended:
        if state is not None and state.state != "finished":
            problem("It was not computed to its end", state.reason, state.hint, state.detail)
        st.info(words)
        if st.button(button, type="primary", icon=":material/calculate:", key="evaluate.start"):
            evaluation_jobs.start(workspace, settings, by=visitor_name())
            st.rerun()
        return

    @st.fragment(run_every=INTERVAL_S)
    def live() -> None:
        with shown_to_user():
            queue.advance(workspace)
            now = evaluation_jobs.state_of(workspace, job_id)
            if now is None or now.has_ended:
                st.rerun()
            _progress(workspace, job_id, now)

    live()


def _progress(workspace: Workspace, job_id: str, state: JobState) -> None:
    step, total = state.progress.get("step", 0), state.progress.get("total_steps", 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(state.state)
        left = state.progress.get("seconds_left")
        words = f"{100 * step // total} % of the work" if total else "beginning"
        st.caption(f"{words}{f', about {duration(left)} left' if left else ''}")
        if st.button(
            "Stop",
            icon=":material/stop:",
            key="evaluate.stop",
            disabled=state.state == "stopping",
            help="Metrics that were computed are kept.",
        ):
            evaluation_jobs.stop(workspace, job_id)
    st.progress(min(1.0, step / total) if total else 0.0)
