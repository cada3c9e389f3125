"""The process that trains on the machines of a hostfile, as the supervisor waits for a launcher.

`python -m core.finetune.hosts_client RUN/settings.json` asks each machine by ssh whether it can,
starts DeepSpeed's launcher on all of them, and ends with the first that fails. What ssh leaves
running there ends itself; see `core.jobs.elsewhere`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.errors import HostError
from core.finetune.command import free_port
from core.finetune.hostfile import Host, chosen_hosts
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs.elsewhere import attempt_token
from core.jobs.failures import CLIENT_RANK, record_failure
from core.jobs.processes import die_with_supervisor
from core.jobs.recorder import Recorder
from core.storage.files import write_text
from core.storage.workspace import PROJECT

CONNECT_LIMIT_S = 15
CHECK_LIMIT_S = 60.0
POLL_S = 0.25
OTHERS_GRACE_S = 10.0  # for the other machines to notice by themselves that one failed
_SSH_FAILED = 255
_PASSED = ("HF_", "TRANSFORMERS_", "NCCL_", "GLOO_", "UCX_")  # by what their names begin with

# Never a question, never a terminal; a connection that has died is noticed.
SSH = (
    "ssh -T -o BatchMode=yes -o ServerAliveInterval=15 -o ServerAliveCountMax=4 "
    f"-o ConnectTimeout={CONNECT_LIMIT_S}"
).split()

log = logging.getLogger(__name__)


def remote_command(host: Host, arguments: list[str]) -> list[str]:
    """Gives the argument list that runs a program on a machine; its shell sees quoted words."""
    return [*SSH, "--", host.name, shlex.join(arguments)]


def _passed_on(environment: Mapping[str, str]) -> list[str]:
    """Gives the variables that a machine gets from here; never a secret: other users see them."""
    return [
        f"{name}={value}"
        for name, value in sorted(environment.items())
        if (name.startswith(_PASSED) or name == "ADAPTMLLM_EXTENSIONS") and "TOKEN" not in name
    ]


def host_commands(
    settings: FineTuneSettings, settings_file: Path, token: str, port: int | str = "PORT"
) -> list[list[str]]:
    """Gives what starts the run on each machine of its hostfile.

    Raises:
        ConfigError: The hostfile is wrong or has too few machines or slots.
    """
    hosts = chosen_hosts(settings)
    first = hosts[0].name.rpartition("@")[2]
    node = ["env", f"PYTHONPATH={PROJECT}", *_passed_on(os.environ)]
    node += [sys.executable, "-u", "-m", "core.finetune.node"]
    node += [str(settings_file), "--attempt", token, "--address", first, "--port", str(port)]
    return [
        remote_command(host, [*node, "--rank", str(rank), "--nodes", str(len(hosts))])
        for rank, host in enumerate(hosts)
    ]


def check_host(host: Host, folder: RunFolder) -> None:
    """Asks a machine whether it has this Python and sees the run's folder.

    Raises:
        HostError: It cannot be reached without a password, or lacks one of these.
    """
    marker = folder.path / f".marker-{uuid.uuid4().hex[:8]}"
    word = uuid.uuid4().hex
    write_text(marker, word)
    try:
        read = "import sys; sys.stdout.write(open(sys.argv[1]).read())"
        asked = remote_command(host, [sys.executable, "-c", read, str(marker)])
        done = subprocess.run(
            asked,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=CHECK_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        raise _unreachable(host, f"no answer within {CHECK_LIMIT_S:.0f} s") from None
    finally:
        marker.unlink(missing_ok=True)
    said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
    if done.returncode == _SSH_FAILED:
        raise _unreachable(host, said[0])
    if done.returncode in (126, 127):
        raise HostError(
            f"{host.name} has no Python at {sys.executable}.",
            hint="This program must be on a file system that the machines share.",
        )
    if done.stdout != word:
        raise HostError(
            f"{host.name} does not see the run's folder {folder.path}.",
            hint="The workspace must be on a file system that the machines share, under one path.",
        )


def _unreachable(host: Host, said: str) -> HostError:
    return HostError(
        f"{host.name} cannot be reached by ssh without a password: {said.rstrip('.')}.",
        hint=f"`ssh -o BatchMode=yes {host.name} true` must work on this machine as this user.",
    )


class HostsClient:
    """One attempt of a run on the machines of its hostfile."""

    def __init__(self, settings: FineTuneSettings, folder: RunFolder) -> None:
        self._settings = settings
        self._folder = folder
        self._hosts = chosen_hosts(settings)
        self._recorder = Recorder(folder, 0)
        self._is_ending = False

    def ask_to_end(self, *_: Any) -> None:
        """Takes SIGTERM and SIGINT; the stop file, or the run's end, reaches the machines."""
        self._is_ending = True

    def run(self) -> int:
        """Trains, and gives the exit code of the first machine that failed, 0 if none did.

        Raises:
            HostError: A machine cannot be reached or does not see the run's folder.
        """
        names = ", ".join(host.name for host in self._hosts)
        self._recorder.phase("preparing", f"asking {names}")
        with ThreadPoolExecutor(min(32, len(self._hosts))) as pool:
            list(pool.map(lambda host: check_host(host, self._folder), self._hosts))
        if self._is_ending:
            return 1
        self._recorder.phase("preparing", f"starting on {names}")
        token = attempt_token(self._folder)
        port = free_port()  # here; on the first machine it is most likely free, too
        started = []
        for asked in host_commands(self._settings, self._folder.settings_file, token, port):
            log.info("%s", shlex.join(asked))
            started.append(subprocess.Popen(asked, stdin=subprocess.DEVNULL))
        return self._waited(started)

    def _waited(self, started: list[subprocess.Popen[bytes]]) -> int:
        failed: tuple[Host, int] | None = None
        ends_at_s = float("inf")
        while any(process.poll() is None for process in started):
            for host, process in zip(self._hosts, started, strict=True):
                if process.returncode and failed is None:
                    failed = (host, process.returncode)
                    ends_at_s = time.monotonic() + OTHERS_GRACE_S
            if self._is_ending or time.monotonic() > ends_at_s:
                break
            time.sleep(POLL_S)
        codes = [_ended(process) for process in started]
        if failed is None:
            return next((128 - code if code < 0 else code for code in codes if code), 0)
        host, code = failed
        log.info("%s ended with exit code %d", host.name, code)
        if code == _SSH_FAILED and not self._is_ending:
            raise HostError(
                f"The connection to {host.name} by ssh broke.",
                hint="Resume continues from the last checkpoint.",
            )
        return 128 - code if code < 0 else code


def _ended(process: subprocess.Popen[bytes]) -> int:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    return process.wait()


def main() -> None:
    """Sees one run through; a failure goes into a file for the supervisor."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s hosts %(message)s")
    settings_file = Path(sys.argv[1])
    folder = RunFolder(settings_file.parent)
    die_with_supervisor()
    try:
        client = HostsClient(FineTuneSettings.load(settings_file), folder)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, client.ask_to_end)
        status = client.run()
    except BaseException as error:
        log.exception("the run could not be seen through")
        record_failure(folder, CLIENT_RANK, error)
        status = 1
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
