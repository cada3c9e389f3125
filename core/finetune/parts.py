"""What an epoch is made of: corpora, each in one direction or both, as often as their weights say.

Tagged sources: Caswell et al. (2019), "Tagged Back-Translation". General text against forgetting is
what domain adaptation calls mixed fine-tuning: Chu et al. (2017), "An Empirical Comparison of
Domain Adaptation Methods for Neural Machine Translation".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import ConfigError, DataError
from core.finetune.sampling import Share
from core.finetune.settings import FineTuneSettings
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

Role = Literal["main", "mixed", "general"]


@dataclass(frozen=True)
class Source:
    """A corpus that training segments come from.

    Attributes:
        role: The run's own corpus, one that is mixed in, or the one of general text.
        corpus: Its record.
        weight: How often each segment is seen in an epoch; 0 where a share decides.
        tags: Text before each source, in the run's direction and the other way round; or empty.
    """

    role: Role
    corpus: Corpus
    weight: float = 1.0
    tags: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Part:
    """The training segments of a corpus in one direction.

    Attributes:
        source: The corpus, its weight and its tag.
        is_reversed: Whether it is learnt against the run's direction.
        num_segments: Segments of its train split that are used.
        num_drawn: Segments seen in an epoch, repeats included.
        num_left_out: Segments that stand in the dev or test split of the run, and are not used.
    """

    source: Source
    is_reversed: bool
    num_segments: int
    num_drawn: int
    num_left_out: int = 0

    @property
    def tag(self) -> str:
        """Text before each source, or empty."""
        return self.source.tags[self.is_reversed]

    def as_dict(self, settings: FineTuneSettings) -> dict[str, Any]:
        """Gives plain values for the records of a run."""
        langs = (settings.src_lang, settings.tgt_lang)
        src_lang, tgt_lang = langs[::-1] if self.is_reversed else langs
        return {
            "role": self.source.role,
            "corpus": self.source.corpus.name,
            "corpus_id": self.source.corpus.id,
            "src_lang": src_lang,
            "tgt_lang": tgt_lang,
            "tag": self.tag,
            "num_segments": self.num_segments,
            "num_drawn": self.num_drawn,
            "num_left_out": self.num_left_out,
        }


def training_sources(workspace: Workspace, settings: FineTuneSettings) -> list[Source]:
    """Gives the corpora that an epoch is made of, the run's own first.

    Raises:
        DataError: One does not exist, or has no segments to learn from.
        ConfigError: One holds other languages, or is named twice.
    """
    found = [Source("main", workspace.corpora.get(settings.corpus))]
    for each in settings.mixed:
        corpus = workspace.corpora.get(each.corpus)
        found.append(Source("mixed", corpus, each.weight, _tags(corpus, each.tag, settings)))
    if settings.general_corpus:
        found.append(Source("general", workspace.corpora.get(settings.general_corpus), 0.0))
    for place, source in enumerate(found):
        _check_languages(source.corpus, settings)
        if source.corpus.id in {other.corpus.id for other in found[:place]}:
            raise ConfigError(
                f"The corpus {source.corpus.name!r} is named twice.",
                hint="Name each corpus once: as the main one, as a further one with a weight, or "
                "as the general-domain one.",
            )
    _check_general(found[-1], settings)
    learnt = [s for s in found if s.role != "general" or settings.general_share]
    for source in learnt:
        if not source.corpus.num_train:
            raise DataError(
                f"The train split of {source.corpus.name!r} is empty.",
                hint="Split the corpus again, or leave it out.",
            )
    return learnt


def _tags(corpus: Corpus, tag: str, settings: FineTuneSettings) -> tuple[str, str]:
    """Gives the tag of each direction; of back-translated text only translated sources have it."""
    translated = corpus.details.get("translated_lang")
    if not translated:
        return tag, tag
    forward, reverse = (lang == translated for lang in (settings.src_lang, settings.tgt_lang))
    return tag if forward else "", tag if reverse else ""


def _check_languages(corpus: Corpus, settings: FineTuneSettings) -> None:
    if {settings.src_lang, settings.tgt_lang} != {corpus.src_lang, corpus.tgt_lang}:
        raise ConfigError(
            f"The corpus {corpus.name!r} holds {corpus.src_lang} and {corpus.tgt_lang}, the run "
            f"asks for {settings.src_lang} to {settings.tgt_lang}.",
            hint="Choose a direction between the languages of the corpus; all corpora of a run "
            "hold the same two languages, in either order.",
        )


def _check_general(source: Source, settings: FineTuneSettings) -> None:
    if source.role == "general" and not source.corpus.num_dev:
        raise DataError(
            f"The dev split of {source.corpus.name!r} is empty.",
            hint="Forgetting is measured on it: split the general-domain corpus again.",
        )


def planned_parts(
    sources: list[Source],
    settings: FineTuneSettings,
    *,
    num_left_out: Mapping[str, int] | None = None,
) -> list[Part]:
    """Gives the parts of an epoch: all corpora in the run's direction, then the other way round.

    Args:
        sources: As `training_sources` gives them.
        settings: Of the run.
        num_left_out: Segments that are not used, by the corpus's id; None = not known yet.
    """
    left_out = num_left_out or {}
    ways = (False, True) if settings.both_directions else (False,)
    counts = {s.corpus.id: s.corpus.num_train - left_out.get(s.corpus.id, 0) for s in sources}
    drawn = {
        s.corpus.id: max(1, round(s.weight * counts[s.corpus.id]))
        for s in sources
        if s.role != "general"
    }
    # Of all segments, so that it is the others that the rest of the share belongs to.
    num_general = round(sum(drawn.values()) * settings.general_share / (1 - settings.general_share))
    return [
        Part(
            source,
            is_reversed,
            counts[source.corpus.id],
            drawn.get(source.corpus.id, max(1, num_general)),
            left_out.get(source.corpus.id, 0),
        )
        for is_reversed in ways
        for source in sources
    ]


def shares_of(parts: list[Part]) -> tuple[Share, ...]:
    """Gives how often the segments of the parts are seen, which stand one after the other."""
    shares = []
    first = 0
    for part in parts:
        shares.append(Share(first, part.num_segments, part.num_drawn))
        first += part.num_segments
    return tuple(shares)


def with_corpus_ids(workspace: Workspace, settings: FineTuneSettings) -> FineTuneSettings:
    """Gives the settings with ids in the place of names, which may come to mean other corpora.

    Raises:
        DataError: A corpus does not exist.
    """
    ids = [workspace.corpora.get(each.corpus).id for each in settings.mixed]
    mixed = [
        {**each.model_dump(), "corpus": corpus_id}
        for each, corpus_id in zip(settings.mixed, ids, strict=True)
    ]
    general = settings.general_corpus
    return settings.changed(
        corpus=workspace.corpora.get(settings.corpus).id,
        mixed=mixed,
        general_corpus=workspace.corpora.get(general).id if general else "",
    )
