"""Everything that CI checks, in one command: `make test`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAX_PAGE_LINES = 120
SHARED_VARIABLE = "SHARED_TEST_FOLDER"  # what several test processes need is built once, there

PYTHON = sys.executable
PYTEST = [PYTHON, "-m", "pytest", "-q", "--durations=12"]
STEPS: list[tuple[str, list[str]]] = [
    ("format", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."]),
    ("lint and import rules", [PYTHON, "-m", "ruff", "check", "--quiet", "."]),
    ("types", [PYTHON, "-m", "mypy"]),
    ("tests", [*PYTEST, "-m", "not launcher and not e2e", "-n", "2", "--dist", "loadfile"]),
    # These measure their patience against processes of their own, which take all cores.
    ("tests of the launcher", [*PYTEST, "-m", "launcher"]),
    ("tests in the browser", [*PYTEST, "-m", "e2e"]),
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
    for name, command in STEPS:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        began_s = time.monotonic()
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        sys.stdout.write(f"== {name}: exit {status}, {time.monotonic() - began_s:.0f} s\n")
        sys.stdout.flush()
        if status:
            failed.append(name)
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
