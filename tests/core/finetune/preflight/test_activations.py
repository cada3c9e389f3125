"""The coefficients of activations are those that PyTorch keeps, counted by its own hooks."""

from typing import Any

import pytest

from core.finetune.preflight.activations import activation_bytes, keeps_attention
from core.finetune.preflight.longest_batch import Batch
from core.finetune.preflight.shapes import shape_of

LAYERS = 4  # enough that embeddings and ends matter little


def saved_bytes(config: dict[str, Any], batch: Batch) -> int:
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    values = {name: value for name, value in config.items() if name != "model_type"}
    config_object = AutoConfig.for_model(config["model_type"], **values)
    model = AutoModelForSeq2SeqLM.from_config(config_object).train()
    own = {each.untyped_storage().data_ptr() for each in [*model.parameters(), *model.buffers()]}
    sizes: dict[int, int] = {}
    kept = []  # so that no address is used twice

    def count(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
            kept.append(tensor)
        return tensor

    ids = torch.randint(3, 60, (batch.num_segments, batch.source))
    targets = torch.randint(3, 60, (batch.num_segments, batch.target))
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            decoder_input_ids=targets,
            use_cache=False,
        )
    return sum(sizes.values())


BART = {
    "vocab_size": 64, "d_model": 64, "encoder_layers": LAYERS, "decoder_layers": LAYERS,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 256,
    "decoder_ffn_dim": 256, "max_position_embeddings": 128, "pad_token_id": 1,
    "decoder_start_token_id": 2, "encoder_layerdrop": 0.0, "decoder_layerdrop": 0.0,
    "dropout": 0.1,
}  # fmt: skip
T5 = {
    "vocab_size": 64, "d_model": 64, "d_kv": 16, "num_heads": 4, "num_layers": LAYERS,
    "d_ff": 256, "pad_token_id": 0, "decoder_start_token_id": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "m2m_100", **BART, "attention_dropout": 0.1},
        {"model_type": "m2m_100", **BART, "attention_dropout": 0.0},
        {"model_type": "mbart", **BART, "attention_dropout": 0.0},
        {"model_type": "marian", **BART, "attention_dropout": 0.0},
        {"model_type": "t5", **T5},
        {"model_type": "mt5", **T5, "feed_forward_proj": "gated-gelu"},
    ],
    ids=lambda config: f"{config['model_type']}-{config.get('attention_dropout', '')}",
)
def test_activations_are_what_pytorch_keeps(config: dict[str, Any]) -> None:
    shape = shape_of(config)
    assert shape is not None
    for batch in (Batch(4, 32, 48), Batch(2, 64, 24)):
        kept = keeps_attention(shape, on_gpu=False)
        found = activation_bytes(shape, batch, element_bytes=4, keeps_attention=kept)
        assert found == pytest.approx(saved_bytes(config, batch), rel=0.12)


def test_recomputed_activations_are_inputs_and_one_layer() -> None:
    shape = shape_of({"model_type": "m2m_100", **BART, "attention_dropout": 0.0})
    assert shape is not None
    batch = Batch(4, 32, 48)
    known: dict[str, Any] = {"element_bytes": 4, "keeps_attention": False}
    whole = activation_bytes(shape, batch, **known)
    kept = activation_bytes(shape, batch, **known, is_recomputed=True)
    inputs = 4 * 64 * (LAYERS * 4 * 32 + LAYERS * 4 * 48 + 4 * 32)
    largest = 4 * 48 * (61 * 64 + 4 * 256) + 4 * 32 * 8 * 64  # a layer of the decoder
    assert kept == inputs + largest
    assert kept < whole / 3
