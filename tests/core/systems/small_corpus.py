"""A corpus of a few segments, made in a moment."""

from __future__ import annotations

from collections.abc import Sequence

from core.corpora.segments import Pair, write_segments
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

TRAIN: list[Pair] = [
    ("The nurse writes a letter.", "Scríobhann an t-altra litir."),
    ("The nurse writes a report.", "Scríobhann an t-altra tuarascáil."),
    ("The doctor reads a letter.", "Léann an dochtúir litir."),
    ("It is raining.", "Tá sé ag cur báistí."),
]
TEST: list[Pair] = [
    ("The nurse reads a letter.", "Léann an t-altra litir."),
    ("The doctor writes a report.", "Scríobhann an dochtúir tuarascáil."),
]


def add_corpus(
    workspace: Workspace,
    *,
    name: str = "Small",
    train: Sequence[Pair] = TRAIN,
    dev: Sequence[Pair] = (),
    test: Sequence[Pair] = TEST,
) -> Corpus:
    """Stores a corpus of English and Irish with these splits."""
    corpus = Corpus(
        id=f"id of {name}",
        name=name,
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        origin="a test",
        is_synthetic=True,
        num_train=len(train),
        num_dev=len(dev),
        num_test=len(test),
        created_at="2024-03-04T05:06:07.123+00:00",
    )
    workspace.corpora.add(corpus)
    workspace.corpus_folder(corpus.id).mkdir(parents=True)
    for split, pairs in (("train", train), ("dev", dev), ("test", test)):
        write_segments(workspace.split_file(corpus.id, split), pairs)
    return corpus
