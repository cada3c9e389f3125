"""Taking a model elsewhere: model card, a bundle that runs alone, the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.access.visiting import visitor
from app.problem_views import shown_in_place
from core.serving.card import model_card
from core.serving.leaving import bundle_in_process, push_in_process
from core.storage.version_records import Version
from core.storage.workspace import Workspace


def leave_view(workspace: Workspace, version: Version) -> None:
    """Shows what can be taken along of a model that is served."""
    with st.expander("Take it elsewhere", icon=":material/output:"), shown_in_place():
        card, bundle, hub = st.tabs(["Model card", "Bundle", "Hugging Face Hub"])
        with card, shown_in_place():
            _card(workspace, version)
        is_owner = visitor().may_manage_access
        with bundle, shown_in_place():
            if is_owner:
                _bundle(workspace, version)
            else:
                st.info("A bundle is written into a folder of this machine: only an owner may.")
        with hub, shown_in_place():
            if is_owner:
                _push(workspace, version)
            else:
                st.info("It is pushed with the owner's token: only an owner may.")


def _card(workspace: Workspace, version: Version) -> None:
    text = model_card(workspace, version.model, form="transformers")
    st.download_button(
        "Download the card",
        text,
        file_name="README.md",
        mime="text/markdown",
        key=f"deploy.card.{version.id}",
        icon=":material/download:",
        help="Languages, data with leak status, scores with signatures, licence, figures.",
    )
    st.code(text, language=None, wrap_lines=True, height=320)


def _bundle(workspace: Workspace, version: Version) -> None:
    st.caption(
        "A folder with the prepared model, tokenizer, service, Dockerfile, README and card; it "
        "runs on another machine without this application."
    )
    default = workspace.root / "bundles" / version.id[:8]
    folder = st.text_input(
        "Folder on this machine", str(default), key=f"deploy.bundle.folder.{version.id}"
    ).strip()
    if st.button(
        "Write the bundle",
        icon=":material/inventory_2:",
        key=f"deploy.bundle.{version.id}",
        disabled=not folder,
        help=None if folder else "Type a folder.",
    ):
        with st.spinner("Writing …"):
            made = bundle_in_process(workspace, version.model, Path(folder))
        st.success("Written. README.md in it says how to start it.", icon=":material/check:")
        st.code(made["folder"], language=None, wrap_lines=True)


def _push(workspace: Workspace, version: Version) -> None:
    st.caption(
        "Model and card, with the token in this server's environment (HF_TOKEN); the token is "
        "stored nowhere."
    )
    repo_id = st.text_input(
        "Repository", placeholder="owner/name", key=f"deploy.push.repo.{version.id}"
    ).strip()
    is_public = st.toggle("Public", key=f"deploy.push.public.{version.id}")
    if st.button(
        "Push",
        icon=":material/upload:",
        key=f"deploy.push.{version.id}",
        disabled=not repo_id,
        help=None if repo_id else "Type the repository: owner/name.",
    ):
        with st.spinner("Sending …"):
            pushed = push_in_process(workspace, version.model, repo_id, is_public=is_public)
        st.success("Pushed.", icon=":material/check:")
        st.code(pushed["url"], language=None)
