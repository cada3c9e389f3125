"""What happens to runs while a page is open: a toast, and a notice of the browser."""

from __future__ import annotations

import streamlit as st

from app import cache
from app.components.browser_notices import BrowserNotice, browser_notices
from app.state import session
from app.text import plain
from core.access.roles import Visitor, may_see
from core.notify.message import page_of, subject
from core.storage.notice_records import Notice

CHECK_S = 10.0
MOST_AT_ONCE = 5
KEY = "browser-notices"  # hidden: it draws nothing itself
EVENT_ICONS = {
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "lost": ":material/power_off:",
    "stalled": ":material/hourglass_disabled:",
}


def tell_news(visitor: Visitor) -> None:
    """Tells this tab, on whatever page it is, what happens from now on; raters are not told."""
    if may_see(visitor, "runs"):
        _tell()


@st.fragment(run_every=CHECK_S)
def _tell() -> None:
    tab = session()
    newest = cache.workspace().notices.newest(limit=MOST_AT_ONCE)
    if tab.told is None:  # what was before this tab stands on Home
        tab.told = {notice.id for notice in newest}
    for notice in reversed(newest):
        if notice.id not in tab.told:
            tab.told.add(notice.id)
            tab.news.append(notice)
            st.toast(_words(notice), icon=EVENT_ICONS[notice.event], duration="long")
    tab.news = tab.news[-MOST_AT_ONCE:]
    if tab.news:
        with st.container(key=KEY):
            browser_notices([_told(notice) for notice in tab.news], key="news")


def _words(notice: Notice) -> str:
    reason = f"  \n{plain(notice.reason)}" if notice.reason else ""
    return plain(subject(notice)) + reason


def _told(notice: Notice) -> BrowserNotice:
    path = f"/{page_of(notice)}?id={notice.job_id}" if notice.job_id else ""
    return BrowserNotice(notice.id, subject(notice), notice.reason, path)
