"""Chromium for the browser tests: the one that is there, or Debian's package when we are root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without the background flags Chromium calls home; on a closed network that fills the log.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """Gives the path of a Chromium, empty if there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), "")


def main() -> int:
    """Installs Chromium where it is missing and may be installed; never fails for lack of it."""
    if chromium():
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.stderr.write("No Chromium: browser tests will be skipped. `apt install chromium`.\n")
        return 0
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        quiet = subprocess.run(command, env=environment, capture_output=True, check=False)
        if quiet.returncode:
            sys.stderr.write(quiet.stderr.decode(errors="replace"))
            sys.stderr.write("Chromium could not be installed: browser tests will be skipped.\n")
            return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
