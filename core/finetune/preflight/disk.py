"""What a run needs of the disk, term by term."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from core.errors import HostError
from core.finetune.best import num_best_kept
from core.finetune.models import source_of_run
from core.finetune.preflight.hub_shapes import known_shape, published_shape
from core.finetune.preflight.terms import Moment, Term, moment
from core.finetune.recipes import SCRATCH
from core.finetune.scratch import most_parameters
from core.finetune.settings import FineTuneSettings
from core.hub.cached import cache_folder
from core.storage.workspace import Workspace

MIN_FREE_BYTES = 200_000_000
_NARROWEST = 512  # width of the narrowest published models


def check_disk(workspace: Workspace, settings: FineTuneSettings, *, held_bytes: int = 0) -> None:
    """Compares the free space with the model and the checkpoints that will be kept.

    Args:
        workspace: Where the run is stored.
        settings: What it does.
        held_bytes: What the run's folder holds already, where it is resumed: new checkpoints take
            the places of those.

    Raises:
        HostError: There is too little.
    """
    needed = max(MIN_FREE_BYTES, needed_bytes(workspace, settings) - held_bytes)
    if _is_one_disk(workspace.root, cache_folder()):
        needed += download_bytes(workspace, settings)
    free = free_bytes(workspace)
    if free < needed:
        raise HostError(
            f"The run needs about {needed / 1e9:.1f} GB of disk and {free / 1e9:.1f} GB are free "
            f"under {workspace.root}.",
            hint="Delete runs that you no longer need, or keep fewer checkpoints.",
        )


def _is_one_disk(folder: Path, other: Path) -> bool:
    """Tells whether two folders share their space; the second need not exist yet."""
    while not other.exists():
        other = other.parent
    return folder.stat().st_dev == other.stat().st_dev


def free_bytes(workspace: Workspace) -> int:
    """Gives what is free on the disk of the workspace."""
    return shutil.disk_usage(workspace.root).free


def needed_bytes(workspace: Workspace, settings: FineTuneSettings) -> int:
    """Gives a run's estimated bytes on the workspace's disk."""
    return disk_need(workspace, settings).num_bytes


def disk_need(workspace: Workspace, settings: FineTuneSettings) -> Moment:
    """Gives what a run writes into the workspace, at its fullest.

    Weights W as float32; a checkpoint holds weights, master weights and two moments of AdamW
    (4 W, less where parts are frozen); the latest and the best are kept, one more exists for a
    moment; the final model adds W, and so does the untrained one that a run from scratch keeps.
    """
    weights = weights_bytes(workspace, settings)
    share, kept = _checkpoint_share(settings), settings.keep_checkpoints + num_best_kept(settings)
    gigabytes = f"{weights / 1e6:,.0f} MB of weights"
    return moment(
        "disk",
        [
            Term("logs and outputs", "0.2 GB set aside", MIN_FREE_BYTES),
            Term(
                "checkpoints",
                f"({kept} kept + 1 being written) × {share:g} × {gigabytes}",
                int((kept + 1) * share * weights),
            ),
            Term("fine-tuned model", gigabytes, weights),
            Term("untrained model", gigabytes, weights if settings.base_model == SCRATCH else 0),
        ],
    )


def download_bytes(workspace: Workspace, settings: FineTuneSettings) -> int:
    """Gives what has to be fetched for the run, 0 where it is here or unknown."""
    if settings.base_model == SCRATCH:
        return 0
    source = source_of_run(workspace, "", settings)
    if Path(source).is_dir() or _cached_bytes(source):
        return 0
    return _published_bytes(source)


def _checkpoint_share(settings: FineTuneSettings) -> float:
    """Gives at most how many times the size of the weights a checkpoint has."""
    if settings.method == "full":
        return 4
    # Two matrices of `rank` beside one of at least _NARROWEST. Of the frozen weights a checkpoint
    # of DeepSpeed holds the tied embedding alone: half of a small model.
    return 1 + 4 * 2 * settings.lora_rank / _NARROWEST


def weights_bytes(workspace: Workspace, settings: FineTuneSettings) -> int:
    """Gives the bytes of the base model's weights as float32, 0 where they are unknown.

    The files of a model may hold them in two bytes each, and in two formats.
    """
    if settings.base_model == SCRATCH:
        return 4 * most_parameters(settings)
    shape = known_shape(workspace, settings)
    known = 0 if shape is None else 4 * shape.num_weights
    source = source_of_run(workspace, "", settings)
    if Path(source).is_dir():
        files = [*Path(source).glob("*.safetensors")] or [*Path(source).glob("*.bin")]
        return max(known, sum(file.stat().st_size for file in files))
    return known or _cached_bytes(source)


def _published_bytes(source: str) -> int:
    shape = published_shape(source)
    return 0 if shape is None else 4 * shape.num_weights


def _cached_bytes(source: str) -> int:
    """Gives the bytes of a hub model's weights that were fetched before."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    for name in ("model.safetensors", "pytorch_model.bin"):
        try:
            found = try_to_load_from_cache(source, name)
        except HFValidationError:
            return 0
        if isinstance(found, str):
            return os.stat(found).st_size
    return 0
