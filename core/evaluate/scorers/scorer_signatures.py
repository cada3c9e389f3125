"""The signatures of scorers: the name with all that decides the values, as sacreBLEU's do it."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import PurePath
from typing import Any

from core.storage.scoring_records import Scoring

HASH_DIGITS = 8
PROVENANCE = "judged_by"  # beside a judge's settings in the record: who the judge was


def scorer_signature(scoring: Scoring) -> str:
    """Gives the signature of a scoring, such as `COMET|kind:external|command:…`.

    A judge's names its model, its mode, the weights of errors (mode mqm), the first digits of the
    SHA-256 of its prompts, and whether it saw the reference.
    """
    told = _of_judge(scoring.settings) if scoring.kind == "judge" else _of_others(scoring.settings)
    parts = [f"{name}:{value}" for name, value in told.items() if value]
    return "|".join([scoring.name, f"kind:{scoring.kind}", *parts])


def _of_others(settings: dict[str, Any]) -> dict[str, Any]:
    told = {name: settings.get(name) for name in ("command", "preset", "file")}
    return told | {"command": _without_folders(str(settings.get("command") or ""))}


def _without_folders(command: str) -> str:
    """Gives a command whose paths are names only: folders say where somebody keeps what."""
    return " ".join(PurePath(each).name if "/" in each else each for each in shlex.split(command))


def _of_judge(settings: dict[str, Any]) -> dict[str, Any]:
    told = {
        "model": settings.get(PROVENANCE, {}).get("model") or settings.get("system"),
        "mode": settings.get("mode"),
    }
    if settings.get("mode") == "mqm":
        told |= {name: settings.get(name) for name in ("weights", "max_errors")}
    prompts = [settings.get("system_prompt", ""), settings.get("prompt", "")]
    digest = hashlib.sha256(json.dumps(prompts).encode()).hexdigest()
    told["prompts"] = digest[:HASH_DIGITS] if any(prompts) else ""
    told["reference"] = "yes" if settings.get("uses_reference", True) else "no"
    return told
