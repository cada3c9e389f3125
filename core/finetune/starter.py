"""The starter model: NLLB's architecture and tokenizer in miniature, untrained, built here.

It exists so that a newcomer without GPU and network can fine-tune something real: the same
classes, the same language codes, a million parameters instead of 600 million.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.storage.files import write_text

NUM_PIECES = 300
D_MODEL = 128
NUM_LAYERS = 2

_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
# Letters that the sample may lack but European names and loan words bring along.
_LETTERS = [chr(c) for c in range(0x21, 0x7F)] + list("áéíóúÁÉÍÓÚàèìòùâêîôûäëïöüçñ’‘“”–…€")

CARD = """# Starter model (untrained)

NLLB architecture and tokenizer class with random weights, built on this machine by adaptMLLM
from the bundled synthetic sample corpus. It translates nothing before it is fine-tuned and is
no language model to be published.
"""


def build_starter(folder: Path, texts: Iterable[str]) -> None:
    """Builds the starter model in `folder`; the pieces are learnt from `texts`.

    The folder appears whole or not at all. Takes some seconds, imports torch.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(texts)
    tokenizer.save_pretrained(partial)
    model = _model(tokenizer)
    model.save_pretrained(partial)
    write_text(partial / "README.md", CARD)
    partial.rename(folder)


def _tokenizer(texts: Iterable[str]) -> Any:
    """Gives an NLLB tokenizer whose pieces were learnt from `texts`; knows all 202 codes."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import NllbTokenizer

    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=NUM_PIECES + len(_LETTERS),
        special_tokens=_SPECIAL,
        initial_alphabet=[*_LETTERS, "▁"],
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    learnt = json.loads(learner.to_str())["model"]
    merges = [tuple(pair) for pair in learnt["merges"]]
    return NllbTokenizer(
        vocab=learnt["vocab"], merges=merges, src_lang="eng_Latn", tgt_lang="gle_Latn"
    )


def _model(tokenizer: Any) -> Any:
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    config = M2M100Config(
        vocab_size=len(tokenizer),
        d_model=D_MODEL,
        encoder_layers=NUM_LAYERS,
        decoder_layers=NUM_LAYERS,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=4 * D_MODEL,
        decoder_ffn_dim=4 * D_MODEL,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return M2M100ForConditionalGeneration(config)


if __name__ == "__main__":
    build_starter(Path(sys.argv[1]), json.loads(sys.stdin.read()))
