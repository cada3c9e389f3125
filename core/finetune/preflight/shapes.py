"""How many weights a model has, and where, from its config.json alone: nothing is loaded.

Four families are counted: M2M100 (and so NLLB), mBART, Marian and T5 (and so mT5 and MADLAD).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.finetune.settings import FineTuneSettings

_OF_BART = ("m2m_100", "mbart", "marian")
_OF_T5 = ("t5", "mt5", "umt5")
_MBART_OFFSET = 2  # mBART's learnt positions begin at the third row


@dataclass(frozen=True)
class Stack:
    """Encoder or decoder.

    Attributes:
        num_layers: Layers.
        num_heads: Attention heads of a layer.
        ffn_width: Width inside a feed-forward block.
    """

    num_layers: int
    num_heads: int
    ffn_width: int


@dataclass(frozen=True)
class Shape:
    """The dimensions of an encoder-decoder Transformer; counts follow from them.

    Attributes:
        model_type: As in config.json, such as `m2m_100`.
        vocabulary: Rows of the word embedding.
        width: Width of the hidden states (d_model).
        attention_width: Heads times the width of a head; in T5 not always `width`.
        encoder, decoder: The two stacks.
        num_positions: Rows of each stack's position embedding that is a weight; 0 = none.
        has_own_output: Whether the output weights are not those of the word embedding.
        is_gated: Whether a feed-forward block has a second input matrix (T5 1.1 and later).
        dropout, attention_dropout: Shares of activations dropped in training.
    """

    model_type: str
    vocabulary: int
    width: int
    attention_width: int
    encoder: Stack
    decoder: Stack
    num_positions: int = 0
    has_own_output: bool = False
    is_gated: bool = False
    dropout: float = 0.0
    attention_dropout: float = 0.0

    @property
    def is_t5(self) -> bool:
        """Whether it is of T5's make: no biases, norms without shift, relative positions."""
        return self.model_type in _OF_T5

    @property
    def num_word_weights(self) -> int:
        """Weights of the word embedding, by far the largest matrix of a multilingual model."""
        return self.vocabulary * self.width

    @property
    def num_weights(self) -> int:
        """All weights; what is tied counts once."""
        words = self.num_word_weights * (2 if self.has_own_output else 1)
        return words + self.num_encoder_weights + self._num_decoder_weights

    @property
    def num_encoder_weights(self) -> int:
        """Weights of the encoder without the words."""
        return self._of_stack(self.encoder, num_attentions=1)

    @property
    def _num_decoder_weights(self) -> int:
        return self._of_stack(self.decoder, num_attentions=2)

    @property
    def num_embedding_weights(self) -> int:
        """Weights of all embeddings: words, and positions where these are weights."""
        return self.num_word_weights + self.num_position_weights

    @property
    def num_position_weights(self) -> int:
        """Weights that stand for positions, of both stacks."""
        if self.is_t5:
            return _BUCKETS * (self.encoder.num_heads + self.decoder.num_heads)
        return 2 * self.num_positions * self.width

    @property
    def num_constant_weights(self) -> int:
        """Weights that no run trains: Marian's positions are sines."""
        return self.num_position_weights if self.model_type == "marian" else 0

    @property
    def num_largest_weights(self) -> int:
        """Weights of the largest single layer."""
        ffn = max(self.encoder.ffn_width, self.decoder.ffn_width)
        return max(self.num_word_weights, self.width * ffn, self.width * self.attention_width)

    def _of_stack(self, stack: Stack, num_attentions: int) -> int:
        bias, norm = (0, self.width) if self.is_t5 else (1, 2 * self.width)
        ffn = self.width * stack.ffn_width
        attention = 4 * self.width * self.attention_width
        attention += bias * (3 * self.attention_width + self.width)
        block = (3 if self.is_gated else 2) * ffn + bias * (stack.ffn_width + self.width)
        layer = num_attentions * (attention + norm) + block + norm
        ends = {"marian": 0, "mbart": 2}.get(self.model_type, 1)  # norms outside of layers
        positions = self.num_positions * self.width
        positions += _BUCKETS * stack.num_heads if self.is_t5 else 0
        return stack.num_layers * layer + ends * norm + positions

    def num_matrix_weights(self, rank: int, *, with_ffn: bool) -> int:
        """Gives the weights that LoRA adds: for each adapted layer two matrices of `rank`."""
        encoder, decoder = self.encoder.num_layers, self.decoder.num_layers
        count = (encoder + 2 * decoder) * 4 * (self.width + self.attention_width)
        if with_ffn:
            matrices = 3 if self.is_gated else 2
            for stack in (self.encoder, self.decoder):
                count += stack.num_layers * matrices * (self.width + stack.ffn_width)
        return rank * count


