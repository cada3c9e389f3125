"""Headers on every answer that close the browser to everything but the application itself."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.entrance import entrance
from app.access.small_pages import TOKEN_SCRIPT

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class ClosingHeaders:
    """Adds the headers where an answer has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and adds to what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                added = [each for each in _headers() if each[0] not in present]
                if scope["path"].startswith("/download/"):
                    added.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*_kept(message["headers"]), *added]}
            await send(message)

        await self._app(scope, receive, closed)


def content_security_policy() -> str:
    """Gives what pages may load and run: what this server sends, and nothing typed into a page.

    Inline components come as `blob:` modules, charts bring styles along and WebAssembly; of inline
    scripts there are two, Streamlit's and the token form's, named by their hashes.
    """
    scripts = " ".join(f"'sha256-{each}'" for each in _script_hashes())
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' blob: 'wasm-unsafe-eval' {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def _kept(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Gives an answer's own headers; over https no cookie is ever sent without it.

    Streamlit does not mark that of who signed in, because it does not know of the proxy's https.
    """
    here = entrance()
    if here is None or not here.door.is_https:
        return list(headers)
    return [
        (name, value + b"; Secure")
        if name.lower() == b"set-cookie" and b"secure" not in value.lower().split(b"; ")
        else (name, value)
        for name, value in headers
    ]


@cache
def _headers() -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"content-security-policy", content_security_policy().encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        # Not `no-referrer`: with it, browsers hide from us where our own form was sent from.
        (b"referrer-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    )


def _script_hashes() -> list[str]:
    import streamlit

    page = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts = [*_INLINE_SCRIPT.findall(page.read_text(encoding="utf-8")), TOKEN_SCRIPT]
    return [
        base64.b64encode(hashlib.sha256(each.encode()).digest()).decode("ascii") for each in scripts
    ]
