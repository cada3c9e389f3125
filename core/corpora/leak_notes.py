"""What a reader of a score must know of leaks: a badge and a sentence on the split that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from core.corpora.leak_search import status_of
from core.corpora.leakage.status import LeakStatus, PairStatus
from core.errors import DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

NoteBadge = Literal["clean", "near", "leaks", "unchecked", "unknown"]


@dataclass(frozen=True)
class LeakNote:
    """What is known of leaks, to stand beside a score.

    Attributes:
        badge: Whether segments of the split stand in train; "unknown" where no corpus can tell.
        sentence: The same with counts, or with what was looked for.
    """

    badge: NoteBadge
    sentence: str

    def to_dict(self) -> dict[str, str]:
        """Gives plain values, for JSON."""
        return asdict(self)


DELETED = LeakNote("unknown", "Unknown: the corpus was deleted.")


def corpus_note(workspace: Workspace, corpus_id: str, split: str) -> LeakNote:
    """Gives what is known of a split and the train split of the same corpus.

    Args:
        workspace: Where corpora are stored.
        corpus_id: The corpus, by id or name; it may have been deleted.
        split: The split whose scores are shown.
    """
    return split_note(_found(workspace, corpus_id), split)


def split_note(corpus: Corpus | None, split: str) -> LeakNote:
    """Gives the same of a corpus that is at hand; None = it was deleted."""
    if corpus is None:
        return DELETED
    if not corpus.num_train:
        return LeakNote("unknown", "Unknown: the corpus has no train split.")
    status = status_of(corpus)
    pairs = _pairs(status, split)
    if status is None or not any(pair.is_against_train for pair in pairs):
        return LeakNote("unchecked", f"Whether {split} segments stand in train was not checked.")
    return _note(status, pairs, split)


def note_between(
    workspace: Workspace, corpus_id: str, split: str, train_id: str, train_name: str
) -> LeakNote:
    """Gives what is known of a split and the train split of any corpus, the same or another.

    It does not matter which of the two was compared with the other, nor which was deleted since.

    Args:
        workspace: Where corpora are stored.
        corpus_id: The corpus of the split.
        split: The split whose scores are shown.
        train_id: The corpus that was learnt from.
        train_name: What to call it.
    """
    test, train = _found(workspace, corpus_id), _found(workspace, train_id)
    # A status leaves the corpus that it is stored with unnamed.
    looked = [(test, train_id, (False, True)), (train, corpus_id, (True, False))]
    if corpus_id == train_id:
        looked = [(test, "", (False, False))]
    for corpus, against, named in looked:
        status = status_of(corpus, against) if corpus else None
        pairs = [
            replace(pair, corpus="", other_corpus=train_name)
            for pair in _pairs(status, split)
            if pair.is_against_train and (bool(pair.corpus), bool(pair.other_corpus)) == named
        ]
        if status is not None and pairs:
            return _note(status, pairs, split)
    what = f"Whether {split} segments stand in {train_name}'s train"
    if test is None or train is None:
        return LeakNote("unknown", f"{what} is not known: the corpus was deleted.")
    return LeakNote("unchecked", f"{what} was not checked.")


def _found(workspace: Workspace, corpus_id: str) -> Corpus | None:
    try:
        return workspace.corpora.get(corpus_id)
    except DataError:
        return None


def _pairs(status: LeakStatus | None, split: str) -> list[PairStatus]:
    pairs = status.pairs if status else ()
    return [pair for pair in pairs if pair.split == split and pair.num_held_out]


def _note(status: LeakStatus, pairs: Sequence[PairStatus], split: str) -> LeakNote:
    against_train = replace(status, pairs=tuple(pair for pair in pairs if pair.is_against_train))
    sentence = replace(status, pairs=tuple(pairs)).sentence((split,))
    if against_train.badge == "clean" and any(pair.num_leaking for pair in pairs):
        # What another split holds is told, too, but not in place of what matters more.
        sentence = f"{against_train.sentence((split,))} {sentence}"
    return LeakNote(against_train.badge, sentence)
