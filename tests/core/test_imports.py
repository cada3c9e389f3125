"""Importing core is cheap and knows no user interface: the page server relies on both."""

from __future__ import annotations

import subprocess
import sys

from core.storage.workspace import PROJECT

HEAVY = ("streamlit", "app", "pages", "torch", "transformers", "deepspeed", "sacrebleu", "pandas")

IMPORT_ALL = """
import importlib, sys
from pathlib import Path

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ImportError(f"{name} must not be imported here")

sys.meta_path.insert(0, Blocked())
count = 0
for file in sorted(Path("core").rglob("*.py")):
    if "migrations" in file.parts:
        continue  # run by Alembic alone
    parts = file.with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    count += 1
sys.stdout.write(str(count))
"""


def test_every_module_of_core_imports_without_page_and_model_libraries() -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *HEAVY],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    assert int(result.stdout) > 40
