"""Memory that runs were estimated to need beside what they took, by real dry runs.

Each case is a dry run by the launcher: two steps on the longest batch, a checkpoint, the model
written, reloaded and compared. Its processes tell their own largest resident size.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.report import Measure, Result, say
from core.corpora.sample import SRC_LANG, TGT_LANG, generate_sample
from core.corpora.storing import store_corpus
from core.finetune.preflight import dry_run
from core.finetune.preflight.check import estimated
from core.finetune.settings import FineTuneSettings
from core.setup import set_up
from core.storage.workspace import PROJECT, Workspace

WITHIN_PERCENT = 15.0
# Vocabulary, width, layers of each side: about 8, 34 and 124 million weights.
SIZES = {"8M": (8000, 256, 3), "35M": (32_000, 512, 2), "124M": (32_000, 768, 6)}
BASE = FineTuneSettings(
    corpus="memory", max_steps=2, num_epochs=100, tokens_per_batch=512, max_source_length=32,
    max_target_length=32, eval_segments=4, num_beams=1,
)  # fmt: skip

_BUILD = """
import json, sys
from transformers import M2M100Config, M2M100ForConditionalGeneration
config = M2M100Config.from_dict(json.loads(sys.argv[2]))
M2M100ForConditionalGeneration(config).save_pretrained(sys.argv[1])
"""


@dataclass(frozen=True)
class Case:
    """One way to run.

    Attributes:
        title: In the table.
        size: A key of SIZES, or "starter".
        changes: What differs from BASE.
    """

    title: str
    size: str
    changes: dict[str, Any] = field(default_factory=dict)


PLAIN = {"engine": "plain"}
CASES = (
    Case("1M, plain", "starter", PLAIN),
    Case("8M, plain", "8M", PLAIN),
    Case("35M, plain", "35M", PLAIN),
    Case("124M, plain", "124M", PLAIN),
    Case("35M, plain, LoRA", "35M", {**PLAIN, "method": "lora"}),
    Case("35M, plain, frozen embeddings", "35M", {**PLAIN, "freeze": "embeddings"}),
    Case("8M, ZeRO-2", "8M"),
    Case("35M, ZeRO-2", "35M"),
    Case("124M, ZeRO-2", "124M"),
    Case("35M, ZeRO-2 in bf16", "35M", {"precision": "bf16"}),
    Case("35M, ZeRO-3", "35M", {"zero_stage": 3}),
    Case("124M, ZeRO-3", "124M", {"zero_stage": 3}),
    Case("35M, ZeRO-2, 2 processes", "35M", {"num_processes": 2}),
)


def run(folder: Path) -> Result:
    """Makes a dry run of each case."""
    workspace = _prepared(folder / "workspace")
    result = Result("memory")
    for case in CASES:
        base_model = _model(workspace, folder, case.size)
        settings = BASE.changed(base_model=base_model, **case.changes)
        found = estimated(workspace, settings, on_gpu=False)
        assert found is not None
        need = found.need("host memory")
        done = dry_run.wait(workspace, dry_run.start(workspace, settings))
        if done.result.get("outcome") != "done":
            result.lines.append(f"{case.title}: {done.state.reason or done.result}")
            continue
        measured = sum(done.result["host_peak_bytes"]) + done.result["launcher_bytes"]
        ratio = need.num_bytes / measured
        line = (
            f"{case.title:32} estimated {need.num_bytes / 1e6:7,.0f} MB while "
            f"{need.peak.name}, measured {measured / 1e6:7,.0f} MB, ratio {ratio:.2f}"
        )
        say(f"   {line}")
        result.details[case.title] = {"estimated": need.num_bytes, "measured": measured}
        result.measures.append(
            Measure(f"estimate off, {case.title}", abs(ratio - 1) * 100, "%", WITHIN_PERCENT)
        )
    return result


def _prepared(root: Path) -> Workspace:
    workspace = Workspace(root)
    set_up(workspace)
    sample = generate_sample(300, 4, 4)
    splits = {"train": sample.train, "dev": sample.dev, "test": sample.test}
    store_corpus(workspace, name="memory", src_lang=SRC_LANG, tgt_lang=TGT_LANG, splits=splits)
    return workspace


def _model(workspace: Workspace, folder: Path, size: str) -> str:
    """Gives the base model of a size: the starter's tokenizer, random weights."""
    if size == "starter":
        return "starter"
    target = folder / size
    if not target.exists():
        vocabulary, width, layers = SIZES[size]
        shutil.copytree(workspace.starter_model, target)
        values = json.loads((target / "config.json").read_text())
        values |= {"vocab_size": vocabulary, "d_model": width, "dropout": 0.1}
        for side in ("encoder", "decoder"):
            values |= {f"{side}_layers": layers, f"{side}_ffn_dim": 4 * width}
        command = [sys.executable, "-c", _BUILD, str(target), json.dumps(values)]
        subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    return str(target)
