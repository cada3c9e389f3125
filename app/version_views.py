"""The versions on the Deploy page: what the gate found, and what one decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from app import gate_views
from app.access.visiting import visitor_name
from app.errors import shown_to_user
from app.leave_views import leave_view
from app.problem_views import problem, shown_in_place
from app.state import session
from app.text import ago, plain, size, state_badge
from core.finetune.run_folder import RunFolder
from core.serving import versions
from core.serving.servable import load_servable
from core.serving.settings import PrepareSettings
from core.storage.version_records import Version
from core.storage.workspace import Workspace

SERVED = "served"
_COLOURS = {SERVED: "green", "accepted": "gray", "pending": "orange", "refused": "red"}
_MEANINGS = {
    SERVED: "The version that services of this model load.",
    "accepted": "Accepted before another one; it can be rolled back to.",
    "pending": "Nobody has decided yet.",
    "refused": "Not to be served.",
}


def version_table(workspace: Workspace, found: Sequence[Version]) -> None:
    """Shows all versions, the newest first."""
    served = served_ids(workspace, found)
    rows = [
        {
            "Model": version.name,
            "Stored as": version.quantization,
            "Engine": version.engine,
            "State": version.job.state,
            "Decision": decision_of(version, served) if version.is_ready else "",
            "Identical": version.gate.get("identical_share"),
            "chrF": version.gate.get("chrf_prepared"),
            "Difference": version.gate.get("chrf_difference"),
            "Made": ago(version.created_at),
        }
        for version in found
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key="deploy.versions",
        placeholder="",
        column_config={
            "Identical": st.column_config.NumberColumn(format="percent"),
            "chrF": st.column_config.NumberColumn(format="%.2f"),
            "Difference": st.column_config.NumberColumn(
                format="%+.2f", help="chrF of the prepared model minus that of the original"
            ),
        },
    )


def served_ids(workspace: Workspace, found: Sequence[Version]) -> set[str]:
    """Gives the ids of the versions that are served now, one a model at most."""
    current = (workspace.versions.current(model) for model in {each.model for each in found})
    return {version.id for version in current if version is not None}


def decision_of(version: Version, served: set[str]) -> str:
    """Gives the decision on a version in one word."""
    return SERVED if version.id in served else version.decision


def chosen_version(found: Sequence[Version]) -> Version:
    """Lets one version be chosen; a new one is chosen by itself."""
    tab = session()
    by_id = {version.id: version for version in found}
    ids = list(by_id)
    tab.version_id = st.selectbox(
        "Look at",
        ids,
        index=ids.index(tab.version_id) if tab.version_id in ids else 0,
        format_func=lambda each: (
            f"{by_id[each].name} · {by_id[each].quantization} · {ago(by_id[each].created_at)} · "
            f"{each[:8]}"
        ),
        # Another list is another widget: the version that was just made is chosen in it.
        key=f"deploy.version.{ids[0]}.{len(ids)}",
    )
    return by_id[tab.version_id]


def version_view(workspace: Workspace, version: Version) -> None:
    """Shows one version: why there is none, or the gate's figures and the decision."""
    if version.is_ready and version.gate:
        served = served_ids(workspace, [version])
        word = decision_of(version, served)
        st.badge(word, color=_COLOURS[word], help=_MEANINGS[word])  # type: ignore[arg-type]
        gate_views.recommendation(version)
        _decisions(workspace, version, served)
        _notices(workspace, version)
        gate_views.figures(workspace, version.gate)
        gate_views.energy(workspace, version)
        gate_views.differences(version)
        if version.id in served:
            leave_view(workspace, version)
    elif version.job.has_ended:
        state_badge(version.job.state)
        state = RunFolder(workspace.version_folder(version.id)).observed_state()
        reason = version.job.reason or "No figures of a comparison were left."
        hint = "Prepare it again." if state.state == "lost" else state.hint
        problem("There is no prepared model", reason, hint, state.detail)
        _afterwards(workspace, version)
    else:
        st.caption("It is being prepared: figures and the decision come here.")


def _decisions(workspace: Workspace, version: Version, served: set[str]) -> None:
    is_served = version.id in served
    with shown_in_place(), st.container(horizontal=True):
        if not is_served:
            label = "Roll back to this" if served and version.decision != "pending" else "Accept"
            kind = "primary" if version.gate["is_recommended"] else "secondary"
            note = "Services of this model load this version from their next start on."
            if _button(label, "check", version, kind=kind, note=note):
                _decide(workspace, version, versions.accept, "is served from now on")
        if version.decision != "refused":
            note = "It is served no more once its services are restarted." if is_served else ""
            if _button("Refuse", "block", version, note=note or "Keeps it, but never serves it."):
                _decide(workspace, version, versions.refuse, "is refused")
        if _button("Delete …", "delete", version):
            _confirm_deletion(workspace, version)


def _afterwards(workspace: Workspace, version: Version) -> None:
    with shown_in_place(), st.container(horizontal=True):
        if _button("Prepare again", "refresh", version, kind="primary"):
            settings = PrepareSettings.parse(version.settings)
            tab = session()
            again = versions.prepare(
                workspace, settings, version_id=tab.prepare_id, by=visitor_name()
            )
            tab.renew_prepare_id()
            tab.version_id = again.id
            st.rerun()
        if _button("Delete …", "delete", version):
            _confirm_deletion(workspace, version)


def _button(
    label: str, icon: str, version: Version, *, kind: str = "secondary", note: str | None = None
) -> bool:
    return st.button(
        label,
        icon=f":material/{icon}:",
        type=kind,  # type: ignore[arg-type]
        help=note,
        key=f"deploy.{label}.{version.id}",
    )


def _decide(
    workspace: Workspace,
    version: Version,
    decide: Callable[[Workspace, str], Version],
    outcome: str,
) -> None:
    decide(workspace, version.id)
    session().notice = f"The version {version.id[:8]} of {version.name} {outcome}."
    st.rerun()


def _notices(workspace: Workspace, version: Version) -> None:
    """Says why Transformers serves it, what its licence allows, and whether its files are there."""
    reason = version.gate.get("engine_reason")
    if reason:
        st.info(f"Transformers serves it: {plain(reason)}.", icon=":material/info:")
    with shown_in_place("Its files are not there"):
        servable = load_servable(versions.model_folder(workspace, version))
        if servable.notice:
            st.warning(plain(servable.notice), icon=":material/gavel:")
        else:
            st.caption(plain(f"Licence of the base model: {servable.licence}."))


@st.dialog("Delete this version?")
def _confirm_deletion(workspace: Workspace, version: Version) -> None:
    with shown_to_user():
        folder = RunFolder(workspace.version_folder(version.id))
        st.text(f"{version.name} · {version.quantization} · {version.id[:8]}")
        st.write(f"The prepared model ({size(folder.size_bytes())}) and its figures are deleted.")
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="deploy.delete.yes"):
                versions.delete(workspace, version.id)
                session().notice = f"Deleted a version of {version.name}."
                st.rerun()
            if st.button("Keep it", key="deploy.delete.no"):
                st.rerun()
