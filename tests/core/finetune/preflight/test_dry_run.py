"""Dry runs by the real launcher: what they measure, how they end, and estimates beside them."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.finetune.preflight import dry_run
from core.finetune.preflight.check import estimated, preflight
from core.finetune.preflight.projection import projection
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.storage.workspace import Workspace
from tests.core.finetune.conftest import TINY, Lab

pytestmark = pytest.mark.launcher

WITHIN = 0.15


@pytest.fixture
def sized(lab: Lab, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Makes local base models of any size with the starter's tokenizer."""

    def made(vocabulary: int, width: int, layers: int) -> str:
        import torch
        from transformers import M2M100Config, M2M100ForConditionalGeneration

        folder = tmp_path / f"model-{width}"
        shutil.copytree(lab.workspace.starter_model, folder)
        values = json.loads((folder / "config.json").read_text())
        values |= {"vocab_size": vocabulary, "d_model": width, "dropout": 0.1}
        for side in ("encoder", "decoder"):
            values |= {f"{side}_layers": layers, f"{side}_ffn_dim": 4 * width}
            values |= {f"{side}_attention_heads": 4}
        config = M2M100Config.from_dict(values)
        with torch.device("meta"):
            M2M100ForConditionalGeneration(config)  # a fault shows before the launch
        M2M100ForConditionalGeneration(config).save_pretrained(folder)
        return str(folder)

    yield made


def rehearsed(workspace: Workspace, **changes: Any) -> dry_run.DryRun:
    values = {**TINY, "batching": "token budget", "tokens_per_batch": 512, **changes}
    settings = FineTuneSettings.parse(values)
    found = dry_run.wait(workspace, dry_run.start(workspace, settings))
    assert found.state.state == "finished", found.state
    return found


def test_estimates_are_within_15_percent_of_the_measured_peak(lab: Lab, sized) -> None:
    """Plain: 1, 5 and 8 million weights; ZeRO-2: 8 million. `python -m bench memory` has larger."""
    middle = sized(8000, 256, 3)
    cases = [
        {"base_model": "starter", "engine": "plain"},
        {"base_model": middle, "engine": "plain"},
        {"base_model": sized(8000, 192, 3), "engine": "plain"},
        {"base_model": middle, "engine": "deepspeed", "zero_stage": 2},
    ]
    ratios = {}
    for number, changes in enumerate(cases):
        found = rehearsed(lab.workspace, **changes)
        result = found.result
        assert result["outcome"] == "done", result
        factor = dry_run.measured_factors(lab.workspace, found.settings, result)["host memory"]
        ratios[number] = 1 / factor
    assert all(abs(ratio - 1) <= WITHIN for ratio in ratios.values()), ratios


def test_a_dry_run_measures_calibrates_and_leaves_no_run(lab: Lab) -> None:
    workspace = lab.workspace
    found = rehearsed(workspace, engine="plain")
    result = found.result
    assert result["outcome"] == "done" and len(result["step_seconds"]) == 2
    assert len(result["host_peak_bytes"]) == 1 and result["host_peak_bytes"][0] > 2e8
    assert result["checkpoint_bytes"] > 3 * result["model_bytes"] / 2 > 0
    assert result["first_token"] == "gle_Latn" and len(result["translations"]) == 4
    whole = projection(found.settings, result, 12)
    assert 0 < whole.least_s < whole.most_s and whole.tokens_per_s > 0
    # The next estimate of such a run is what was measured.
    after = estimated(workspace, found.settings, on_gpu=False)
    assert after is not None and after.calibrated == result["time"]
    measured = sum(result["host_peak_bytes"]) + result["launcher_bytes"]
    assert after.need("host memory").num_bytes == pytest.approx(measured, rel=0.001)
    other = found.settings.changed(method="lora")
    assert estimated(workspace, other, on_gpu=False).calibrated == ""
    # Nothing but small files is left, and nothing among the runs.
    folder = workspace.root / "dry_runs" / found.id
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 1_000_000
    assert workspace.runs.newest(limit=10) == []
    assert preflight(workspace, found.settings).fits


def test_running_out_of_memory_is_a_finding(lab: Lab) -> None:
    """The limit of a process stands for that of the machine."""
    found = rehearsed(
        lab.workspace, engine="plain", tokens_per_batch=100_000, batching="fixed size",
        batch_size=300, memory_limit_gb=0.45,
    )  # fmt: skip
    assert (found.result["outcome"], found.result["place"]) == ("out of memory", "host memory")
    assert found.result["part"].startswith(("loading", "two steps"))
    assert estimated(lab.workspace, found.settings, on_gpu=False).calibrated == ""


def test_a_dry_run_is_stopped_at_once(lab: Lab) -> None:
    settings = lab.settings(engine="plain")
    dry_run_id = dry_run.start(lab.workspace, settings)
    dry_run.stop(lab.workspace, dry_run_id)
    state = queue.wait(lab.workspace, dry_run_id)
    assert state.state == "stopped" and "stopped" in state.reason.lower()
