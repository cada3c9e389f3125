from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.finetune.hostfile import Host, chosen_hosts, parse_hostfile
from core.finetune.hosts_client import host_commands
from core.finetune.settings import FineTuneSettings

GOOD = """# the cluster
worker-1 slots=4

  me@10.0.0.2   slots=8  # the large one
fe80::1 slots=1
"""


def test_hostfile_is_read_as_deepspeed_reads_it() -> None:
    from deepspeed.launcher.runner import _parse_hostfile

    hosts = parse_hostfile(GOOD, "hosts")
    assert hosts == [Host("worker-1", 4), Host("me@10.0.0.2", 8), Host("fe80::1", 1)]
    theirs = _parse_hostfile(GOOD.splitlines())
    assert {host.name: host.slots for host in hosts} == dict(theirs)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("worker-2", "is not of the form"),
        ("worker-2 slots=", "is not of the form"),
        ("worker-2 slots=0", "is not of the form"),
        ("worker-2 slots=two", "is not of the form"),
        ("worker-2 slots=2 gpus=1", "is not of the form"),
        ("-oProxyCommand=sh slots=1", "is not of the form"),
        ("a;reboot slots=1", "is not of the form"),
        ("$(reboot) slots=1", "is not of the form"),
        ("root:x:0:0", "is not of the form"),
        ("worker-1 slots=2", "names 'worker-1' a second time"),
    ],
)
def test_wrong_line_is_named_by_its_number_alone(line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"^Line 3 of the hostfile hosts {said}") as caught:
        parse_hostfile(f"# x\nworker-1 slots=1\n{line}\nworker-9 slots=1\n", "hosts")
    if said != "names 'worker-1' a second time":
        assert line not in str(caught.value)


def settings(file: Path, **values: object) -> FineTuneSettings:
    return FineTuneSettings.parse({"launcher": "hostfile", "hostfile": str(file), **values})


@pytest.mark.parametrize(
    ("text", "values", "said"),
    [
        ("", {}, "names no machine"),
        ("# nobody\n", {}, "names no machine"),
        ("a slots=1\n", {"num_nodes": 2}, "num_nodes is 2 and the hostfile .* names 1"),
        (
            "a slots=2\nb slots=1\n",
            {"num_nodes": 2, "num_processes": 2},
            "num_processes is 2 and b has 1 slots",
        ),
    ],
)
def test_file_that_is_too_small_for_the_run_is_refused(
    text: str, values: dict[str, object], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "hosts"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        chosen_hosts(settings(file, **values))


def test_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        chosen_hosts(settings(tmp_path / "none"))
    with pytest.raises(ConfigError, match="No hostfile was named"):
        chosen_hosts(FineTuneSettings.parse({"launcher": "hostfile"}))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read: it is no text"):
        chosen_hosts(settings(tmp_path / "binary"))


def test_each_machine_gets_one_command_whose_words_stay_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", "/shared/hf cache")
    monkeypatch.setenv("HF_TOKEN", "secret")
    file = tmp_path / "hosts"
    file.write_text("me@first slots=2\nsecond slots=2\nthird slots=2\n")
    path = Path("/runs/a b; rm -rf $HOME/settings.json")
    commands = host_commands(settings(file, num_nodes=2), path, "token", 29500)
    assert [command[command.index("--") + 1] for command in commands] == ["me@first", "second"]
    for rank, command in enumerate(commands):
        assert "BatchMode=yes" in command
        words = shlex.split(command[-1])  # what the machine's shell makes of it
        assert "HF_HOME=/shared/hf cache" in words and "secret" not in command[-1]
        words = words[words.index(sys.executable) :]
        assert words[:5] == [sys.executable, "-u", "-m", "core.finetune.node", str(path)]
        assert words[words.index("--address") + 1] == "first"
        assert words[words.index("--rank") + 1 :] == [str(rank), "--nodes", "2"]
