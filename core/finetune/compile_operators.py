"""Compiles and loads DeepSpeed's operators, one process at a time.

`python -m core.finetune.compile_operators NAME…` does so before the launch, so that the state can
say "compiling"; each training process then loads what is there. PyTorch marks a build by a lock
file, and one that a killed process left behind would be waited for for ever: it is removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from pathlib import Path

from core.jobs.processes import die_with_supervisor

_BUILDERS = {"deepspeed_shm_comm": "ShareMemCommBuilder", "cpu_adam": "CPUAdamBuilder"}


def compile_operators(names: list[str]) -> None:
    """Compiles the named operators into TORCH_EXTENSIONS_DIR and loads them; DeepSpeed keeps them.

    Compiled ones take no time.
    """
    if not names:
        return
    from deepspeed.accelerator import get_accelerator

    folder = Path(os.environ["TORCH_EXTENSIONS_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "adaptmllm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in names:
            target = folder / name
            if not (target / f"{name}.so").exists():
                shutil.rmtree(target, ignore_errors=True)  # half a build
            (target / "lock").unlink(missing_ok=True)
            get_accelerator().create_op_builder(_BUILDERS[name]).load(verbose=True)


if __name__ == "__main__":
    die_with_supervisor()
    compile_operators(sys.argv[1:])
