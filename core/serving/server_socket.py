"""The port of a service: taken before the model is loaded, so that a taken one is told at once."""

from __future__ import annotations

import socket

from core.errors import HostError


def bound_socket(host: str, port: int) -> socket.socket:
    """Gives a listening socket.

    Raises:
        HostError: The port is taken or not allowed, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named: only then asyncio switches Nagle's algorithm off, which would hold
    # every answer after the first of a connection back for some 40 ms.
    server = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((host, port))
        server.listen(1024)
    except OSError as error:
        server.close()
        raise HostError(
            f"Port {port} on {host} cannot be used: {error.strerror}.",
            hint="End the program that uses it, or choose another port.",
        ) from None
    server.setblocking(False)
    return server


def check_port(host: str, port: int) -> None:
    """Checks that a service can listen at this moment.

    Raises:
        HostError: It cannot.
    """
    bound_socket(host, port).close()
