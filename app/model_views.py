"""The Models part of Settings: models of the hub on this machine, and downloads."""

from __future__ import annotations

import streamlit as st

from app.access.visiting import visitor_name
from app.errors import shown_to_user
from app.finetuning.download_view import INTERVAL_S, download_card
from app.problem_views import shown_in_place
from app.state import session
from app.text import ago, size
from core.hub import cached, downloads
from core.hub.cached import CachedModel
from core.hub.settings import DownloadSettings
from core.storage.workspace import Workspace


def models_view(workspace: Workspace, *, may_delete: bool) -> None:
    """Shows what is in the hub's cache, what is being downloaded, and a form for more."""
    st.caption(
        "Models of the hub are kept in its own cache, shared with other programs of this machine. "
        "Private and gated ones need a token: HF_TOKEN in the environment, or `hf auth login`."
    )
    _form(workspace)
    _downloads(workspace)
    models = cached.cached_models()
    if not models:
        st.info("No model of the hub is on this machine yet. Type its id above to download it.")
        return
    st.text(f"{cached.cache_folder()}")
    for model in models:
        _card(model, may_delete=may_delete)


def _form(workspace: Workspace) -> None:
    with st.form("settings.models.form", border=True):
        left, right = st.columns([2, 1])
        model = left.text_input(
            "Hub id", key="settings.models.id", max_chars=200, placeholder="owner/name"
        )
        revision = right.text_input(
            "Revision",
            key="settings.models.revision",
            max_chars=200,
            placeholder="Empty: the newest",
            help="A commit, branch or tag.",
        )
        wanted = st.form_submit_button("Download", icon=":material/download:")
    if not wanted:
        return
    if not model.strip():
        st.warning("Type the id of a model, such as facebook/nllb-200-distilled-600M.")
        return
    with shown_in_place("Cannot be downloaded"):
        settings = DownloadSettings.parse({"model": model, "revision": revision})
        downloads.start(workspace, settings, by=visitor_name())
        st.rerun()


def _downloads(workspace: Workspace) -> None:
    is_active = any(not each.state.has_ended for each in downloads.recent(workspace))

    @st.fragment(run_every=INTERVAL_S if is_active else None)
    def live() -> None:
        with shown_to_user():
            found = downloads.recent(workspace)
            if is_active and all(each.state.has_ended for each in found):
                st.rerun()  # the list of models has changed
            for each in found:
                download_card(workspace, each, key=f"settings.models.{each.job.id}")

    live()


def _card(model: CachedModel, *, may_delete: bool) -> None:
    key = f"settings.models.{model.repo_id}.{model.commit}"
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"{key}.card"):
        st.text(model.repo_id)
        if model.is_complete:
            st.badge("complete", color="green", icon=":material/check:")
        else:
            st.badge("not complete", color="orange", icon=":material/downloading:")
        refs = f" ({', '.join(model.refs)})" if model.refs else ""
        num_bytes = model.size_bytes + (0 if model.is_complete else model.partial_bytes)
        commit = f"commit {model.commit[:12]}" if model.commit else "begun"
        st.text(f"{size(num_bytes)} · {commit}{refs} · used {ago(model.last_used)}")
        if st.button(
            "Delete …",
            icon=":material/delete:",
            key=f"{key}.delete",
            disabled=not may_delete,
            help="" if may_delete else "Only an owner deletes models.",
        ):
            _confirm(model)


@st.dialog("Delete this model?")
def _confirm(model: CachedModel) -> None:
    with shown_to_user():
        st.text(f"{model.repo_id} {model.commit[:12]}")
        st.write(
            "Its files are deleted from the cache of this machine, for other programs, too. Runs "
            "that start from it download it again."
        )
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="settings.models.delete.yes"):
                freed = cached.delete(model.repo_id, model.commit)
                session().notice = f"Deleted {model.repo_id}: {size(freed)} became free."
                st.rerun()
            if st.button("Keep it", key="settings.models.delete.no"):
                st.rerun()
