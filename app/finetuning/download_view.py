"""Models of the hub: whether one is on this machine, its download, and how far that is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from app.access.visiting import visitor_name
from app.errors import shown_to_user
from app.problem_views import shown_in_place, why_it_ended
from app.text import STATE_COLOURS, plain, size
from core.finetune.models import HUB_MODELS, model_source
from core.finetune.recipes import SCRATCH, STARTER
from core.finetune.settings import FineTuneSettings
from core.hub import cached, downloads
from core.hub.downloads import Download
from core.hub.settings import DownloadSettings
from core.storage.workspace import Workspace

INTERVAL_S = 1


def hub_model(
    workspace: Workspace, base_model: str, values: Mapping[str, Any], *, key: str
) -> dict[str, Any]:
    """Shows revision and whereabouts of a hub model, and gives the revision; none for others.

    Args:
        workspace: Where the downloads are.
        base_model: What was chosen.
        values: What stood in the form before.
        key: Of the form.
    """
    if not _is_of_hub(workspace, base_model):
        return {"base_model_revision": ""}
    field = FineTuneSettings.model_fields["base_model_revision"]
    # A revision belongs to one model: another one starts with an empty field.
    is_same = values.get("base_model") == base_model
    revision = st.text_input(
        str(field.title),
        value=str(values.get("base_model_revision", "")) if is_same else "",
        key=f"{key}.revision.{base_model}",
        max_chars=200,
        placeholder="Empty: the version on this machine, or else the newest",
        help=field.description,
    ).strip()
    whereabouts(workspace, base_model, revision, key="finetune.hub")
    return {"base_model_revision": revision}


def _is_of_hub(workspace: Workspace, base_model: str) -> bool:
    if base_model in (STARTER, SCRATCH) or not cached.is_hub_id(base_model):
        return False
    return base_model in HUB_MODELS or not Path(base_model).is_dir()


def whereabouts(workspace: Workspace, model: str, revision: str, *, key: str) -> None:
    """Says whether a model is here, and offers its download, live while that goes on."""
    found = downloads.of_model(workspace, model)
    is_active = found is not None and not found.state.has_ended
    with st.container(key=key):
        every = INTERVAL_S if is_active else None
        st.fragment(_whereabouts, run_every=every)(workspace, model, revision, is_active, key)


def _whereabouts(
    workspace: Workspace, model: str, revision: str, was_active: bool, key: str
) -> None:
    with shown_to_user():
        found = downloads.of_model(workspace, model)
        if was_active and (found is None or found.state.has_ended):
            st.rerun()  # what depends on the model, such as its tokens, can be shown now
        folder = Path(model_source(workspace, model, revision=revision))
        if folder.is_dir():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.badge("On this machine", icon=":material/check:", color="green")
                st.caption(f"{_size_of(folder)} · commit {folder.name[:12]}", width="content")
            return
        if found is None or found.state.state == "finished":
            _offer(workspace, model, revision, key=key)
        else:
            download_card(workspace, found, key=f"{key}.download")


def _size_of(folder: Path) -> str:
    return size(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))


def _offer(workspace: Workspace, model: str, revision: str, *, key: str) -> None:
    about = HUB_MODELS.get(model, "").rpartition("·")[2].strip()
    st.caption(
        f"Not on this machine{f' · {about}' if about else ''}. It is downloaded when the run "
        "starts, or now."
    )
    if st.button("Download now", icon=":material/download:", key=f"{key}.start"):
        with shown_in_place("Cannot be downloaded"):
            settings = DownloadSettings.parse({"model": model, "revision": revision})
            downloads.start(workspace, settings, by=visitor_name())
            st.rerun()


def download_card(workspace: Workspace, found: Download, *, key: str) -> None:
    """Shows how far a download is, with a stop, or how it ended, with a way to go on."""
    state = found.state.state
    with st.container(border=True, key=key):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(state, color=STATE_COLOURS[state])  # type: ignore[arg-type]
            revision = f" · {found.settings.revision}" if found.settings.revision else ""
            st.text(f"{found.settings.model}{revision}")
            if not found.state.has_ended:
                _stop_button(workspace, found, key=key)
            else:
                _go_on_buttons(workspace, found, key=key)
        if not found.state.has_ended:
            share = found.done_bytes / found.total_bytes if found.total_bytes else 0.0
            waits = "Waits for another download; it starts by itself."
            note = waits if state == "queued" else found.note or "Starting …"
            st.progress(min(1.0, share), text=plain(note))
        elif state != "finished":
            why_it_ended(found.state, key=f"{key}.why")


def _stop_button(workspace: Workspace, found: Download, *, key: str) -> None:
    is_stopping = found.state.state == "stopping"
    if st.button(
        "Stop",
        icon=":material/stop:",
        key=f"{key}.stop",
        disabled=is_stopping,
        help="Already stopping." if is_stopping else "What was downloaded stays.",
    ):
        downloads.stop(workspace, found.job.id)
        st.rerun()


def _go_on_buttons(workspace: Workspace, found: Download, *, key: str) -> None:
    if found.state.state != "finished" and st.button(
        "Go on",
        icon=":material/play_arrow:",
        key=f"{key}.resume",
        help="Continues where it stopped.",
    ):
        downloads.resume(workspace, found.job.id)
        st.rerun()
    if found.job.has_ended and st.button(
        "Dismiss", icon=":material/close:", key=f"{key}.dismiss", help="The model itself stays."
    ):
        downloads.dismiss(workspace, found.job.id)
        st.rerun()
