"""The bundled sample as a stored corpus."""

from __future__ import annotations

from core.corpora import sample
from core.corpora.storing import store_corpus
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace


def ensure_sample(workspace: Workspace) -> Corpus:
    """Gives the bundled sample corpus, generating it if it is not there."""
    for corpus in workspace.corpora.all():
        if corpus.name == sample.SAMPLE_NAME:
            return corpus
    made = sample.generate_sample()
    return store_corpus(
        workspace,
        name=sample.SAMPLE_NAME,
        src_lang=sample.SRC_LANG,
        tgt_lang=sample.TGT_LANG,
        splits={split: getattr(made, split) for split in SPLITS},
        origin="generated from a small lexicon and grammar; synthetic, for trying things out only",
        is_synthetic=True,
        details={"made_by": "sample", "split_seed": sample.SEED},
    )
