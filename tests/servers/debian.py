"""Debian's packages for tests that need a real program of the system."""

import os
import shutil
import subprocess
from collections.abc import Iterable

LIMIT_S = 180


def install(packages: Iterable[str]) -> None:
    """Installs packages where this is root on Debian and they can be had; else does nothing."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ["-o", "DPkg::Lock::Timeout=60", "-qq"]
    for command in (
        ["apt-get", *wait, "install", "-y", "--no-install-recommends", *packages],
        ["apt-get", *wait, "update"],
        ["apt-get", *wait, "install", "-y", "--no-install-recommends", *packages],
    ):
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, check=False, timeout=LIMIT_S
            )
        except subprocess.TimeoutExpired:
            return
        if "install" in command and done.returncode == 0:
            return
