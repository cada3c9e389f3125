"""How much of each batch is padding: token budget, random batches, batches grouped by length."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from bench.data import SRC_LANG, TGT_LANG, bench_corpus, learn_tokenizer
from bench.report import Measure, Result
from core.finetune.adapters import bind
from core.finetune.batching import BatchPlan, Lengths
from core.finetune.segments import Split, encode_split
from core.finetune.settings import FineTuneSettings

BATCH_SIZE = 32
TOKENS_PER_BATCH = 1920
LIMIT_PERCENT = 5.0


def run(_folder: Path) -> Result:
    """Measures the padding of one epoch."""
    corpus = bench_corpus()
    tokenizer = learn_tokenizer(text for pair in corpus.train for text in pair)
    adapter = bind(tokenizer, SRC_LANG, TGT_LANG)
    budget = FineTuneSettings(tokens_per_batch=TOKENS_PER_BATCH)
    fixed = budget.changed(batching="fixed size", batch_size=BATCH_SIZE)
    text = Split([source for source, _ in corpus.train], [target for _, target in corpus.train])
    lengths = encode_split(adapter, text, budget).lengths
    ours, random = (BatchPlan(lengths, settings, 1) for settings in (budget, fixed))
    shares = {
        "token budget": ours.padding_share(),
        "random": random.padding_share(),
        "grouped": _grouped_share(lengths, random),
    }
    mean = [sum(side) / len(side) for side in (lengths.source, lengths.target)]
    return Result(
        "padding",
        [
            Measure(
                f"token budget of {TOKENS_PER_BATCH:,} slots",
                100 * shares["token budget"],
                "%",
                LIMIT_PERCENT,
            ),
            Measure(f"random batches of {BATCH_SIZE}", 100 * shares["random"], "%"),
            Measure(f"Trainer's group_by_length, {BATCH_SIZE}", 100 * shares["grouped"], "%"),
        ],
        [
            f"{corpus.name}: {len(corpus.train):,} pairs, {len(tokenizer):,} pieces, mean "
            f"{mean[0]:.1f} and {mean[1]:.1f} tokens; share of slots that hold padding.",
            f"Steps an epoch: {len(ours.epoch(0))} by token budget, {len(random.epoch(0))} random.",
        ],
        {"corpus": corpus.name, "num_pairs": len(corpus.train), "shares": shares},
    )


def _grouped_share(lengths: Lengths, plan: BatchPlan) -> float:
    """Gives the padding of the batches that Transformers' own sampler draws."""
    # In a process of its own: the sampler imports torch, and this one is to stay small.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        order = pool.submit(_grouped_order, list(lengths.source)).result()
    batches = [order[i : i + BATCH_SIZE] for i in range(0, len(order), BATCH_SIZE)]
    pairs = [plan.step_slots([[batch]]) for batch in batches]
    return 1 - sum(tokens for tokens, _ in pairs) / sum(slots for _, slots in pairs)


def _grouped_order(source_lengths: list[int]) -> list[int]:
    import torch
    from transformers.trainer_pt_utils import get_length_grouped_indices

    generator = torch.Generator().manual_seed(1)
    order = get_length_grouped_indices(source_lengths, BATCH_SIZE, generator=generator)
    return [int(index) for index in order]
