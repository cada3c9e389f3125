"""Compiles DeepSpeed's operators before the launch, so that the state can say so.

`python -m core.finetune.compile_operators NAME…`. One process at a time compiles; a lock file
that a killed compiler left behind would make PyTorch wait for ever, so it is removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from pathlib import Path

from core.jobs.processes import die_with_supervisor


def compile_operators(names: list[str]) -> None:
    """Compiles the named operators into TORCH_EXTENSIONS_DIR; done ones take no time."""
    from deepspeed.ops.op_builder.cpu import CPUAdamBuilder, ShareMemCommBuilder

    builders = {"deepspeed_shm_comm": ShareMemCommBuilder, "cpu_adam": CPUAdamBuilder}
    folder = Path(os.environ["TORCH_EXTENSIONS_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "adaptmllm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in names:
            target = folder / name
            if not (target / f"{name}.so").exists():
                shutil.rmtree(target, ignore_errors=True)  # half a build and its lock
            builders[name]().load(verbose=True)


if __name__ == "__main__":
    die_with_supervisor()
    compile_operators(sys.argv[1:])
