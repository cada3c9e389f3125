"""A finished run with checkpoints of the plain engine, made without training."""

from __future__ import annotations

from typing import Any

from core.finetune.checkpoint_model import write_checkpoint_model
from core.finetune.checkpoints import COMPLETE, checkpoint_folder
from core.finetune.chosen import Chosen
from core.finetune.job import KIND
from core.finetune.models import load_model
from core.finetune.run_folder import RunFolder
from core.finetune.segments import read_split
from core.finetune.settings import FineTuneSettings
from core.metrics.lexical import score_system
from core.storage.files import append_json_line, utc_now, write_json
from core.storage.run_records import Run
from core.storage.workspace import Workspace
from tests.pages.test_pages import stored_run

STEPS = (2, 4, 6)
BEST = 4
SETTINGS = FineTuneSettings(
    engine="plain", max_source_length=32, max_target_length=8, num_beams=1, eval_segments=4
)


def write_checkpoint(folder: RunFolder, step: int, model: dict[str, Any]) -> None:
    """Writes what the plain engine would, without an optimizer."""
    import torch

    path = checkpoint_folder(folder.path, step)
    path.mkdir(parents=True)
    torch.save({"model": model, "optimizer": {}, "scaler": {}}, path / "state.pt")
    size = (path / "state.pt").stat().st_size
    write_json(path / COMPLETE, {"step": step, "size_bytes": size, "world_size": 1})


def checkpointed_run(workspace: Workspace, *, state: str = "finished", **values: str) -> Run:
    """Stores a run whose model is the checkpoint BEST of STEPS; the weights move step by step."""
    import torch

    run = stored_run(workspace, state, SETTINGS, **values)
    folder = RunFolder(workspace.run_folder(run.id))
    torch.manual_seed(1)
    # Each weight by the first of its names.
    parameters = load_model(str(workspace.starter_model)).named_parameters()
    base = {name: tensor.detach() for name, tensor in parameters}
    drift = {name: torch.randn_like(tensor) for name, tensor in base.items()}
    for number, step in enumerate(STEPS, start=1):
        moved = {name: tensor + 0.01 * number * drift[name] for name, tensor in base.items()}
        write_checkpoint(folder, step, moved)
    _write_metrics(folder)
    if state == "finished":
        _write_model(workspace, run, folder)
    return workspace.runs.get(run.id)


def _write_metrics(folder: RunFolder) -> None:
    for step, chrf in ((0, 1.0), (2, 10.0), (4, 30.0), (6, 20.0)):
        score = {"name": "chrF++", "value": chrf, "signature": "chrF2++|x", "num_segments": 4}
        record = {"kind": "eval", "step": step, "loss": 7.0 - step / 10, "scores": [score]}
        append_json_line(folder.metrics_file, record)


def _write_model(workspace: Workspace, run: Run, folder: RunFolder) -> None:
    settings = FineTuneSettings.parse(run.settings)
    base = str(workspace.starter_model)
    write_checkpoint_model(folder.path, BEST, settings, base, folder.model_folder)
    test = read_split(workspace, settings, "test")
    empty = ["–"] * len(test.sources)
    scores = [score.as_dict() for score in score_system(empty, test.references)]
    write_json(folder.base_file, {"hypotheses": empty, "scores": scores})
    for source, reference in zip(test.sources, test.references, strict=True):
        row = {"source": source, "reference": reference, "base": "–", "fine_tuned": "–"}
        append_json_line(folder.outputs_file, row)
    result = {
        "base": scores,
        "fine_tuned": [{**score, "value": 50.0} for score in scores],
        "num_segments": len(empty),
        "train_seconds": 1.0,
        "chosen": Chosen(BEST, "chrF++", 30.0, 6).as_dict(),
        "time": utc_now(),
    }
    write_json(folder.result_file, result)
    KIND.publish(workspace, folder)
