"""The segments of a batch: one split of a corpus, in the direction that is translated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from core.corpora.segments import Pair, read_segments
from core.errors import ConfigError, DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from core.systems.batch.settings import BatchSettings


@dataclass(frozen=True)
class TestSet:
    """Sources with their references.

    Attributes:
        corpus: Where they come from.
        split: Which of its splits.
        src_lang, tgt_lang: FLORES-200 codes.
        pairs: Source and reference, in the order of the split.
    """

    __test__ = False  # its name is the field's word, not pytest's

    corpus: Corpus
    split: str
    src_lang: str
    tgt_lang: str
    pairs: tuple[Pair, ...]

    @property
    def hash(self) -> str:
        """What makes translation sets comparable: the direction and every segment."""
        return hash_of(self.src_lang, self.tgt_lang, self.pairs)


def hash_of(src_lang: str, tgt_lang: str, pairs: tuple[Pair, ...]) -> str:
    """Gives a SHA-256 of a test set, as hexadecimal digits."""
    found = hashlib.sha256(json.dumps([src_lang, tgt_lang]).encode())
    for pair in pairs:
        found.update(json.dumps(pair, ensure_ascii=False).encode("utf-8", errors="replace"))
    return found.hexdigest()


def read_test_set(workspace: Workspace, settings: BatchSettings) -> TestSet:
    """Reads the segments that a batch translates.

    Raises:
        ConfigError: The corpus does not hold the two languages.
        DataError: The corpus does not exist, or the split is empty.
    """
    corpus = workspace.corpora.get(settings.corpus)
    src_lang = settings.src_lang or corpus.src_lang
    tgt_lang = settings.tgt_lang or corpus.tgt_lang
    if {src_lang, tgt_lang} != {corpus.src_lang, corpus.tgt_lang}:
        raise ConfigError(
            f"The corpus {corpus.name!r} holds {corpus.src_lang} and {corpus.tgt_lang}; the batch "
            f"asks for {src_lang} to {tgt_lang}.",
            hint="Choose a direction between the languages of the corpus.",
        )
    path = workspace.split_file(corpus.id, settings.split)
    pairs = read_segments(path, limit=settings.num_segments or None)
    if not pairs:
        raise DataError(
            f"The {settings.split} split of {corpus.name!r} is empty.",
            hint="Split the corpus again, or choose another split.",
        )
    if src_lang == corpus.tgt_lang:
        pairs = [(target, source) for source, target in pairs]
    return TestSet(corpus, settings.split, src_lang, tgt_lang, tuple(pairs))
