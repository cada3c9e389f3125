"""GPUs that a program sees through a stand-in of NVIDIA's library, compiled from C."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

SOURCE = Path(__file__).with_name("nvml_stand_in.c")
LIBRARY = "libnvidia-ml.so.1"


@dataclass(frozen=True)
class Gpu:
    """One GPU as the stand-in tells it; a driver that is loaded anew begins at 0 J."""

    uuid: str
    power_w: float
    has_counter: bool = True
    counted_j: float = 5e6
    memory_bytes: int = 24 << 30
    used_bytes: int = 3 << 30
    pids: tuple[int, ...] = ()


def compile_stand_in(folder: Path) -> None:
    """Makes a folder with the library and the command that codecarbon looks for."""
    folder.mkdir(parents=True)
    compiler = shutil.which("cc") or shutil.which("c++")
    assert compiler, "DeepSpeed's operators need a compiler, and so does this"
    command = [compiler, "-x", "c", "-O1", "-shared", "-fPIC", "-o", str(folder / LIBRARY)]
    subprocess.run([*command, str(SOURCE)], check=True)
    told = folder / "nvidia-smi"
    told.write_text("#!/bin/sh\nexit 0\n")
    told.chmod(0o755)


class Gpus:
    """The GPUs of one machine, which may change while programs look at them."""

    def __init__(self, library: Path, file: Path, *gpus: Gpu) -> None:
        self._library = library
        self._file = file
        self.gpus = list(gpus)
        self.write()

    def write(self) -> None:
        """Lets the counters go on from what the GPUs say now; never half a file."""
        now_s = time.time()
        lines = [
            f"{each.uuid} {each.power_w * 1e3} {now_s} {each.counted_j * 1e3} "
            f"{int(each.has_counter)} {each.memory_bytes} {each.used_bytes} "
            f"{','.join(map(str, each.pids)) or '-'}\n"
            for each in self.gpus
        ]
        draft = self._file.with_suffix(".draft")
        draft.write_text("".join(lines))
        draft.replace(self._file)

    def change(self, index: int, **values: object) -> None:
        self.gpus[index] = replace(self.gpus[index], **values)  # type: ignore[arg-type]
        self.write()

    def environment(self, visible: str | None = None) -> dict[str, str]:
        """Gives the variables of a program on this machine."""
        inherited = {
            name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"
        }
        return {
            **inherited,
            **({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}),
            "NVML_STAND_IN": str(self._file),
            "LD_LIBRARY_PATH": f"{self._library}:{os.environ.get('LD_LIBRARY_PATH', '')}",
            "PATH": f"{self._library}:{os.environ['PATH']}",
        }
