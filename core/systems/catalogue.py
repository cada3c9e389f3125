"""All systems of a workspace: local models, endpoints and chains, each with a stable id."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from core.errors import AdaptMLLMError, ConfigError
from core.serving.models import find_model
from core.storage.files import utc_now
from core.storage.system_records import SystemRecord
from core.storage.workspace import Workspace
from core.systems.bringing_up import usable_version
from core.systems.chain import ChainSettings, ChainSystem
from core.systems.clients.connection import load_libraries
from core.systems.clients.openai_system import OpenAISystem
from core.systems.clients.rest_system import RestSystem
from core.systems.descriptions import (
    CHAIN,
    ENDPOINT,
    MODEL,
    described,
    described_model,
    local_models,
)
from core.systems.endpoint import EndpointSettings
from core.systems.local_models import LocalModel
from core.systems.protocol import System, SystemInfo
from core.systems.secrets import credentials_of

log = logging.getLogger(__name__)

MAX_DEPTH = 4  # systems one inside the other; deeper ones are chains of chains by mistake


def all_systems(workspace: Workspace) -> list[SystemInfo]:
    """Gives every system: fine-tuned models first, then base models, endpoints and chains."""
    records = workspace.systems.all()
    found = local_models(workspace)
    found += [described(each) for each in records if each.kind != CHAIN]
    names = {info.id: info.name for info in found}
    names |= {f"{CHAIN}:{each.id}": each.name for each in records}
    return [*found, *(described(each, names) for each in records if each.kind == CHAIN)]


def find_system(workspace: Workspace, text: str) -> SystemInfo:
    """Gives the system with this id or name; a run, RUN@STEP or a base model will do, too.

    Raises:
        ConfigError: There is none, or several have the name.
    """
    text = text.strip()
    kind, _, rest = text.partition(":")
    record = workspace.systems.get(rest) if kind == ENDPOINT else None
    if record is not None:
        return described(record)
    known = all_systems(workspace)
    for matches in (lambda each: each.id == text, lambda each: each.name == text):
        found = list(filter(matches, known))
        if len(found) > 1:
            ids = ", ".join(each.id for each in found[:4])
            raise ConfigError(
                f"{len(found)} systems are named {text!r}.", hint=f"Say which: {ids}."
            )
        if found:
            return found[0]
    try:
        reference = find_model(workspace, text.removeprefix(f"{MODEL}:"))
    except AdaptMLLMError as error:
        names = ", ".join(repr(each.name) for each in known[:8]) or "none yet"
        raise ConfigError(
            f"There is no system {text[:120]!r}.",
            hint=f"Systems: {names}. `python -m core systems list` names all.",
        ) from error
    version = usable_version(workspace, reference.key)
    return described_model(reference.key, reference.name, reference.run, version)


def open_system(
    workspace: Workspace,
    system_id: str,
    *,
    session_keys: Mapping[str, str] | None = None,
    depth: int = 0,
) -> System:
    """Gives a system ready to be asked; nothing is sent yet.

    Args:
        workspace: Where it was set up.
        system_id: Its id or name.
        session_keys: Keys that were given for this session only, by the system's id.
        depth: Chains around it.

    Raises:
        ConfigError: There is none, its key is missing, or a chain contains itself.
    """
    load_libraries()
    info = find_system(workspace, system_id)
    if info.kind == MODEL:
        return LocalModel(workspace, info, info.id.removeprefix(f"{MODEL}:"))
    record = _record(workspace, info)
    if info.kind == CHAIN:
        return _opened_chain(workspace, info, record, session_keys, depth)
    settings = EndpointSettings.parse(record.settings)
    credentials = credentials_of(settings, (session_keys or {}).get(info.id, ""))
    if settings.kind != "openai":
        return RestSystem(info, settings, credentials)
    return OpenAISystem(
        info,
        settings,
        credentials,
        learned=record.learned,
        on_learn=partial(_remember, workspace, record.id),
    )


def _remember(workspace: Workspace, system_id: str, learned: dict[str, Any]) -> None:
    """Stores what an endpoint takes; where that fails, the next one to ask learns it again."""
    try:
        workspace.systems.learn(system_id, learned)
    except SQLAlchemyError:
        log.exception("what was learned of %s could not be stored", system_id)


def _opened_chain(
    workspace: Workspace,
    info: SystemInfo,
    record: SystemRecord,
    session_keys: Mapping[str, str] | None,
    depth: int,
) -> ChainSystem:
    if depth >= MAX_DEPTH:
        raise ConfigError(
            f"The chain {info.name!r} contains itself, or too many others.",
            hint="Change one of its two systems in the settings.",
        )
    chain = ChainSettings.parse(record.settings)
    first, second = (
        open_system(workspace, each, session_keys=session_keys, depth=depth + 1)
        for each in (chain.first, chain.second)
    )
    return ChainSystem(info, first, second, chain.pivot_lang)


def add_endpoint(workspace: Workspace, settings: EndpointSettings) -> SystemInfo:
    """Stores a new endpoint.

    Raises:
        ConfigError: The name is taken.
    """
    return _added(workspace, settings.name, settings.kind, settings.model_dump())


def add_chain(workspace: Workspace, settings: ChainSettings) -> SystemInfo:
    """Stores a new chain.

    Raises:
        ConfigError: The name is taken, or one of its systems does not exist.
    """
    ids = {name: find_system(workspace, getattr(settings, name)).id for name in ("first", "second")}
    return _added(workspace, settings.name, CHAIN, settings.changed(**ids).model_dump())


def change_endpoint(workspace: Workspace, system_id: str, settings: EndpointSettings) -> SystemInfo:
    """Stores other settings of an endpoint; what its answers taught is forgotten.

    Raises:
        ConfigError: There is no such endpoint, or the name is taken.
    """
    record = _endpoint(workspace, system_id)
    workspace.systems.change(record.id, settings.name, settings.kind, settings.model_dump())
    return find_system(workspace, f"{ENDPOINT}:{record.id}")


def endpoint_settings(workspace: Workspace, system_id: str) -> EndpointSettings:
    """Gives the settings of an endpoint.

    Raises:
        ConfigError: There is no such endpoint.
    """
    return EndpointSettings.parse(_endpoint(workspace, system_id).settings)


def learned_of(workspace: Workspace, system_id: str) -> dict[str, Any]:
    """Gives what is known of an endpoint from its answers and its last test; {} for others."""
    info = find_system(workspace, system_id)
    return {} if info.kind == MODEL else _record(workspace, info).learned


def delete_system(workspace: Workspace, system_id: str) -> None:
    """Removes an endpoint or a chain; what it translated stays.

    Raises:
        ConfigError: There is no such system, it is a local model, or a chain uses it.
    """
    info = find_system(workspace, system_id)
    record = _record(workspace, info)
    for other in workspace.systems.all():
        if other.kind == CHAIN and info.id in (other.settings["first"], other.settings["second"]):
            raise ConfigError(
                f"The chain {other.name!r} uses {info.name!r}.", hint="Delete the chain first."
            )
    workspace.systems.delete(record.id)


def _added(workspace: Workspace, name: str, kind: str, settings: dict[str, Any]) -> SystemInfo:
    record = SystemRecord(str(uuid.uuid4()), name, kind, settings, utc_now())
    workspace.systems.add(record)
    return find_system(workspace, f"{CHAIN if kind == CHAIN else ENDPOINT}:{record.id}")


def _endpoint(workspace: Workspace, system_id: str) -> SystemRecord:
    record = _record(workspace, find_system(workspace, system_id))
    if record.kind == CHAIN:
        raise ConfigError(
            f"{record.name!r} is a chain, not an endpoint.", hint="Name one of its two systems."
        )
    return record


def _record(workspace: Workspace, info: SystemInfo) -> SystemRecord:
    record = workspace.systems.get(info.id.partition(":")[2])
    if record is None:
        raise ConfigError(
            f"{info.name!r} is a local model; it has no settings of its own.",
            hint="Its run, or the Deploy page, has them.",
        )
    return record
