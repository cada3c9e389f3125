"""What a run learns from, as text: all its corpora, in its directions, without leaks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.errors import DataError
from core.finetune.parts import Part, Source, planned_parts, training_sources
from core.finetune.segments import Split, read_oriented
from core.finetune.settings import FineTuneSettings
from core.storage.workspace import Workspace
from core.text.normalising import normalised


@dataclass(frozen=True)
class TrainingText:
    """What a run learns from, as text with its tags.

    Attributes:
        parts: What it is made of.
        splits: The segments of each part, in its own direction.
    """

    parts: tuple[Part, ...]
    splits: tuple[Split, ...]


def read_training(workspace: Workspace, settings: FineTuneSettings) -> TrainingText:
    """Reads everything that a run learns from; of what is mixed in, leaks are left out.

    The run's own train split stays as it is: its leaks are told, and removed, on the Corpora page.

    Raises:
        ConfigError: A corpus holds other languages, or is named twice.
        DataError: A corpus does not exist, is empty, or consists of leaks alone.
    """
    sources = training_sources(workspace, settings)
    texts = [read_oriented(workspace, each.corpus, settings, "train") for each in sources]
    num_left_out: dict[str, int] = {}
    if len(sources) > 1:
        held = _held_out(workspace, settings)
        kept = [_without_leaks(text, held) for text in texts[1:]]
        for source, before, after in zip(sources[1:], texts[1:], kept, strict=True):
            num_left_out[source.corpus.id] = len(before.sources) - len(after.sources)
            _check_some_left(source, after)
        texts[1:] = kept
    # Counts of the files, should a record say something else.
    exact = [
        replace(s, corpus=replace(s.corpus, num_train=len(t.sources) + _of(num_left_out, s)))
        for s, t in zip(sources, texts, strict=True)
    ]
    parts = planned_parts(exact, settings, num_left_out=num_left_out)
    splits = [
        (texts[i].turned if part.is_reversed else texts[i]).tagged(part.tag)
        for part, i in zip(parts, [*range(len(texts))] * 2, strict=False)
    ]
    return TrainingText(tuple(parts), tuple(splits))


def _of(num_left_out: dict[str, int], source: Source) -> int:
    return num_left_out.get(source.corpus.id, 0)


def _check_some_left(source: Source, split: Split) -> None:
    if not split.sources:
        raise DataError(
            f"Every training segment of {source.corpus.name!r} stands in the dev or test split of "
            "the run.",
            hint="Leave the corpus out, or choose another main corpus.",
        )


def _held_out(workspace: Workspace, settings: FineTuneSettings) -> tuple[set[str], set[str]]:
    """Gives the texts, as leak checks see them, that are measured on: sources and targets."""
    ids = filter(None, (settings.corpus, settings.general_corpus))
    sides: tuple[set[str], set[str]] = (set(), set())
    for corpus in map(workspace.corpora.get, ids):
        for split in ("dev", "test"):
            if corpus.counts[split]:
                text = read_oriented(workspace, corpus, settings, split)
                sides[0].update(map(normalised, text.sources))
                sides[1].update(map(normalised, text.references))
    for side in sides:
        side.discard("")
    return sides


def _without_leaks(split: Split, held: tuple[set[str], set[str]]) -> Split:
    """Gives the segments of which neither side is measured on."""
    pairs = [
        (source, reference)
        for source, reference in zip(split.sources, split.references, strict=True)
        if normalised(source) not in held[0] and normalised(reference) not in held[1]
    ]
    return Split([source for source, _ in pairs], [reference for _, reference in pairs])
