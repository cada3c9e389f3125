"""An identity provider: OpenID Connect's code flow, at which somebody is always signed in already.

It keeps to the protocol where clients get it wrong: a code is good once, for the client and the
address that asked for it, and only with the verifier that its challenge was made of (RFC 7636).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "adaptmllm", "a-secret-of-the-provider"
START_LIMIT_S = 30.0


class IdentityProvider:
    """The provider, in a thread of this process.

    Attributes:
        account: Claims about whoever signs in next, such as `email` and `email_verified`.
    """

    def __init__(self) -> None:
        self.account: dict[str, Any] = {}
        self._key = RSAKey.generate_key(2048, {"kid": "1"})
        self._asked: dict[str, dict[str, str]] = {}
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        routes = [
            Route("/.well-known/openid-configuration", self._configuration),
            Route("/keys", self._keys),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/end", self._end),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), lifespan="off", ws="none", log_config=None
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def __enter__(self) -> Self:
        """Returns as soon as it answers."""
        self._thread.start()
        deadline = time.monotonic() + START_LIMIT_S
        while not self._server.started:
            assert self._thread.is_alive() and time.monotonic() < deadline
            time.sleep(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ends it."""
        self._server.should_exit = True
        self._thread.join()

    def secrets_file(self, application_url: str) -> str:
        """Gives the text of a `secrets.toml` by which Streamlit signs in here."""
        values = {
            "redirect_uri": f"{application_url}/oauth2callback",
            "cookie_secret": secrets.token_hex(32),
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "server_metadata_url": f"{self.url}/.well-known/openid-configuration",
        }
        return "[auth]\n" + "".join(
            f"{name} = {json.dumps(each)}\n" for name, each in values.items()
        )

    def _configuration(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "end_session_endpoint": f"{self.url}/end",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False, use="sig", alg="RS256")]})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if asked.get("client_id") != CLIENT_ID or asked.get("code_challenge_method") != "S256":
            return PlainTextResponse("This client is not known.", status_code=400)
        code = secrets.token_urlsafe(16)
        self._asked[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        asked = self._asked.pop(form.get("code", ""), None)
        if asked is None or not _is_same_client(request, form, asked):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "1", "aud": CLIENT_ID, "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], **self.account,
        }  # fmt: skip
        id_token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self._key)
        answer = {"access_token": "x", "token_type": "Bearer", "id_token": id_token}
        return JSONResponse({**answer, "expires_in": 300})

    def _end(self, request: Request) -> Response:
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], status_code=302)


def _is_same_client(request: Request, form: dict[str, str], asked: dict[str, str]) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    credentials = f"{CLIENT_ID}:{CLIENT_SECRET}".encode()
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return (
        kind == "Basic"
        and base64.b64decode(given) == credentials
        and form.get("redirect_uri") == asked["redirect_uri"]
        and challenge == asked["code_challenge"]
    )
