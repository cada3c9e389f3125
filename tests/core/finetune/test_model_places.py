"""Models that change places: wherever a kill falls between two renames, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.finetune.model_places import go_back, go_on_going_back, go_on_taking, take_in
from core.finetune.run_folder import RunFolder
from core.jobs.entering import locked


class KilledError(BaseException):
    """Stands for the end of the process."""


class Renames:
    """Lets a number of renames happen, then ends what asks for one more."""

    def __init__(self, patch: pytest.MonkeyPatch, num_left: int) -> None:
        self.num_left = num_left
        self._rename = Path.rename
        patch.setattr(Path, "rename", lambda *given: self.of(*given))

    def of(self, path: Path, target: Path) -> Path:
        if not self.num_left:
            raise KilledError
        self.num_left -= 1
        return self._rename(path, target)


def fill(folder: Path, word: str, names: tuple[str, str, str]) -> None:
    (folder / names[0]).mkdir(parents=True)
    for path in (folder / names[0] / "model.safetensors", folder / names[1], folder / names[2]):
        path.write_text(word)


def words(folder: RunFolder) -> tuple[set[str], set[str]]:
    """Gives what stands in the files of the present model and in those of the one before."""
    present = [folder.model_folder, folder.outputs_file, folder.result_file]
    earlier = [folder.earlier_model_folder, folder.earlier_outputs_file, folder.earlier_result_file]
    found = []
    for model, *files in (present, earlier):
        weights = model / "model.safetensors"
        found.append({path.read_text() for path in (weights, *files) if path.exists()})
    return found[0], found[1]


@pytest.fixture
def run_folder(tmp_path: Path) -> RunFolder:
    """A run with a model, and one before it."""
    folder = RunFolder(tmp_path / "run")
    fill(folder.path, "first", ("model", "test_outputs.jsonl", "result.json"))
    made = tmp_path / "made"
    fill(made, "second", ("model", "test_outputs.jsonl", "result.json"))
    take_in(folder, made)
    assert words(folder) == ({"second"}, {"first"}) and not made.exists()
    return folder


def cut_off(work: Callable[[], None], num_renames: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        Renames(patch, num_renames)
        with pytest.raises(KilledError):
            work()


@pytest.mark.parametrize("num_renames", range(6))
def test_new_model_whose_process_is_killed_meanwhile(
    run_folder: RunFolder, tmp_path: Path, num_renames: int
) -> None:
    made = tmp_path / "made"
    fill(made, "third", ("model", "test_outputs.jsonl", "result.json"))
    cut_off(lambda: take_in(run_folder, made), num_renames)
    assert go_on_taking(run_folder, made)
    assert words(run_folder) == ({"third"}, {"second"})
    assert not made.exists() and not go_on_taking(run_folder, made)


def test_model_that_is_not_whole_takes_no_place(run_folder: RunFolder, tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "model").mkdir(parents=True)
    assert not go_on_taking(run_folder, made)
    assert words(run_folder) == ({"second"}, {"first"}) and made.exists()


@pytest.mark.parametrize("num_renames", range(9))
def test_way_back_whose_process_is_killed_meanwhile(
    run_folder: RunFolder, num_renames: int
) -> None:
    def back() -> None:
        with locked(run_folder.model_folder):
            go_back(run_folder)

    cut_off(back, num_renames)
    assert go_on_going_back(run_folder) and not go_on_going_back(run_folder)
    # Killed before the first rename, it has not begun.
    ends = ({"first"}, {"second"}) if num_renames else ({"second"}, {"first"})
    assert words(run_folder) == ends
    back()
    assert words(run_folder) == ends[::-1]
    assert not list(run_folder.path.glob("model.going"))
