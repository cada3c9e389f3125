"""Who looks at the page that runs now."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app.access.entrance import entrance
from app.access.shown import shown_of
from app.state import session
from core.access.identifying import Shown, identify
from core.access.roles import Visitor, check_may_manage_access
from core.errors import ConfigError, DataError


def visitor() -> Visitor:
    """Gives who looks at this page, as it was found out when this run of it began.

    Callbacks and fragments run before that or without it, but not without a check: the gate has
    asked for the message that started them (`app.access.gate`).

    Raises:
        DataError: The visitor may not enter, or not any more.
        ConfigError: The page runs in a server that guards nothing.
    """
    known = session().identified
    return known[1] if known is not None and known[0] == presented() else identified()


def visitor_name() -> str:
    """Gives what others call who looks at this page; an owner without a name is "owner".

    Raises:
        DataError: The visitor may not enter, or not any more.
        ConfigError: The page runs in a server that guards nothing.
    """
    found = visitor()
    return found.name or found.role


def identified() -> Visitor:
    """Finds out anew who looks at this page, so that what was revoked ends at once.

    Raises:
        DataError: The visitor may not enter, or not any more.
        ConfigError: The page runs in a server that guards nothing.
    """
    here, shown = entrance(), presented()
    session().identified = None
    if here is None:
        if shown is not None:
            raise ConfigError(
                "This server was not started as it should be.", hint="Start it by `make run`."
            )
        return Visitor("owner")  # a script that nobody reaches over a network, as in a test
    found = identify(here.workspace, here.door, shown) if shown is not None else None
    if found is None or shown is None:
        raise DataError(
            "Your link or sign-in does not hold any more.",
            hint="Ask whoever invited you for a new link, then open it.",
        )
    session().identified = (shown, found)
    return found


def require_owner() -> Visitor:
    """Gives who looks at this page if it is an owner.

    Raises:
        DataError: The visitor may not enter.
        ConfigError: The visitor is no owner.
    """
    found = identified()
    check_may_manage_access(found)
    return found


def may_leave(found: Visitor) -> bool:
    """Tells whether a rater would be somebody with more pages without the rater's cookie."""
    here, shown = entrance(), presented()
    if found.role != "rater" or here is None or shown is None:
        return False
    return identify(here.workspace, here.door, replace(shown, rater_cookie="")) is not None


def address() -> str:
    """Gives the address that links for others begin with, as `https://mt.example.org`.

    Without a public URL it is the one by which the owner looks at this page.
    """
    here, shown = entrance(), presented()
    if here is None:
        return "http://localhost"
    if here.door.public_url or shown is None or not shown.host:
        return here.door.url
    return f"http://{shown.host}"


def presented() -> Shown | None:
    """Gives what the browser showed when it connected, or None if none is connected."""
    found = st.context.headers  # each look at it reads the request anew
    headers = [(name, value) for name in found for value in found.get_all(name)]
    return shown_of(headers) if headers else None
