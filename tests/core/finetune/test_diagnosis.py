from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.finetune.diagnosis import diagnose
from core.finetune.run_folder import RunFolder
from core.jobs.failures import first_failure, record_failure
from core.jobs.folder import JobState
from core.storage.files import write_json

STATE = JobState(state="training", progress={"step": 12, "peak_memory_bytes": 3_400_000_000})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def failed(folder: RunFolder, rank: int, message: str, **changes: Any) -> None:
    """What a training process leaves behind when it ends by an exception."""
    values = {
        "time": float(rank),
        "rank": rank,
        "type": "RuntimeError",
        "message": message,
        "hint": "",
        "is_user_error": False,
        "traceback": f"Traceback of rank {rank}",
    }
    write_json(folder.failure_file(rank), {**values, **changes})


# (type, message) of the exception -> start of the reason
RAISED = [
    (
        "OutOfMemoryError",
        "CUDA out of memory. Tried to allocate 2 GiB",
        "The GPU ran out of memory",
    ),
    ("RuntimeError", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED", "The GPU ran out of memory"),
    ("AcceleratorError", "CUDA error: out of memory", "The GPU ran out of memory"),
    (
        "DistBackendError",
        "NCCL error in: ProcessGroupNCCL.cpp:77, unhandled cuda error\n"
        "Cuda failure 2 'out of memory'",
        "The GPU ran out of memory",
    ),
    (
        "RuntimeError",
        "[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried",
        "The run ran out of host memory",
    ),
    ("MemoryError", "", "The run ran out of host memory"),
    ("OSError", "[Errno 12] Cannot allocate memory", "The run ran out of host memory"),
    ("RuntimeError", "std::bad_alloc", "The run ran out of host memory"),
    ("OSError", "[Errno 28] No space left on device", "The disk is full"),
    (
        "RuntimeError",
        "[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0",
        "The disk is full",
    ),
    (
        "DistNetworkError",
        "The server socket has failed to listen on any local network address. EADDRINUSE",
        "The port for the training processes was taken by another program",
    ),
]


@pytest.mark.parametrize(("kind", "message", "reason"), RAISED)
def test_known_cause_becomes_one_sentence_with_a_hint(
    kind: str, message: str, reason: str, folder: RunFolder
) -> None:
    failed(folder, 0, message, type=kind)
    failure = diagnose(folder, 1, STATE)
    assert failure.reason.startswith(f"{reason} while training")
    assert failure.reason.endswith(".")
    assert "12" in failure.reason
    assert failure.hint
    assert failure.detail == "Traceback of rank 0"
    assert failure.is_transient == ("port" in reason)


def test_own_errors_keep_their_sentence_and_hint(folder: RunFolder) -> None:
    record_failure(folder, 0, ConfigError("Too few segments.", hint="Import more."))
    failure = diagnose(folder, 1, STATE)
    assert (failure.reason, failure.hint) == ("Too few segments.", "Import more.")
    assert "ConfigError" in failure.detail


def test_unknown_error_is_quoted_by_its_first_line(folder: RunFolder) -> None:
    failed(folder, 0, "Expected size 3.\nStack of C++ frames", type="ValueError")
    failure = diagnose(folder, 1, STATE)
    assert failure.reason.startswith("The trainer failed while training")
    assert failure.reason.endswith(": ValueError: Expected size 3.")


def test_first_process_to_fail_is_the_cause(folder: RunFolder) -> None:
    assert first_failure(folder) is None
    failed(folder, 0, "second", time=9.0)
    failed(folder, 1, "first", time=3.0)
    found = first_failure(folder)
    assert found is not None
    assert found["message"] == "first"


@pytest.mark.parametrize(
    "consequence",
    [
        "Connection closed by peer [127.0.0.1]:4711",
        "[/gloo/transport/tcp/pair.cc:534] Connection reset by peer",
        "NCCL error: unhandled system error",
    ],
)
def test_broken_connection_of_a_peer_is_no_cause(consequence: str, folder: RunFolder) -> None:
    failed(folder, 0, consequence, time=1.0)
    failed(folder, 1, "No space left on device", time=5.0)
    assert diagnose(folder, 1, STATE).reason.startswith("The disk is full")


def test_half_written_failure_is_passed_over(folder: RunFolder) -> None:
    folder.failure_file(0).write_text('{"time":')
    failed(folder, 1, "whole")
    found = first_failure(folder)
    assert found is not None
    assert found["message"] == "whole"


@pytest.mark.parametrize("exit_code", [137, 247])
def test_killed_process_is_named_with_the_memory_it_had_used(
    exit_code: int, folder: RunFolder
) -> None:
    """137 is how a shell passes signal 9 on, 247 how the DeepSpeed launcher does."""
    failure = diagnose(folder, exit_code, STATE)
    assert failure.reason.startswith("A training process was killed from outside while training")
    assert "3.4 GB" in failure.reason
    assert "memory" in failure.hint


def test_end_of_the_log_tells_the_cause_where_nobody_else_could(folder: RunFolder) -> None:
    folder.log_file.write_text("…\nOSError: [Errno 98] Address already in use\n")
    failure = diagnose(folder, 1, STATE)
    assert failure.reason.startswith("The port for the training processes was taken")
    assert failure.is_transient


@pytest.mark.parametrize(
    ("exit_code", "reason"),
    [(0, "The launcher ended early while training"), (3, "The launcher ended with exit code 3")],
)
def test_launcher_that_ends_without_a_word_is_not_a_success(
    exit_code: int, reason: str, folder: RunFolder
) -> None:
    folder.log_file.write_text("last words\n")
    failure = diagnose(folder, exit_code, STATE)
    assert failure.reason.startswith(reason)
    assert "last words" in failure.detail


def test_failed_compilation_names_the_compiler(folder: RunFolder) -> None:
    folder.log_file.write_text("c++: command not found\n")
    failure = diagnose(folder, 1, JobState(state="compiling"))
    assert failure.reason == "DeepSpeed's operators could not be compiled."
    assert "g++" in failure.hint
    assert "command not found" in failure.detail
