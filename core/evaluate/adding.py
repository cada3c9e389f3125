"""Adding translations that were made elsewhere: uploaded or pasted, checked, stored whole."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import DataError
from core.evaluate.formats.parallel import check_parallel
from core.evaluate.formats.upload import Upload
from core.evaluate.texts import load_texts
from core.storage.files import utc_now
from core.storage.test_set_text_records import Kind
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import hash_of, read_test_set

UPLOADED = "upload"
MAX_NAME = 200


@dataclass(frozen=True)
class Target:
    """The test set that translations belong to.

    Attributes:
        name, split: As translation sets name it.
        corpus_id: The corpus; empty for a test set that came with the translations.
        src_lang, tgt_lang: FLORES-200 codes.
        sources, references: Parallel.
    """

    name: str
    split: str
    corpus_id: str
    src_lang: str
    tgt_lang: str
    sources: tuple[str, ...]
    references: tuple[str, ...]

    @property
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


def target_of_set(workspace: Workspace, test_set_hash: str) -> Target:
    """Gives the test set of translations that are here already.

    Raises:
        DataError: There are none of this test set.
    """
    sets = workspace.translation_sets.of_test_set(test_set_hash)
    if not sets:
        raise DataError("There are no translations of this test set any more.")
    first = sets[0]
    for each in sets:  # one that is not whole lacks sources, too
        texts = load_texts(workspace, test_set_hash, [each.id])
        if texts.is_complete(each.id):
            break
    return Target(
        first.corpus_name,
        first.split,
        first.corpus_id,
        first.src_lang,
        first.tgt_lang,
        tuple(texts.sources),
        tuple(texts.first_reference),
    )


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
    workspace: Workspace, upload: Upload, target: Target, *, file_name: str = ""
) -> Added:
    """Stores the systems of an upload as translation sets of a test set: all of it or nothing.

    Args:
        workspace: Where they are stored.
        upload: What was read.
        target: What they are translations of.
        file_name: Where they came from, for the provenance.

    Raises:
        DataError: There are no hypotheses, their number is another one, or the sources are.
    """
    if not upload.systems:
        raise DataError(
            f"{file_name or 'The text'} holds no translations.",
            hint="Every system needs a column, a file or an element of its own.",
        )
    for name, hypotheses in upload.systems.items():
        check_parallel(
            hypotheses, len(target.sources), f"The system {name!r}", sources=target.sources
        )
    _check_sources(upload, target)
    now, stored = utc_now(), []
    for name, hypotheses in upload.systems.items():
        record = TranslationSet(
            id=str(uuid.uuid4()),
            batch_id=None,
            system_id=f"{UPLOADED}:{name[:MAX_NAME]}",
            system_name=name[:MAX_NAME],
            corpus_id=target.corpus_id,
            corpus_name=target.name,
            split=target.split,
            src_lang=target.src_lang,
            tgt_lang=target.tgt_lang,
            test_set_hash=target.hash,
            num_segments=len(target.sources),
            created_at=now,
            provenance={
                "origin": UPLOADED,
                "file": file_name or upload.name,
                "format": upload.format,
                "notes": list(upload.notes),
                "num_empty": sum(not text.strip() for text in hypotheses),
            },
        )
        rows = zip(target.sources, target.references, hypotheses, strict=True)
        segments = [Hypothesis(record.id, at, *row) for at, row in enumerate(rows)]
        stored.append((record, segments))
    workspace.translation_sets.add_whole(stored, _further_texts(upload, target))
    return Added(tuple(record for record, _ in stored), upload.notes)


def add_references(workspace: Workspace, upload: Upload, test_set_hash: str) -> list[str]:
    """Stores further references of a test set and gives their names.

    Raises:
        DataError: Their number is another one, or the sources that came along are others.
    """
    target = target_of_set(workspace, test_set_hash)
    if not upload.references:
        raise DataError(f"{upload.name} holds no references.")
    for name, texts in upload.references.items():
        whole = [text or "" for text in texts]
        check_parallel(
            whole, len(target.sources), f"The reference {name!r}", sources=target.sources
        )
    _check_sources(upload, target)
    found = _further_texts(upload, target)
    for (kind, name), each in found.items():
        workspace.test_set_texts.store(test_set_hash, kind, name, each)
    return [name for kind, name in found if kind == "reference"]


def _check_sources(upload: Upload, target: Target) -> None:
    """Refuses translations of other sources, which a shift by one line makes as well."""
    if upload.sources is None:
        return
    if len(upload.sources) != len(target.sources):
        raise DataError(
            f"The upload has {len(upload.sources)} sources; the test set {target.name!r} has "
            f"{len(target.sources)}.",
            hint="Choose another test set, or the upload's own.",
        )
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


def _further_texts(upload: Upload, target: Target) -> dict[tuple[Kind, str], Sequence[str | None]]:
    """Gives references beyond the test set's first one, tags and documents."""
    found: dict[tuple[Kind, str], Sequence[str | None]] = {}
    for name, texts in upload.references.items():
        if list(texts) != list(target.references):
            found["reference", name[:80]] = texts
    if upload.tags is not None:
        found["tag", "tag"] = upload.tags
    if upload.documents is not None:
        found["document", "document"] = upload.documents
    return found
