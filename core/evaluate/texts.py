"""The texts of an evaluation: sources, references and the hypotheses of several systems."""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.evaluate.settings import FIRST_REFERENCE
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace

_Text = TypeVar("_Text", str, str | None)


@dataclass(frozen=True)
class EvaluationTexts:
    """Parallel texts of one test set.

    Attributes:
        sets: The translation sets by id, in the order asked for.
        sources: One a segment.
        references: Lists parallel to `sources`, by name; None where a further one has a gap.
        hypotheses: Lists parallel to `sources`, by the id of the translation set; empty where
            there is none, which `is_translated` tells from an empty hypothesis.
        is_translated: `(num_segments,)` bool, by the id of the translation set.
        tags, documents: Parallel to `sources`; empty where the test set has none.
        names: A name for each set of the test set that no other one has, by its id; also for sets
            that were not asked for, so that a set is called the same everywhere.
    """

    sets: dict[str, TranslationSet]
    sources: list[str]
    references: dict[str, list[str | None]]
    hypotheses: dict[str, list[str]]
    is_translated: dict[str, NDArray[np.bool_]]
    tags: list[str]
    documents: list[str]
    names: dict[str, str]

    @property
    def num_segments(self) -> int:
        """Segments of the test set."""
        return len(self.sources)

    @property
    def first_reference(self) -> list[str]:
        """The reference that stands beside the source."""
        return [text or "" for text in self.references[FIRST_REFERENCE]]

    def common_positions(self, set_ids: Sequence[str]) -> NDArray[np.int64]:
        """Gives the numbers of the segments that all of these sets translated."""
        common = np.ones(self.num_segments, dtype=bool)
        for set_id in set_ids:
            common &= self.is_translated[set_id]
        return np.flatnonzero(common)


def load_texts(workspace: Workspace, test_set_hash: str, set_ids: Sequence[str]) -> EvaluationTexts:
    """Reads what an evaluation needs from the database.

    Raises:
        DataError: There is no set to compare, or one is of another test set.
    """
    sets = {set_id: workspace.translation_sets.get(set_id) for set_id in set_ids}
    _check_comparable(sets.values(), test_set_hash)
    num_segments = next(iter(sets.values())).num_segments
    sources, references = [""] * num_segments, [""] * num_segments
    hypotheses, is_translated = {}, {}
    for set_id in sets:
        texts, has_text = [""] * num_segments, np.zeros(num_segments, dtype=bool)
        for segment in workspace.translation_sets.segments(set_id):
            at = segment.position
            sources[at], references[at] = segment.source, segment.reference
            if segment.hypothesis is not None:
                texts[at], has_text[at] = segment.hypothesis, True
        hypotheses[set_id], is_translated[set_id] = texts, has_text
    records = workspace.test_set_texts
    further = {
        name: records.texts(test_set_hash, "reference", name)
        for name in records.names(test_set_hash, "reference")
    }
    return EvaluationTexts(
        sets=sets,
        sources=sources,
        references={FIRST_REFERENCE: list(references), **further},
        hypotheses=hypotheses,
        is_translated=is_translated,
        tags=[text or "" for text in records.texts(test_set_hash, "tag", "tag")],
        documents=[text or "" for text in records.texts(test_set_hash, "document", "document")],
        names=display_names(workspace.translation_sets.of_test_set(test_set_hash)),
    )


def _check_comparable(sets: Collection[TranslationSet], test_set_hash: str) -> None:
    if not sets:
        raise DataError("There are no translations to compare.", hint="Choose at least one system.")
    for each in sets:
        if each.test_set_hash != test_set_hash:
            raise DataError(
                f"The translations of {each.system_name!r} are of another test set "
                f"({each.corpus_name}, {each.split}).",
                hint="Compare systems on the same segments only.",
            )


def normalized(texts: Sequence[_Text]) -> list[_Text]:
    """Gives texts in Unicode's form NFC; one that is not there stays so."""
    return [text if text is None else unicodedata.normalize("NFC", text) for text in texts]


def display_names(sets: Sequence[TranslationSet]) -> dict[str, str]:
    """Gives each set a name that no other one has: a system may have translated it twice.

    Args:
        sets: All of a test set; the order does not matter, the oldest has the number 1.
    """
    counts = Counter(each.system_name for each in sets)
    taken = {name for name, count in counts.items() if count == 1}
    names = {}
    for each in sorted(sets, key=lambda each: (each.created_at, each.id)):
        name = each.system_name
        if counts[name] > 1:
            numbered = (f"{name} ({number})" for number in itertools.count(1))
            name = next(other for other in numbered if other not in taken)
            taken.add(name)
        names[each.id] = name
    return {each.id: names[each.id] for each in sets}
