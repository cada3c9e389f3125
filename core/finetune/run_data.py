"""Everything that a run reads, encoded: what it learns from, and what it is measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from core.finetune.directions import Directions
from core.finetune.parts import shares_of
from core.finetune.segments import (
    Data,
    Encoded,
    FurtherSet,
    Split,
    encode_split,
    read_oriented,
    read_split,
)
from core.finetune.settings import FineTuneSettings
from core.finetune.training_text import read_training
from core.storage.workspace import Workspace

Scores = list[dict[str, Any]]


def read_data(workspace: Workspace, settings: FineTuneSettings, directions: Directions) -> Data:
    """Reads and encodes everything that a run needs.

    Raises:
        AdaptMLLMError: As `read_training`, `read_split` and `encode_split`.
    """
    training = read_training(workspace, settings)
    encoded = [
        encode_split(directions.adapter(is_reversed=part.is_reversed), split, settings)
        for part, split in zip(training.parts, training.splits, strict=True)
    ]
    dev_text, test_text = (read_split(workspace, settings, split) for split in ("dev", "test"))
    return Data(
        train=joined(encoded),
        dev=encode_split(directions.main, dev_text, settings),
        dev_text=dev_text,
        test_text=test_text,
        parts=training.parts,
        shares=shares_of(list(training.parts)),
        further=further_sets(workspace, settings, directions, dev_text, test_text),
    )


def joined(parts: Sequence[Encoded]) -> Encoded:
    """Gives the segments of all parts, one part after the other."""
    return Encoded(
        [ids for part in parts for ids in part.sources],
        [ids for part in parts for ids in part.targets],
    )


def further_sets(
    workspace: Workspace,
    settings: FineTuneSettings,
    directions: Directions,
    dev: Split,
    test: Split,
) -> tuple[FurtherSet, ...]:
    """Gives what is scored besides: the other direction, general text."""
    found = []
    if directions.reverse is not None:
        name = workspace.corpora.get(settings.corpus).name
        reverse = directions.reverse
        found.append(FurtherSet("reverse", reverse, dev.turned, test.turned, "test", name))
    if settings.general_corpus:
        corpus = workspace.corpora.get(settings.general_corpus)
        general_dev = read_oriented(workspace, corpus, settings, "dev")
        final, split = general_dev, "dev"
        if corpus.num_test:
            final, split = read_oriented(workspace, corpus, settings, "test"), "test"
        found.append(FurtherSet("general", directions.main, general_dev, final, split, corpus.name))
    return tuple(found)


def further_results(
    sets: Sequence[FurtherSet], base: dict[str, Scores], fine_tuned: dict[str, Scores]
) -> dict[str, Any]:
    """Gives what the result of a run says of the further sets: scores before and after."""
    return {
        each.name: {
            "corpus": each.corpus,
            "split": each.final_split,
            "num_segments": len(each.final.sources),
            "base": base[each.name],
            "fine_tuned": fine_tuned[each.name],
        }
        for each in sets
    }


def data_files(workspace: Workspace, settings: FineTuneSettings) -> list[dict[str, Any]]:
    """Gives each file of segments that a run reads, with its SHA-256."""
    wanted = {settings.corpus: ["train", "dev", "test"]}
    wanted |= {each.corpus: ["train"] for each in settings.mixed}
    if settings.general_corpus:
        wanted[settings.general_corpus] = ["train", "dev", "test"]
    found = []
    for name, splits in wanted.items():
        corpus = workspace.corpora.get(name)
        for split in splits:
            with workspace.split_file(corpus.id, split).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found.append(
                {
                    "corpus": corpus.name,
                    "corpus_id": corpus.id,
                    "split": split,
                    "num_segments": corpus.counts[split],
                    "sha256": digest,
                }
            )
    return found
