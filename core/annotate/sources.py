"""What a new campaign is made from: segments, and what each of several systems made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.annotate.campaign_data import JudgedSegment, JudgedSystem
from core.annotate.uploads import UploadedTexts
from core.errors import DataError
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class CampaignSources:
    """Texts to judge; every system has every segment.

    Attributes:
        src_lang, tgt_lang: FLORES-200 codes.
        systems: Whose outputs they are.
        segments: In the order of the test set.
        outputs: The text by (segment, system), both indices.
        test_set_hash: That of the translation sets, or "".
        num_left_out: Segments that not every system has translated.
    """

    src_lang: str
    tgt_lang: str
    systems: tuple[JudgedSystem, ...]
    segments: tuple[JudgedSegment, ...]
    outputs: Mapping[tuple[int, int], str]
    test_set_hash: str = ""
    num_left_out: int = 0


def texts_of_sets(workspace: Workspace, set_ids: Sequence[str]) -> CampaignSources:
    """Gives the texts of translation sets of one test set.

    A segment that a system failed to translate is left out for all of them; where a system gave
    back an empty text, people judge that.

    Raises:
        DataError: No set is given or one twice, a set is not there, they are of several test sets,
            or no segment was translated by all.
    """
    sets = _sets(workspace, set_ids)
    first = sets[0]
    documents = workspace.test_set_texts.texts(first.test_set_hash, "document", "document")
    texts: dict[int, list[str | None]] = {}
    segments: dict[int, JudgedSegment] = {}
    for number, each in enumerate(sets):
        for row in workspace.translation_sets.segments(each.id):
            found = texts.setdefault(row.position, [None] * len(sets))
            found[number] = row.hypothesis
            if row.position not in segments:
                document = documents[row.position] if row.position < len(documents) else ""
                segments[row.position] = JudgedSegment(
                    source=row.source,
                    document=document or "",
                    label=str(row.position + 1),
                    position=row.position,
                    reference=row.reference or None,
                )
    return _whole(
        first.src_lang,
        first.tgt_lang,
        _systems(sets),
        [segments[position] for position in sorted(segments)],
        [texts[position] for position in sorted(segments)],
        test_set_hash=first.test_set_hash,
        num_asked=first.num_segments,
    )


def _sets(workspace: Workspace, set_ids: Sequence[str]) -> list[TranslationSet]:
    if not set_ids or len(set(set_ids)) < len(set_ids):
        raise DataError(
            "The same translation set is given twice." if set_ids else "No system is chosen.",
            hint="Choose one or more translation sets of one test set, each once.",
        )
    sets = [workspace.translation_sets.get(set_id) for set_id in set_ids]
    if len({each.test_set_hash for each in sets}) > 1:
        raise DataError(
            f"These {len(sets)} translation sets are of different test sets.",
            hint="Choose sets that translate the same segments.",
        )
    return sets


def texts_of_upload(upload: UploadedTexts, src_lang: str, tgt_lang: str) -> CampaignSources:
    """Gives the texts of uploaded files.

    Args:
        upload: As `core.annotate.uploads.read_texts` gives it.
        src_lang: FLORES-200 code of the segments.
        tgt_lang: FLORES-200 code of the outputs.

    Raises:
        DataError: No segment was translated by all systems.
    """
    numbers = range(len(upload.systems))
    return _whole(
        src_lang,
        tgt_lang,
        tuple(upload.systems),
        upload.segments,
        [
            [upload.outputs.get((segment, system)) for system in numbers]
            for segment in range(len(upload.segments))
        ],
        num_asked=len(upload.segments),
    )


def _whole(
    src_lang: str,
    tgt_lang: str,
    systems: tuple[JudgedSystem, ...],
    segments: Sequence[JudgedSegment],
    texts: Sequence[Sequence[str | None]],
    *,
    num_asked: int,
    test_set_hash: str = "",
) -> CampaignSources:
    """Keeps the segments that every system has translated; an empty output is one, too."""
    kept = [number for number, row in enumerate(texts) if all(text is not None for text in row)]
    if not kept:
        raise DataError(
            f"None of {num_asked:,} segments has a translation by all {len(systems)} systems.",
            hint="Choose fewer systems, or finish their translations.",
        )
    return CampaignSources(
        src_lang=src_lang,
        tgt_lang=tgt_lang,
        systems=systems,
        segments=tuple(segments[number] for number in kept),
        outputs={
            (place, system): text
            for place, number in enumerate(kept)
            for system, text in enumerate(texts[number])
            if text is not None
        },
        test_set_hash=test_set_hash,
        num_left_out=num_asked - len(kept),
    )


def _systems(sets: Sequence[TranslationSet]) -> tuple[JudgedSystem, ...]:
    """Gives the systems; sets of one system are told apart by when they were made."""
    counts = Counter(each.system_name for each in sets)
    seen: Counter[str] = Counter()
    found = []
    for each in sets:
        name = each.system_name
        if counts[name] > 1:
            seen[name] += 1
            name = f"{name} ({seen[name]}, {each.created_at[:16].replace('T', ' ')})"
        found.append(JudgedSystem(name, each.id))
    return tuple(found)
