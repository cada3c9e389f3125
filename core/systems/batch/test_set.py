"""The segments of a batch: one split of a corpus, in the direction that is translated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

from core.corpora.perturbing import num_changed, perturb
from core.corpora.segments import Pair, read_segments
from core.errors import ConfigError, DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from core.systems.batch.settings import NO_PERTURBATION, BatchSettings


@dataclass(frozen=True)
class Perturbed:
    """How the sources of a test set were disturbed.

    Attributes:
        name: One of `core.corpora.perturbing.PERTURBATIONS`.
        seed: Of typing errors and noise.
        of_test_set: Hash of the same segments before: translations of both can stand side by side.
        num_changed: Segments that are not as they were.
    """

    name: str
    seed: int
    of_test_set: str
    num_changed: int


@dataclass(frozen=True)
class TestSet:
    """Sources with their references.

    Attributes:
        corpus: Where they come from.
        split: Which of its splits.
        src_lang, tgt_lang: FLORES-200 codes.
        pairs: Source and reference, in the order of the split.
        perturbed: How the sources differ from the split's; None if they do not.
    """

    __test__ = False  # its name is the field's word, not pytest's

    corpus: Corpus
    split: str
    src_lang: str
    tgt_lang: str
    pairs: tuple[Pair, ...]
    perturbed: Perturbed | None = None

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
        ConfigError: The corpus does not hold the two languages, or the perturbation does not apply
            to the source language.
        DataError: The corpus does not exist, the split is empty, or the perturbation would change
            nothing.
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
    clean = TestSet(corpus, settings.split, src_lang, tgt_lang, tuple(pairs))
    if settings.perturbation == NO_PERTURBATION:
        return clean
    return _perturbed(clean, settings.perturbation, settings.perturbation_seed)


def _perturbed(clean: TestSet, name: str, seed: int) -> TestSet:
    sources, references = zip(*clean.pairs, strict=True)
    changed = perturb(sources, name, seed, clean.src_lang)
    count = num_changed(sources, changed)
    if not count:
        raise DataError(
            f"The perturbation {name!r} changes none of the {len(sources)} sources of the "
            f"{clean.split} split of {clean.corpus.name!r}.",
            hint="Choose another perturbation, or translate the test set as it is.",
        )
    pairs = tuple(zip(changed, references, strict=True))
    return replace(clean, pairs=pairs, perturbed=Perturbed(name, seed, clean.hash, count))
