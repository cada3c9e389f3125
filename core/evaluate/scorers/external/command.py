"""A scorer's command: its arguments without a shell, and an environment without secrets."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError

INPUT, OUTPUT = "{input}", "{output}"
# Names of variables that a command gets, whole or as the beginning of a name.
PASSED = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP",
    "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
PASSED_PREFIXES = (
    "LC_", "XDG_", "CUDA_", "NVIDIA_", "ROCR_", "HIP_", "HF_", "HUGGINGFACE_", "TRANSFORMERS_",
    "TORCH_", "PYTORCH_", "OMP_", "MKL_", "OPENBLAS_", "TOKENIZERS_",
)  # fmt: skip
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_HARMLESS = ("TOKENIZERS_PARALLELISM",)


@dataclass(frozen=True)
class Command:
    """A command, ready to be started.

    Attributes:
        arguments: The program and its arguments.
        folder: Where it runs.
        environment: All variables that it gets.
        input_file, output_file: The JSON lines that it reads and writes.
        reads_stdin: Whether it gets its input on standard input.
        writes_stdout: Whether its output is what it prints.
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: dict[str, str]
    input_file: Path
    output_file: Path
    reads_stdin: bool
    writes_stdout: bool


def arguments_of(text: str) -> list[str]:
    """Splits a command into its arguments as a shell would, without running one.

    Raises:
        ValueError: One sentence on what is wrong with the command.
    """
    if "\0" in text or "\n" in text or "\r" in text:
        raise ValueError("the command has line breaks; write it on one line")
    try:
        found = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"the command {text[:60]!r} cannot be split: {error}") from None
    if not found or not found[0]:
        raise ValueError("the command is empty")
    return [str(Path(each).expanduser()) if each.startswith("~/") else each for each in found]


def prepared(
    text: str,
    working_folder: str,
    job_folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Command:
    """Gives a scorer's command with its files in the job's folder.

    Args:
        text: The command as it was typed.
        working_folder: Where it runs; empty: in the job's folder.
        job_folder: Of the job.
        environment: From which its own is made; None = this process's.
    """
    given = os.environ if environment is None else environment
    files = {INPUT: job_folder / "input.jsonl", OUTPUT: job_folder / "output.jsonl"}
    arguments = arguments_of(text)
    for name, path in files.items():
        arguments = [each.replace(name, str(path)) for each in arguments]
    return Command(
        tuple(arguments),
        Path(working_folder).expanduser() if working_folder else job_folder,
        passed_on(given),
        files[INPUT],
        files[OUTPUT],
        reads_stdin=INPUT not in text,
        writes_stdout=OUTPUT not in text,
    )


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """Gives the variables that a scorer gets: nothing that sounds like a secret."""
    return {
        name: value
        for name, value in environment.items()
        if (name in PASSED or name.startswith(PASSED_PREFIXES))
        and (name in _HARMLESS or not _SECRET.search(name))
    }


def check_startable(command: Command) -> None:
    """Refuses a command that cannot be started.

    Raises:
        ConfigError: Its folder or its program does not exist, or is not to be executed.
    """
    if not command.folder.is_dir():
        raise ConfigError(
            f"The working folder {str(command.folder)!r} does not exist.",
            hint="Name a folder that is there, or leave the field empty.",
        )
    program = command.arguments[0]
    if "/" not in program:
        if shutil.which(program, path=command.environment.get("PATH", os.defpath)) is None:
            raise ConfigError(
                f"There is no command {program!r} on the PATH.",
                hint="Give the whole path of the program, such as that of Python in its venv.",
            )
        return
    path = command.folder / program
    if not path.is_file():
        raise ConfigError(
            f"There is no program {str(path)!r}.", hint="Check the path in the command."
        )
    if not os.access(path, os.X_OK):
        raise ConfigError(
            f"The program {str(path)!r} may not be executed.",
            hint="Name the interpreter before it, or make it executable (chmod +x).",
        )
