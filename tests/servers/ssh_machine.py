"""A real sshd on loopback, for tests that start work on "other" machines: this one, twice.

It has a port, a host key and a list of users of its own; the `ssh` in `bin/` is the real one with a
configuration of its own, so that nobody's ~/.ssh is read or written.
"""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.servers.daemons import left_to_init
from tests.servers.debian import install

PATIENCE_S = 30.0

SERVER = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
"""

CLIENT = """
Host 127.0.0.1 localhost
  HostName 127.0.0.1
  HostKeyAlias test
  Port {port}
  User {user}
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking yes
Host locked
  HostName 127.0.0.1
  HostKeyAlias test
  Port {port}
  User {user}
  IdentityFile {folder}/other_key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking yes
"""


class SshMachine:
    """`127.0.0.1` and `localhost` let us in, `locked` does not know our key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self._pid = 0

    def start(self) -> None:
        for name in ("host_key", "user_key", "other_key"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)]
            subprocess.run(command, check=True, timeout=30)
        shutil.copy(self.folder / "user_key.pub", self.folder / "authorized_keys")
        public = (self.folder / "host_key.pub").read_text()
        (self.folder / "known_hosts").write_text(f"test {public}")
        port = _free_port()
        values = {"folder": self.folder, "port": port, "user": getpass.getuser()}
        (self.folder / "sshd_config").write_text(SERVER.format(**values))
        (self.folder / "ssh_config").write_text(CLIENT.format(**values))
        self.programs.mkdir()
        wrapper = self.programs / "ssh"
        real = shutil.which("ssh")
        wrapper.write_text(f'#!/bin/sh\nexec {real} -F "{self.folder}/ssh_config" "$@"\n')
        wrapper.chmod(0o755)
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd gives up its rights
        sshd = ["/usr/sbin/sshd", "-f", str(self.folder / "sshd_config"), "-E"]
        deadline = time.monotonic() + PATIENCE_S
        with left_to_init():
            subprocess.run([*sshd, str(self.folder / "sshd.log")], check=True, timeout=30)
            while not (self.folder / "sshd.pid").exists():
                assert time.monotonic() < deadline, (self.folder / "sshd.log").read_text()
                time.sleep(0.1)
        self._pid = int((self.folder / "sshd.pid").read_text())

    def end(self) -> None:
        if not self._pid:
            return
        process = psutil.Process(self._pid)
        for each in [process, *process.children(recursive=True)]:
            each.terminate()
        process.wait(PATIENCE_S)


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def require_sshd() -> None:
    """Installs Debian's package where it is missing; skips the test where that cannot be."""
    if os.geteuid() != 0:
        pytest.skip("sshd is started as root, and this is another user")
    if not (Path("/usr/sbin/sshd").exists() and shutil.which("ssh")):
        install(["openssh-server", "openssh-client"])
    if not (Path("/usr/sbin/sshd").exists() and shutil.which("ssh")):
        pytest.skip("openssh-server is not installed and cannot be")
