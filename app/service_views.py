"""The Services part of the Deploy page: start a service, watch it, stop and restart it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app import gate_views, service_snippets
from app.access.visiting import visitor_name
from app.errors import shown_to_user
from app.forms import group_fields, groups_of
from app.problem_views import problem, shown_in_place
from app.state import session
from app.text import STATE_MEANINGS, duration, plain, state_badge
from core.errors import AdaptMLLMError
from core.finetune.run_folder import RunFolder
from core.jobs.folder import JobState, attempt_log
from core.serving import services
from core.serving.access import Access
from core.serving.settings import ServeSettings
from core.storage.service_records import ServiceRecord
from core.storage.version_records import Version
from core.storage.workspace import Workspace

INTERVAL_S = 2
LOG_BYTES = 60_000
LOG_LINES = 12
RESTART_HINT = "Restart it; the log says more."


def served_models(workspace: Workspace, found: Sequence[Version]) -> dict[str, Version]:
    """Gives the accepted version of each model that has one, by the model's canonical name."""
    current = (workspace.versions.current(model) for model in {each.model for each in found})
    return {version.model: version for version in current if version is not None}


def start_form(
    workspace: Workspace, models: Mapping[str, Version], found: Sequence[ServiceRecord]
) -> None:
    """Shows what can be served and how, and the button that starts it."""
    key = f"deploy.service.{session().service_id}"
    groups = groups_of(ServeSettings)
    left, _ = st.columns([2, 1])
    with left:
        model = st.selectbox(
            "Model",
            sorted(models, key=lambda each: models[each].created_at, reverse=True),
            format_func=lambda each: f"{models[each].name} · {models[each].quantization}",
            key=f"{key}.model",
            help="Models with an accepted version; that version is served.",
        )
    fields = [name for name in groups["Service"] if name != "model"]
    values: dict[str, Any] = {"model": model}
    values |= group_fields(ServeSettings, fields, {"port": _free_port(found)}, key=key)
    with st.expander("Limits, batching and access"):
        for group in ("Limits", "Batching", "Access"):
            st.markdown(f"**{group}**")
            values |= group_fields(ServeSettings, groups[group], {}, key=key)
    prevents = _what_prevents(workspace, values)
    if st.button(
        "Start",
        type="primary",
        icon=":material/play_arrow:",
        key=f"{key}.go",
        disabled=bool(prevents),
        help=plain(prevents) or "Starts a process of its own; closing this page does not end it.",
    ):
        tab = session()
        with shown_in_place("The service was not started"):
            settings = ServeSettings.parse(values)
            record = services.start(
                workspace, settings, service_id=tab.service_id, by=visitor_name()
            )
            tab.renew_service_id()
            tab.notice = f"Starting {record.name} at {record.address}."
            st.rerun()


def _free_port(found: Sequence[ServiceRecord]) -> int:
    taken = {record.settings["port"] for record in found}
    return next(port for port in range(5000, 65536) if port not in taken)


def _what_prevents(workspace: Workspace, values: dict[str, Any]) -> str:
    """Shows why the start would be refused and gives the reason; the port is tried at the click."""
    try:
        Access(ServeSettings.parse(values), workspace.keys).check_start()
        return ""
    except AdaptMLLMError as error:
        problem("Cannot be started yet", error.message, error.hint)
        return str(error)


def service_card(workspace: Workspace, record: ServiceRecord) -> None:
    """Shows one service: live figures, why it ended, and what one can do with it."""
    state = services.service_state(workspace, record)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(record.name, width="content")
            if state.state == "serving":
                st.link_button(plain(record.address), record.address, icon=":material/open_in_new:")
            else:
                st.text(record.address, width="content")

        @st.fragment(run_every=None if state.has_ended else INTERVAL_S)
        def live() -> None:
            with shown_to_user():
                now = services.service_state(workspace, record)
                if (now.state, now.reason) != (state.state, state.reason):
                    st.rerun()  # the buttons are others now
                _state(workspace, record, now)

        live()
        with shown_in_place():
            _actions(workspace, record, state)
        served = services.served_version(workspace, record)
        _newer_version(workspace, record, served, state)
        if state.state == "serving":
            if served is not None:
                gate_views.energy_caption(workspace, served.model, served.id)
            service_snippets.snippets(workspace, record)
        _log(workspace, record, is_open=state.state in ("failed", "lost"))


