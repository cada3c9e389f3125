"""Importing core is cheap and knows no user interface: the page server relies on both."""

from __future__ import annotations

import ast
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


ORDER = {  # each part of core may import what stands before it
    "errors": 0, "languages": 1, "gpu": 1, "latex": 1, "metrics": 1, "host": 2, "language_tags": 2,
    "storage": 2, "text": 2, "settings": 3, "emissions": 4, "notify": 4, "access": 5, "jobs": 5,
    "corpora": 6, "hub": 6,
    "annotate": 7, "finetune": 7, "serving": 8, "setup": 8, "demo": 9, "systems": 9, "evaluate": 10,
    "search": 10, "commands": 11, "__main__": 12,
}  # fmt: skip


def test_parts_of_core_import_only_what_stands_before_them() -> None:
    for path in sorted((PROJECT / "core").rglob("*.py")):
        part = path.relative_to(PROJECT / "core").parts[0].removesuffix(".py")
        if part == "__init__":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core."):
                used = str(node.module).split(".")[1]
                is_allowed = used == part or ORDER[used] < ORDER[part]
                assert is_allowed, f"{path.relative_to(PROJECT)} imports core.{used}"


def test_no_page_is_imported() -> None:
    for folder in ("app", "pages", "core"):
        for path in (PROJECT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert "from pages" not in text and "import pages" not in text, path
