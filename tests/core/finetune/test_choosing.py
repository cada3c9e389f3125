"""Which weights become the run's model; without processes, in memory, with the plain engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.finetune.adapters import bind
from core.finetune.best import best_first, scored_steps
from core.finetune.checkpoints import checkpoint_folder
from core.finetune.choosing import Choosing
from core.finetune.distributed import Ranks
from core.finetune.engines import PlainEngine
from core.finetune.evaluating import Evaluation
from core.finetune.loss import Loss
from core.finetune.methods import apply_method, lora_names, merged_weights, without_frozen
from core.finetune.models import load_model, load_tokenizer
from core.finetune.placing import mean_weights, trained_names
from core.finetune.run_folder import RunFolder
from core.finetune.segments import Data, encode_split, read_split
from core.finetune.settings import FineTuneSettings
from core.jobs.recorder import Recorder
from core.storage.files import JsonLinesTail, append_json_line
from core.storage.workspace import Workspace
from tests.checkpointed_run import write_checkpoint

VALUES = {
    "engine": "plain", "max_source_length": 32, "max_target_length": 4, "eval_segments": 2,
    "best_metric": "loss",
}  # fmt: skip


class Made:
    """A model after its last step 6, with checkpoints whose weights move away from the base's."""

    def __init__(self, workspace: Workspace, folder: Path, **changes: Any) -> None:
        import torch

        corpus = workspace.corpora.all()[0].id
        self.settings = FineTuneSettings.parse({**VALUES, "corpus": corpus, **changes})
        self.folder = RunFolder(folder)
        folder.mkdir()
        self.module = load_model(str(workspace.starter_model))
        apply_method(self.module, self.settings)
        self.base = {name: each.clone() for name, each in without_frozen(self.module).items()}
        self.trained = trained_names(self.module)
        ranks, recorder = Ranks(0, 1, torch.device("cpu")), Recorder(self.folder, 0)
        tokenizer = load_tokenizer(str(workspace.starter_model))
        adapter = bind(tokenizer, "eng_Latn", "gle_Latn")
        text = read_split(workspace, self.settings, "dev").first(8)
        encoded = encode_split(adapter, text, self.settings)
        data = Data(train=encoded, dev=encoded, dev_text=text, test_text=text)
        engine = PlainEngine(self.module, self.settings, 1)
        loss = Loss(engine, int(adapter.tokenizer.pad_token_id), ranks.device)
        self.evaluation = Evaluation(engine, adapter, data, self.settings, ranks, recorder, loss)
        self.choosing = Choosing(self.module, self.settings, self.folder, ranks, recorder)

    def weights(self, amount: float, seed: int) -> dict[str, Any]:
        """Gives the trained weights with noise, each by the first of its names."""
        import torch

        torch.manual_seed(seed)
        return {
            name: tensor + amount * torch.randn_like(tensor)
            for name, tensor in self.base.items()
            if name in self.trained
        }

    def step(self, step: int, weights: dict[str, Any]) -> float:
        """Has the weights as after a step: evaluated, and written as its checkpoint."""
        self.module.load_state_dict(weights, strict=False)
        self.evaluation.run(step)
        write_checkpoint(self.folder, step, {name: each.clone() for name, each in weights.items()})
        return scored_steps(self.folder.metrics_file, "loss")[-1].value

    def loss(self) -> float:
        return self.evaluation.measured("again").loss

    def has(self, weights: dict[str, Any]) -> bool:
        import torch

        found = self.module.state_dict()
        return all(torch.equal(found[name], weights[name]) for name in self.trained)


@pytest.fixture
def made(ready_workspace: Workspace, tmp_path: Path) -> Any:
    return lambda **changes: Made(ready_workspace, tmp_path / "run", **changes)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_best_checkpoint_is_put_into_the_model(made: Any, method: str) -> None:
    one = made(method=method)
    weights = {2: one.weights(0.1, 2), 4: one.weights(1.0, 4)}
    losses = {step: one.step(step, each) for step, each in weights.items()}
    best = min(losses, key=lambda step: losses[step])
    one.step(6, weights[max(losses, key=lambda step: losses[step])])
    chosen = one.choosing.choose(6, one.evaluation)
    assert (chosen.step, chosen.value, chosen.last_step) == (best, losses[best], 6)
    assert one.has(weights[best]) and one.loss() == pytest.approx(losses[best], abs=1e-5)


def test_last_means_last(made: Any) -> None:
    one = made(best_metric="last")
    for step, amount in ((2, 0.0), (4, 1.0)):
        one.step(step, one.weights(amount, step))
    chosen = one.choosing.choose(4, one.evaluation)
    assert (chosen.step, chosen.metric) == (4, "last") and one.choosing.best_steps() == []


