"""The routes of entering and leaving: personal links, the owner's token, signing in."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.access import provider
from app.access.entrance import Entrance, entrance
from app.access.shown import OWNER_COOKIE, RATER_COOKIE, cookie_name, cookies_of, shown_of
from app.access.small_pages import message_page, token_page, unknown_page
from core.access.identifying import identify, visitor_of
from core.access.signing import COOKIE_MAX_AGE_S, Kind, Pass, cookie_of, pass_of_link
from core.access.visits import note_visit

log = logging.getLogger(__name__)

MAX_FORM_BYTES = 4096


def routes() -> list[Route]:
    """The routes to hand to `st.App`."""
    return [
        Route("/join/{token}", join, methods=["GET"]),
        Route("/token", ask_token, methods=["GET"]),
        Route("/token", take_token, methods=["POST"]),
        Route("/leave", leave, methods=["GET"]),
        Route(provider.SIGN_IN_PATH, sign_in, methods=["GET"]),
    ]


def join(request: Request) -> Response:
    """Lets the bearer of a personal link in.

    A link holds until it is taken back: a messenger that looks at it first uses nothing up.
    """
    here = _entrance()
    granted = pass_of_link(here.workspace, request.path_params["token"])
    found = visitor_of(here.workspace, here.door, granted)
    if granted is None or found is None:
        sentence = "It was taken back, renewed, or not copied whole. Ask for it again."
        return HTMLResponse(message_page("This link does not hold", sentence), status_code=403)
    note_visit(here.workspace, found)
    response = RedirectResponse("/", status_code=303)
    _set_cookie(here, response, granted)
    return response


def ask_token(request: Request) -> Response:
    """Shows the form for the owner's token."""
    return HTMLResponse(token_page(has_provider=provider.is_configured()))


async def take_token(request: Request) -> Response:
    """Lets the bearer of the owner's token in; a wrong one costs one of few tries."""
    here = _entrance()
    wait_s = here.attempts.take(request.client.host if request.client else "")
    if wait_s:
        error = f"Too many tries. Wait {wait_s} s, then try again."
        response: Response = _form(error, 429)
        response.headers["Retry-After"] = str(wait_s)
        return response
    body = await _body(request)
    typed = body.get("token", "") if body is not None else ""
    if not here.door.token.is_same(typed):
        log.warning("a wrong token was tried")
        return _form("This is not the token of this start.", 403)
    response = RedirectResponse("/", status_code=303)
    _set_cookie(here, response, Pass("owner", here.door.token.start_id))
    return response


def leave(request: Request) -> Response:
    """Forgets a rater's cookie, or else the owner's or member's; then as if newly come."""
    here = _entrance()
    shown = shown_of(request.headers.items())
    kind: Kind = "rater" if shown.rater_cookie else "owner"
    is_provided = bool(shown.email) and not (shown.rater_cookie or shown.owner_cookie)
    path = provider.SIGN_OUT_PATH if is_provided else "/"
    response = RedirectResponse(path, status_code=303)
    base = RATER_COOKIE if kind == "rater" else OWNER_COOKIE
    for name in {base, cookie_name(here.door, kind)}:
        response.delete_cookie(
            name, secure=here.door.is_https, httponly=True, samesite="lax", path="/"
        )
    return response


def sign_in(request: Request) -> Response:
    """Sends the browser to the identity provider; who is signed in but unknown is told so."""
    here = _entrance()
    if not provider.is_configured():
        return RedirectResponse("/", status_code=303)
    sentence = provider.why_not_known(cookies_of(request.headers.getlist("cookie")))
    if sentence and identify(here.workspace, here.door, shown_of(request.headers.items())) is None:
        return HTMLResponse(unknown_page(sentence, provider.SIGN_OUT_PATH), status_code=403)
    return RedirectResponse(provider.login_address(), status_code=303)


def _entrance() -> Entrance:
    here = entrance()
    if here is None:
        raise RuntimeError("The server was not started.")
    return here


def _form(error: str, status: int) -> HTMLResponse:
    page = token_page(error=error, has_provider=provider.is_configured())
    return HTMLResponse(page, status_code=status)


def _set_cookie(here: Entrance, response: Response, granted: Pass) -> None:
    response.set_cookie(
        cookie_name(here.door, granted.kind),
        cookie_of(here.workspace, granted),
        max_age=COOKIE_MAX_AGE_S,
        secure=here.door.is_https,
        httponly=True,
        samesite="lax",
        path="/",
    )
    response.headers["Cache-Control"] = "no-store"


async def _body(request: Request) -> dict[str, str] | None:
    """Gives the fields of a small form, or None for a large or broken one."""
    from urllib.parse import parse_qsl

    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            return None
    return dict(parse_qsl(body.decode("utf-8", errors="replace")))
