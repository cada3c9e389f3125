"""A real Slurm of one node, from Debian's packages: controller, node and munge in one folder.

Ports, sockets, key and state are its own, so that one which the machine may have is not touched.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.servers.daemons import left_to_init
from tests.servers.debian import install

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue", "scontrol", "sinfo")
PACKAGES = ("slurm-wlm", "munge")
PATIENCE_S = 60.0

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=5
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=60 State=UP
"""


class SlurmCluster:
    """One node with one partition `main`; `conf` is for SLURM_CONF."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.conf = folder / "slurm.conf"
        self._pids: list[int] = []

    def start(self) -> None:
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        host = socket.gethostname().partition(".")[0]
        self.conf.write_text(
            CONF.format(
                host=host,
                folder=self.folder,
                controller_port=_free_port(),
                node_port=_free_port(),
            )
        )
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        files = {name: self.folder / f"munge.{name}" for name in ("socket", "pid", "log", "seed")}
        munged = ["munged", "--force", f"--key-file={key}", f"--socket={files['socket']}"]
        munged += [f"--pid-file={files['pid']}", f"--log-file={files['log']}"]
        self._daemon([*munged, f"--seed-file={files['seed']}"], files["pid"])
        for name in ("slurmctld", "slurmd"):
            self._daemon([name, "-f", str(self.conf)], self.folder / f"{name}.pid")
        self._until("the node is idle", lambda: self.asked("sinfo", "-h", "-o", "%t") == "idle")

    def asked(self, *arguments: str) -> str:
        environment = {**os.environ, "SLURM_CONF": str(self.conf)}
        done = subprocess.run(
            arguments, env=environment, capture_output=True, text=True, check=False, timeout=30
        )
        return done.stdout.strip()

    def jobs(self) -> list[str]:
        """Name and state of every job that has not ended."""
        return self.asked("squeue", "-h", "-o", "%j %T").splitlines()

    def end(self) -> None:
        """Ends the jobs and the daemons, and waits until they are gone."""
        if self._pids:
            self.asked("scancel", "--user=root")
        for pid in reversed(self._pids):
            try:
                process = psutil.Process(pid)
                process.terminate()
                process.wait(20)
            except psutil.TimeoutExpired:
                os.kill(pid, signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue

    def _daemon(self, command: list[str], pid_file: Path) -> None:
        with left_to_init():
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)
            self._until(f"{command[0]} runs", lambda: pid_file.exists() and _pid(pid_file))
        self._pids.append(_pid(pid_file))

    def _until(self, what: str, condition) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            logs = [file.read_text()[-800:] for file in self.folder.glob("slurm*.log")]
            assert time.monotonic() < deadline, f"{what}: {logs}"
            time.sleep(0.1)


def _pid(file: Path) -> int:
    return int(file.read_text().strip() or 0)


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def require_slurm() -> None:
    """Installs Debian's packages where they are missing; skips the test where that cannot be."""
    if os.geteuid() != 0:
        pytest.skip("Slurm's daemons are started as root, and this is another user")
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        install(PACKAGES)
        if missing := [name for name in missing if not shutil.which(name)]:
            pytest.skip(f"Slurm is not installed and cannot be: {', '.join(missing)}")
