"""What a batch leaves in memory between forward and backward, by the model's dimensions.

The coefficients are bytes per token in float32, counted on tiny models of each family with
PyTorch's hooks for saved tensors: inputs of linear layers and norms, masks of dropout, and the
weights of attention where they are kept. tests/core/finetune/preflight/test_activations.py
counts them again.
"""

from __future__ import annotations

from core.finetune.preflight.longest_batch import Batch
from core.finetune.preflight.shapes import Shape, Stack
from core.finetune.preflight.terms import Term

# Bytes of a layer in float32: by width and source token, width and target token, width and
# source token that the decoder looks at.
_ENCODER, _DECODER, _CROSS = 40, 61, 8
_T5_ENCODER, _T5_DECODER = 48, 72
_KEPT_ATTENTION = 12  # by head and pair of tokens: scores, their softmax, what dropout leaves


def _ffn_bytes(shape: Shape) -> int:
    """Gives bytes by inner width and token: more where the activation function keeps its input."""
    if shape.is_t5:
        return 32 if shape.is_gated else 12
    return 4 if shape.model_type == "m2m_100" else 8  # ReLU; GELU or Swish


def activation_bytes(
    shape: Shape,
    batch: Batch,
    *,
    element_bytes: int,
    keeps_attention: bool,
    is_recomputed: bool = False,
) -> int:
    """Gives the bytes of all layers.

    Args:
        shape: The model.
        batch: What one process trains on at once.
        element_bytes: Of a hidden state: 4 in float32, 2 in bf16 and fp16.
        keeps_attention: Whether the weights of attention stay, a number a pair of tokens.
        is_recomputed: Whether only the input of each layer stays (`gradient_checkpointing`), and
            everything else of one layer at a time.
    """
    encoder, decoder = _layer_bytes(shape, batch, keeps_attention=keeps_attention)
    num_encoder, num_decoder = shape.encoder.num_layers, shape.decoder.num_layers
    total = num_encoder * encoder + num_decoder * decoder
    if is_recomputed:
        inputs = num_encoder * batch.source_slots + num_decoder * batch.target_slots
        # What the encoder ends with is the same for all layers of the decoder.
        total = 4 * shape.width * (inputs + batch.source_slots) + max(encoder, decoder)
    return total * element_bytes // 4


def _layer_bytes(shape: Shape, batch: Batch, *, keeps_attention: bool) -> tuple[int, int]:
    """Gives what one layer of the encoder and one of the decoder keep in float32."""
    width, ffn = shape.width, _ffn_bytes(shape)
    pairs = _KEPT_ATTENTION if keeps_attention or shape.is_t5 else 0
    own, other = (_T5_ENCODER, _T5_DECODER) if shape.is_t5 else (_ENCODER, _DECODER)

    def inner(stack: Stack) -> int:
        return ffn * stack.ffn_width

    encoder = batch.source_slots * (
        own * width + inner(shape.encoder) + pairs * shape.encoder.num_heads * batch.source
    )
    looked_at = pairs * shape.decoder.num_heads * (batch.target + batch.source)
    decoder = batch.target_slots * (other * width + inner(shape.decoder) + looked_at)
    decoder += batch.source_slots * _CROSS * width
    return encoder, decoder


def keeps_attention(shape: Shape, *, on_gpu: bool) -> bool:
    """Whether attention keeps its weights: on processors with dropout in it, in T5 always."""
    return shape.is_t5 or (not on_gpu and shape.attention_dropout > 0)


def activation_term(
    shape: Shape,
    batch: Batch,
    *,
    element_bytes: int,
    on_gpu: bool,
    margin: float,
    is_recomputed: bool,
) -> Term:
    """Gives the term of the activations; `margin` is what the allocator adds."""
    num_bytes = activation_bytes(
        shape,
        batch,
        element_bytes=element_bytes,
        keeps_attention=keeps_attention(shape, on_gpu=on_gpu),
        is_recomputed=is_recomputed,
    )
    what = "inputs that" if is_recomputed else "what"
    return Term(
        "activations",
        f"{batch.num_segments:,} segments × {batch.source:,} + {batch.target:,} tokens × {what} "
        f"{shape.encoder.num_layers} + {shape.decoder.num_layers} layers of width {shape.width:,} "
        f"keep for the backward pass, × {margin:g} for the allocator",
        int(num_bytes * margin),
    )


# Softmax, its gradient, and that of the scores: measured, also with label smoothing and in bf16.
_LOGITS = 3


def logits_term(shape: Shape, batch: Batch, *, margin: float) -> Term:
    """Gives the term of the scores over the vocabulary: logits, their softmax, its gradient."""
    return Term(
        "logits",
        f"{batch.num_segments:,} segments × {batch.target:,} target tokens × {shape.vocabulary:,} "
        f"words × 4 bytes × {_LOGITS} (softmax, two gradients)"
        + (f", × {margin:g} for the allocator" if margin != 1 else ""),
        int(batch.target_slots * shape.vocabulary * 4 * _LOGITS * margin),
    )
