"""OpenID Connect by Streamlit's own sign-in (`[auth]` in `.streamlit/secrets.toml`).

Streamlit's routes talk to the provider and keep who signed in, in a cookie that they sign. It is
read here as well as by `st.user`, because the server must know who asks before any page runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

SIGN_IN_PATH = "/sign-in"
SIGN_OUT_PATH = "/auth/logout"
# Streamlit's own routes, which work only where a provider is configured.
PROVIDER_PATHS = ("/auth/login", "/auth/logout", "/oauth2callback")


def is_configured() -> bool:
    """Tells whether an identity provider is configured."""
    from streamlit.auth_util import get_secrets_auth_section

    return bool(get_secrets_auth_section())


def email_of(cookies: Mapping[str, str]) -> str:
    """Gives the address that the identity provider vouched for, in lower case, or "".

    An address that the provider says it has not verified counts for nothing: anybody could have
    typed it there.
    """
    from streamlit.auth_util import get_origin_from_redirect_uri

    if USER_COOKIE not in cookies or not is_configured():
        return ""
    signed_in = _signed_in(cookies)
    is_here = signed_in.get("origin") == get_origin_from_redirect_uri()
    is_verified = signed_in.get("email_verified", True) in (True, "true")
    email = signed_in.get("email")
    if not (is_here and is_verified and signed_in.get("is_logged_in") and isinstance(email, str)):
        return ""
    return email.strip().lower()


def login_address() -> str:
    """Gives where `st.login()` would send the browser."""
    from streamlit.auth_util import encode_provider_token, get_secrets_auth_section

    section = get_secrets_auth_section()
    named = [name for name, value in section.items() if hasattr(value, "items")]
    provider = "default" if "client_id" in section else next(iter(named), "default")
    return f"/auth/login?provider={encode_provider_token(provider)}"


USER_COOKIE = "_streamlit_user"


def _signed_in(cookies: Mapping[str, str]) -> dict[str, object]:
    from streamlit.auth_util import get_cookie_with_chunks
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

    secret = get_cookie_secret()

    def part(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(secret, name, value) if value else None

    try:
        payload = json.loads(get_cookie_with_chunks(part, USER_COOKIE) or b"{}")
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}
