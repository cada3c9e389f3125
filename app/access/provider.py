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
USER_COOKIE = "_streamlit_user"
MIN_SECRET_LENGTH = 32


def is_configured() -> bool:
    """Tells whether one can sign in at an identity provider."""
    return _has_section() and not fault()


def fault() -> str:
    """Gives what is wrong with the configuration in one sentence, or "" if nothing is.

    With a fault nobody can sign in, and cookies of those who did count for nothing.
    """
    from streamlit.auth_util import (
        get_signing_secret,
        get_validated_redirect_uri,
        is_authlib_installed,
        validate_auth_credentials,
    )
    from streamlit.errors import StreamlitAuthError

    if not _has_section():
        return ""
    if not is_authlib_installed():
        return "Signing in needs a package that is missing: pip install authlib."
    try:
        validate_auth_credentials(_provider_name())
    except StreamlitAuthError as error:
        return " ".join(str(error).split())
    if get_validated_redirect_uri() is None:
        return "The redirect_uri of [auth] does not end in /oauth2callback."
    if len(get_signing_secret()) < MIN_SECRET_LENGTH:
        return (
            f"The cookie_secret of [auth] has {len(get_signing_secret())} characters; whoever "
            f"guesses it is anybody. It needs {MIN_SECRET_LENGTH}."
        )
    return ""


def email_of(cookies: Mapping[str, str]) -> str:
    """Gives the address that the identity provider vouched for, in lower case, or "".

    An address that the provider says it has not verified counts for nothing: anybody could have
    typed it there.
    """
    signed_in = _signed_in(cookies)
    return _address(signed_in) if _is_verified(signed_in) else ""


def why_not_known(cookies: Mapping[str, str]) -> str:
    """Gives what to tell somebody who signed in and was not let in; "" if nobody signed in."""
    signed_in = _signed_in(cookies)
    if not signed_in:
        return ""
    email = _address(signed_in)
    if not email:
        return "Your account gives no e-mail address, by which people are known here."
    if not _is_verified(signed_in):
        return (
            f"You are signed in as {email}, but your organisation has not verified this address. "
            "Have it verified there, then sign in again."
        )
    return (
        f"You are signed in as {email}, and nobody of this address works here. "
        "Ask the owner to add it, or sign in with another account."
    )


def login_address() -> str:
    """Gives where `st.login()` would send the browser."""
    from streamlit.auth_util import encode_provider_token

    return f"/auth/login?provider={encode_provider_token(_provider_name())}"


def _has_section() -> bool:
    from streamlit.auth_util import get_secrets_auth_section

    return bool(get_secrets_auth_section())


def _provider_name() -> str:
    """Gives the provider whose settings stand in [auth] itself, else the first named one."""
    from streamlit.auth_util import get_secrets_auth_section

    section = get_secrets_auth_section()
    named = [name for name, value in section.items() if hasattr(value, "items")]
    return "default" if "client_id" in section else next(iter(named), "default")


def _address(signed_in: Mapping[str, object]) -> str:
    email = signed_in.get("email")
    return email.strip().lower() if isinstance(email, str) else ""


def _is_verified(signed_in: Mapping[str, object]) -> bool:
    return signed_in.get("email_verified", True) in (True, "true")


def _signed_in(cookies: Mapping[str, str]) -> dict[str, object]:
    """Gives what the provider said of somebody who signed in here, or nothing."""
    from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

    if USER_COOKIE not in cookies or not is_configured():
        return {}
    secret = get_cookie_secret()

    def part(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(secret, name, value) if value else None

    try:
        told = json.loads(get_cookie_with_chunks(part, USER_COOKIE) or b"{}")
    except ValueError:
        return {}
    is_here = isinstance(told, dict) and told.get("origin") == get_origin_from_redirect_uri()
    return told if is_here and told.get("is_logged_in") else {}