def test_half_written_and_unreadable_checkpoints_are_passed(made: Any) -> None:
    one = made()
    for step, amount in ((2, 0.0), (4, 0.5), (6, 1.0), (8, 3.0)):
        one.step(step, one.weights(amount, step))
    order = [
        each.step for each in best_first(scored_steps(one.folder.metrics_file, "loss"), "loss")
    ]
    assert order == [2, 4, 6, 8]
    half, cut, whole = (checkpoint_folder(one.folder.path, step) for step in (2, 4, 6))
    half.rename(half.with_suffix(".partial"))
    (cut / "state.pt").write_bytes((cut / "state.pt").read_bytes()[:90_000])
    chosen = one.choosing.choose(8, one.evaluation)
    assert (chosen.step, chosen.unreadable) == (6, [4])
    assert whole.exists() and one.has(one.weights(1.0, 6))


@pytest.mark.parametrize(("amount", "is_used"), [(-1.0, True), (0.0, False)])
def test_a_mean_is_used_only_if_it_is_better_on_dev(
    made: Any, amount: float, is_used: bool
) -> None:
    """Opposite noise cancels out in the mean; beside the base's own weights it is half there."""
    one = made(average_checkpoints=2)
    first, second = one.weights(amount, 2), one.weights(1.0, 2)
    steps = ((2, first), (4, second), (6, one.weights(3.0, 6)))
    losses = [one.step(step, each) for step, each in steps]
    assert max(losses) == losses[2]
    chosen = one.choosing.choose(6, one.evaluation)
    assert chosen.average["is_used"] == is_used and chosen.average["best"] == min(losses)
    records = JsonLinesTail(one.folder.metrics_file).read()
    (record,) = [each for each in records if each["kind"] == "average"]
    assert (record["steps"], record["is_used"]) == ([2, 4], is_used)
    if is_used:
        mean = {name: (first[name].float() + second[name].float()) / 2 for name in one.trained}
        assert one.has(mean) and chosen.averaged == [2, 4]
        assert one.loss() == pytest.approx(chosen.value, abs=1e-5) and chosen.value < min(losses)
    else:
        assert one.has(first) and (chosen.step, chosen.value, chosen.averaged) == (2, losses[0], [])


def test_mean_of_lora_is_the_mean_of_what_its_matrices_do(made: Any) -> None:
    """A and B against -A and -B: two equal models, whose matrices' means are zero."""
    import torch

    one = made(method="lora")
    first = one.weights(0.1, 1)
    second = {name: -each if ".lora_" in name else each for name, each in first.items()}
    for step, weights in ((2, first), (4, second)):
        write_checkpoint(one.folder, step, weights)
    given = one.module.state_dict()
    folders = [checkpoint_folder(one.folder.path, step) for step in (2, 4)]
    found = mean_weights(folders, one.settings, one.trained, given)
    expected = merged_weights({**given, **first}, one.settings)
    averaged = merged_weights({**given, **found}, one.settings)
    assert expected.keys() == averaged.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(averaged[name], tensor, rtol=1e-5, atol=1e-6)
    layer = next(name.partition(".lora_A.")[0] for name in one.trained if ".lora_A." in name)
    assert not bool(found[lora_names(layer)[1]].any())
    plain = merged_weights(given, one.settings)
    assert not torch.equal(plain[f"{layer}.weight"], averaged[f"{layer}.weight"])


def test_a_losing_mean_of_lora_leaves_the_best_as_it_was(made: Any) -> None:
    import torch

    one = made(method="lora", average_checkpoints=2)
    best, other = one.weights(0.001, 2), one.weights(0.5, 4)
    before = {name: each.clone() for name, each in one.module.state_dict().items()}
    one.step(2, best)
    one.step(4, other)
    chosen = one.choosing.choose(4, one.evaluation)
    assert chosen.average["is_used"] is False and chosen.step == 2
    found = one.module.state_dict()
    assert one.has(best)
    assert all(
        torch.equal(found[name], before[name]) for name in before if name.endswith("layer.weight")
    )


def test_patience_ends_a_run_and_a_resumed_one_remembers(made: Any) -> None:
    one = made(early_stopping_patience=2)
    file = one.folder.path / "metrics.jsonl"
    for step, loss in ((2, 1.0), (4, 1.2), (6, 1.1)):
        assert not one.choosing.is_over()
        append_json_line(file, {"kind": "eval", "step": step, "loss": loss, "scores": []})
    assert one.choosing.is_over() and one.choosing.best_steps() == [2]
    append_json_line(file, {"kind": "resume", "step": 4})
    assert not one.choosing.is_over() and one.choosing.best_steps() == [2]
