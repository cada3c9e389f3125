"""A tiny model of every family, built on the spot in the form in which users load one."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENGLISH = [
    "translate English to Irish: The nurse opened the small box.",
    "The patients take a white tablet at home.",
    "Did the mother buy the ointment last night?",
]
IRISH = [
    "D'oscail an t-altra an bosca beag.",
    "Tógann na hothair táibléad bán sa bhaile.",
    "Ar cheannaigh an mháthair an t-ungadh aréir?",
]

Pieces = list[tuple[str, float]]


def train_pieces(texts: Sequence[str], file: Path) -> Pieces:
    """Learns a sentencepiece model, writes it to `file` and gives its pieces with scores."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*texts] * 3),
        model_writer=model,
        vocab_size=120,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=2,
    )
    file.write_bytes(model.getvalue())
    learnt = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = [(learnt.id_to_piece(i), learnt.get_score(i)) for i in range(len(learnt))]
    return pieces[3:]  # without <unk>, <s> and </s>


def build_nllb(folder: Path) -> Any:
    from core.finetune.untrained import Vocabulary, learn_tokenizer

    return learn_tokenizer(ENGLISH + IRISH, Vocabulary(120), "eng_Latn", "gle_Latn")


def build_m2m100(folder: Path) -> Any:
    from transformers import M2M100Tokenizer

    pieces = train_pieces(ENGLISH + IRISH, folder / "joint.model")
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *[piece for piece, _ in pieces]]
    vocabulary = folder / "pieces.json"
    vocabulary.write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    return M2M100Tokenizer(str(vocabulary), str(folder / "joint.model"))


def build_mbart50(folder: Path) -> Any:
    from transformers import MBart50Tokenizer

    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    return MBart50Tokenizer(vocab=special + train_pieces(ENGLISH + IRISH, folder / "joint.model"))


def build_marian(folder: Path, codes: tuple[str, ...] = ()) -> Any:
    from transformers import MarianTokenizer

    pieces = train_pieces(ENGLISH, folder / "source.model")
    pieces += train_pieces(IRISH, folder / "target.model")
    tokens = ["</s>", "<unk>", *dict.fromkeys(piece for piece, _ in pieces), *codes, "<pad>"]
    vocabulary = folder / "pieces.json"
    vocabulary.write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    files = [str(folder / name) for name in ("source.model", "target.model", "pieces.json")]
    return MarianTokenizer(*files)


def build_multilingual_marian(folder: Path) -> Any:
    return build_marian(folder, (">>ga<<", ">>mar<<"))


def build_t5(folder: Path, codes: tuple[str, ...] = ()) -> Any:
    from transformers import T5Tokenizer

    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces = train_pieces(ENGLISH + IRISH, folder / "joint.model")
    return T5Tokenizer(vocab=[*special, *pieces, *[(code, 0.0) for code in codes]])


def build_madlad(folder: Path) -> Any:
    return build_t5(folder, ("<2en>", "<2ga>", "<2ks_Deva>", "<2ks>"))


BART = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
    "max_position_embeddings": 64, "dropout": 0.0,
}  # fmt: skip
T5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2, "dropout_rate": 0.0}


@dataclass(frozen=True)
class Family:
    """How a tiny model is made: tokenizer, classes in Transformers, and what they are told.

    `tgt_lang` is a language that the family knows; the source is English.
    """

    tokenizer: Callable[[Path], Any]
    model: str
    sizes: dict[str, Any]
    adapter_family: str
    tgt_lang: str = "gle_Latn"


FAMILIES = {
    "NLLB": Family(build_nllb, "M2M100", BART, "NLLB"),
    "M2M100": Family(build_m2m100, "M2M100", BART, "M2M100"),
    "mBART-50": Family(build_mbart50, "MBart", BART, "mBART-50", "mar_Deva"),
    "Marian": Family(build_marian, "Marian", BART, "Marian"),
    "multilingual Marian": Family(build_multilingual_marian, "Marian", BART, "Marian"),
    "T5": Family(build_t5, "T5", T5, "T5"),
    "mT5": Family(build_t5, "MT5", {**T5, "feed_forward_proj": "gated-gelu"}, "T5"),
    # Its output weights are its own.
    "MADLAD": Family(build_madlad, "T5", {**T5, "feed_forward_proj": "gated-gelu"}, "T5"),
}


def build_family(name: str, folder: Path) -> Path:
    """Builds tokenizer and untrained model in `folder` and gives it."""
    import torch
    import transformers

    family = FAMILIES[name]
    folder.mkdir(parents=True)
    tokenizer = family.tokenizer(folder)
    for file in folder.iterdir():
        file.rename(folder.parent / f"{folder.name}.{file.name}")  # the learner's own
    if family.model == "M2M100":
        codes = getattr(tokenizer, "lang_code_to_id", ())
        size = len(tokenizer) + len(codes) + (tokenizer.num_madeup_words if codes else 0)
    else:
        size = len(tokenizer)
    prefix = {"Marian": "MTModel"}.get(family.model, "ForConditionalGeneration")
    is_t5 = "T5" in family.model
    start = tokenizer.pad_token_id if is_t5 or family.model == "Marian" else tokenizer.eos_token_id
    config = getattr(transformers, f"{family.model}Config")(
        vocab_size=size,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=start,
        **family.sizes,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = getattr(transformers, f"{family.model}{prefix}")(config)
        if name == "MADLAD":
            model.lm_head = torch.nn.Linear(config.d_model, size, bias=False)
            config.tie_word_embeddings = False
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
