"""Recipes: named changes to the default settings of a run, and the base models built here."""

from __future__ import annotations

from typing import Annotated, Any

STARTER = "starter"
SCRATCH = "from scratch"

Recipe = Annotated[dict[str, Any], "changes to the default settings"]

RECIPES: dict[str, tuple[str, Recipe]] = {
    "Try it in a minute": (
        "The starter model on the sample corpus: 500 steps on two processor cores.",
        {
            "base_model": STARTER,
            "max_steps": 500,
            "num_epochs": 100,
            "learning_rate": 2e-3,
            "warmup_steps": 5,
            "batching": "fixed size",
            "batch_size": 32,
            "max_source_length": 64,
            "max_target_length": 64,
            "eval_every_steps": 125,
            "eval_segments": 100,
            "num_beams": 1,
            "weight_decay": 0.0,
            "zero_stage": 2,
        },
    ),
    "From scratch": (
        "A small Transformer that begins with random weights and knows this corpus alone: is "
        "fine-tuning worth it?",
        {
            "base_model": SCRATCH,
            "num_epochs": 30,
            "learning_rate": 1e-3,
            "schedule": "cosine",
            "warmup_steps": 100,
            "label_smoothing": 0.1,
            "batching": "token budget",
            "tokens_per_batch": 512,
            "eval_every_steps": 200,
            "eval_segments": 100,
            "zero_stage": 2,
        },
    ),
    "10 minutes on 8 GB": (
        "NLLB-200 600M with LoRA on any GPU of 8 GB: 300 steps, to see whether fine-tuning helps "
        "at all; bf16.",
        {
            "base_model": "facebook/nllb-200-distilled-600M",
            "method": "lora",
            "lora_rank": 16,
            "lora_alpha": 32.0,
            "max_steps": 300,
            "num_epochs": 100,
            "learning_rate": 2e-4,
            "warmup_steps": 30,
            "weight_decay": 0.0,
            "batching": "token budget",
            "tokens_per_batch": 1024,
            "gradient_accumulation": 2,
            "precision": "bf16",
            "zero_stage": 0,
            "eval_every_steps": 100,
            "eval_segments": 100,
            "num_beams": 1,
        },
    ),
    "One GPU": (
        "NLLB-200 600M on one GPU of 24 GB: bf16, ZeRO-2, token-budget batches.",
        {
            "base_model": "facebook/nllb-200-distilled-600M",
            "num_epochs": 5,
            "learning_rate": 3e-5,
            "warmup_steps": 100,
            "batching": "token budget",
            "tokens_per_batch": 1536,
            "gradient_accumulation": 4,
            "label_smoothing": 0.1,
            "precision": "bf16",
            "zero_stage": 2,
            "eval_segments": 500,
            "num_beams": 5,
        },
    ),
    "LoRA on one GPU": (
        "NLLB-200 1.3B on one GPU of 24 GB: its weights stay, small matrices beside all layers "
        "learn; bf16, token-budget batches.",
        {
            "base_model": "facebook/nllb-200-distilled-1.3B",
            "method": "lora",
            "lora_rank": 16,
            "lora_alpha": 32.0,
            "lora_targets": "attention and feed-forward",
            "num_epochs": 5,
            "learning_rate": 2e-4,
            "warmup_steps": 100,
            "weight_decay": 0.0,
            "batching": "token budget",
            "tokens_per_batch": 2048,
            "gradient_accumulation": 4,
            "label_smoothing": 0.1,
            "precision": "bf16",
            "zero_stage": 2,
            "eval_segments": 500,
            "num_beams": 5,
        },
    ),
    "Best quality on 24 GB": (
        "NLLB-200 1.3B trained as a whole on one GPU of 24 GB: bf16, the optimizer in host memory "
        "(about 36 GB of it), small batches added up.",
        {
            "base_model": "facebook/nllb-200-distilled-1.3B",
            "num_epochs": 8,
            "learning_rate": 3e-5,
            "warmup_steps": 100,
            "batching": "token budget",
            "tokens_per_batch": 1024,
            "gradient_accumulation": 8,
            "label_smoothing": 0.1,
            "precision": "bf16",
            "zero_stage": 2,
            "offload": "optimizer",
            "eval_segments": 200,
            "num_beams": 5,
        },
    ),
    "3.3B on 40 GB (LoRA)": (
        "NLLB-200 3.3B on one GPU of 40 GB: its weights stay, small matrices beside all layers "
        "learn; bf16.",
        {
            "base_model": "facebook/nllb-200-3.3B",
            "method": "lora",
            "lora_rank": 16,
            "lora_alpha": 32.0,
            "lora_targets": "attention and feed-forward",
            "num_epochs": 5,
            "learning_rate": 1e-4,
            "warmup_steps": 100,
            "weight_decay": 0.0,
            "batching": "token budget",
            "tokens_per_batch": 2048,
            "gradient_accumulation": 4,
            "label_smoothing": 0.1,
            "precision": "bf16",
            "zero_stage": 2,
            "eval_segments": 200,
            "num_beams": 4,
        },
    ),
    "3.3B on 80 GB": (
        "NLLB-200 3.3B trained as a whole on one GPU of 80 GB: bf16, the optimizer in host memory "
        "(about 84 GB of it).",
        {
            "base_model": "facebook/nllb-200-3.3B",
            "num_epochs": 8,
            "learning_rate": 2e-5,
            "warmup_steps": 100,
            "batching": "token budget",
            "tokens_per_batch": 4096,
            "gradient_accumulation": 2,
            "label_smoothing": 0.1,
            "precision": "bf16",
            "zero_stage": 2,
            "offload": "optimizer",
            "eval_segments": 200,
            "num_beams": 4,
        },
    ),
    "The paper's run": (
        "NLLB-200 3.3B as in the published EN→GA notebook: ZeRO-2 with the optimizer in host "
        "memory, fp16; needs a 40 GB GPU and about 90 GB of host memory.",
        {
            "base_model": "facebook/nllb-200-3.3B",
            "num_epochs": 8,
            "learning_rate": 2e-5,
            "warmup_steps": 0,
            "schedule": "constant",
            "weight_decay": 0.01,
            "batching": "fixed size",
            "batch_size": 16,
            "gradient_accumulation": 5,
            "max_source_length": 128,
            "max_target_length": 128,
            "precision": "fp16",
            "zero_stage": 2,
            "offload": "optimizer",
            "seed": 535353,
            "eval_segments": 502,
            "best_metric": "last",  # no checkpoint was chosen
        },
    ),
}

# What a recipe was made for: GB of each GPU (0 = it needs none), and GB of host memory.
MADE_FOR: dict[str, tuple[int, int]] = {
    "Try it in a minute": (0, 4),
    "From scratch": (0, 4),
    "10 minutes on 8 GB": (8, 16),
    "One GPU": (24, 16),
    "LoRA on one GPU": (24, 24),
    "Best quality on 24 GB": (24, 48),
    "3.3B on 40 GB (LoRA)": (40, 48),
    "3.3B on 80 GB": (80, 96),
    "The paper's run": (40, 96),
}
