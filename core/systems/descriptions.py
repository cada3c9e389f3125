"""What is known of each system without asking it, from its record or from runs and versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.errors import ConfigError
from core.finetune.recipes import SCRATCH, STARTER
from core.serving.versions import preferred
from core.setup import has_starter
from core.storage.run_records import Run
from core.storage.system_records import SystemRecord
from core.storage.version_records import Version
from core.storage.workspace import Workspace
from core.systems.chain import ChainSettings
from core.systems.endpoint import EndpointSettings
from core.systems.protocol import SystemInfo

MODEL, ENDPOINT, CHAIN = "model", "endpoint", "chain"
MAX_RUNS = 200


def described(record: SystemRecord, names: Mapping[str, str] | None = None) -> SystemInfo:
    """Gives what is known of an endpoint or a chain.

    A record that cannot be read, such as one of another version of the program, is described as
    that: it must not hide the others.

    Args:
        record: The endpoint or chain.
        names: Names of systems by id, for a chain's parts.
    """
    try:
        return _chain(record, names or {}) if record.kind == CHAIN else _endpoint(record)
    except ConfigError as error:
        prefix = CHAIN if record.kind == CHAIN else ENDPOINT
        detail = f"its settings cannot be read: {error.message}"
        return SystemInfo(f"{prefix}:{record.id}", record.name, record.kind, detail)


def _chain(record: SystemRecord, names: Mapping[str, str]) -> SystemInfo:
    chain = ChainSettings.parse(record.settings)
    first, second = (names.get(each, each) for each in (chain.first, chain.second))
    return SystemInfo(
        id=f"{CHAIN}:{record.id}",
        name=record.name,
        kind=CHAIN,
        detail=f"{first} → {chain.pivot_lang} → {second}",
        aliases=_names_of(record.name, first, second),
        provenance=chain.model_dump(include={"first", "second", "pivot_lang"}),
    )


def _endpoint(record: SystemRecord) -> SystemInfo:
    settings = EndpointSettings.parse(record.settings)
    return SystemInfo(
        id=f"{ENDPOINT}:{record.id}",
        name=record.name,
        kind=record.kind,
        detail=f"{settings.model} at {settings.url}" if settings.model else settings.url,
        is_llm=record.kind == "openai",
        price_in_usd=settings.price_in_usd,
        price_out_usd=settings.price_out_usd,
        price_characters_usd=settings.price_characters_usd,
        aliases=_names_of(record.name, settings.model),
        provenance={
            **settings.model_dump(include={"kind", "base_url", "model", "api"}),
            "headers": settings.header_lines(),  # secrets are references in them
        },
    )


def local_models(workspace: Workspace) -> list[SystemInfo]:
    """Gives the fine-tuned models, checkpoints that were prepared, and base models."""
    versions = workspace.versions.all()
    usable: dict[str, Version] = {}
    for version in preferred(versions):
        usable.setdefault(version.model, version)
    runs = workspace.runs.newest(limit=MAX_RUNS, states=("finished",))
    found = {run.id: described_model(run.id, run.name, run, usable.get(run.id)) for run in runs}
    for key, version in usable.items():
        if version.run_id is not None and key not in found:
            found[key] = described_model(key, version.name, None, version)
    bases = [STARTER] if has_starter(workspace) else []
    # What a run began with at random is nothing that anybody would ask.
    bases += [run.base_model for run in runs if run.base_model != SCRATCH]
    bases += [version.model for version in versions if version.run_id is None]
    for base in dict.fromkeys(bases):
        found[base] = described_model(base, base, None, usable.get(base))
    return list(found.values())


def described_model(key: str, name: str, run: Run | None, version: Version | None) -> SystemInfo:
    """Gives what is known of a local model; the version is the one that will be asked."""
    provenance: dict[str, Any] = {"model": key}
    if version is not None:
        provenance |= {"version": version.id, "quantization": version.quantization}
    detail = "base model"
    if run is not None:
        detail = f"fine-tuned from {run.base_model}"
        if run.base_model == SCRATCH:
            detail = "trained from scratch"
        provenance |= {"run": run.id, "base_model": run.base_model}
    elif re.search(r"@\d+$", key):
        detail = "checkpoint"
    return SystemInfo(
        id=f"{MODEL}:{key}",
        name=name,
        kind=MODEL,
        detail=detail,
        aliases=_names_of(name, key),
        provenance=provenance,
    )


def _names_of(*names: str) -> tuple[str, ...]:
    """Gives the names that would betray a system, whole and without owner."""
    return tuple(dict.fromkeys(part for name in names for part in (name, name.rpartition("/")[2])))
