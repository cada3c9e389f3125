"""`python -m app`: prepares the workspace and starts the application."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

from core.errors import AdaptMLLMError, HostError

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"


def main() -> int:
    """Starts the application and gives its exit status."""
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    parser.add_argument("--port", type=int, default=8501)
    port = parser.parse_args().port
    try:
        check_port(port)
    except AdaptMLLMError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # A process of its own: building the starter model imports torch, the page server must not.
    sys.stdout.write("Preparing the workspace …\n")
    sys.stdout.flush()
    setup = [sys.executable, "-m", "core", "setup"]
    status = subprocess.run(setup, cwd=ROOT, env=environment, check=False).returncode
    if status:
        return status
    sys.stdout.write(f"\nadaptMLLM: http://localhost:{port}   (Ctrl-C ends it; runs go on)\n")
    sys.stdout.flush()
    server = ["-m", "streamlit", "run", "app/server.py", "--server.port", str(port)]
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, *server], environment)


def check_port(port: int) -> None:
    """Checks that the application can listen.

    Raises:
        HostError: The port is taken or not allowed.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise HostError(
                f"Port {port} cannot be used: {getattr(error, 'strerror', None) or error}.",
                hint="End the program that uses it, or choose another: `make run PORT=8502`.",
            ) from None


if __name__ == "__main__":
    raise SystemExit(main())
