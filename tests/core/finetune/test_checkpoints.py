from __future__ import annotations

from pathlib import Path

import pytest

from core.finetune.checkpoints import (
    COMPLETE,
    checkpoint_folder,
    complete_checkpoints,
    latest_checkpoint,
    remove_old_checkpoints,
)


def add(run_folder: Path, step: int, *, name: str = "", is_complete: bool = True) -> Path:
    folder = checkpoint_folder(run_folder, step)
    folder = folder.with_name(name) if name else folder
    folder.mkdir(parents=True)
    (folder / "weights").write_text("x")
    if is_complete:
        (folder / COMPLETE).write_text("{}")
    return folder


def test_run_without_checkpoints_has_none(tmp_path: Path) -> None:
    assert complete_checkpoints(tmp_path) == []
    assert latest_checkpoint(tmp_path) is None
    remove_old_checkpoints(tmp_path, keep=1)


def test_checkpoints_are_ordered_by_step_not_by_name_or_time(tmp_path: Path) -> None:
    for step in (999, 1000, 5):
        add(tmp_path, step)
    assert [step for step, _ in complete_checkpoints(tmp_path)] == [5, 999, 1000]
    assert latest_checkpoint(tmp_path) == (1000, checkpoint_folder(tmp_path, 1000))


def test_half_written_checkpoint_is_never_chosen(tmp_path: Path) -> None:
    add(tmp_path, 1)
    add(tmp_path, 2, is_complete=False)
    add(tmp_path, 3, name="step-000000003.partial")
    add(tmp_path, 4, name="step-4")
    add(tmp_path, 5, name="step-old")
    assert latest_checkpoint(tmp_path) == (1, checkpoint_folder(tmp_path, 1))


@pytest.mark.parametrize(("keep", "left"), [(1, [4]), (2, [3, 4]), (9, [1, 2, 3, 4])])
def test_only_the_last_complete_checkpoints_are_kept(
    keep: int, left: list[int], tmp_path: Path
) -> None:
    for step in (1, 2, 3, 4):
        add(tmp_path, step)
    remove_old_checkpoints(tmp_path, keep=keep)
    assert [step for step, _ in complete_checkpoints(tmp_path)] == left
    assert len(list((tmp_path / "checkpoints").iterdir())) == len(left)


def test_the_best_is_never_deleted_and_counts_beside_the_latest(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        add(tmp_path, step)
    remove_old_checkpoints(tmp_path, keep=1, spared=[2])
    assert [step for step, _ in complete_checkpoints(tmp_path)] == [2, 4]
    remove_old_checkpoints(tmp_path, keep=1, spared=[4])
    assert [step for step, _ in complete_checkpoints(tmp_path)] == [4]


def test_leftovers_of_an_interrupted_deletion_are_removed(tmp_path: Path) -> None:
    for step in (1, 2):
        add(tmp_path, step)
    add(tmp_path, 1, name="step-000000001.partial")
    remove_old_checkpoints(tmp_path, keep=1)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-000000002"]
