"""A run's model, its outputs and its scores, and those before: they change places together.

A rename cannot fail half; several can be cut off between two of them by a kill or a lost power
supply. Each exchange here leaves what is needed to go on with it, and is gone on with by whoever
looks next, so that a run is never left without a model, nor with the scores of another.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from core.finetune.run_folder import RunFolder
from core.jobs.entering import locked

READY = "READY"  # in the folder of a made model: the exchange has begun
_GOING = "model.going"


def take_in(folder: RunFolder, made: Path) -> None:
    """Puts a model with its result and its outputs in the place of the run's.

    Args:
        folder: The run's.
        made: Holds `model`, `result.json` and `test_outputs.jsonl`; nothing is left of it.
    """
    with locked(folder.model_folder):
        # The result first: without it nobody is offered the rest.
        for path in (folder.earlier_result_file, folder.earlier_outputs_file):
            path.unlink(missing_ok=True)
        if folder.earlier_model_folder.exists():
            shutil.rmtree(folder.earlier_model_folder)
        (made / READY).touch()  # from here on nothing but renames is left to do
        _take(folder, made)


def go_on_taking(folder: RunFolder, made: Path) -> bool:
    """Ends an exchange that was cut off; gives whether one had begun."""
    if not (made / READY).exists():
        return False
    with locked(folder.model_folder):
        has_begun = (made / READY).exists()
        if has_begun:
            _take(folder, made)
    return has_begun


def _take(folder: RunFolder, made: Path) -> None:
    for present, earlier, name in _places(folder):
        if (made / name).exists():  # else it is in its place already
            if present.exists():
                present.rename(earlier)
            (made / name).rename(present)
    (made / READY).unlink()
    shutil.rmtree(made)


def go_back(folder: RunFolder) -> None:
    """Lets the present model and the one before change places; the caller holds the lock."""
    going = folder.path / _GOING
    going.mkdir(exist_ok=True)
    for present, _, name in _places(folder):
        present.rename(going / name)
    _go_on(folder, going)


def go_on_going_back(folder: RunFolder) -> bool:
    """Ends such an exchange that was cut off; gives whether one was."""
    going = folder.path / _GOING
    if not going.exists():
        return False
    with locked(folder.model_folder):
        if not going.exists():
            return False
        places = _places(folder)
        if not all(present.exists() for present, _, _ in places):
            for present, earlier, name in places:  # those that had not left yet
                if earlier.exists() and present.exists():
                    present.rename(going / name)
        _go_on(folder, going)
    return True


def _go_on(folder: RunFolder, going: Path) -> None:
    here = [each for each in _places(folder) if (going / each[2]).exists()]
    for present, earlier, _ in here:
        if not present.exists():
            earlier.rename(present)
    for _, earlier, name in here:
        (going / name).rename(earlier)
    going.rmdir()


def _places(folder: RunFolder) -> list[tuple[Path, Path, str]]:
    """Gives what belongs to a model: where it is, where the one before is, its name in between."""
    return [
        (folder.model_folder, folder.earlier_model_folder, "model"),
        (folder.outputs_file, folder.earlier_outputs_file, "test_outputs.jsonl"),
        (folder.result_file, folder.earlier_result_file, "result.json"),
    ]
