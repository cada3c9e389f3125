"""How the application can be reached: its addresses, and who needs no token there."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from core.access.owner_token import OwnerToken
from core.errors import ConfigError

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Door:
    """Where the application listens and what it is called from outside.

    Attributes:
        address: Address that it listens on; empty for all.
        port: Port that it listens on.
        public_url: What others type, such as `https://mt.example.org`; empty where they type
            address and port.
        token: Makes its bearer the owner.
    """

    address: str
    port: int
    public_url: str
    token: OwnerToken

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it, which makes everybody there the owner.

        With a public URL something forwards requests of others to this machine, perhaps without
        saying so: then nobody is the owner without having shown the token.
        """
        return is_loopback(self.address) and not self.public_url

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it by https, so that cookies are sent by nothing else."""
        return self.public_url.startswith("https://")

    @property
    def url(self) -> str:
        """What to type into a browser, without a slash at the end."""
        if self.public_url:
            return self.public_url
        if is_loopback(self.address):
            return f"http://localhost:{self.port}"
        is_any = self.address in ("", "0.0.0.0", "::")
        host = socket.gethostname() if is_any else self.address
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def allows_host(self, host: str) -> bool:
        """Tells whether a request's Host header is one of ours.

        A foreign name means that a page of another site had its name point to this machine (DNS
        rebinding). Addresses in digits cannot be made to point elsewhere.
        """
        name = host_name(host)
        if name in LOCAL_NAMES or name in self._names:
            return True
        return not self.is_local and _is_address(name)

    def is_own_origin(self, origin: str, host: str) -> bool:
        """Tells whether an Origin header names one of our own pages."""
        return urlsplit(origin).netloc == host or origin == self.public_url

    @cached_property
    def _names(self) -> frozenset[str]:
        names = {host_name(urlsplit(self.public_url).netloc)} if self.public_url else set()
        if not self.is_local:
            own = {socket.gethostname().lower(), socket.getfqdn().lower(), self.address.lower()}
            names |= own - {""}
        return frozenset(names)


def checked_public_url(url: str) -> str:
    """Gives a public URL without a slash at its end.

    Raises:
        ConfigError: It is not scheme and host alone.
    """
    try:
        parts = urlsplit(url.strip())
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    is_plain = is_whole and parts.username is None and not (parts.query or parts.fragment)
    if not is_plain or parts.scheme not in ("http", "https") or parts.path not in ("", "/"):
        raise ConfigError(
            f"The public URL {url[:200]!r} is not like https://mt.example.org.",
            hint="Give scheme, host and, if it is unusual, port; the application has no sub-path.",
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_loopback(address: str) -> bool:
    """Tells whether nothing but this machine can reach an address."""
    if address == "localhost":
        return True
    return _is_address(address) and ipaddress.ip_address(address).is_loopback


def host_name(host: str) -> str:
    """Gives the name in a Host header, without port, in lower case; empty if there is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # a wrong one raises
    except ValueError:
        return ""
    if parts.netloc != host or parts.username is not None:
        return ""
    return (parts.hostname or "").rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
