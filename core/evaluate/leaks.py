"""Whether segments of a test set stand in what its systems learnt from, as corpora know it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.corpora.leak_notes import LeakNote, corpus_note, note_between
from core.errors import TrainingError
from core.evaluate.results import EvaluationResult
from core.evaluate.texts import EvaluationTexts
from core.storage.run_records import Run
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from core.systems.descriptions import MODEL

MAX_NAMED = 3

NO_CORPUS = LeakNote("unknown", "Unknown: the test set is of no corpus that is stored here.")

_WORST_FIRST = ("leaks", "near", "unchecked", "unknown", "clean")
_MOST_TELLING_FIRST = ("leaks", "near", "clean", "unchecked", "unknown")


@dataclass
class _Learners:
    """The systems that learnt from one corpus.

    Attributes:
        corpus_name: As it was called then.
        names: Their names.
    """

    corpus_name: str
    names: list[str] = field(default_factory=list)


def with_leaks(
    workspace: Workspace, result: EvaluationResult, texts: EvaluationTexts
) -> EvaluationResult:
    """Gives a result with what is known now: corpora may be checked after they were scored."""
    note = evaluation_note(workspace, texts)
    return replace(result, leak=note.sentence, leak_badge=note.badge)


def evaluation_note(workspace: Workspace, texts: EvaluationTexts) -> LeakNote:
    """Gives what is known of the test set, its own corpus, and those its systems learnt from.

    Nothing is counted here: what is told is what the corpora's leak checks found.
    """
    # The same segments may have been taken from several corpora, such as versions of one.
    homes = {each.corpus_id: each.split for each in texts.sets.values() if each.corpus_id}
    if not homes:
        return NO_CORPUS
    own_id, split = next(iter(homes.items()))
    learners, is_each_known = _learners(workspace, texts)
    own = corpus_note(workspace, own_id, split)
    others = {
        corpus_id: _telling(workspace, homes, corpus_id, each.corpus_name)
        for corpus_id, each in learners.items()
        if corpus_id != own_id
    }
    notes = list(others.values())
    told = [f"{_names(learners[each].names)}: {_inner(note)}" for each, note in others.items()]
    if own_id in learners or not is_each_known:
        notes.insert(0, own)
        told.insert(0, own.sentence)
    worst = min(notes, key=lambda note: _WORST_FIRST.index(note.badge))
    return LeakNote(worst.badge, " ".join(told))


def _telling(workspace: Workspace, homes: Mapping[str, str], train_id: str, name: str) -> LeakNote:
    notes = (
        note_between(workspace, corpus_id, split, train_id, name)
        for corpus_id, split in homes.items()
    )
    return min(notes, key=lambda note: _MOST_TELLING_FIRST.index(note.badge))


def _learners(workspace: Workspace, texts: EvaluationTexts) -> tuple[dict[str, _Learners], bool]:
    """Gives the systems by training corpus, and whether that is known of each of them."""
    found: dict[str, _Learners] = {}
    is_each_known = True
    for set_id, record in texts.sets.items():
        runs = list(_runs(workspace, record))
        is_each_known &= bool(runs)
        for run in runs:
            names = found.setdefault(run.corpus_id, _Learners(run.corpus_name)).names
            if texts.names[set_id] not in names:
                names.append(texts.names[set_id])
    return found, is_each_known


def _runs(workspace: Workspace, record: TranslationSet) -> Iterator[Run]:
    """Gives the runs behind a system; several of a chain, none of what was not trained here."""
    parts = (record.provenance.get(name) for name in ("parts", "draft"))
    ids = [record.system_id, *(each for part in parts if isinstance(part, dict) for each in part)]
    for system_id in dict.fromkeys(ids):
        kind, _, model = system_id.partition(":")
        run_id = model.partition("@")[0]  # a checkpoint is RUN@STEP
        try:
            run = workspace.runs.get(run_id) if kind == MODEL else None
        except TrainingError:
            continue
        if run is not None and run.id == run_id:  # no base model that a run is named after
            yield run


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def _inner(note: LeakNote) -> str:
    return note.sentence[:1].lower() + note.sentence[1:]
