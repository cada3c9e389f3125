"""Training speed and memory of our loop against Transformers' Seq2SeqTrainer.

Every variant trains the same model on the same pairs in a process of its own; the variants take
turns, so that what else the machine does hits all of them alike, and ratios are within a turn.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

from bench.data import SRC_LANG, TGT_LANG, bench_corpus, learn_tokenizer
from bench.report import Measure, Result, repeated, say
from core.corpora.segments import Pair
from core.finetune.adapters import Adapter, bind
from core.finetune.batching import BatchPlan, Lengths
from core.finetune.command import (
    compile_command,
    free_port,
    launch_environment,
    missing_operators,
)
from core.finetune.segments import Split, encode_split
from core.finetune.settings import FineTuneSettings
from core.host import cxx_compiler
from core.storage.files import write_json
from core.storage.workspace import PROJECT

NUM_PAIRS = 2000
REPEATS = 3
BATCH_SIZE = 32
MIN_RATIOS = {"random": 2.3, "grouped": 1.15}
LIMIT_S = 300

BASE = FineTuneSettings(
    engine="plain",
    num_epochs=1,
    learning_rate=1e-3,
    warmup_steps=10,
    tokens_per_batch=1920,
    batch_size=BATCH_SIZE,
    eval_every_steps=10_000_000,  # only after the last step, when the clock has stopped
    eval_segments=1,
    num_samples=0,
)


@dataclass(frozen=True)
class Variant:
    """One way to train.

    Attributes:
        key: Its name in the figures.
        title: Its name in the table.
        side: `ours` or `peer`.
        sampling: The peer's `train_sampling_strategy`.
        changes: What differs from BASE.
        turns: How often it is measured; once where only its loss is of interest.
    """

    key: str
    title: str
    side: str
    sampling: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    turns: int = REPEATS


def run(folder: Path) -> Result:
    """Measures every variant REPEATS times, one after the other in turns."""
    lengths = _prepare(folder)
    num_tokens = sum(lengths.source) + sum(lengths.target)
    found = _variants(lengths)
    figures: dict[str, list[dict[str, Any]]] = {variant.key: [] for variant in found}
    for turn in range(REPEATS):
        # Peer and ours stay side by side: a ratio is only fair between neighbours in time.
        for variant in found[:: -1 if turn % 2 else 1]:
            if turn >= variant.turns:
                continue
            measured = _child(variant, folder, seed=turn + 1)
            measured["tokens_per_s"] = num_tokens * measured["epochs"] / measured["wall_s"]
            figures[variant.key].append(measured)
            say(
                f"   turn {turn + 1}: {variant.title}: {measured['tokens_per_s']:,.0f} tokens/s, "
                f"{measured['steps']} steps, dev loss {measured['dev_loss']:.3f}, peak "
                f"{measured['peak_bytes'] / 1e6:.0f} MB"
            )
    titles = {variant.key: variant.title for variant in found}
    measures = [*_speeds(figures, titles), *_memories(figures, titles), *_losses(figures, titles)]
    lines = [
        f"{NUM_PAIRS:,} pairs, {num_tokens:,} tokens that are no padding an epoch; fp32, "
        f"{os.cpu_count()} threads, one process; {REPEATS} turns."
    ]
    return Result("training", measures, lines, {"figures": figures, "num_tokens": num_tokens})


def _prepare(folder: Path) -> Lengths:
    """Writes tokenizer and token ids for the children; gives the lengths of the training part."""
    corpus = bench_corpus()
    tokenizer = learn_tokenizer(text for pair in corpus.train for text in pair)
    tokenizer.save_pretrained(folder / "tokenizer")
    adapter = bind(tokenizer, SRC_LANG, TGT_LANG)
    # Every n-th pair: the corpus is ordered by document, its beginning is no fair sample.
    stride = max(1, len(corpus.train) // NUM_PAIRS)
    chosen = corpus.train[::stride][:NUM_PAIRS]
    lengths = _write_ids(folder / "train.json", adapter, chosen)
    _write_ids(folder / "dev.json", adapter, corpus.dev)
    return lengths


def _write_ids(path: Path, adapter: Adapter, pairs: list[Pair]) -> Lengths:
    split = Split([source for source, _ in pairs], [target for _, target in pairs])
    encoded = encode_split(adapter, split, BASE)
    write_json(path, {"sources": encoded.sources, "targets": encoded.targets})
    return encoded.lengths


def _variants(lengths: Lengths) -> list[Variant]:
    alike = _budget_for(lengths, -(-NUM_PAIRS // BATCH_SIZE))
    found = [
        Variant("grouped", "Seq2SeqTrainer, group_by_length", "peer", "group_by_length"),
        Variant("random", f"Seq2SeqTrainer, random {BATCH_SIZE}", "peer", "random"),
        # With as many steps as the peer: so neither speed nor loss is bought by the other.
        Variant("ours", f"ours, budget of {alike:,}", "ours", "", {"tokens_per_batch": alike}),
        Variant("full", f"ours, budget of {BASE.tokens_per_batch:,}", "ours", turns=1),
    ]
    settings = BASE.changed(engine="deepspeed")
    missing = missing_operators(settings)
    if missing and not cxx_compiler():
        say("   DeepSpeed is left out: its operators are not compiled and there is no compiler.")
        return found
    if missing:
        say(f"   compiling {', '.join(missing)} before the first turn")
        environment = {**os.environ, **launch_environment(settings)}
        command = compile_command(missing)
        subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, check=True)
    engine = {"engine": "deepspeed", "tokens_per_batch": alike}
    deepspeed = Variant("deepspeed", "ours, the same, DeepSpeed", "ours", changes=engine)
    return [*found[:3], deepspeed, *found[3:]]


def _budget_for(lengths: Lengths, num_steps: int) -> int:
    """Gives the token budget that makes an epoch of `num_steps` steps."""

    def distance(budget: int) -> int:
        plan = BatchPlan(lengths, BASE.changed(tokens_per_batch=budget), 1)
        return abs(len(plan.epoch(0)) - num_steps)

    return min(range(256, BASE.tokens_per_batch, 16), key=distance)


def _child(variant: Variant, folder: Path, *, seed: int) -> dict[str, Any]:
    settings = BASE.changed(seed=seed, **variant.changes)
    output = folder / f"{variant.key}-{seed}"
    output.mkdir()
    spec = {
        "side": variant.side,
        "sampling": variant.sampling,
        "settings": settings.model_dump(),
        "data": str(folder),
        "output": str(output),
    }
    write_json(output / "spec.json", spec)
    ranks = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1"} if variant.side == "ours" else {}
    if ranks:
        ranks |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    result = subprocess.run(
        [sys.executable, "-m", "bench.training_child", str(output / "spec.json")],
        cwd=PROJECT,
        env={**os.environ, **launch_environment(settings), **ranks},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"{variant.title} failed:\n{result.stderr[-4000:]}")
    measured: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return {**measured, "epochs": settings.num_epochs, "budget": settings.tokens_per_batch}


Figures = dict[str, list[dict[str, Any]]]


def _speeds(figures: Figures, titles: dict[str, str]) -> list[Measure]:
    """Gives ratios to the peers, each within one turn."""
    base = [row["tokens_per_s"] for row in figures["random"]]
    rows = [Measure(f"tokens/s, {titles['random']}", median(base), "tokens/s")]
    for peer, limit in MIN_RATIOS.items():
        for key in ("ours", "deepspeed", "grouped"):
            if key not in figures or key == peer:
                continue
            ratios = _ratios(figures, key, peer, "tokens_per_s")
            name = f"tokens/s, {titles[key]}, to {titles[peer]}"
            needed = limit if key == "ours" else None
            rows.append(repeated(name, ratios, "x", needed, "at least"))
    return rows


def _ratios(figures: Figures, key: str, peer: str, what: str) -> list[float]:
    """Gives the ratio of each turn, whose two runs had the same seed and the same neighbours."""
    pairs = zip(figures[key], figures[peer], strict=True)
    return [ours[what] / theirs[what] for ours, theirs in pairs]


def _memories(figures: Figures, titles: dict[str, str]) -> list[Measure]:
    return [
        repeated(f"peak memory, {titles[key]}", [row["peak_bytes"] / 1e6 for row in rows], "MB")
        for key, rows in figures.items()
        if key in ("random", "grouped", "ours", "deepspeed")
    ]


def _losses(figures: Figures, titles: dict[str, str]) -> list[Measure]:
    """Gives dev losses after one epoch: as many real tokens for all; but not as many steps."""
    rows = []
    for key in ("random", "grouped", "ours", "full"):
        steps = figures[key][0]["steps"]
        wall_s = median(row["wall_s"] for row in figures[key])
        name = f"dev loss, {titles[key]}, {steps} steps in {wall_s:.1f} s"
        rows.append(repeated(name, [row["dev_loss"] for row in figures[key]]))
    ours, peer = ([row["dev_loss"] for row in figures[key]] for key in ("ours", "random"))
    # Equal is what another seed of the peer could have given too.
    peer_spread = 100 * (max(peer) - min(peer)) / mean(peer)
    name = f"mean dev loss after as many tokens, {titles['ours']}, above {titles['random']}"
    return [*rows, Measure(name, 100 * (mean(ours) / mean(peer) - 1), "%", peer_spread)]
