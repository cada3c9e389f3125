"""An untrained model: NLLB's tokenizer class and M2M100's architecture in any size.

The pieces are learnt from the texts given and the weights are random. Language codes, decoding,
export and serving are those of the published models, so all that works on those works on these.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from core.storage.files import write_text

_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]


@dataclass(frozen=True)
class Vocabulary:
    """How pieces are learnt: one vocabulary for both languages.

    Attributes:
        num_pieces: How many to learn at most, letters and four special tokens included; the
            tokenizer adds 203 more: the language codes and a mask.
        letters: Known even if the texts lack them.
        min_count: Two pieces are joined only if they stand together so often.
        splits_punctuation: Whether no piece joins letters and punctuation, so that a word has the
            same pieces before a comma.
    """

    num_pieces: int
    letters: Sequence[str] = ()
    min_count: int = 0
    splits_punctuation: bool = False


@dataclass(frozen=True)
class Sizes:
    """How large the network is; encoder and decoder are alike.

    Attributes:
        d_model: Width; `num_heads` must divide it.
        num_layers: Of the encoder, and again of the decoder.
        num_heads: Attention heads of a layer.
        ffn_dim: Width inside a feed-forward block.
        dropout: Share of activations dropped in training, 0 to 1.
        num_positions: Longest segment in tokens.
    """

    d_model: int
    num_layers: int
    num_heads: int
    ffn_dim: int
    dropout: float = 0.0
    num_positions: int = 512

    def num_parameters(self, num_tokens: int) -> int:
        """Gives how many weights the model has with a vocabulary of `num_tokens`."""
        attention = 4 * self.d_model * (self.d_model + 1)
        norm = 2 * self.d_model
        ffn = 2 * self.d_model * self.ffn_dim + self.ffn_dim + self.d_model
        layers = self.num_layers * (3 * attention + 2 * ffn + 5 * norm)
        # One embedding serves encoder, decoder and output; one norm ends each stack.
        return num_tokens * self.d_model + layers + 2 * norm


def build_untrained(folder: Path, tokenizer: Any, sizes: Sizes, *, seed: int, card: str) -> None:
    """Builds an untrained model in `folder`, which appears whole or not at all.

    Takes some seconds, imports torch.

    Args:
        folder: Where; it must not exist.
        tokenizer: As `learn_tokenizer` gives it.
        sizes: How large the model is.
        seed: Decides the weights.
        card: What its README.md says.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was ended
    partial.mkdir(parents=True)
    tokenizer.save_pretrained(partial)
    _model(tokenizer, sizes, seed).save_pretrained(partial)
    write_text(partial / "README.md", card)
    partial.rename(folder)


def learn_tokenizer(
    texts: Iterable[str], vocabulary: Vocabulary, src_lang: str, tgt_lang: str
) -> Any:
    """Gives an NLLB tokenizer whose pieces were learnt from `texts`; it knows all 202 codes.

    Byte-pair encoding (Sennrich et al. 2016) over words. Where the texts give fewer pieces than
    asked for, all that they give are learnt.

    Args:
        texts: Segments of both languages.
        vocabulary: How many pieces to learn.
        src_lang: FLORES-200 code that the tokenizer starts with.
        tgt_lang: The other one.

    Raises:
        ConfigError: The texts have so many different characters that no piece could be learnt.
    """
    from transformers import NllbTokenizer

    learnt, merges = _learnt_pieces(texts, vocabulary)
    tokenizer = NllbTokenizer(vocab=learnt, merges=merges)
    further = [code for code in (src_lang, tgt_lang) if code not in tokenizer.get_vocab()]
    tokenizer.add_tokens(further, special_tokens=True)  # behind the 202 codes
    tokenizer.src_lang, tokenizer.tgt_lang = src_lang, tgt_lang
    return tokenizer


def _learnt_pieces(
    texts: Iterable[str], vocabulary: Vocabulary
) -> tuple[dict[str, int], list[tuple[str, ...]]]:
    """Gives pieces with their ids, and the pairs that were joined, in order."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    words = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    marks = [pre_tokenizers.Punctuation()] if vocabulary.splits_punctuation else []
    # Only the learner splits so; the tokenizer follows, since it knows only what was joined here.
    learner.pre_tokenizer = pre_tokenizers.Sequence([words, *marks])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary.num_pieces,
        min_frequency=vocabulary.min_count,
        special_tokens=_SPECIAL,
        initial_alphabet=[*vocabulary.letters, "▁"],
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    learnt = json.loads(learner.to_str())["model"]
    merges = [tuple(pair) for pair in learnt["merges"]]
    if not merges:
        _check_room(len(learnt["vocab"]), vocabulary)
    return learnt["vocab"], merges


def _check_room(num_learnt: int, vocabulary: Vocabulary) -> None:
    """Refuses a vocabulary that characters alone fill."""
    if num_learnt >= vocabulary.num_pieces:
        raise ConfigError(
            f"The texts hold {num_learnt - len(_SPECIAL):,} different characters and the "
            f"vocabulary is to have {vocabulary.num_pieces:,} pieces: none is left to learn.",
            hint="Ask for a larger vocabulary, or clean the corpus of foreign scripts.",
        )


def num_pieces(tokenizer: Any) -> int:
    """Gives how many pieces a tokenizer has learnt; language codes and mask do not count."""
    return int(tokenizer.backend_tokenizer.get_vocab_size(with_added_tokens=False))


def _model(tokenizer: Any, sizes: Sizes, seed: int) -> Any:
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    config = M2M100Config(
        vocab_size=len(tokenizer),
        d_model=sizes.d_model,
        encoder_layers=sizes.num_layers,
        decoder_layers=sizes.num_layers,
        encoder_attention_heads=sizes.num_heads,
        decoder_attention_heads=sizes.num_heads,
        encoder_ffn_dim=sizes.ffn_dim,
        decoder_ffn_dim=sizes.ffn_dim,
        dropout=sizes.dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        max_position_embeddings=sizes.num_positions,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return M2M100ForConditionalGeneration(config)
