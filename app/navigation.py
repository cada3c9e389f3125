"""The menu: sections and pages, for each visitor those that are open to the visitor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from app.access.visiting import may_leave
from core.access.roles import RATER_PAGES, Visitor, may_see

# An address of the server, not a page of the menu: `st.page_link` knows only those.
_LEAVE = (
    '<p style="margin: 0; font-size: 0.875rem; opacity: 0.8"><a href="/leave" target="_self" '
    'style="color: inherit">Leave: back to the owner\'s pages</a></p>'
)

PAGES = Path(__file__).resolve().parents[1] / "pages"

# Name of the file, title, icon; a page without an icon does not stand in the menu.
_SECTIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "": (("home", "Home", "home"),),
    "Build": (
        ("corpora", "Corpora", "library_books"),
        ("corpus", "Corpus"),
        ("finetune", "Fine-tune", "tune"),
        ("runs", "Runs", "monitoring"),
        ("run", "Run"),
        ("compare_runs", "Compare runs"),
        ("search", "Search", "manage_search"),
        ("study", "Study"),
    ),
    "Compare": (
        ("playground", "Playground", "forum"),
        ("evaluate", "Evaluate", "leaderboard"),
    ),
    "Judge": (
        ("campaigns", "Campaigns", "rate_review"),
        ("annotate", "Annotate", "edit_note"),
        ("agreement", "Agreement", "handshake"),
    ),
    "Ship": (("deploy", "Deploy", "cloud_upload"),),
    "Green": (("emissions", "Emissions", "eco"),),
    " ": (("settings", "Settings", "settings"),),
}


def page_path(name: str) -> Path:
    """Gives the file of a page for `st.switch_page` and `st.page_link`."""
    return PAGES / f"{name}.py"


def menu(visitor: Visitor) -> StreamlitPage:
    """Shows the menu and gives the page that was chosen.

    A page that is not in the menu cannot be reached by its address either: Streamlit shows the
    first page instead.
    """
    sections = {
        section: [
            _page(*entry, first=_first_page(visitor))
            for entry in entries
            if may_see(visitor, entry[0])
        ]
        for section, entries in _SECTIONS.items()
    }
    return st.navigation({section: pages for section, pages in sections.items() if pages})


def page_name(visitor: Visitor, page: StreamlitPage) -> str:
    """Gives the name of a page's file without its ending; the first page's address is empty."""
    return page.url_path or _first_page(visitor)


@contextmanager
def page_frame(visitor: Visitor) -> Iterator[None]:
    """Draws the page within; below it an owner or member with a rater's link finds the way back."""
    if not may_leave(visitor):
        yield
        return
    # The link is drawn first: a page may stop at any point.
    page = st.container()
    st.html(_LEAVE)
    with page:
        yield


def _first_page(visitor: Visitor) -> str:
    return RATER_PAGES[0] if visitor.role == "rater" else "home"


def _page(name: str, title: str, icon: str = "", *, first: str) -> StreamlitPage:
    return st.Page(
        page_path(name),
        title=title,
        icon=f":material/{icon}:" if icon else None,
        default=name == first,
        visibility="visible" if icon else "hidden",
    )
