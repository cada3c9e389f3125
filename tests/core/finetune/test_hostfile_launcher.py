"""Runs on the machines of a hostfile, through a real sshd: this machine under two names."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import HostError
from core.finetune import hosts_client, runs
from core.finetune.hostfile import Host
from core.finetune.hosts_client import check_host
from core.finetune.run_folder import RunFolder
from core.storage.files import read_json
from tests.servers.ssh_machine import SshMachine, require_sshd

pytestmark = pytest.mark.launcher

TWO = "127.0.0.1 slots=1\nlocalhost slots=1\n"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshMachine]:
    require_sshd()
    started = SshMachine(tmp_path_factory.mktemp("ssh"))
    try:
        started.start()
        yield started
    finally:
        started.end()


@pytest.fixture(autouse=True)
def programs(machine: SshMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{machine.programs}{os.pathsep}{os.environ['PATH']}")


def hosts(tmp_path: Path, text: str) -> dict[str, object]:
    file = tmp_path / "hostfile"
    file.write_text(text)
    return {"launcher": "hostfile", "hostfile": str(file), "batch_size": 4}


def test_two_machines_train_together_and_stop_when_asked(lab, tmp_path):
    run = lab.launch(
        **hosts(tmp_path, TWO),
        engine="plain",
        num_nodes=2,
        max_steps=100_000,
        eval_segments=1,
        mixed=[{"corpus": "one step"}],  # its record, too, has to come to the nodes
    )
    lab.until_step(run, 2)
    folder = lab.folder(run)
    (plan,) = lab.records(run, "plan")
    assert plan["num_processes"] == 2
    marks = [read_json(folder.path / f"node-{rank}.json") for rank in (0, 1)]
    assert {mark["host"] for mark in marks} == {socket.gethostname()}
    assert len({mark["attempt"] for mark in marks}) == 1
    runs.stop(lab.workspace, run.id, "now")
    assert lab.wait(run).reason.startswith("Stopped at step ")
    assert not folder.energy_file.exists() and not folder.host_file.exists()
    lab.assert_nothing_left(run)


def test_deepspeed_finishes_on_two_machines(lab, tmp_path):
    run = lab.finish(**hosts(tmp_path, TWO), num_nodes=2, max_steps=2)
    log = lab.folder(run).log_file.read_text()
    assert log.count("deepspeed.launcher.launch") == 2 and "--node_rank 1" in log
    lab.assert_nothing_left(run)


def test_machine_that_lets_nobody_in_is_one_sentence(lab, tmp_path):
    run, state = lab.run(**hosts(tmp_path, "localhost slots=1\nlocked slots=1\n"), num_nodes=2)
    assert state.state == "failed"
    assert state.reason.startswith("locked cannot be reached by ssh without a password: "), state
    assert "ssh -o BatchMode=yes locked true" in state.hint
    lab.assert_nothing_left(run)


def test_folder_that_a_machine_does_not_see_is_one_sentence(machine, tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    check_host(Host("localhost", 1), folder)
    assert list(folder.path.iterdir()) == []
    # Written on a file system that the machine does not have: it is gone before it is read.
    monkeypatch.setattr(hosts_client, "write_text", lambda path, text: None)
    with pytest.raises(HostError, match=r"localhost does not see the run's folder .*run"):
        check_host(Host("localhost", 1), folder)
    monkeypatch.setattr(hosts_client.sys, "executable", "/no/such/python")
    with pytest.raises(HostError, match="localhost has no Python at /no/such/python"):
        check_host(Host("localhost", 1), folder)
