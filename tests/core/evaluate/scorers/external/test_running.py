"""Commands at work in this process: small Python scripts, each with one way to behave."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.errors import ConfigError, DataError
from core.evaluate.scorers.external.command import Command, prepared
from core.evaluate.scorers.external.running import run

NUM = 10


def command(tmp_path: Path, script: str, arguments: str = "") -> Command:
    path = tmp_path / "scorer.py"
    path.write_text(script)
    words = shlex.join([sys.executable, str(path)])
    made = prepared(f"{words} {arguments}", "", tmp_path)
    made.input_file.write_text("".join(f"{number}\n" for number in range(NUM)))
    return made


def ran(what: Command, limit_s: float = 30.0) -> list[int]:
    steps: list[int] = []
    run(what, num_rows=NUM, limit_s=limit_s, on_progress=steps.append)
    return steps


COPY = "import sys\nfor line in {0}:\n    print('out', line.strip(), file={1})\n"


@pytest.mark.parametrize(
    ("reads", "writes", "arguments"),
    [
        ("sys.stdin", "sys.stdout", ""),
        ("open(sys.argv[1])", "sys.stdout", "{input}"),
        ("sys.stdin", "open(sys.argv[1], 'a')", "{output}"),
        ("open(sys.argv[2])", "open(sys.argv[1], 'a')", "{output} {input}"),
    ],
)
def test_files_and_standard_streams_can_be_mixed(
    reads: str, writes: str, arguments: str, tmp_path: Path
) -> None:
    what = command(tmp_path, COPY.format(reads, writes), arguments)
    ran(what)
    assert what.output_file.read_text().splitlines() == [f"out {number}" for number in range(NUM)]


def test_output_of_an_earlier_attempt_does_not_count(tmp_path: Path) -> None:
    what = command(tmp_path, "import sys", "{output}")
    what.output_file.write_text("old")
    ran(what)
    assert not what.output_file.exists()


def test_progress_lines_are_shown_in_rows(tmp_path: Path) -> None:
    script = "import sys, time\nprint('progress 1 2', file=sys.stderr, flush=True)\ntime.sleep(1)\n"
    assert ran(command(tmp_path, script)) == [NUM // 2]


def test_growing_output_is_progress(tmp_path: Path) -> None:
    script = "import time\nprint('a\\nb\\nc', flush=True)\ntime.sleep(1)\n"
    assert ran(command(tmp_path, script)) == [3]


def test_crash_is_told_with_the_last_line_and_without_keys(tmp_path: Path) -> None:
    script = "import sys\nprint('noise')\nraise ValueError('bad key sk-abcdefgh12345678')\n"
    with pytest.raises(DataError) as caught:
        ran(command(tmp_path, script, "{output}"))
    assert caught.value.message == (
        "The scorer's command ended with exit code 1: ValueError: bad key •••."
    )


def test_endless_noise_is_bounded(tmp_path: Path) -> None:
    script = "import sys\nsys.stderr.write('x' * 3_000_000)\nsys.exit(3)\n"
    with pytest.raises(DataError, match="exit code 3: x+") as caught:
        ran(command(tmp_path, script))
    assert len(caught.value.message) < 400


def test_command_that_was_killed_is_told(tmp_path: Path) -> None:
    script = "import os\nos.kill(os.getpid(), 9)\n"
    with pytest.raises(DataError, match="was ended by SIGKILL") as caught:
        ran(command(tmp_path, script))
    assert "Memory may have run out" in caught.value.hint


def test_time_limit_ends_the_command_with_what_it_started(tmp_path: Path) -> None:
    script = (
        "import signal, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(600)\n"
    )
    what = command(tmp_path, script)
    began_s = time.monotonic()
    with pytest.raises(DataError, match="took longer than 2 s"):
        ran(what, limit_s=2.0)
    assert time.monotonic() - began_s < 20
    assert not psutil.pid_exists(int(what.output_file.read_text()))


def test_script_without_an_interpreter_is_told(tmp_path: Path) -> None:
    path = tmp_path / "scorer"
    path.write_text("#!/no/such/python\n")
    path.chmod(0o755)
    with pytest.raises(ConfigError, match="cannot be started"):
        ran(prepared(f"./{path.name} {{input}}", str(tmp_path), tmp_path))


def test_scorer_sees_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    what = command(tmp_path, "import os\nprint('\\n'.join(sorted(os.environ)))\n")
    ran(what)
    names = what.output_file.read_text().split()
    assert "PATH" in names and "OPENAI_API_KEY" not in names
