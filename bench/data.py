"""The corpus and the tokenizer that several benches share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.corpora.formats.aligned import aligned_rows
from core.corpora.formats.files import LocalFile
from core.corpora.sample import generate_sample
from core.corpora.segments import Pair
from core.storage.workspace import PROJECT

SRC_LANG, TGT_LANG = "eng_Latn", "gle_Latn"
LORESMT = PROJECT.parent / "shared" / "data" / "loresmt2021" / "en_ga"
NUM_PIECES = 8000

# Stems of the published files; `.en` and `.ga` are parallel by line number.
_STEMS = {"train": "train", "dev": "dev", "test": "test.en2ga"}


@dataclass(frozen=True)
class BenchCorpus:
    """Pairs of an English and an Irish segment.

    Attributes:
        name: What it is, in words.
        train, dev: Its splits.
    """

    name: str
    train: list[Pair]
    dev: list[Pair]


def has_loresmt() -> bool:
    """Whether the LoResMT 2021 English-Irish corpus is on this machine."""
    return (LORESMT / "train.en").exists()


def loresmt_files(split: str) -> list[LocalFile]:
    """Gives the two line-aligned files of a split."""
    paths = [LORESMT / f"{_STEMS[split]}.{side}" for side in ("en", "ga")]
    return [LocalFile(path.name, path) for path in paths]


def bench_corpus() -> BenchCorpus:
    """Gives LoResMT, or the bundled sample where LoResMT is absent."""
    if not has_loresmt():
        made = generate_sample()
        name = "bundled synthetic sample (LoResMT 2021 is not on this machine)"
        return BenchCorpus(name, made.train, made.dev)
    train, dev, _ = loresmt_pairs().values()
    return BenchCorpus("LoResMT 2021 English-Irish", train, dev)


def loresmt_pairs() -> dict[str, list[Pair]]:
    """Gives the segments of LoResMT by split, train first."""
    pairs = {}
    for split in _STEMS:
        source, target = loresmt_files(split)
        rows = aligned_rows(source, target, SRC_LANG, TGT_LANG)
        pairs[split] = [(row.source, row.target) for row in rows]
    return pairs


def learn_tokenizer(texts: Iterable[str]) -> Any:
    """Gives an NLLB tokenizer of about 8,000 pieces learnt from `texts`; imports no torch."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import NllbTokenizer

    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=NUM_PIECES,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    learnt = json.loads(learner.to_str())["model"]
    merges = [tuple(pair) for pair in learnt["merges"]]
    return NllbTokenizer(vocab=learnt["vocab"], merges=merges, src_lang=SRC_LANG, tgt_lang=TGT_LANG)


def scratch_environment(workspace: Path) -> dict[str, str]:
    """Gives the variables by which a child process works on `workspace` and nothing else."""
    return {"ADAPTMLLM_WORKSPACE": str(workspace), "HF_HUB_OFFLINE": "1"}
