"""The checkpoint bench: checkpoints of a run, its base and its final model, side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from core.errors import ConfigError, ModelError
from core.finetune.checkpoints import complete_checkpoints
from core.finetune.run_folder import RunFolder
from core.finetune.run_work import BENCH, start_work, work_folder
from core.jobs.segment_job import SegmentJob
from core.settings import Settings
from core.storage.files import read_json
from core.storage.run_records import Run
from core.storage.workspace import Workspace

KIND = SegmentJob(
    "core.finetune.bench_work",
    "comparison of checkpoints",
    "Checkpoints that were translated with are kept; Compare does the rest.",
    uses_gpus=1,
)
"""What the supervisor looks for."""

BASE, FINAL = "base", "final"
MAX_SYSTEMS = 20

TEST_WARNING = (
    "Choose by the dev split. A checkpoint that was chosen because it does well on the test split "
    "has in a way been trained on it: its test scores say too much of any other text."
)


class BenchSettings(Settings):
    """Which models of a run translate what."""

    version: Literal[1] = 1
    run: str = Field(default="", description="Id of the run.", max_length=200)
    systems: tuple[str, ...] = Field(
        default=(),
        description="Steps of checkpoints, and `base` or `final` for the run's own two models.",
        max_length=MAX_SYSTEMS,
    )
    split: Literal["dev", "test"] = Field(
        default="dev", title="Split", description="What is translated. Choose by dev, not by test."
    )
    num_segments: int = Field(
        default=200,
        ge=1,
        le=1_000_000,
        title="Segments",
        description="Translated from the first on; more is surer and takes longer.",
    )
    num_beams: int = Field(
        default=1,
        ge=1,
        le=32,
        title="Beams",
        description="Beam size; evaluations while a run learns have 1.",
    )

    @model_validator(mode="after")
    def _systems_are_several(self) -> Self:
        wrong = [each for each in self.systems if each not in (BASE, FINAL) and not each.isdigit()]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no step, nor {BASE!r} or {FINAL!r}")
        if len(set(self.systems)) != len(self.systems):
            raise ValueError("a system is named twice")
        return self


def offered_systems(workspace: Workspace, run: Run) -> list[str]:
    """Gives what can be compared: base, complete checkpoints from the earliest, final model."""
    folder = RunFolder(workspace.run_folder(run.id))
    steps = [str(step) for step, _ in complete_checkpoints(folder.path)]
    has_model = (folder.model_folder / "config.json").exists()
    return [BASE, *steps, *([FINAL] if has_model else [])]


def check_bench(workspace: Workspace, settings: BenchSettings) -> BenchSettings:
    """Gives the settings in full.

    Raises:
        TrainingError: There is no such run.
        ConfigError: Fewer than two systems are named.
        ModelError: One of them is not there.
    """
    run = workspace.runs.get(settings.run)
    if len(settings.systems) < 2:
        raise ConfigError(
            "At least two models are needed to compare.",
            hint=f"Name steps of checkpoints, {BASE} or {FINAL}.",
        )
    offered = offered_systems(workspace, run)
    for each in settings.systems:
        if each not in offered:
            what = "finished model" if each == FINAL else f"complete checkpoint of step {each}"
            raise ModelError(
                f"The run {run.name!r} has no {what}.", hint=f"There are {', '.join(offered)}."
            )
    in_order = tuple(each for each in offered if each in settings.systems)
    return settings.changed(run=run.id, systems=in_order)


def start(workspace: Workspace, settings: BenchSettings, *, by: str = "") -> str:
    """Starts a comparison and gives its job's id; the one before is replaced.

    Raises:
        AdaptMLLMError: It cannot be done, or another one is under way.
    """
    settings = check_bench(workspace, settings)
    return start_work(workspace, workspace.runs.get(settings.run), BENCH, settings, by=by)


def result_of(workspace: Workspace, run_id: str) -> dict[str, Any] | None:
    """Gives the finished comparison of a run's checkpoints, None if there is none."""
    try:
        found = read_json(work_folder(workspace, run_id, BENCH).result_file)
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return dict(found)


def output_file(bench_folder: Path, system: str) -> Path:
    """Gives the file with what one system made: its loss and its hypotheses."""
    return bench_folder / "systems" / f"{system}.json"


def translations(workspace: Workspace, run_id: str, system: str) -> list[str]:
    """Gives the hypotheses of one system, parallel to the comparison's segments."""
    folder = work_folder(workspace, run_id, BENCH).path
    return list(read_json(output_file(folder, system)).get("hypotheses", []))


def segments(workspace: Workspace, run_id: str) -> list[tuple[str, str]]:
    """Gives source and reference of the comparison's segments."""
    folder = work_folder(workspace, run_id, BENCH).path
    return [(source, reference) for source, reference in read_json(folder / "segments.json")]


def system_words(system: str) -> str:
    """Gives what people call a system."""
    return {BASE: "base model", FINAL: "final model"}.get(system, f"step {system}")
