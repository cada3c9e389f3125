"""Translation sets of one small test set, made in a moment."""

from __future__ import annotations

from collections.abc import Sequence

from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace

HASH = "a" * 64
SOURCES = ("The nurse writes a letter.", "It is raining.", "Good morning!", "A long road.")
REFERENCES = (
    "Scríobhann an t-altra litir.",
    "Tá sé ag cur báistí.",
    "Maidin mhaith!",
    "Bóthar fada.",
)


def add_set(
    workspace: Workspace,
    set_id: str,
    hypotheses: Sequence[str | None],
    *,
    references: Sequence[str] = REFERENCES,
    test_set_hash: str = HASH,
) -> str:
    """Stores what a system made of the first segments; None is one that failed. Gives the id."""
    record = TranslationSet(
        set_id, None, f"upload:{set_id}", f"System {set_id}", "", "Small", "test", "eng_Latn",
        "gle_Latn", test_set_hash, len(hypotheses), "2024-01-01",
    )  # fmt: skip
    segments = [
        Hypothesis(
            set_id, at, SOURCES[at % len(SOURCES)], references[at % len(references)], text,
            failure="" if text is not None else "It failed.",
        )
        for at, text in enumerate(hypotheses)
    ]  # fmt: skip
    workspace.translation_sets.add_whole([(record, segments)])
    return set_id
