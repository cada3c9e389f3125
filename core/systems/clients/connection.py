"""HTTP connections that no environment variable redirects."""

from __future__ import annotations

import os
import ssl
from functools import cache
from typing import TYPE_CHECKING

from core.systems.clients.bounds import bound
from core.systems.endpoint import EndpointSettings
from core.systems.secrets import Credentials

if TYPE_CHECKING:
    import httpx2

CONNECT_S = 10.0
_MAX_CONNECTIONS = 300
# What OpenAI's SDK takes from the environment and sends along unasked.
_AMBIENT_HEADERS = ("openai-organization", "openai-project")


def open_connection(settings: EndpointSettings, credentials: Credentials) -> httpx2.AsyncClient:
    """Opens a client for one endpoint.

    Proxies count only where the endpoint says so, and never for this machine. Redirects are not
    followed: the key would go to an address that nobody has chosen. Only so much is read of an
    answer, and it may not be compressed.
    """
    import httpx2

    through_proxy = settings.proxy == "environment" and not settings.is_loopback

    async def only_our_headers(request: httpx2.Request) -> None:
        for name in (*_AMBIENT_HEADERS, *_custom_header_names()):
            if name.lower() in request.headers:
                del request.headers[name]
        if settings.kind == "openai":
            request.headers.pop("authorization", None)
            if credentials.key:
                request.headers["authorization"] = f"Bearer {credentials.key}"
        request.headers.update(credentials.headers)
        request.headers["accept-encoding"] = "identity"

    async def only_so_much(response: httpx2.Response) -> None:
        bound(response, settings)

    return httpx2.AsyncClient(
        verify=_tls(),
        trust_env=through_proxy,
        follow_redirects=False,
        timeout=httpx2.Timeout(settings.stall_s, connect=min(CONNECT_S, settings.deadline_s)),
        limits=httpx2.Limits(max_connections=_MAX_CONNECTIONS),
        event_hooks={"request": [only_our_headers], "response": [only_so_much]},
    )


def load_libraries() -> None:
    """Imports OpenAI's SDK and reads the certificates: 0.4 s that no event loop should wait for."""
    import openai  # noqa: F401

    _tls()


@cache
def _tls() -> ssl.SSLContext:
    """Gives one context for all connections: reading the certificates takes 17 ms each time.

    SSL_CERT_FILE counts; it says who is trusted, not where a request goes.
    """
    import httpx2

    return httpx2.create_ssl_context(trust_env=True)


def _custom_header_names() -> list[str]:
    """Gives the names in OPENAI_CUSTOM_HEADERS, which the SDK would add to every request."""
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
    names = (line.partition(":")[0].strip() for line in lines if ":" in line)
    kept = {"content-type", "content-length", "accept", "host"}
    return [name for name in names if name and name.lower() not in kept]
