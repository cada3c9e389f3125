"""Stands before everything that the page server answers: who may not enter gets nowhere."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access import provider
from app.access.entrance import Entrance, entrance
from app.access.shown import cookies_of, shown_of
from app.access.small_pages import message_page, token_page, unknown_page
from app.access.socket_messages import bare_rerun, is_for_raters, whole_page
from core.access.identifying import identify, is_signed
from core.access.roles import RATER_PAGES, Visitor
from core.access.visits import note_visit

log = logging.getLogger(__name__)

SOCKET_PATH = "/_stcore/stream"
OPEN_PATHS = ("/token", "/leave", provider.SIGN_IN_PATH)
OPEN_PREFIX = "/join/"
# What the one page of a rater needs; everything else is refused, and so is what is added later.
RATER_PATHS = ("/", SOCKET_PATH, "/_stcore/health", "/_stcore/host-config", "/favicon.png")
RATER_PREFIXES = ("/static/", "/media/", "/assets/", "/component/", "/_stcore/bidi-components/")
SAME_FOR_ALL = "/static/"  # the files of Streamlit itself
POLICY_VIOLATION = 1008


class Gate:
    """Lets requests and sockets of known visitors through, each to what is open to them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses, or passes on."""
        here = entrance()
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif here is None:
            raise RuntimeError("The server answers before it was opened.")
        elif scope["type"] == "http":
            refusal = await _refusal(here, HTTPConnection(scope))
            await (refusal or self._app)(scope, receive, send)
        else:
            await self._watch(here, scope, receive, send)

    async def _watch(self, here: Entrance, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a socket on, and asks at each of its messages whether the visitor still may."""
        connection = HTTPConnection(scope)
        found = None
        if not _is_foreign(here, connection):
            found = await _visitor(here, connection)
        if found is None or (found.role == "rater" and scope["path"] not in RATER_PATHS):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        await asyncio.to_thread(note_visit, here.workspace, found)
        has_run = False

        async def watched() -> Message:
            nonlocal has_run
            while True:
                message = await receive()
                data = message.get("bytes")
                if message["type"] != "websocket.receive" or data is None:
                    return message
                now = await _visitor(here, connection)
                if now is None or now.role != found.role:
                    # No callback and no fragment runs any more; the page says what has happened.
                    return {**message, "bytes": bare_rerun()}
                if found.role != "rater" or is_for_raters(data):
                    whole = None if has_run else whole_page(data)
                    has_run = has_run or whole is not None
                    return message if whole is None else {**message, "bytes": whole}
                log.warning("a rater's browser asked for what raters may not do")

        await self._app(scope, watched, send)


async def _refusal(here: Entrance, connection: HTTPConnection) -> Response | None:
    """Gives what to answer to a request that is not passed on."""
    path = connection.scope["path"]
    if _is_foreign(here, connection):
        return _foreign_answer(here, connection)
    if path in OPEN_PATHS or path.startswith(OPEN_PREFIX):
        return None
    if path in provider.PROVIDER_PATHS and provider.is_configured():
        return None
    shown = shown_of(connection.headers.items())
    if path.startswith(SAME_FOR_ALL) and is_signed(here.workspace, here.door, shown):
        return None  # dozens of them make up the first page
    found = await _visitor(here, connection)
    if found is None:
        return _stranger_answer(connection)
    return _rater_answer(path, connection) if found.role == "rater" else None


def _is_foreign(here: Entrance, connection: HTTPConnection) -> bool:
    """Tells whether a request was made by a page of another site, or under another's name.

    To follow a link from elsewhere is fine; to ask for anything in the background is not.
    """
    headers = connection.headers
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not here.door.allows_host(hosts[0]):
        return True
    is_socket = connection.scope["type"] == "websocket"
    is_look = not is_socket and connection.scope["method"] in ("GET", "HEAD", "OPTIONS")
    origin = headers.get("origin")
    if origin and not is_look and not here.door.is_own_origin(origin, hosts[0]):
        return True
    is_elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    is_link = is_look and headers.get("sec-fetch-mode") == "navigate"
    return is_elsewhere and not is_link


async def _visitor(here: Entrance, connection: HTTPConnection) -> Visitor | None:
    shown = shown_of(connection.headers.items())
    # A database elsewhere may take its time; other requests must not wait for it.
    return await asyncio.to_thread(identify, here.workspace, here.door, shown)


def _foreign_answer(here: Entrance, connection: HTTPConnection) -> Response:
    hosts = connection.headers.getlist("host")
    if len(hosts) == 1 and here.door.allows_host(hosts[0]):
        return PlainTextResponse("Pages of other web sites may not do this.", status_code=403)
    log.warning("a request for another host was refused: %r", ", ".join(hosts)[:200])
    return PlainTextResponse(
        "This application is not known under this name. Whoever starts it gives the name by "
        "`--public-url`.",
        status_code=403,
    )


def _stranger_answer(connection: HTTPConnection) -> Response:
    if not _wants_page(connection):
        return PlainTextResponse("Nobody is let in without a link or token.", status_code=401)
    # Who comes back from signing in to a bare form would sign in again and again.
    sentence = provider.why_not_known(cookies_of(connection.headers.getlist("cookie")))
    if sentence:
        page = unknown_page(sentence, provider.SIGN_OUT_PATH)
        return HTMLResponse(page, status_code=403, headers={"Cache-Control": "no-store"})
    page = token_page(has_provider=provider.is_configured())
    return HTMLResponse(page, status_code=401, headers={"Cache-Control": "no-store"})


def _rater_answer(path: str, connection: HTTPConnection) -> Response | None:
    if path in RATER_PATHS or path.startswith(RATER_PREFIXES):
        return None
    if path.strip("/") in RATER_PAGES:
        return RedirectResponse("/", status_code=303)  # their only page is their first
    sentence = "It is not open to raters. Your work is on the page Annotate."
    if not _wants_page(connection):
        return PlainTextResponse(f"This is closed. {sentence}", status_code=403)
    page = message_page("This page is closed", sentence, path="/", link="Go to your work")
    return HTMLResponse(page, status_code=403)


def _wants_page(connection: HTTPConnection) -> bool:
    is_get = connection.scope["method"] in ("GET", "HEAD")
    return is_get and "text/html" in connection.headers.get("accept", "")
