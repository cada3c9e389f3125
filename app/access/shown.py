"""From a request's headers to what they show of its sender; one reading for routes and pages."""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie

from app.access import provider
from core.access.door import Door
from core.access.identifying import Shown
from core.access.signing import Kind

RATER_COOKIE = "adaptmllm-rater"
OWNER_COOKIE = "adaptmllm-owner"
# Over https a browser then takes and sends the cookie for this very host alone.
SECURE_PREFIX = "__Host-"

_FORWARDED = ("forwarded", "via", "x-real-ip")


def shown_of(headers: Iterable[tuple[str, str]]) -> Shown:
    """Gives what headers show.

    Args:
        headers: Names in any case, with values; a name may come several times.
    """
    pairs = [(name.lower(), value) for name, value in headers]
    cookies = cookies_of(value for name, value in pairs if name == "cookie")
    hosts = [value for name, value in pairs if name == "host"]
    return Shown(
        host=hosts[0] if len(hosts) == 1 else "",
        is_forwarded=any(
            name in _FORWARDED or name.startswith("x-forwarded-") for name, _ in pairs
        ),
        rater_cookie=_ours(cookies, RATER_COOKIE),
        owner_cookie=_ours(cookies, OWNER_COOKIE),
        email=provider.email_of(cookies),
    )


def cookie_name(door: Door, kind: Kind) -> str:
    """Gives the name under which a pass of a kind is kept."""
    name = RATER_COOKIE if kind == "rater" else OWNER_COOKIE
    return SECURE_PREFIX + name if door.is_https else name


def cookies_of(values: Iterable[str]) -> dict[str, str]:
    """Gives cookies by name from the values of Cookie headers; nothing of a broken one."""
    found: dict[str, str] = {}
    for value in values:
        for part in value.split(";"):
            jar = SimpleCookie()
            try:
                jar.load(part.strip())
            except CookieError:
                continue
            found.update({name: morsel.value for name, morsel in jar.items()})
    return found


def _ours(cookies: dict[str, str], name: str) -> str:
    return cookies.get(SECURE_PREFIX + name) or cookies.get(name, "")
