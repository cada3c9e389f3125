"""`python -m app`: prepares the workspace and starts the application."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

from app.access.entrance import PUBLIC_URL_VARIABLE
from core.access.door import checked_public_url, is_loopback
from core.errors import AdaptMLLMError, HostError

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"


def main() -> int:
    """Starts the application and gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument(
        "--host",
        default=HOST,
        help="address to listen on; 0.0.0.0 opens the application to other machines, and the "
        "owner then needs the token that is printed",
    )
    parser.add_argument(
        "--public-url",
        default=os.environ.get(PUBLIC_URL_VARIABLE, ""),
        help="what others type, such as https://mt.example.org, where a proxy forwards to here",
    )
    asked = parser.parse_args()
    try:
        public_url = checked_public_url(asked.public_url) if asked.public_url else ""
        check_port(asked.port, asked.host)
    except AdaptMLLMError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    warn_if_readable(asked.host, public_url)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), PUBLIC_URL_VARIABLE: public_url}
    # A process of its own: building the starter model imports torch, the page server must not.
    sys.stdout.write("Preparing the workspace …\n")
    sys.stdout.flush()
    setup = [sys.executable, "-m", "core", "setup"]
    status = subprocess.run(setup, cwd=ROOT, env=environment, check=False).returncode
    if status:
        return status
    options = ["--server.port", str(asked.port), "--server.address", asked.host]
    if public_url:  # a proxy may name itself, not the public host, in the Host header
        options += ["--server.corsAllowedOrigins", public_url]
    server = [sys.executable, "-m", "streamlit", "run", "app/server.py", *options]
    os.chdir(ROOT)
    os.execve(sys.executable, server, environment)


def warn_if_readable(host: str, public_url: str) -> None:
    """Says in one sentence when others could read along what is sent."""
    if public_url.startswith("https://") or (is_loopback(host) and not public_url):
        return
    sys.stderr.write(
        "Without https everybody on the way can read what is sent, links and tokens too: put a "
        "proxy with a certificate before it and give --public-url https://….\n"
    )


def check_port(port: int, host: str = HOST) -> None:
    """Checks that the application can listen.

    Raises:
        HostError: The address is not one of this machine, or the port is taken or not allowed.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, OverflowError, UnicodeError) as error:
        raise HostError(
            f"The address {host[:100]!r} cannot be used: {_reason(error)}.",
            hint="Give 127.0.0.1 for this machine alone, 0.0.0.0 for all, or one of its addresses.",
        ) from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except (OSError, OverflowError) as error:
            raise HostError(
                f"Port {port} cannot be used: {_reason(error)}.",
                hint="End the program that uses it, or choose another: `make run PORT=8502`.",
            ) from None


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


if __name__ == "__main__":
    raise SystemExit(main())
