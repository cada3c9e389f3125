"""What a scoring scores: the translated segments of translation sets of one test set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.errors import ConfigError, DataError
from core.evaluate.texts import EvaluationTexts, load_texts
from core.storage.workspace import Workspace

MAX_SETS = 50


@dataclass(frozen=True)
class Translated:
    """One segment of one translation set, with all that a scorer may want to know.

    Attributes:
        set_id: The translation set.
        position: The segment's number in the test set, from 0.
        source, hypothesis: The segment and its translation, which may be empty.
        references: Those that there are, the first one first.
    """

    set_id: str
    position: int
    source: str
    hypothesis: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class ScoringInput:
    """The texts of a scoring.

    Attributes:
        test_set_hash: The test set.
        src_lang, tgt_lang: FLORES-200 codes.
        texts: Sources, references and hypotheses.
    """

    test_set_hash: str
    src_lang: str
    tgt_lang: str
    texts: EvaluationTexts

    def translated(self, positions: Sequence[int] | None = None) -> Iterator[Translated]:
        """Gives the segments that have a hypothesis, position by position, in each all sets.

        So what is scored of all sets is comparable at any time. Segments that were not translated
        are left out: what is missing stays missing.

        Args:
            positions: Numbers of segments from 0; None = all.
        """
        texts = self.texts
        for at in range(texts.num_segments) if positions is None else positions:
            references = self._references(at)
            for set_id in texts.sets:
                if texts.is_translated[set_id][at]:
                    hypothesis = texts.hypotheses[set_id][at]
                    yield Translated(set_id, at, texts.sources[at], hypothesis, references)

    def check_references(self, positions: Sequence[int] | None = None) -> None:
        """Refuses segments without any reference, for scorers that need one.

        Raises:
            DataError: Some have none; the sentence counts them.
        """
        chosen = range(self.texts.num_segments) if positions is None else positions
        without = [at for at in chosen if not self._references(at)]
        if without:
            raise DataError(
                f"{len(without)} of {len(chosen)} segments have no reference; the first is segment "
                f"{without[0] + 1}.",
                hint="Choose a scorer that needs no reference, or add the references.",
            )

    def _references(self, at: int) -> tuple[str, ...]:
        named = self.texts.references.values()
        found = (texts[at] for texts in named if at < len(texts))
        return tuple(text for text in found if text and text.strip())


def scoring_input(workspace: Workspace, set_ids: Sequence[str]) -> ScoringInput:
    """Reads what a scoring is about.

    Raises:
        ConfigError: No set was chosen, or none of their segments is translated.
        DataError: A set does not exist, or the sets are of different test sets.
    """
    if not set_ids:
        raise ConfigError("No translation set was chosen.", hint="Choose what is to be scored.")
    first = workspace.translation_sets.get(set_ids[0])
    texts = load_texts(workspace, first.test_set_hash, set_ids)
    if not any(is_translated.any() for is_translated in texts.is_translated.values()):
        raise ConfigError(
            "None of the segments has a translation yet.", hint="Translate the test set first."
        )
    return ScoringInput(first.test_set_hash, first.src_lang, first.tgt_lang, texts)


def checked_set_ids(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Gives the ids of translation sets; for validators of fields that hold them.

    Raises:
        ValueError: There is none, too many, or one twice.
    """
    if not ids:
        raise ValueError("no translation set was chosen")
    if len(set(ids)) < len(ids):
        raise ValueError("a translation set is named twice")
    if len(ids) > MAX_SETS:
        raise ValueError(f"{len(ids)} translation sets are too many; {MAX_SETS} are allowed")
    return ids
