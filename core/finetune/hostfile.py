"""DeepSpeed's hostfile: which machines train, and how many processes each can take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from core.finetune.settings import FineTuneSettings

MAX_BYTES = 1_000_000
_LINE = re.compile(r"(\S+)\s+slots=(\d{1,6})\s*(?:#.*)?")
# A name reaches ssh as an argument: it must not look like an option or hold a command.
_NAME = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.:_-]*")


@dataclass(frozen=True)
class Host:
    """One machine of a hostfile.

    Attributes:
        name: As ssh knows it.
        slots: Processes that it can take.
    """

    name: str
    slots: int


def parse_hostfile(text: str, path: str) -> list[Host]:
    """Gives the machines in the order of the file.

    Args:
        text: What the file holds.
        path: How the file is named in messages.

    Raises:
        ConfigError: A line is not of the form `name slots=N`, a machine stands there twice, or
            none does; the sentence names the line.
    """
    hosts: dict[str, Host] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if not found or not _NAME.fullmatch(found[1]) or not int(found[2]):
            raise _wrong(path, number, "is not of the form `name slots=N` with N of at least 1")
        if found[1] in hosts:
            raise _wrong(path, number, f"names {found[1]!r} a second time")
        hosts[found[1]] = Host(found[1], int(found[2]))
    if not hosts:
        raise ConfigError(
            f"The hostfile {path} names no machine.", hint="Write one `name slots=N` a line."
        )
    return list(hosts.values())


def _wrong(path: str, number: int, what: str) -> ConfigError:
    # Not the line itself: the path may be that of any file on this machine.
    return ConfigError(
        f"Line {number} of the hostfile {path} {what}.",
        hint="A hostfile has one machine a line, such as `worker-1 slots=4`; # begins a comment.",
    )


def chosen_hosts(settings: FineTuneSettings) -> list[Host]:
    """Gives the machines of a run: the first `num_nodes` of its hostfile.

    Raises:
        ConfigError: The file cannot be read, a line is wrong, or it has too few machines or slots.
    """
    if not settings.hostfile.strip():
        raise ConfigError("No hostfile was named.", hint="Give its path, or start elsewhere.")
    hosts = parse_hostfile(_text(settings.hostfile), settings.hostfile)
    if len(hosts) < settings.num_nodes:
        raise ConfigError(
            f"num_nodes is {settings.num_nodes} and the hostfile {settings.hostfile} names "
            f"{len(hosts)}.",
            hint="Lower num_nodes, or add machines to the file.",
        )
    chosen = hosts[: settings.num_nodes]
    for host in chosen:
        if host.slots < settings.num_processes:
            raise ConfigError(
                f"num_processes is {settings.num_processes} and {host.name} has {host.slots} "
                f"slots in {settings.hostfile}.",
                hint="num_processes counts the processes of each machine.",
            )
    return chosen


def _text(path: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8")
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(
            f"The hostfile {path} cannot be read: {reason}.", hint="Check the path."
        ) from None
