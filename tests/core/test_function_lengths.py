"""Functions stay short enough to be read at a glance."""

import ast

import pytest

from core.storage.workspace import PROJECT

MAX_LINES = 40
DATA = ("built_in_templates",)  # a table, not a story


@pytest.mark.parametrize(
    "folder",
    [
        "core/serving",
        "core/systems",
        "core/metrics",
        "core/evaluate",
        "core/annotate",
        "core/access",
        "core/emissions",
        "core/jobs",
        "core/corpora",
        "core/text",
        "app/corpora",
        "app/access",
        "app/playground",
        "app/evaluation",
        "app/judging",
        "app/emissions",
        "app/searching",
        "app/finetuning",
        "core/finetune",
        "core/hub",
        "core/notify",
    ],
)
def test_no_function_is_over_40_lines(folder: str) -> None:
    long = []
    for path in (PROJECT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in DATA:
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > MAX_LINES:
                    long.append(f"{path.name}: {node.name} has {count} lines")
    assert long == []
