"""Checkpoints of a run: complete ones only; a half-written one is never chosen."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

COMPLETE = "complete.json"
_NAME = re.compile(r"^step-(\d{9})$")


def checkpoint_folder(run_folder: Path, step: int) -> Path:
    """Gives the folder of the checkpoint after `step` optimizer steps."""
    return run_folder / "checkpoints" / f"step-{step:09d}"


def complete_checkpoints(run_folder: Path) -> list[tuple[int, Path]]:
    """Gives (step, folder) of every complete checkpoint, the earliest first."""
    found = []
    for folder in (run_folder / "checkpoints").glob("step-*"):
        match = _NAME.match(folder.name)
        if match and (folder / COMPLETE).exists():
            found.append((int(match[1]), folder))
    return sorted(found)


def latest_checkpoint(run_folder: Path) -> tuple[int, Path] | None:
    """Gives (step, folder) of the last complete checkpoint, or None."""
    found = complete_checkpoints(run_folder)
    return found[-1] if found else None


def remove_old_checkpoints(run_folder: Path, *, keep: int, spared: Collection[int] = ()) -> None:
    """Deletes complete checkpoints, and what interruptions left behind.

    Args:
        run_folder: The run's folder.
        keep: How many of the latest stay.
        spared: Steps whose checkpoints stay in any case, such as the best one's.
    """
    for partial in (run_folder / "checkpoints").glob("step-*.partial"):
        shutil.rmtree(partial)
    for step, folder in complete_checkpoints(run_folder)[:-keep]:
        if step in spared:
            continue
        # Renamed first, so that an interrupted deletion leaves nothing that looks complete.
        doomed = folder.with_suffix(".partial")
        folder.rename(doomed)
        shutil.rmtree(doomed)
