"""Adding translations that were made elsewhere: uploaded or pasted, checked, stored whole."""

from __future__ import annotations

import json
import uuid
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sqlalchemy.exc import IntegrityError

from core.errors import DataError
from core.evaluate.combining import unused_name
from core.evaluate.formats.parallel import check_parallel
from core.evaluate.formats.upload import Texts, TextsWithGaps, Upload, labelled_texts
from core.evaluate.robustness import perturbation_of
from core.evaluate.settings import FIRST_REFERENCE
from core.storage.files import utc_now
from core.storage.test_set_text_records import Kind
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import hash_of, read_test_set

UPLOADED = "upload"
MAX_NAME = 200
MAX_REFERENCE_NAME = 80


@dataclass(frozen=True)
class Target:
    """The test set that translations belong to.

    Attributes:
        name, split: As translation sets name it.
        corpus_id: The corpus; empty for a test set that came with the translations.
        src_lang, tgt_lang: FLORES-200 codes.
        sources, references: Parallel.
        perturbation: How the sources were perturbed, as translation sets tell it; empty if not.
    """

    name: str
    split: str
    corpus_id: str
    src_lang: str
    tgt_lang: str
    sources: tuple[str, ...]
    references: tuple[str, ...]
    perturbation: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def hash(self) -> str:
        """What makes translation sets comparable."""
        pairs = tuple(zip(self.sources, self.references, strict=True))
        return hash_of(self.src_lang, self.tgt_lang, pairs)


