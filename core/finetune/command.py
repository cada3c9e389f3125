"""The command that starts the trainer, and the environment it runs in."""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from core.finetune.settings import FineTuneSettings
from core.gpu import visible_devices
from core.host import SHORT_SPIN, accelerator, num_cores, package_versions
from core.storage.workspace import PROJECT

TRAINER = "core.finetune.trainer"

# What libraries would print into the logs is noise; our own records say the same in numbers.
_QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYTHONWARNINGS": "ignore",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}

# Nothing of ours uses PyTorch's compiler, but DeepSpeed loads all of it with an optimizer that is
# not chosen: a second at each start.
_LIGHT = {"TORCHDYNAMO_DISABLE": "1"}


@dataclass(frozen=True)
class Place:
    """One machine among those of a run.

    Attributes:
        rank: 0 for the machine with the first process.
        num_nodes: Machines of the run.
        address: Where the others reach the first one.
    """

    rank: int = 0
    num_nodes: int = 1
    address: str = "127.0.0.1"


def launch_command(
    settings: FineTuneSettings,
    settings_file: Path,
    port: int | str = "PORT",
    place: Place = Place(),  # noqa: B008 (frozen)
) -> list[str]:
    """Gives the launcher's argument list; the settings file is the trainer's only argument."""
    if settings.engine == "plain":
        launcher = [sys.executable, "-m", "torch.distributed.run"]
        launcher += ["--nnodes", str(place.num_nodes)]
        if place.num_nodes > 1:
            launcher += ["--node_rank", str(place.rank), "--master_addr", place.address]
        launcher += ["--nproc_per_node", str(settings.num_processes)]
        launcher += ["--master_port", str(port), "-m", TRAINER]
        return [*launcher, str(settings_file)]
    # What the `deepspeed` command would start on one node, without its own import of PyTorch, and
    # as the supervisor's child: a launcher that was killed is seen to have been.
    launcher = [sys.executable, "-m", "deepspeed.launcher.launch", "--quiet"]
    launcher += [f"--world_info={_world_info(settings.num_processes, place.num_nodes)}"]
    if place.num_nodes > 1:
        launcher += ["--node_rank", str(place.rank)]
    launcher += ["--master_addr", place.address, "--master_port", str(port)]
    launcher += ["--no_local_rank", "--module", TRAINER]
    return [*launcher, str(settings_file)]


def _world_info(num_processes: int, num_nodes: int) -> str:
    """Gives the devices of each node, one a process, as DeepSpeed's launcher reads them."""
    # With numbers alone it would take the first GPUs, which may be another's.
    visible = visible_devices() if accelerator() == "cuda" else None
    devices = visible[:num_processes] if visible else list(range(num_processes))
    names = ["localhost"] if num_nodes == 1 else [f"node-{rank}" for rank in range(num_nodes)]
    # A node reads its own devices; of the others it only counts them.
    world = json.dumps(dict.fromkeys(names, devices))
    return base64.urlsafe_b64encode(world.encode()).decode()


def launch_environment(settings: FineTuneSettings) -> dict[str, str]:
    """Gives the variables that launcher and trainer need beyond the inherited ones."""
    environment = {
        **_QUIET,
        **_LIGHT,
        "OMP_NUM_THREADS": str(num_threads(settings)),
        **SHORT_SPIN,
        # DeepSpeed's builder needs ninja, which pip puts beside the interpreter.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "TORCH_EXTENSIONS_DIR": str(extensions_folder()),
    }
    if accelerator() == "cpu":
        environment["DS_ACCELERATOR"] = "cpu"
        environment["CUDA_VISIBLE_DEVICES"] = ""
    return environment


def num_threads(settings: FineTuneSettings) -> int:
    """Gives the threads of each process on this machine; sums depend on them in the last digits."""
    return settings.threads_per_process or max(1, num_cores() // settings.num_processes)


def extensions_folder() -> Path:
    """Gives where DeepSpeed's compiled parts are kept: one folder a combination of versions."""
    versions = package_versions()
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    key = f"{python}-torch{versions['torch']}-deepspeed{versions['deepspeed']}"
    given = os.environ.get("ADAPTMLLM_EXTENSIONS")
    return (Path(given) if given else Path.home() / ".cache/adaptmllm/extensions") / key


def operators(settings: FineTuneSettings) -> list[str]:
    """Gives DeepSpeed's operators that this run needs compiled."""
    if settings.engine != "deepspeed":
        return []
    needed = ["deepspeed_shm_comm"] if accelerator() == "cpu" else []
    return needed + (["cpu_adam"] if settings.offload != "none" else [])


def missing_operators(settings: FineTuneSettings) -> list[str]:
    """Gives the operators that are not compiled yet on this host."""
    folder = extensions_folder()
    return [name for name in operators(settings) if not (folder / name / f"{name}.so").exists()]


def compile_command(names: list[str]) -> list[str]:
    """Gives the command that compiles operators ahead of the launch."""
    return [sys.executable, "-m", "core.finetune.compile_operators", *names]


def free_port() -> int:
    """Gives a port that is free at this moment; another process may take it a moment later."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
