"""Fixtures of the search's tests: studies that are told their results, and the launcher's lab."""

from collections.abc import Callable
from typing import Any

import pytest

from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.search.plan import Plan
from core.search.settings import StudySettings
from core.search.space import parse_space
from core.storage.workspace import Workspace
from tests.core.finetune.conftest import lab, lab_folder, model_folder  # noqa: F401 (fixtures)

SPACE = {
    "learning_rate": {"low": 1e-5, "high": 1e-2, "log": True},
    "weight_decay": [0.0, 0.1],
    "num_epochs": {"low": 1, "high": 5},
}


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are entered and wait: no process is started."""
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)


@pytest.fixture
def made_plan(ready_workspace: Workspace) -> Callable[..., Plan]:
    """Makes a plan on the sample corpus with the starter model."""

    def made(
        space: dict[str, Any] | None = None, base: dict[str, Any] | None = None, **study: Any
    ) -> Plan:
        corpus = ready_workspace.corpora.all()[0].id
        values = {"corpus": corpus, "engine": "plain", "batching": "fixed size", **(base or {})}
        return Plan(
            StudySettings.parse(study),
            parse_space(SPACE if space is None else space),
            FineTuneSettings.parse(values),
        )

    return made
