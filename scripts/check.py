"""Everything that CI checks, in one command: `make test`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_PAGE_LINES = 120
SHARED_VARIABLE = "SHARED_TEST_FOLDER"  # what several test processes need is built once, there

PYTHON = sys.executable
PYTEST = [PYTHON, "-m", "pytest", "-q", "--durations=12"]
Step = tuple[str, list[str]]


def _marked(mark: str) -> list[str]:
    """The test files in which a mark stands; the others need not be read for its tests."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    found = [path for path in files if f"pytest.mark.{mark}" in path.read_text(encoding="utf-8")]
    return [str(path.relative_to(ROOT)) for path in found]


GROUPS: list[list[Step]] = [  # one after the other; the steps of a group run at once
    [
        ("a served model for tests", [PYTHON, "-m", "tests.shared_folders", "served"]),
        ("an LLM for tests", [PYTHON, "-m", "tests.shared_folders", "tiny_llm"]),
        ("format", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."]),
        ("lint and import rules", [PYTHON, "-m", "ruff", "check", "--quiet", "."]),
        ("types", [PYTHON, "-m", "mypy"]),
        # So that pytest's bytecode is written once, not by all processes of the next step.
        ("reading all tests", [PYTHON, "-m", "pytest", "-qq", "--collect-only"]),
    ],
    [
        (
            "tests",
            [*PYTEST, "-m", "not launcher and not e2e", "-n", "3", "--dist", "loadfile"],
        )
    ],
    # Both wait more than they compute: for processes that start, for a browser that draws.
    [
        ("tests of the launcher", [*PYTEST, "-m", "launcher", *_marked("launcher")]),
        ("tests in the browser", [*PYTEST, "-m", "e2e", *_marked("e2e")]),
    ],
]


def long_pages() -> list[str]:
    """Gives a sentence for each page that is longer than a page may be."""
    found = []
    for path in sorted((ROOT / "pages").glob("*.py")):
        count = len(path.read_text(encoding="utf-8").splitlines())
        if count > MAX_PAGE_LINES:
            found.append(f"{path.relative_to(ROOT)} has {count} lines, at most {MAX_PAGE_LINES}.")
    return found


def main() -> int:
    """Runs every step to its end and gives 1 if one failed."""
    # Hundreds of processes are started here: each would compile our modules and tests anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="shared-tests-") as folder:
        os.environ[SHARED_VARIABLE] = folder
        failed = _failed_steps()
    sys.stdout.write(f"\nFailed: {', '.join(failed)}.\n" if failed else "\nAll checks passed.\n")
    return 1 if failed else 0


def _failed_steps() -> list[str]:
    failed = []
    pages = long_pages()
    if pages:
        failed.append("page lengths")
        sys.stdout.write("\n".join(pages) + "\n")
    for group in GROUPS:
        failed += _failed_of(group)
    return failed


def _failed_of(group: list[Step]) -> list[str]:
    """Runs steps at once and gives the names of those that failed."""
    if len(group) == 1:
        ((name, command),) = group
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        return [name] if _is_failure(name, command, None) else []
    sys.stdout.write(f"\n== at once: {', '.join(name for name, _ in group)}\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(group)) as pool:
        logs = {name: Path(folder) / str(number) for number, (name, _) in enumerate(group)}
        ends = [(name, pool.submit(_is_failure, name, each, logs[name])) for name, each in group]
        return [name for name, end in ends if end.result()]


def _is_failure(name: str, command: list[str], log: Path | None) -> bool:
    """Runs a step; with a log, what it wrote is shown once it has ended."""
    began_s = time.monotonic()
    if log is None:
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        said = ""
    else:
        with log.open("wb") as file:
            done = subprocess.run(command, cwd=ROOT, check=False, stdout=file, stderr=file)
        status = done.returncode
        said = f"\n== {name}\n{log.read_text(encoding='utf-8', errors='replace')}"
    sys.stdout.write(f"{said}== {name}: exit {status}, {time.monotonic() - began_s:.0f} s\n")
    sys.stdout.flush()
    return status != 0


if __name__ == "__main__":
    raise SystemExit(main())
