"""The Notifications part of Settings, and what is new about runs on Home."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.components.browser_notices import browser_notices
from app.forms import group_fields, groups_of
from app.navigation import page_path
from app.news import EVENT_ICONS
from app.problem_views import shown_in_place
from app.state import session
from app.text import ago, plain
from core.notify.delivering import sample_notice, send
from core.notify.message import page_of, subject
from core.notify.settings import NotifySettings, notify_settings, store_notify_settings
from core.storage.notice_records import Notice
from core.storage.workspace import Workspace

NUM_SHOWN = 5


def notify_view(workspace: Workspace, *, may_change: bool) -> None:
    """Shows what is told and to whom, with a form, tests, and what came of the last messages."""
    st.caption(
        "Runs and searches that finish, fail, are lost or stand still are told on Home, on every "
        "open page, by a webhook, and by e-mail; each once. The trials of a search are told as one."
    )
    st.markdown("**This browser**", help="Beside other windows, as long as a page is open here.")
    browser_notices(key="settings.notify.browser", has_switch=True)
    if not may_change:
        st.info("Only an owner sets up webhook and e-mail.")
        return
    stored = notify_settings(workspace)
    _form(workspace, stored)
    _tests(stored)
    _last(workspace)


def _form(workspace: Workspace, stored: NotifySettings) -> None:
    values: dict[str, Any] = stored.model_dump()
    with st.form("settings.notify", border=True):
        for group, names in groups_of(NotifySettings).items():
            st.markdown(f"**{group}**")
            values |= group_fields(NotifySettings, names, values, key="settings.notify")
        if st.form_submit_button("Save notifications", type="primary", icon=":material/save:"):
            with shown_in_place("Cannot be saved"):
                store_notify_settings(workspace, NotifySettings.parse(values))
                session().notice = "Saved what is told about runs."
                st.rerun()


def _tests(stored: NotifySettings) -> None:
    with st.container(horizontal=True):
        for way in ("webhook", "e-mail"):
            is_set_up = way in stored.ways
            if st.button(
                f"Test {way}",
                icon=":material/send:",
                key=f"settings.notify.test.{way}",
                disabled=not is_set_up,
                help="Sends a test message." if is_set_up else f"Save a {way} first.",
            ):
                with st.spinner("Sending …"), shown_in_place("The test message was not sent"):
                    send(stored, sample_notice(), way)
                    st.success(f"The test message was sent: {way}.")


def _last(workspace: Workspace) -> None:
    notices = workspace.notices.newest(limit=NUM_SHOWN)
    if not notices:
        return
    st.markdown("**Last messages**")
    for notice in notices:
        outcome = "; ".join(f"{way}: {what}" for way, what in notice.sent.items())
        st.text(f"{subject(notice)} · {ago(notice.created_at)} · {outcome or 'on Home only'}")


def news(workspace: Workspace) -> None:
    """Shows what happened to runs that nobody has seen yet; nothing where there is no news."""
    notices = workspace.notices.newest(limit=NUM_SHOWN, is_unseen=True)
    if not notices:
        return
    with st.container(border=True, key="home.news"):
        st.subheader("News", anchor=False)
        for notice in notices:
            _line(notice)
        # A second click is not meant for the ones that come up then.
        key = f"home.news.seen.{notices[0].id}"
        if st.button("Seen", icon=":material/done_all:", key=key):
            workspace.notices.mark_seen([notice.id for notice in notices])
            st.rerun()


def _line(notice: Notice) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            page_path(page_of(notice)),
            label=f"{plain(subject(notice))} · {ago(notice.created_at)}",
            icon=EVENT_ICONS[notice.event],
            query_params={"id": notice.job_id},
        )
        if notice.reason:
            st.text(notice.reason)
