"""The picture of a study: a dozen short trials of the sample, by TPE."""

from __future__ import annotations

from collections.abc import Callable

from core.demo import DEMO_RECIPE
from core.finetune.settings import from_recipe
from core.jobs import queue
from core.search import studies
from core.search.plan import Plan
from core.search.presets import PRESETS, QUICK
from core.search.settings import StudySettings
from core.search.space import parse_space
from core.storage.workspace import Workspace

Shoot = Callable[[str, str, bool, tuple[int, int]], None]


def take(workspace: Workspace, corpus: str, shoot: Shoot) -> None:
    """Searches, and photographs the page of the study."""
    base = from_recipe(
        DEMO_RECIPE, corpus=corpus, engine="plain", max_steps=120, eval_every_steps=40,
        eval_segments=40,
    )  # fmt: skip
    study = studies.start(
        workspace,
        "Learning rate and regularisation",
        Plan(StudySettings(num_trials=12, seed=4), parse_space(PRESETS[QUICK].space), base),
    )
    queue.wait(workspace, study.id)
    shoot(f"study?id={study.id}", "search", False, (1280, 1500))