_BUCKETS = 32  # of distances, in T5's relative positions; no published model has others


def shape_of(config: Mapping[str, Any]) -> Shape | None:
    """Gives the shape of a model from the values of its config.json; None for other families.

    What the file leaves out has Transformers' default value.
    """
    kind = str(config.get("model_type", ""))
    try:
        if kind in _OF_BART:
            return _of_bart(kind, config)
        if kind in _OF_T5:
            return _of_t5(kind, config)
    except (TypeError, ValueError):  # a value that is no number
        return None
    return None


def _of_bart(kind: str, config: Mapping[str, Any]) -> Shape:
    def number(name: str, default: int) -> int:
        return int(config.get(name) or default)

    width = number("d_model", 1024)
    positions = number("max_position_embeddings", 1024)
    vocabulary = {"m2m_100": 128112, "mbart": 50265, "marian": 58101}[kind]
    return Shape(
        model_type=kind,
        vocabulary=number("vocab_size", vocabulary),
        width=width,
        attention_width=width,
        encoder=Stack(
            number("encoder_layers", 12),
            number("encoder_attention_heads", 16),
            number("encoder_ffn_dim", 4096),
        ),
        decoder=Stack(
            number("decoder_layers", 12),
            number("decoder_attention_heads", 16),
            number("decoder_ffn_dim", 4096),
        ),
        num_positions={"mbart": positions + _MBART_OFFSET, "marian": positions}.get(kind, 0),
        dropout=float(config.get("dropout", 0.1)),
        attention_dropout=float(config.get("attention_dropout", 0.1 if kind == "m2m_100" else 0.0)),
    )


def _of_t5(kind: str, config: Mapping[str, Any]) -> Shape:
    def number(name: str, default: int) -> int:
        return int(config.get(name) or default)

    layers, heads = number("num_layers", 6), number("num_heads", 8)
    width, ffn = number("d_model", 512), number("d_ff", 2048)
    dropout = float(config.get("dropout_rate", 0.1))
    return Shape(
        model_type=kind,
        vocabulary=number("vocab_size", 32128),
        width=width,
        attention_width=heads * number("d_kv", 64),
        encoder=Stack(layers, heads, ffn),
        decoder=Stack(number("num_decoder_layers", layers), heads, ffn),
        # Transformers 5 calls them tied whatever the file says, but loads the output apart where
        # it is stored apart.
        has_own_output=config.get("tie_word_embeddings", True) is False,
        is_gated=str(config.get("feed_forward_proj", "relu")).startswith("gated"),
        dropout=dropout,
        attention_dropout=dropout,
    )


def num_trained(shape: Shape, settings: FineTuneSettings) -> int:
    """Gives how many weights a run trains, by method and frozen parts."""
    if settings.method == "lora":
        with_ffn = "feed-forward" in settings.lora_targets
        return shape.num_matrix_weights(settings.lora_rank, with_ffn=with_ffn)
    frozen = shape.num_constant_weights
    has_encoder, has_words = (part in settings.freeze for part in ("encoder", "embeddings"))
    # The positions of a stack are among its own weights.
    if has_encoder:
        frozen += shape.num_encoder_weights - shape.num_constant_weights // 2
    if has_words:
        positions = shape.num_position_weights - shape.num_constant_weights
        frozen += shape.num_word_weights + (positions // 2 if has_encoder else positions)
    return shape.num_weights - frozen