@dataclass(frozen=True)
class Added:
    """What was stored.

    Attributes:
        sets: The new translation sets.
        notes: What was counted on the way, a sentence each.
    """

    sets: tuple[TranslationSet, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class AddedReferences:
    """What was stored of an upload of references.

    Attributes:
        names: Under which names; none where the test set had them all.
        notes: Which earlier ones were replaced, a sentence each.
    """

    names: tuple[str, ...]
    notes: tuple[str, ...]


def target_of_set(workspace: Workspace, test_set_hash: str) -> Target:
    """Gives the test set of translations that are here already.

    Raises:
        DataError: There are none of this test set, or they do not hold all of its segments yet.
    """
    sets = workspace.translation_sets.of_test_set(test_set_hash)
    if not sets:
        raise DataError("There are no translations of this test set any more.")
    first = sets[0]
    pairs: dict[int, tuple[str, str]] = {}
    for each in sets:  # one that a batch still works at holds only what it has come to
        segments = workspace.translation_sets.segments(each.id)
        pairs |= {segment.position: (segment.source, segment.reference) for segment in segments}
        if len(pairs) == first.num_segments:
            break
    else:
        raise DataError(
            f"Only {len(pairs)} of the {first.num_segments} segments of the test set "
            f"{first.corpus_name!r} are known from its translations.",
            hint="Let a batch come to its end first, or choose the split of the corpus.",
        )
    sources, references = zip(*(pairs[at] for at in range(len(pairs))), strict=True)
    where = (first.corpus_name, first.split, first.corpus_id, first.src_lang, first.tgt_lang)
    return Target(*where, sources, references, perturbation_of(first))


def target_of_corpus(
    workspace: Workspace, corpus: str, split: str, src_lang: str, tgt_lang: str
) -> Target:
    """Gives a split of a corpus, in one direction, as a test set.

    Raises:
        ConfigError: The corpus does not hold the two languages.
        DataError: There is no such corpus, or the split is empty.
    """
    values = {"corpus": corpus, "split": split, "src_lang": src_lang, "tgt_lang": tgt_lang}
    found = read_test_set(workspace, BatchSettings.parse({**values, "systems": (UPLOADED,)}))
    sources, references = zip(*found.pairs, strict=True)
    where = (found.corpus.name, found.split, found.corpus.id, found.src_lang, found.tgt_lang)
    return Target(*where, sources, references)


def target_of_upload(upload: Upload, name: str, src_lang: str, tgt_lang: str) -> Target:
    """Gives the test set that an upload brings along.

    Raises:
        DataError: It has no sources, or no reference for each segment.
    """
    if upload.sources is None:
        raise DataError(
            f"{name} holds no sources, so that it is no test set by itself.",
            hint="Choose the test set that its lines are translations of.",
        )
    whole = [texts for texts in upload.references.values() if all(t is not None for t in texts)]
    if not whole:
        have = "no reference" if not upload.references else "no reference for some segments"
        raise DataError(
            f"{name} has {have}.",
            hint="At least one reference must be there for every segment; others may have gaps.",
        )
    references = tuple(text or "" for text in whole[0])
    return Target(name, UPLOADED, "", src_lang, tgt_lang, upload.sources, references)


def add_upload(
    workspace: Workspace,
    upload: Upload,
    target: Target,
    *,
    file_name: str = "",
    add_id: str = "",
) -> Added:
    """Stores the systems of an upload as translation sets of a test set: all of it or nothing.

    Args:
        workspace: Where they are stored.
        upload: What was read.
        target: What they are translations of.
        file_name: Where they came from, for the provenance.
        add_id: Chosen before a form was sent: the same texts sent again with it are not added
            again, but those that are stored are given back. Empty: always added.

    Raises:
        DataError: There are no hypotheses or no segments, the number of texts is another one, or
            the sources are others.
    """
    if not upload.systems:
        raise DataError(
            f"{file_name or upload.name or 'The text'} holds no translations.",
            hint="Every system needs a column, a file or an element of its own.",
        )
    for name, hypotheses in upload.systems.items():
        check_parallel(hypotheses, len(target.sources), name, sources=target.sources)
    _check_fits(upload, target)
    now = utc_now()
    records = {
        set_id: _record(upload, target, name, file_name or upload.name, now, set_id)
        for name in upload.systems
        for set_id in [_set_id(add_id, upload, target, name)]
    }
    texts = _further_texts(upload, target)
    replaced = _replaced(workspace, target.hash, texts)
    stored = _stored(workspace, upload, target, records, texts)
    return Added(tuple(stored), (*upload.notes, *replaced))


def _set_id(add_id: str, upload: Upload, target: Target, name: str) -> str:
    """Gives the id of a new translation set: of the same texts sent again it is the same."""
    if not add_id:
        return str(uuid.uuid4())
    content = json.dumps([add_id, target.hash, name, upload.systems[name]])
    return str(uuid.uuid5(uuid.NAMESPACE_OID, content))


def _stored(
    workspace: Workspace,
    upload: Upload,
    target: Target,
    records: Mapping[str, TranslationSet],
    texts: Mapping[tuple[Kind, str], TextsWithGaps],
) -> list[TranslationSet]:
    """Stores what is not there yet, and gives all sets as they are stored."""
    known = _known(workspace, target, records)
    new = []
    for (set_id, record), hypotheses in zip(records.items(), upload.systems.values(), strict=True):
        if set_id not in known:
            rows = zip(target.sources, target.references, hypotheses, strict=True)
            new.append((record, [Hypothesis(set_id, at, *row) for at, row in enumerate(rows)]))
    if new:
        try:
            workspace.translation_sets.add_whole(new, texts)
        except IntegrityError:  # a second click may have stored them since they were looked for
            known = _known(workspace, target, records)
            if len(known) < len(records):
                raise
    return [known.get(set_id, record) for set_id, record in records.items()]


def _known(workspace: Workspace, target: Target, ids: Container[str]) -> dict[str, TranslationSet]:
    of_test_set = workspace.translation_sets.of_test_set(target.hash)
    return {each.id: each for each in of_test_set if each.id in ids}


def _record(
    upload: Upload, target: Target, name: str, file_name: str, created_at: str, set_id: str
) -> TranslationSet:
    provenance = {
        "origin": UPLOADED,
        "file": file_name,
        "format": upload.format,
        "notes": list(upload.notes),
        "num_empty": sum(not text.strip() for text in upload.systems[name]),
    }
    if target.perturbation:
        provenance["perturbation"] = target.perturbation
    return TranslationSet(
        id=set_id,
        batch_id=None,
        system_id=f"{UPLOADED}:{name[:MAX_NAME]}",
        system_name=name[:MAX_NAME],
        corpus_id=target.corpus_id,
        corpus_name=target.name[:MAX_NAME],
        split=target.split,
        src_lang=target.src_lang,
        tgt_lang=target.tgt_lang,
        test_set_hash=target.hash,
        num_segments=len(target.sources),
        created_at=created_at,
        provenance=provenance,
    )


def _replaced(
    workspace: Workspace, test_set_hash: str, texts: Mapping[tuple[Kind, str], TextsWithGaps]
) -> list[str]:
    """Says which texts of the test set are there already and will be other ones."""
    found = []
    for (kind, name), each in texts.items():
        known = workspace.test_set_texts.texts(test_set_hash, kind, name)
        if known and known != list(each):
            what = f"reference {name!r}" if kind == "reference" else f"{kind}s"
            verb = "was" if kind == "reference" else "were"
            found.append(f"The {what} that the test set had before {verb} replaced.")
    return found


def add_references(workspace: Workspace, upload: Upload, test_set_hash: str) -> AddedReferences:
    """Stores further references of a test set; one of a name that is there is replaced.

    Raises:
        DataError: Their number is another one, or the sources that came along are others.
    """
    target = target_of_set(workspace, test_set_hash)
    if not upload.references:
        raise DataError(f"{upload.name} holds no references.")
    _check_fits(upload, target)
    found = _further_texts(upload, target)
    replaced = _replaced(workspace, test_set_hash, found)
    workspace.test_set_texts.store_all(test_set_hash, found)
    names = tuple(name for kind, name in found if kind == "reference")
    return AddedReferences(names, tuple(replaced))


def _check_fits(upload: Upload, target: Target) -> None:
    """Refuses texts of another number, and other sources, as a shift by one line makes them."""
    if not target.sources:
        raise DataError(f"The test set {target.name!r} has no segments.")
    named = dict(labelled_texts(upload))
    named |= {f"{kind}s": own for kind, own in _labels(upload).items()}
    for what, texts in named.items():
        if len(texts) != len(target.sources):
            raise DataError(
                f"The upload has {len(texts)} lines of {what}; the test set {target.name!r} has "
                f"{len(target.sources)} segments.",
                hint="Choose another test set, or the upload's own.",
            )
    if upload.sources is None:
        return
    pairs = zip(upload.sources, target.sources, strict=True)
    different = [at for at, (a, b) in enumerate(pairs) if a.split() != b.split()]
    if different:
        at = different[0]
        raise DataError(
            f"{len(different)} of {len(target.sources)} sources of the upload are not those of the "
            f"test set {target.name!r}; the first is segment {at + 1}: "
            f"{upload.sources[at][:60]!r} in the place of {target.sources[at][:60]!r}.",
            hint="Choose another test set, or the upload's own.",
        )


def _further_texts(upload: Upload, target: Target) -> dict[tuple[Kind, str], TextsWithGaps]:
    """Gives references beyond the test set's first one, tags and documents."""
    references: dict[str, TextsWithGaps] = {}
    for name, texts in upload.references.items():
        if tuple(texts) != target.references:
            short = name if len(name) <= MAX_REFERENCE_NAME else name[: MAX_REFERENCE_NAME - 8]
            references[unused_name(short, {FIRST_REFERENCE, *references})] = texts
    found: dict[tuple[Kind, str], TextsWithGaps] = {
        ("reference", name): texts for name, texts in references.items()
    }
    return found | {(kind, kind): texts for kind, texts in _labels(upload).items()}


def _labels(upload: Upload) -> dict[Literal["tag", "document"], Texts]:
    """Gives what segments are grouped by, where the upload says it."""
    given: dict[Literal["tag", "document"], Texts | None]
    given = {"tag": upload.tags, "document": upload.documents}
    return {kind: texts for kind, texts in given.items() if texts is not None}
