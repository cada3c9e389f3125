"""What each GPU holds."""

from __future__ import annotations

from core.finetune.preflight.activations import activation_term, logits_term
from core.finetune.preflight.longest_batch import generation_batch, longest_batch
from core.finetune.preflight.states import (
    Case,
    bucket_term,
    casts_term,
    float_gradients_term,
    gathered_term,
    gradients_term,
    optimizer_terms,
    weights_term,
)
from core.finetune.preflight.terms import Moment, Need, Term, moment

# CUDA's context, the kernels of PyTorch and cuBLAS's workspace.
_CONTEXT_BYTES = 900_000_000
_ALLOCATOR = 1.1  # PyTorch's allocator rounds up and leaves gaps


def gpu_need(case: Case) -> Need:
    """Gives what one card needs; every process has one of its own."""
    return Need("GPU", (_loading(case), _training(case), _evaluating(case)))


def _context() -> Term:
    return Term("CUDA", "context, kernels and workspace, 0.9 GB", _CONTEXT_BYTES)


def _loading(case: Case) -> Moment:
    """The base model translates the test split in float32 before the engine casts it."""
    count = case.shape.num_weights
    whole = Term("weights in float32", f"{count:,} weights × 4 bytes", 4 * count)
    beams = case.settings.num_beams
    return moment("the base model's translations", [_context(), whole, *translating(case, beams)])


def _training(case: Case) -> Moment:
    batch = longest_batch(case.settings, case.lengths)
    is_half = case.settings.precision != "fp32"
    terms = [_context()]
    if case.settings.offload != "optimizer and weights":
        terms.append(weights_term(case))
    terms += [gathered_term(case), casts_term(case), bucket_term(case)]
    if not case.offloads:
        terms += [gradients_term(case), *optimizer_terms(case), float_gradients_term(case)]
    terms.append(
        activation_term(
            case.shape,
            batch,
            element_bytes=2 if is_half else 4,
            on_gpu=True,
            margin=_ALLOCATOR,
            is_recomputed=case.settings.gradient_checkpointing,
        )
    )
    terms.append(logits_term(case.shape, batch, margin=_ALLOCATOR))
    return moment("training", terms)


def _evaluating(case: Case) -> Moment:
    terms = [_context(), weights_term(case), gathered_term(case), bucket_term(case)]
    if not case.offloads:
        terms += optimizer_terms(case)
    return moment("evaluating", [*terms, *translating(case, 1)])


def translating(case: Case, num_beams: int) -> list[Term]:
    """Gives what generation needs beside the weights: keys, values, hidden states and scores."""
    shape, batch = case.shape, generation_batch(case.settings, case.lengths, num_beams)
    count = batch.num_segments
    if num_beams == 1:
        count = min(count, case.settings.eval_segments)
    width = case.weight_bytes
    rows = count * num_beams
    cache = 2 * shape.decoder.num_layers * shape.attention_width * width
    cache *= rows * (batch.source + batch.target)
    hidden = count * batch.source * (4 * shape.width + 2 * shape.encoder.ffn_width) * width
    scores = rows * shape.vocabulary * 4 * 3
    words = f"{count:,} segments × {num_beams} beams"
    return [
        Term(
            "keys and values",
            f"{words} × {batch.source} + {batch.target} tokens × {shape.decoder.num_layers} layers "
            f"× 2 × {shape.attention_width:,} × {width} bytes",
            cache,
        ),
        Term("hidden states", f"{count:,} segments × {batch.source} tokens of one layer", hidden),
        Term("scores", f"{words} × {shape.vocabulary:,} words × 4 bytes × 3", scores),
    ]
