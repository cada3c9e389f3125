from __future__ import annotations

import base64
import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from core.finetune import command
from core.finetune.settings import FineTuneSettings

SETTINGS_FILE = Path("/runs/a b; rm -rf $HOME/settings.json")


@pytest.fixture(autouse=True)
def processor_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables below are about a machine without a GPU."""
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")


@pytest.mark.parametrize("engine", ["deepspeed", "plain"])
def test_settings_file_is_the_last_and_only_argument_of_the_trainer(engine: str) -> None:
    settings = FineTuneSettings.parse({"engine": engine, "num_processes": 3})
    arguments = command.launch_command(settings, SETTINGS_FILE, 29500)
    assert arguments[-2:] == ["core.finetune.trainer", str(SETTINGS_FILE)]
    assert arguments.count(str(SETTINGS_FILE)) == 1
    assert "29500" in arguments


def launched(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What DeepSpeed's launcher makes of a command that starts it."""
    from deepspeed.launcher.launch import parse_args

    start = arguments.index("deepspeed.launcher.launch")
    monkeypatch.setattr(sys, "argv", arguments[start:])
    values = vars(parse_args())
    values["log_level"] = "error" if values.pop("quiet") else values["log_level"]
    devices = json.loads(base64.urlsafe_b64decode(values.pop("world_info")))
    return {**values, "devices": devices}


def test_what_is_launched_is_what_the_deepspeed_command_would_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepspeed.launcher import runner

    settings = FineTuneSettings.parse({"num_processes": 3})
    arguments = command.launch_command(settings, SETTINGS_FILE, 29511)
    assert arguments[:3] == [sys.executable, "-m", "deepspeed.launcher.launch"]
    interpreter = tmp_path / "python"  # it only writes down what it is asked to run
    interpreter.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{tmp_path}/asked'\n")
    interpreter.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        patch.setattr(sys, "executable", str(interpreter))
        options = ["--quiet", "--num_nodes=1", "--num_gpus=3", "--master_port=29511"]
        trainer = ["--module", command.TRAINER, str(SETTINGS_FILE)]
        runner.main([*options, "--no_local_rank", *trainer])
    ours = launched(arguments, monkeypatch)
    assert ours == launched((tmp_path / "asked").read_text().splitlines(), monkeypatch)
    assert ours["devices"] == {"localhost": [0, 1, 2]}
    assert ours["training_script_args"] == [str(SETTINGS_FILE)]


@pytest.mark.parametrize(
    ("visible", "accelerator", "devices"),
    [
        ("3,1,2", "cuda", ["3", "1"]),
        ("GPU-2a,GPU-7b", "cuda", ["GPU-2a", "GPU-7b"]),
        (None, "cuda", [0, 1]),
        ("0", "cpu", [0, 1]),  # one GPU is hidden from two processes that compute without
    ],
)
def test_processes_get_the_gpus_that_are_visible_here(
    visible: str | None, accelerator: str, devices: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "accelerator", lambda: accelerator)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    settings = FineTuneSettings.parse({"num_processes": 2})
    arguments = command.launch_command(settings, SETTINGS_FILE)
    (option,) = [each for each in arguments if each.startswith("--world_info=")]
    text = base64.urlsafe_b64decode(option.removeprefix("--world_info="))
    assert json.loads(text) == {"localhost": devices}


def test_plain_engine_starts_without_deepspeed() -> None:
    settings = FineTuneSettings.parse({"engine": "plain", "num_processes": 2})
    arguments = command.launch_command(settings, SETTINGS_FILE)
    assert arguments[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert arguments[arguments.index("--nproc_per_node") + 1] == "2"
    assert not any("deepspeed" in argument for argument in arguments)


@pytest.mark.parametrize(
    ("values", "cores", "threads"),
    [
        ({"threads_per_process": 3}, 8, "3"),
        ({"num_processes": 2}, 8, "4"),
        ({"num_processes": 3}, 8, "2"),
        ({"num_processes": 8}, 2, "1"),
    ],
)
def test_processes_share_the_cores(
    values: dict[str, Any], cores: int, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "num_cores", lambda: cores)
    environment = command.launch_environment(FineTuneSettings.parse(values))
    assert environment["OMP_NUM_THREADS"] == threads


def test_environment_keeps_a_gpu_away_where_the_processor_trains() -> None:
    environment = command.launch_environment(FineTuneSettings())
    assert environment["DS_ACCELERATOR"] == "cpu"
    assert environment["CUDA_VISIBLE_DEVICES"] == ""
    assert environment["PATH"].startswith(str(Path(sys.executable).parent))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["deepspeed_shm_comm"]),
        ({"offload": "optimizer"}, ["deepspeed_shm_comm", "cpu_adam"]),
        ({"engine": "plain"}, []),
    ],
)
def test_operators_follow_from_the_settings(
    values: dict[str, Any], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADAPTMLLM_EXTENSIONS", str(tmp_path))
    settings = FineTuneSettings.parse(values)
    assert command.operators(settings) == command.missing_operators(settings) == expected
    for name in expected:
        built = command.extensions_folder() / name / f"{name}.so"
        built.parent.mkdir(parents=True)
        built.touch()
    assert command.missing_operators(settings) == []


def test_extensions_of_other_versions_are_kept_apart(tmp_path: Path) -> None:
    name = command.extensions_folder().name
    assert f"py{sys.version_info.major}{sys.version_info.minor}" in name
    assert "torch" in name
    assert "deepspeed" in name


def test_free_port_can_be_bound() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", command.free_port()))
