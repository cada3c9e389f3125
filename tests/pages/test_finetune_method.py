"""Fine-tune: only the fields that the method uses are shown, and no unseen one contradicts it."""

from __future__ import annotations

import pytest

from core.storage.workspace import Workspace
from tests.pages.test_pages import opened, texts

LORA = {"LoRA rank", "LoRA alpha", "LoRA dropout", "LoRA on"}


def labels(app) -> set[str]:
    return {item.label for item in [*app.number_input, *app.selectbox]}


def field(app, label: str):
    return next(item for item in app.selectbox if item.label == label)


def test_only_fields_of_the_method_are_shown(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "finetune")
    assert "Frozen" in labels(app) and not LORA & labels(app)
    app = field(app, "Frozen").set_value("encoder").run()
    app = field(app, "Method").set_value("lora").run()
    assert labels(app) >= LORA and "Frozen" not in labels(app)
    assert not app.exception and "needs method" not in texts(app)
    app = field(app, "Method").set_value("full").run()
    assert field(app, "Frozen").value == "nothing"


def test_lora_recipe_fills_the_form(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "finetune")
    button = next(item for item in app.button if item.label == "LoRA on one GPU")
    app = button.click().run()
    assert field(app, "Method").value == "lora"
    assert field(app, "LoRA on").value == "attention and feed-forward"
    assert {item.label: item.value for item in app.number_input}["Learning rate"] == 2e-4
