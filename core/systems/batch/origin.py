"""Where a set's hypotheses come from: written down when it is begun, the same until it ends."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import Any

from core.errors import ConfigError
from core.storage.files import utc_now
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import TestSet, read_test_set
from core.systems.catalogue import find_system
from core.systems.descriptions import CHAIN
from core.systems.parts import draft_system_of, is_prompted, systems_in
from core.systems.prompt_choice import find_template
from core.systems.protocol import SystemInfo

# Known only once a local model was prepared, which a batch itself may do.
LEARNED = ("version", "quantization")
# For people; what they stand for is compared itself.
_SHOWN_ONLY = ("detail", "description", "template_version", "of_test_set", "num_changed")
_MAX_SHOWN = 80  # characters of a value that a message repeats
_NAMESPACE = uuid.UUID("6c3f7d6a-2a0c-4a43-8a4f-2f4ef6a5b8a0")


def set_id_of(batch_id: str, system_id: str) -> str:
    """Gives the id of a system's translation set in a batch: a resumed batch goes on with it."""
    return str(uuid.uuid5(_NAMESPACE, f"{batch_id} {system_id}"))


def set_of(
    workspace: Workspace,
    settings: BatchSettings,
    test_set: TestSet,
    batch_id: str,
    info: SystemInfo,
) -> TranslationSet:
    """Gives the record of a system's set as it would be begun now.

    Raises:
        ConfigError: A system or the template does not exist.
    """
    provenance = provenance_of(workspace, settings, info)
    if test_set.perturbed is not None:
        provenance["perturbation"] = asdict(test_set.perturbed)
    return TranslationSet(
        id=set_id_of(batch_id, info.id),
        batch_id=batch_id,
        system_id=info.id,
        system_name=info.name,
        corpus_id=test_set.corpus.id,
        corpus_name=test_set.corpus.name,
        split=test_set.split,
        src_lang=test_set.src_lang,
        tgt_lang=test_set.tgt_lang,
        test_set_hash=test_set.hash,
        num_segments=len(test_set.pairs),
        created_at=utc_now(),
        provenance=provenance,
    )


def provenance_of(
    workspace: Workspace, settings: BatchSettings, info: SystemInfo
) -> dict[str, Any]:
    """Gives everything that decides what a system answers, as plain values.

    Raises:
        ConfigError: A system or the template does not exist.
    """
    found = {**info.provenance, "detail": info.detail}
    found["parameters"] = settings.parameters.model_dump(exclude_defaults=True)
    if info.kind == CHAIN:
        found["parts"] = _parts(workspace, info.id)
    if is_prompted(workspace, info):
        prompt = settings.prompt
        template, version = find_template(workspace, prompt.template, prompt.template_version)
        found["prompt"] = {
            **prompt.model_dump(exclude_defaults=True, exclude={"version"}),
            "template": template.model_dump(),
            "template_version": version,
        }
        draft_id = draft_system_of(workspace, prompt)
        if draft_id:
            found["draft"] = _parts(workspace, draft_id)
    plain: dict[str, Any] = json.loads(json.dumps(found))  # as it is read from the database
    return plain


def _parts(workspace: Workspace, system_id: str) -> dict[str, Any]:
    parts = systems_in(workspace, find_system(workspace, system_id))
    return {part.id: dict(part.provenance) for part in parts}


def decisive(provenance: dict[str, Any]) -> dict[str, Any]:
    """Gives a provenance without what is only shown, or learned on the way."""
    return {
        key: decisive(value) if isinstance(value, dict) else value
        for key, value in provenance.items()
        if key not in (*_SHOWN_ONLY, *LEARNED)
    }


def completed(known: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Gives a provenance with a local model's version where it was not known; nothing changes."""
    learned = {key: now[key] for key in LEARNED if key in now and key not in known}
    found = {
        key: completed(value, now[key])
        if isinstance(value, dict) and isinstance(now.get(key), dict)
        else value
        for key, value in known.items()
    }
    return found | learned


def check_same(known: TranslationSet, now: TranslationSet) -> None:
    """Refuses to go on with a set that was begun by another model, prompt or test set.

    Raises:
        ConfigError: One sentence that says what differs.
    """
    found = differences(known, now)
    if found:
        more = f", and {len(found) - 2} more" if len(found) > 2 else ""
        raise ConfigError(
            f"{known.system_name} has changed since the batch began: {'; '.join(found[:2])}{more}.",
            hint="Start a new batch instead: one translation set is of one model and one prompt.",
        )


def differences(known: TranslationSet, now: TranslationSet) -> list[str]:
    """Gives in words what has changed since a set was begun; a version still unknown has not."""
    found = []
    if known.test_set_hash != now.test_set_hash:
        found.append(f"the {known.split} split of {known.corpus_name!r} holds other segments now")
    return found + _differences(known.provenance, now.provenance)


def _differences(
    known: dict[str, Any], now: dict[str, Any], path: tuple[str, ...] = ()
) -> list[str]:
    found: list[str] = []
    for key in dict.fromkeys((*known, *now)):
        before, after = known.get(key), now.get(key)
        is_unknown = key in LEARNED and None in (before, after)
        if key in _SHOWN_ONLY or is_unknown or before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            found += _differences(before, after, (*path, key))
        else:
            # The ids of a chain's parts say nothing to people.
            words = [word for word in (*path, key) if word != "parts" and ":" not in word]
            found.append(_sentence(".".join(words), before, after))
    return found


def _sentence(name: str, before: Any, after: Any) -> str:
    was, is_now = ("nothing" if value is None else repr(value) for value in (before, after))
    if max(len(was), len(is_now)) > _MAX_SHOWN:
        return f"{name} is another one"
    return f"{name} was {was} and is {is_now}"


def check_unchanged(workspace: Workspace, batch_id: str, settings: BatchSettings) -> None:
    """Refuses to resume a batch whose unfinished sets could only be finished by others.

    Raises:
        ConfigError: One sentence that says what differs.
    """
    for known, now, num_done in _begun(workspace, batch_id, settings):
        if 0 < num_done < known.num_segments:
            check_same(known, now)


def is_changed(workspace: Workspace, batch_id: str, settings: BatchSettings) -> bool:
    """Whether the same settings would now begin other sets than a batch's own."""
    begun = _begun(workspace, batch_id, settings)
    return any(num_done and differences(known, now) for known, now, num_done in begun)


def _begun(
    workspace: Workspace, batch_id: str, settings: BatchSettings
) -> list[tuple[TranslationSet, TranslationSet, int]]:
    """Gives each set of a batch, the same as it would be begun now, and its hypotheses."""
    test_set = read_test_set(workspace, settings)
    sets = workspace.translation_sets
    found = []
    for known in sets.of_batch(batch_id):
        info = find_system(workspace, known.system_id)
        now = set_of(workspace, settings, test_set, batch_id, info)
        found.append((known, now, sets.counts(known.id).num_done))
    return found
