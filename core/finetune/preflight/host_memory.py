"""What all processes of a run hold in host memory together.

The constants were measured: see `python -m bench memory` and docs/measured.md.
"""

from __future__ import annotations

from core.finetune.preflight.activations import activation_term, logits_term
from core.finetune.preflight.gpu_memory import translating
from core.finetune.preflight.longest_batch import longest_batch
from core.finetune.preflight.states import (
    Case,
    bucket_term,
    casts_term,
    float_gradients_term,
    gathered_term,
    gradients_term,
    optimizer_terms,
    update_terms,
    weights_term,
)
from core.finetune.preflight.terms import Moment, Need, Term, moment, times

# Resident bytes of a process that has loaded everything but a model.
_LAUNCHER_BYTES = 235_000_000
_LIBRARIES_BYTES = {"plain": 445_000_000, "deepspeed": 475_000_000}
_PEFT_BYTES = 40_000_000
_CUDA_HOST_BYTES = 2_500_000_000  # kernels of PyTorch for GPUs, and CUDA's own
# Of the C library's allocator: what a step frees is not all given back before the next takes more.
_ALLOCATOR = 1.5
_SHARED_BYTES = 66_000_000  # DeepSpeed's buffer for sums between processes on processors
_TOKEN_BYTES = 40  # a number in a Python list
_CHARACTER_BYTES = 5  # of the text of a token, which is kept beside it


def host_need(case: Case) -> Need:
    """Gives what all processes need together."""
    build = _on_gpu if case.on_gpu else _on_processors
    return Need("host memory", build(case))


def _on_processors(case: Case) -> tuple[Moment, ...]:
    beams = case.settings.num_beams
    loaded = [*_base(case), *_each(case, [_float_weights(case)])]
    held = _each(case, [weights_term(case), *optimizer_terms(case)])
    kept = _each(case, [_left_by_steps(case)])
    evaluating = [*_base(case), *held, *kept, *_each(case, translating(case, 1))]
    updating = _each(case, [bucket_term(case), *update_terms(case)])
    saving = [*_base(case), *held, *kept, *_copies(case)]
    return (
        moment("the base model's translations", [*loaded, *_each(case, translating(case, beams))]),
        moment("training", [*_base(case), *held, *_each(case, _step(case))]),
        moment("updating the weights", [*_base(case), *held, *kept, *updating]),
        moment("evaluating", evaluating),
        moment("saving", saving),
    )


def _on_gpu(case: Case) -> tuple[Moment, ...]:
    loading = [*_base(case), *_each(case, [_float_weights(case)])]
    held: list[Term] = []
    if case.offloads:
        held += [*optimizer_terms(case), float_gradients_term(case)]
    if case.settings.offload == "optimizer and weights":
        held.append(weights_term(case))
    held = _each(case, held)
    return (
        moment("loading", loading),
        moment("training", [*_base(case), *held]),
        moment("saving", [*_base(case), *held, *_copies(case)]),
    )


def _each(case: Case, terms: list[Term]) -> list[Term]:
    return [times(case.settings.num_processes, term) for term in terms]


def _base(case: Case) -> list[Term]:
    """Gives what is there before any model is."""
    settings = case.settings
    libraries = _LIBRARIES_BYTES[settings.engine]
    libraries += _PEFT_BYTES if settings.method == "lora" else 0
    libraries += _CUDA_HOST_BYTES if case.on_gpu else 0
    lengths = case.lengths
    num_tokens = int(lengths.num_train * (lengths.mean_source + lengths.mean_target))
    corpus = num_tokens * (_TOKEN_BYTES + _CHARACTER_BYTES)
    shared = _SHARED_BYTES if case.is_deepspeed and not case.on_gpu else 0
    shared = shared if settings.num_processes > 1 else 0
    return [
        Term("launcher", "PyTorch in the launcher, 0.24 GB", _LAUNCHER_BYTES),
        *_each(
            case,
            [
                Term("libraries", f"Python and its libraries, {libraries / 1e9:.2f} GB", libraries),
                Term("corpus", f"about {num_tokens:,} tokens × 45 bytes", corpus),
                Term("shared buffer", "DeepSpeed's sums on processors, 0.07 GB", shared),
            ],
        ),
    ]


def _float_weights(case: Case) -> Term:
    count = case.shape.num_weights
    return Term("weights in float32", f"{count:,} weights × 4 bytes", 4 * count)


def _step(case: Case) -> list[Term]:
    """Gives what an optimizer step needs beside weights and optimizer state."""
    settings = case.settings
    batch = longest_batch(settings, case.lengths)
    element_bytes = 4 if case.weight_bytes == 4 else 2
    return [
        gradients_term(case),
        float_gradients_term(case),
        bucket_term(case),
        casts_term(case),
        gathered_term(case),
        activation_term(
            case.shape,
            batch,
            element_bytes=element_bytes,
            on_gpu=False,
            margin=_ALLOCATOR,
            is_recomputed=settings.gradient_checkpointing,
        ),
        logits_term(case.shape, batch, margin=1),
    ]


def _left_by_steps(case: Case) -> Term:
    """Gives what the C library keeps of a step's activations, for the next step to take."""
    held = next(term for term in _step(case) if term.name == "activations")
    return Term("kept by the allocator", "as much as the activations of a step", held.num_bytes)


def _copies(case: Case) -> list[Term]:
    """Gives the copies with which the first process writes, reloads and compares the model."""
    count, width = case.shape.num_weights, case.weight_bytes
    words = 0 if case.shape.has_own_output else case.shape.num_word_weights
    return [
        Term("weights gathered", f"{count:,} weights × {width} bytes", width * count),
        Term("model to be written", f"{count:,} weights × 4 bytes", 4 * count),
        Term("output before it is tied", f"{words:,} weights × 4 bytes", 4 * words),
        Term("model reloaded", f"{count:,} weights × {width} bytes", width * count),
    ]
