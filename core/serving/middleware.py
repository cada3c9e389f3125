"""What stands before every route: sizes, figures, the log, and headers that close the browser."""

from __future__ import annotations

import logging
import time

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.serving.access import AccessError
from core.serving.service import Service

log = logging.getLogger("adaptmllm.requests")

# Paths of documents may be as large as a document; everything else as its characters can be.
_DOCUMENT_PATHS = ("/documents", "/translate_file")
_BYTES_PER_CHARACTER = 12  # an escaped character beyond the basic plane in JSON
_MARGIN_BYTES = 1 << 16
READ_AWAY_BYTES = 50_000_000
_LOOKS = ("/health", "/ready", "/metrics")
_TRANSLATIONS = ("/translate", "/chat/completions")
# Routes that a service is there for: who is answered there uses it.
_USES = ("/translate", "/v1/chat/", "/detect", "/suggest", "/documents", "/download_file")
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        b"frame-ancestors 'none'",
    ),
]


class BodyLimit:
    """Refuses bodies that are larger than the limits allow, before they are in memory."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        settings = service.settings
        self._text_bytes = settings.char_limit * _BYTES_PER_CHARACTER + _MARGIN_BYTES
        self._document_bytes = int(settings.file_limit_mb * 1e6) + _MARGIN_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts the bytes of the body as they come."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_document = scope["path"].startswith(_DOCUMENT_PATHS)
        limit = self._document_bytes if is_document else self._text_bytes
        declared = dict(scope["headers"]).get(b"content-length", b"")
        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > limit or (declared.isdigit() and int(declared) > limit):
                await _read_away(receive, message)
                raise _too_large(limit)
            return message

        await self._app(scope, counted, send)


async def _read_away(receive: Receive, message: Message) -> None:
    """Takes the rest of a body that is too large, up to a point, and keeps nothing of it.

    A caller that is still sending when it is answered sees a broken connection, not the answer.
    """
    count = 0
    while message.get("more_body") and count < READ_AWAY_BYTES:
        message = await receive()
        count += len(message.get("body", b""))


class SameOrigin:
    """Refuses what web pages of other origins send: a browser does so without asking its user.

    Programs name no origin. Without this, any page could write feedback through its visitors.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._allowed = service.settings.cors_origins.split()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets through what reads, what comes from here, and what was allowed."""
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
            origin, host = headers.get(b"origin", ""), headers.get(b"host", "")
            is_elsewhere = origin and origin.partition("://")[2] != host
            is_cross_site = headers.get(b"sec-fetch-site") == "cross-site"
            if (is_elsewhere or is_cross_site) and origin not in self._allowed:
                sentence = "Pages of other web sites may not use this service."
                await JSONResponse({"error": sentence}, status_code=403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _too_large(limit: int) -> AccessError:
    return AccessError(413, f"The body is larger than {limit / 1e6:.1f} MB.")


class Observed:
    """Counts and logs every request, by its route and never by what users wrote into it."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._statistics = service.statistics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measures from the first byte to the last and adds the closing headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name for name, _ in message["headers"]}
                added = [header for header in _HEADERS if header[0] not in present]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        is_expected = scope["path"].endswith(_TRANSLATIONS)
        self._statistics.in_flight += 1
        self._statistics.translations_in_flight += is_expected
        try:
            await self._app(scope, receive, noted)
        finally:
            self._statistics.in_flight -= 1
            self._statistics.translations_in_flight -= is_expected
            seconds = time.perf_counter() - began_s
            route = getattr(scope.get("route"), "path", "other")
            is_translation = route.endswith((*_TRANSLATIONS, "/translate_file"))
            self._statistics.answered(route, status, seconds, is_translation=is_translation)
            if route.startswith(_USES) and status < 400:
                self._statistics.used()
            # Looks at health come every few seconds and would bury everything else.
            level = logging.DEBUG if route in _LOOKS and status == 200 else logging.INFO
            log.log(level, "%s %s %d %.0f ms", scope["method"], route, status, 1000 * seconds)
