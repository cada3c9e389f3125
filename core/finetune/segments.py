"""The segments of a run: read from the corpus in the run's direction, encoded once."""

from __future__ import annotations

from dataclasses import dataclass

from core.corpora.segments import read_segments
from core.errors import ConfigError, DataError, ModelError
from core.finetune.adapters import Adapter
from core.finetune.batching import Lengths
from core.finetune.parts import Part
from core.finetune.sampling import Share
from core.finetune.settings import FineTuneSettings
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Split:
    """One split in the run's direction; `sources` and `references` are parallel."""

    sources: list[str]
    references: list[str]

    def first(self, count: int) -> Split:
        """Gives the first `count` segments."""
        return Split(self.sources[:count], self.references[:count])

    @property
    def turned(self) -> Split:
        """The same segments the other way round."""
        return Split(self.references, self.sources)

    def tagged(self, tag: str) -> Split:
        """Gives the segments with a tag before each source; an empty one changes nothing."""
        return Split([f"{tag} {each}" for each in self.sources], self.references) if tag else self


@dataclass(frozen=True)
class Encoded:
    """Token ids of one split; `sources` and `targets` are parallel."""

    sources: list[list[int]]
    targets: list[list[int]]

    @property
    def lengths(self) -> Lengths:
        """Token counts of both sides."""
        return Lengths([len(ids) for ids in self.sources], [len(ids) for ids in self.targets])


@dataclass(frozen=True)
class FurtherSet:
    """Segments that are scored beside the dev and test splits of the run's own direction.

    Attributes:
        name: `reverse` or `general`.
        adapter: Of their direction.
        dev: Scored at each evaluation.
        final: Scored before and after the run.
        final_split: Which split that is.
        corpus: Name of the corpus.
    """

    name: str
    adapter: Adapter
    dev: Split
    final: Split
    final_split: str
    corpus: str


@dataclass(frozen=True)
class Data:
    """Everything a run reads.

    Attributes:
        train, dev: Token ids.
        dev_text: The dev split as text, parallel to `dev`.
        test_text: The test split as text.
        parts: What `train` is made of, one part after the other.
        shares: How often the segments of each part are seen; parallel to `parts`.
        further: What else is scored: the other direction, general text.
    """

    train: Encoded
    dev: Encoded
    dev_text: Split
    test_text: Split
    parts: tuple[Part, ...] = ()
    shares: tuple[Share, ...] = ()
    further: tuple[FurtherSet, ...] = ()


def read_split(workspace: Workspace, settings: FineTuneSettings, split: str) -> Split:
    """Reads one split of the run's corpus, turned into the run's direction.

    Raises:
        ConfigError: The corpus does not have these two languages.
        DataError: The corpus does not exist or the split is empty.
    """
    return read_oriented(workspace, workspace.corpora.get(settings.corpus), settings, split)


def read_oriented(
    workspace: Workspace, corpus: Corpus, settings: FineTuneSettings, split: str
) -> Split:
    """Reads one split of a corpus, turned into the run's direction.

    Raises:
        ConfigError: The corpus does not have the run's two languages.
        DataError: The split is empty.
    """
    languages = (settings.src_lang, settings.tgt_lang)
    if set(languages) != {corpus.src_lang, corpus.tgt_lang}:
        raise ConfigError(
            f"The corpus {corpus.name!r} holds {corpus.src_lang} and {corpus.tgt_lang}, "
            f"the run asks for {settings.src_lang} to {settings.tgt_lang}.",
            hint="Choose a direction between the languages of the corpus.",
        )
    pairs = read_segments(workspace.split_file(corpus.id, split))
    if not pairs:
        raise DataError(
            f"The {split} split of {corpus.name!r} is empty.",
            hint="Split the corpus again so that train, dev and test all have segments.",
        )
    if settings.src_lang == corpus.tgt_lang:
        pairs = [(target, source) for source, target in pairs]
    return Split([source for source, _ in pairs], [target for _, target in pairs])


def encode_split(adapter: Adapter, split: Split, settings: FineTuneSettings) -> Encoded:
    """Encodes a split, and checks that labels begin with the target language's code.

    Raises:
        ModelError: The first label token is not the code that generation will begin with.
    """
    sources = adapter.encode_sources(split.sources, settings.max_source_length)
    targets = adapter.encode_targets(split.references, settings.max_target_length)
    expected = adapter.forced_bos_token_id
    if expected is not None and targets[0][0] != expected:
        tokens = adapter.tokenizer.convert_ids_to_tokens([targets[0][0], expected])
        raise ModelError(
            f"The labels begin with {tokens[0]!r}, translations would begin with {tokens[1]!r}.",
            hint="The model's tokenizer marks languages in another way than its family; use the "
            "tokenizer files that were published with the model.",
        )
    return Encoded(sources, targets)