def _state(workspace: Workspace, record: ServiceRecord, state: JobState) -> None:
    if state.state != "serving":
        state_badge(state.state)
        if state.is_active:
            st.caption(STATE_MEANINGS[state.state])
        if state.reason:
            hint = RESTART_HINT if state.state == "lost" else state.hint
            st.text(state.reason)
            st.text(hint) if hint else None
        return
    is_healthy = services.is_healthy(record)
    with st.container(horizontal=True):
        state_badge(state.state)
        st.badge(
            "healthy" if is_healthy else "does not answer",
            icon=":material/favorite:" if is_healthy else ":material/heart_broken:",
            color="green" if is_healthy else "red",
            help="Whether it answers on its port at this moment.",
        )
    _figures(services.figures(workspace, record))


def _figures(figures: dict[str, Any]) -> None:
    if not figures:
        st.caption("The first figures come in a moment.")
        return
    metrics = (
        ("Requests/s", f"{figures['requests_per_s']:,.2f}", "Of the last minute."),
        ("p50", _ms(figures["p50_ms"]), "Half of the last minute's requests were faster."),
        ("p95", _ms(figures["p95_ms"]), "95 of 100 requests of the last minute were faster."),
        ("Characters", f"{figures['num_characters']:,}", "Translated since the start."),
        ("In flight", f"{figures['in_flight']:,}", "Requests that are being answered."),
        ("Queue", f"{figures['queue']:,}", "Sentences that wait for the model."),
    )
    with st.container(horizontal=True):
        for label, value, note in metrics:
            st.metric(label, value, help=note, border=True, width="stretch")
    st.caption(
        f"{figures['num_requests']:,} requests in {duration(figures['uptime_s'])} · "
        f"{figures['num_refused']:,} refused in the last minute"
    )


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def _actions(workspace: Workspace, record: ServiceRecord, state: JobState) -> None:
    with st.container(horizontal=True):
        if not state.has_ended:
            is_stopping = state.state == "stopping"
            if st.button(
                "Stop",
                icon=":material/stop:",
                key=f"deploy.service.stop.{record.id}",
                disabled=is_stopping,
                help="Already stopping." if is_stopping else "Requests at work are finished first.",
            ):
                services.stop(workspace, record.id)
                session().notice = f"Asked {record.name} to stop."
                st.rerun()
            return
        if st.button(
            "Restart",
            icon=":material/restart_alt:",
            type="primary",
            key=f"deploy.service.restart.{record.id}",
            help="Starts it with the same settings and the version that is accepted now.",
        ):
            services.restart(workspace, record.id)
            session().notice = f"Starting {record.name} at {record.address}."
            st.rerun()
        if st.button(
            "Delete",
            icon=":material/delete:",
            key=f"deploy.service.delete.{record.id}",
            help="Its settings and its log; the prepared model stays.",
        ):
            services.delete(workspace, record.id)
            session().notice = f"Deleted the service at {record.address}."
            st.rerun()


def _newer_version(
    workspace: Workspace, record: ServiceRecord, served: Version | None, state: JobState
) -> None:
    """Says that a running service has another version than the accepted one."""
    accepted = workspace.versions.current(record.model)
    if not state.is_active or served is None or accepted is None or accepted.id == served.id:
        return
    st.caption(
        f"It serves the version {served.id[:8]}; {accepted.id[:8]} is the accepted one now: stop "
        "and restart it to serve that one."
    )


def _log(workspace: Workspace, record: ServiceRecord, *, is_open: bool) -> None:
    with st.expander("Log", expanded=is_open):
        folder = RunFolder(workspace.service_folder(record.id))
        text = attempt_log(folder.log_file, max_bytes=LOG_BYTES) if folder.log_file.exists() else ""
        # This page itself asks for the health every two seconds: that would hide all else.
        lines = [line for line in text.splitlines() if " GET /health 200 " not in line]
        st.code("\n".join(lines[-LOG_LINES:]).strip() or "Nothing yet.", language=None)
