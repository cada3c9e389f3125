"""Why a run failed, in one sentence, from what its processes left behind."""

from __future__ import annotations

import json
import re
from typing import Any

from core.finetune.run_folder import RunFolder
from core.jobs.kind import Failure
from core.storage.files import last_lines, read_json

COMPILER_HINT = (
    "Install a C++ compiler (Debian and Ubuntu: `apt-get install g++`), or set engine to 'plain' "
    "to train without DeepSpeed."
)
_KILLED_CODES = (-9, 137, 247)  # 247 is how the DeepSpeed launcher passes on -9

# Pattern in the error's text -> (reason, hint, is_transient)
_PATTERNS: list[tuple[str, str, str, bool]] = [
    (
        r"CUDA out of memory|CUBLAS_STATUS_ALLOC_FAILED",
        "The GPU ran out of memory",
        "Lower tokens_per_batch or batch_size, choose bf16, or offload the optimizer.",
        False,
    ),
    (
        r"can't allocate memory|Cannot allocate memory|MemoryError|std::bad_alloc",
        "The run ran out of host memory",
        "Lower tokens_per_batch or batch_size, use fewer processes, or a smaller model.",
        False,
    ),
    (
        r"No space left on device|disk is full|file write failed|unexpected pos",
        "The disk is full",
        "Free some space, then resume: it continues from the last checkpoint.",
        False,
    ),
    (
        r"EADDRINUSE|Address already in use",
        "The port for the training processes was taken by another program",
        "Resume the run; another port will be chosen.",
        True,
    ),
]
_CONSEQUENCES = re.compile(r"Connection closed by peer|Connection reset by peer|gloo|NCCL|barrier")


def diagnose(folder: RunFolder, exit_code: int, state: str) -> Failure:
    """Gives the cause of a run that ended without a result.

    Args:
        folder: The run's folder.
        exit_code: What the launcher returned; 0 proves nothing.
        state: The state the run was in.
    """
    if state == "compiling":
        return _compile_failure(folder)
    first = first_failure(folder)
    where = _where(folder, state)
    if first is None:
        return _without_traceback(folder, exit_code, where)
    detail = first["traceback"]
    if first["is_user_error"]:
        return Failure(first["message"], first["hint"], detail)
    text = f"{first['type']}: {first['message']}"
    for pattern, reason, hint, is_transient in _PATTERNS:
        if re.search(pattern, text) or (first["type"] == "MemoryError" and "memory" in reason):
            return Failure(f"{reason} while {where}.", hint, detail, is_transient)
    sentence = text.strip().splitlines()[0][:300].rstrip(".")
    hint = "The traceback below is the first one of all processes."
    return Failure(f"The trainer failed while {where}: {sentence}.", hint, detail)


def first_failure(folder: RunFolder) -> dict[str, Any] | None:
    """Gives what ended the first process; broken connections of its peers are consequences."""
    found = []
    for path in folder.path.glob("failure-rank-*.json"):
        try:
            found.append(read_json(path))
        except json.JSONDecodeError:
            continue
    found.sort(key=lambda failure: failure["time"])
    causes = [item for item in found if not _CONSEQUENCES.search(item["message"])]
    return (causes or found or [None])[0]


def _where(folder: RunFolder, state: str) -> str:
    step = folder.read_state().progress.get("step", 0)
    return f"{state} (step {step})" if step else state


def _compile_failure(folder: RunFolder) -> Failure:
    tail = last_lines(folder.log_file, max_bytes=6000)
    return Failure("DeepSpeed's operators could not be compiled.", COMPILER_HINT, tail)


def _without_traceback(folder: RunFolder, exit_code: int, where: str) -> Failure:
    """No process could say anything: it was killed, or the launcher was."""
    tail = "\n".join(
        text for path in (folder.log_file, folder.rank_log(0)) if (text := last_lines(path)[-4000:])
    )
    peak = folder.read_state().progress.get("peak_memory_bytes", 0)
    if exit_code in _KILLED_CODES or "signal 9" in tail or "SIGKILL" in tail:
        return Failure(
            f"A training process was killed from outside while {where}; the run had used up to "
            f"{peak / 1e9:.1f} GB of host memory.",
            "Most often the system kills when memory runs short: lower the batch or use a smaller "
            "model, then resume from the last checkpoint.",
            tail,
        )
    for pattern, reason, hint, is_transient in _PATTERNS:
        if re.search(pattern, tail):
            return Failure(f"{reason} while {where}.", hint, tail, is_transient)
    if exit_code == 0:
        return Failure(
            f"The launcher ended early while {where}, without a result: it was probably killed.",
            "Resume continues from the last checkpoint.",
            tail,
        )
    return Failure(
        f"The launcher ended with exit code {exit_code} while {where}.",
        "The end of the log below may say why.",
        tail,
    )
