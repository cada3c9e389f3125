"""A checkpoint as a model: the last one equals the finished model, a damaged one is named."""

from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelError
from core.finetune.checkpoint_model import write_checkpoint_model
from core.finetune.models import load_model
from core.finetune.settings import FineTuneSettings
from core.serving.models import find_model
from core.storage.workspace import Workspace


def tensors(folder: Path | str) -> dict[str, Any]:
    return dict(load_model(str(folder)).state_dict())


def test_last_checkpoint_is_the_finished_model(trained: Workspace, tmp_path: Path) -> None:
    import torch

    final, last = find_model(trained, "demo"), find_model(trained, "demo@latest")
    assert last.run is not None
    assert last.run.settings["max_steps"] == last.step > 0
    settings = FineTuneSettings.parse(last.run.settings)
    run_folder, folder = trained.run_folder(last.run.id), tmp_path / "made"
    write_checkpoint_model(run_folder, last.step, settings, last.source, folder)
    expected, found = tensors(final.source), tensors(folder)
    assert expected.keys() == found.keys()
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())
    base = tensors(last.source)
    assert not all(torch.equal(tensor, found[name]) for name, tensor in base.items())
    for name in ("config.json", "generation_config.json"):
        assert (folder / name).read_text() == (Path(final.source) / name).read_text()


@pytest.mark.parametrize("damage", [b"", b"no checkpoint", None])
def test_damaged_checkpoint_is_named(
    damage: bytes | None, trained: Workspace, tmp_path: Path
) -> None:
    last = find_model(trained, "demo@latest")
    assert last.run is not None
    settings = FineTuneSettings.parse(last.run.settings)
    run_folder = trained.run_folder(last.run.id)
    (state,) = run_folder.glob("checkpoints/step-*/state.pt")
    state.write_bytes(state.read_bytes()[:90_000] if damage is None else damage)
    with pytest.raises(ModelError) as caught:
        write_checkpoint_model(run_folder, last.step, settings, last.source, tmp_path / "made")
    named = f"The checkpoint step-{last.step:09d} cannot be read: "
    assert caught.value.message.startswith(named) and "\n" not in caught.value.message
    assert not (tmp_path / "made").exists()
