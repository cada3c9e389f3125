"""Why a run failed, in one sentence, from what its processes left behind."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
from dataclasses import replace
from typing import Any

from core.errors import ConfigError
from core.finetune.causes import recognised
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs.failures import first_failure, is_consequence
from core.jobs.folder import JobState, attempt_log
from core.jobs.kind import Failure

COMPILER_HINT = (
    "Install a C++ compiler (Debian and Ubuntu: `apt-get install g++`), or set engine to 'plain' "
    "to train without DeepSpeed."
)
DISK_HINT = "Free some space, then resume: it continues from the last checkpoint."
RESUME_HINT = "Resume continues from the last checkpoint."
_FULL_BYTES = 1_000_000

# Pattern in the error's text -> (reason, hint, is_transient)
_PATTERNS: list[tuple[str, str, str, bool]] = [
    (
        r"CUDA (error: )?out of memory|Cuda failure.*out of memory|CUBLAS_STATUS_ALLOC_FAILED",
        "The GPU ran out of memory",
        "Lower tokens_per_batch or batch_size, choose bf16, or offload the optimizer.",
        False,
    ),
    (
        r"can't allocate memory|Cannot allocate memory|MemoryError|std::bad_alloc"
        r"|can't start new thread",
        "The run ran out of host memory",
        "Lower tokens_per_batch or batch_size, use fewer processes, or a smaller model.",
        False,
    ),
    (
        r"No space left on device|disk is full|file write failed|unexpected pos",
        "The disk is full",
        DISK_HINT,
        False,
    ),
    (
        r"EADDRINUSE|Address already in use",
        "The port for the training processes was taken by another program",
        "Resume the run; another port will be chosen.",
        True,
    ),
    (
        r"loss scale already at minimum",
        "The gradients overflow with fp16 and the loss scale is at its minimum",
        "Choose bf16 or fp32, or lower the learning rate.",
        False,
    ),
]


def diagnose(folder: RunFolder, exit_code: int, state: JobState) -> Failure:
    """Gives why a run ended without a result, with the code of the cause.

    Args:
        folder: The run's folder.
        exit_code: What the launcher returned; 0 proves nothing.
        state: The state the run was in, and how far it was.
    """
    failure = _failure(folder, exit_code, state)
    has_limit = False
    with contextlib.suppress(ConfigError):
        has_limit = FineTuneSettings.load(folder.settings_file).memory_limit_gb > 0
    cause = recognised(failure.reason, failure.detail, has_memory_limit=has_limit)
    return replace(failure, cause=cause)


def _failure(folder: RunFolder, exit_code: int, state: JobState) -> Failure:
    if state.state == "compiling":
        return _compile_failure(folder)
    first = first_failure(folder)
    where = _where(state)
    if first is None or (is_consequence(first) and _lost_a_process(folder)):
        return _without_cause(folder, exit_code, state, first)
    detail = first["traceback"]
    if first["is_user_error"]:
        return Failure(first["message"], first["hint"], detail)
    text = f"{first['type']}: {first['message']}"
    for pattern, reason, hint, is_transient in _PATTERNS:
        if re.search(pattern, text):
            return Failure(f"{reason} while {where}.", hint, detail, is_transient)
    sentence = text.strip().splitlines()[0][:300].rstrip(".")
    hint = "The traceback below is the first one of all processes."
    return Failure(f"The trainer failed while {where}: {sentence}.", hint, detail)


def _lost_a_process(folder: RunFolder) -> bool:
    """Whether a process ended without a word, as only a killed one does."""
    num_processes = len(list(folder.path.glob("rank-*.log")))
    return len(list(folder.path.glob("failure-rank-*.json"))) < num_processes


def _where(state: JobState) -> str:
    step = state.progress.get("step", 0)
    return f"{state.state} after step {step}" if step else state.state


def _compile_failure(folder: RunFolder) -> Failure:
    tail = attempt_log(folder.log_file)[-6000:]
    if _is_disk_full(folder, tail):
        return Failure("The disk is full while compiling.", DISK_HINT, tail)
    return Failure("DeepSpeed's operators could not be compiled.", COMPILER_HINT, tail)


def _is_disk_full(folder: RunFolder, text: str) -> bool:
    # With no byte left, nobody could write down what happened.
    return "No space left" in text or shutil.disk_usage(folder.path).free < _FULL_BYTES


def _without_cause(
    folder: RunFolder, exit_code: int, state: JobState, consequence: dict[str, Any] | None
) -> Failure:
    """No process could say why: it was killed, or the launcher was."""
    where = _where(state)
    logs = [folder.log_file, *sorted(folder.path.glob("rank-*.log"))[:8]]
    tail = "\n".join(text for log in logs if (text := attempt_log(log)[-4000:]))
    tail += consequence["traceback"] if consequence else ""
    for pattern, reason, hint, is_transient in _PATTERNS:
        if re.search(pattern, tail):
            return Failure(f"{reason} while {where}.", hint, tail, is_transient)
    if _is_disk_full(folder, tail):
        return Failure(f"The disk is full while {where}.", DISK_HINT, tail)
    killer = _signal_name(exit_code)
    if exit_code < 0:
        return Failure(f"The launcher was ended by {killer} while {where}.", RESUME_HINT, tail)
    if killer in ("", "SIGKILL") and (killer or consequence or "SIGKILL" in tail):
        peak = state.progress.get("peak_memory_bytes", 0)
        return Failure(
            f"A training process was killed from outside while {where}; the run had used up to "
            f"{peak / 1e9:.1f} GB of host memory.",
            "Most often the system kills when memory runs short: lower the batch or use a smaller "
            "model, then resume from the last checkpoint.",
            tail,
        )
    if killer:
        return Failure(f"A training process was ended by {killer} while {where}.", "", tail)
    if exit_code == 0:
        return Failure(
            f"The launcher ended early while {where}, without a result: it was probably killed.",
            RESUME_HINT,
            tail,
        )
    return Failure(
        f"The launcher ended with exit code {exit_code} while {where}.",
        "The end of the log below may say why.",
        tail,
    )


def _signal_name(exit_code: int) -> str:
    """Gives the signal behind an exit code: -9, 137 as shells pass it on, 247 as DeepSpeed does."""
    number = -exit_code
    if exit_code > 128:
        number = exit_code - 128 if exit_code <= 192 else 256 - exit_code
    return signal.Signals(number).name if number in set(signal.Signals) else ""
