"""Back-translation as a task: monolingual text becomes a corpus whose sources a system wrote.

Sennrich et al. (2016), "Improving Neural Machine Translation Models with Monolingual Data".
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.corpora.doctor.findings import Finding, write_findings
from core.corpora.formats.files import LocalFile
from core.corpora.segments import Pair
from core.corpora.storing import REJECTED_FILE, NewCorpus, check_name, new_corpus
from core.corpora.tasks import RAW_FOLDER, STAGING_FOLDER, Task
from core.corpora.versions import free_name
from core.corpora.watching import Watch
from core.errors import ConfigError, DataError
from core.jobs.folder import JobFolder
from core.jobs.segment_process import StoppedError
from core.languages import language_name
from core.storage.files import utc_now
from core.storage.workspace import Workspace
from core.systems.back_translation.job import RESUME_HINT
from core.systems.back_translation.monolingual import (
    Monolingual,
    read_file,
    read_side,
    side_of,
)
from core.systems.back_translation.settings import BackTranslateSettings
from core.systems.back_translation.translating import Kept, translate_all
from core.systems.batch.batches import BATCH_LANE
from core.systems.catalogue import find_system, open_system
from core.systems.parts import is_prompted
from core.systems.prompt_choice import find_template
from core.systems.protocol import SystemInfo
from core.systems.secrets import MissingKeyError
from core.text.normalising import normalised

KEPT_FILE = "translated.jsonl"


def check_back_translation(
    workspace: Workspace, settings: BackTranslateSettings
) -> BackTranslateSettings:
    """Gives the settings in full.

    Raises:
        AdaptMLLMError: Text, system, key, prompt or name is missing or does not fit.
    """
    if settings.corpus:
        corpus = workspace.corpora.get(settings.corpus)
        side_of(corpus, settings.from_lang)
        settings = settings.changed(corpus=corpus.id)
        of_what = corpus.name
    elif settings.file_name:
        of_what = settings.file_name
    else:
        raise DataError(
            "There is no text to translate.", hint="Give a text file, or choose a corpus."
        )
    info = find_system(workspace, settings.system)
    if is_prompted(workspace, info):
        prompt = settings.prompt
        # The job keeps the version: a newer one, saved meanwhile, would be another prompt.
        _, version = find_template(workspace, prompt.template, prompt.template_version)
        settings = settings.changed(prompt=prompt.changed(template_version=version).model_dump())
    try:
        open_system(workspace, info.id)
    except MissingKeyError as error:
        raise ConfigError(
            error.message,
            hint="Set it before the program starts; a key for one session does not reach a job.",
        ) from error
    name = settings.name or free_name(workspace, f"{of_what[:150]}, back-translated")
    return settings.changed(system=info.id, name=check_name(workspace, name))


def _work(
    workspace: Workspace, settings: BackTranslateSettings, folder: JobFolder, watch: Watch
) -> dict[str, Any]:
    mono = _monolingual(workspace, settings, folder)
    kept = Kept.read(folder.path / KEPT_FILE)
    try:
        asyncio.run(translate_all(workspace, settings, mono.texts, kept, watch))
    except StoppedError:
        raise StoppedError(
            f"Stopped on request; {len(kept.texts):,} of {len(mono.texts):,} segments are "
            f"translated. {RESUME_HINT}"
        ) from None
    staging = folder.path / STAGING_FOLDER
    shutil.rmtree(staging, ignore_errors=True)  # of an attempt that was killed
    info = find_system(workspace, settings.system)
    with new_corpus(
        workspace,
        name=settings.name,
        src_lang=settings.to_lang,
        tgt_lang=settings.from_lang,
        origin=f"{language_name(settings.from_lang)} text, back-translated by {info.name}",
        is_synthetic=True,
        staging=staging,
        watch=watch,
    ) as new:
        rejected = _written(new, mono.texts, kept, settings).counts
        if mono.num_repeated:
            rejected["duplicate"] = mono.num_repeated
        new.details |= _details(workspace, settings, info)
        new.details |= {"rejected": rejected, "num_left_out": sum(rejected.values())}
        new.details["cost_usd"] = round(kept.cost_usd, 6)
    return {"corpus": new.stored.id, "rejected": rejected}


def _details(
    workspace: Workspace, settings: BackTranslateSettings, info: SystemInfo
) -> dict[str, Any]:
    """Gives what is stored of who wrote the sources, and of which text."""
    details: dict[str, Any] = {
        "made_by": "back-translate",
        "made_with": settings.model_dump(mode="json", exclude={"name"}),
        "system": info.id,
        "system_name": info.name,
        "system_provenance": {**info.provenance, "detail": info.detail},
        "tag": settings.tag,
        "translated_lang": settings.to_lang,
        "translated_at": utc_now(),
    }
    if settings.corpus:
        parent = workspace.corpora.get(settings.corpus)
        details |= {"parent": parent.id, "parent_name": parent.name}
    return details


def _monolingual(
    workspace: Workspace, settings: BackTranslateSettings, folder: JobFolder
) -> Monolingual:
    limit = settings.max_segments
    if settings.corpus:
        corpus = workspace.corpora.get(settings.corpus)
        return read_side(workspace, corpus, settings.from_lang, limit=limit)
    file = LocalFile(settings.file_name, folder.path / RAW_FOLDER / "0")
    return read_file(file, settings.from_lang, limit=limit)


@dataclass(frozen=True)
class _SortedOut:
    """What is left of the translations, and what is not, by reason."""

    pairs: list[Pair]
    left_out: list[Finding]

    @property
    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for each in self.left_out:
            found[each.reasons[0]] = found.get(each.reasons[0], 0) + 1
        return found


def _written(
    new: NewCorpus, texts: Sequence[str], kept: Kept, settings: BackTranslateSettings
) -> _SortedOut:
    found = _SortedOut([], [])
    for number, text in enumerate(texts):
        translation = kept.texts.get(number, "")
        reason = why_left_out(translation, text, settings.max_length_ratio)
        if reason:
            why = kept.failures.get(number, "")
            finding = Finding("train", number, translation, text, "", (reason,), why)
            found.left_out.append(finding)
        else:
            found.pairs.append((translation, text))
    if not found.pairs:
        raise DataError(
            f"None of the {len(texts):,} translations can be used: "
            f"{', '.join(f'{count:,} {reason}' for reason, count in found.counts.items())}.",
            hint="Choose another system, or look whether the languages are right.",
        )
    new.write("train", found.pairs)
    write_findings(new.folder / REJECTED_FILE, found.left_out)
    return found


def why_left_out(translation: str, text: str, max_length_ratio: float) -> str:
    """Gives why a pair teaches nothing, as the data doctor names it; empty if it may stay.

    Args:
        translation: What the system made of the text; empty if it failed.
        text: The text.
        max_length_ratio: How many times the characters of the shorter side the longer may have.
    """
    if not translation.strip():
        return "empty"
    if normalised(translation) == normalised(text):
        return "identical"
    shorter, longer = sorted((len(translation), len(text)))
    return "length_ratio" if longer > max_length_ratio * shorter else ""


TASK = Task(
    "Back-translating",
    BackTranslateSettings,
    check_back_translation,
    _work,
    kind="core.systems.back_translation.job",
    lane=BATCH_LANE,
    keeps_work=True,
)
"""What `core.corpora.tasks` looks for."""
