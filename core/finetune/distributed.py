"""The processes of a run: who this one is, and the few things they say to each other."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

SHARED_MEMORY = Path("/dev/shm")  # where Linux shows what shm_open makes

# Ranks wait for each other while one of them loads, saves or scores a large model.
PATIENCE = timedelta(hours=6)


@dataclass(frozen=True)
class Ranks:
    """This process among those of the run.

    Attributes:
        rank: 0 for the first process, which does all the writing.
        world_size: Number of processes.
        device: A torch.device.
    """

    rank: int
    world_size: int
    device: Any

    @property
    def is_first(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def barrier(self) -> None:
        """Waits for all processes."""
        import torch.distributed as dist

        dist.barrier()

    def summed(self, *values: float) -> list[float]:
        """Gives each value summed over all processes."""
        import torch
        import torch.distributed as dist

        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        if self.world_size > 1:
            dist.all_reduce(tensor)
        return [float(value) for value in tensor.tolist()]

    def interleaved(self, mine: list[T]) -> list[T]:
        """Gives the items of all processes; process r holds items r, r + world_size and so on."""
        import torch.distributed as dist

        if self.world_size == 1:
            return mine
        parts: list[Any] = [None] * self.world_size
        dist.all_gather_object(parts, mine)
        merged: list[T] = [None] * sum(len(part) for part in parts)  # type: ignore[list-item]
        for rank, part in enumerate(parts):
            merged[rank :: self.world_size] = part
        return merged


def join_ranks(engine: str) -> Ranks:
    """Connects this process with the others, over nccl on GPUs and gloo on processors."""
    import torch
    import torch.distributed as dist

    rank, world_size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    uses_gpu = torch.cuda.is_available() and os.environ.get("DS_ACCELERATOR") != "cpu"
    backend = "nccl" if uses_gpu else "gloo"
    if uses_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if engine == "deepspeed":
        import deepspeed

        deepspeed.init_distributed(dist_backend=backend, timeout=PATIENCE, verbose=False)
        if not uses_gpu:
            dist.barrier()  # all have opened each other's buffers
            _unlink_buffer(rank)
    else:
        dist.init_process_group(backend, timeout=PATIENCE)
    device = torch.device("cuda", torch.cuda.current_device()) if uses_gpu else torch.device("cpu")
    return Ranks(rank, world_size, device)


def _unlink_buffer(rank: int) -> None:
    """Takes away the name of the memory that DeepSpeed shares between processes on processors.

    DeepSpeed never does: each process of each run would leave 66 MB in memory for good. What is
    mapped stays so until the last process ends, however it does.
    """
    address, port = os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"]
    name = f"deepspeed_allreduce_buffer_{os.getuid()}_{address}_{port}_{rank}"
    (SHARED_MEMORY / name).unlink(missing_ok=True)


def keep_all_layers(model: Any) -> None:
    """Switches off the random dropping of whole layers (M2M100's `layerdrop`).

    Every process would drop others, and their gradients would no longer belong together.
    """
    for module in model.modules():
        if hasattr(module, "layerdrop"):
            module.layerdrop = 0.0


def seed_everything(seed: int, rank: int) -> None:
    """Seeds dropout of this process; each process draws its own masks."""
    import torch

    torch.manual_seed(seed + rank)
    random.seed(seed + rank)
