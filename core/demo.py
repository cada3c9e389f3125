"""The main job without a browser: sample corpus, starter model, DeepSpeed run, two scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.corpora.leak_notes import split_note
from core.emissions.stored import job_energy
from core.errors import TrainingError
from core.finetune import runs
from core.finetune.run_folder import RunFolder
from core.finetune.settings import from_recipe
from core.jobs import queue
from core.setup import set_up
from core.storage.files import read_json
from core.storage.workspace import Workspace

DEMO_RECIPE = "Try it in a minute"


def run_demo(workspace: Workspace, follow: Callable[[str], None]) -> dict[str, Any]:
    """Fine-tunes the starter on the sample and gives the scores before and after, and the energy.

    Args:
        workspace: Where everything is stored; sample and starter are made if missing.
        follow: Called with the run's id once it is launched; returns when it has ended.

    Raises:
        TrainingError: The run did not finish.
    """
    corpus = set_up(workspace)
    settings = from_recipe(DEMO_RECIPE, corpus=corpus.id, name="demo")
    run = runs.launch(workspace, settings)
    follow(run.id)
    state = queue.wait(workspace, run.id)
    if state.state != "finished":
        raise TrainingError(f"The demo run {state.state}: {state.reason}", hint=state.hint)
    energy = job_energy(workspace, run.id)
    result = read_json(RunFolder(workspace.run_folder(run.id)).result_file)
    before = {score["name"]: score for score in result["base"]}
    after = {score["name"]: score for score in result["fine_tuned"]}
    return {
        "bleu_before": before["BLEU"]["value"],
        "bleu_after": after["BLEU"]["value"],
        "chrf_before": before["chrF++"]["value"],
        "chrf_after": after["chrF++"]["value"],
        "train_seconds": result["train_seconds"],
        "num_segments": result["num_segments"],
        "signature": after["BLEU"]["signature"],
        "leaks": split_note(corpus, "test").to_dict(),
        "energy_kwh": energy.total.energy.total_kwh if energy else None,
        "run": run.id,
    }
