"""Notices of the browser itself: shown beside other windows, where somebody has allowed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import streamlit as st

_HERE: Final = Path(__file__).parent
_COMPONENT: Final = st.components.v2.component(
    "adaptmllm_browser_notices",
    html='<div class="browser-notices"></div>',
    css=(_HERE / "browser_notices.css").read_text(encoding="utf-8"),
    js=(_HERE / "browser_notices.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class BrowserNotice:
    """What one notice says.

    Attributes:
        id: Unique; the same id is shown once, whatever tabs are open.
        title: Its first line.
        body: The rest; may be empty.
        path: Where a click leads, below this site; empty = nowhere.
    """

    id: str
    title: str
    body: str = ""
    path: str = ""


def browser_notices(
    notices: Sequence[BrowserNotice] = (), *, key: str, has_switch: bool = False
) -> None:
    """Shows notices in a browser that has switched them on.

    Args:
        notices: Those that were not shown yet are; drawing them again does nothing.
        key: Streamlit key, unique within the page.
        has_switch: Whether the button is shown that switches them on and off in this browser.
    """
    data = {"notices": [asdict(each) for each in notices], "has_switch": has_switch}
    _COMPONENT(key=key, data=data)
