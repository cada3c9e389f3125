"""What dry runs measured, kept for later estimates of the same kind of run on this machine."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.finetune.settings import FineTuneSettings
from core.host import accelerator, package_versions
from core.storage.files import read_json, write_json
from core.storage.workspace import Workspace

MAX_KEPT = 50
# What a measurement holds for: model, method and how the work is split, not how large a batch is.
_FIELDS = (
    "base_model", "corpus", "src_lang", "method", "lora_rank", "lora_targets", "freeze", "engine",
    "precision", "zero_stage", "offload", "num_processes", "batching",
)  # fmt: skip


def calibration_file(workspace: Workspace) -> Path:
    """Gives the file in which measurements are kept."""
    return workspace.root / "dry_runs" / "calibration.json"


def signature(settings: FineTuneSettings) -> str:
    """Gives what two runs have in common for which one measurement holds, as a text."""
    values = {name: getattr(settings, name) for name in _FIELDS}
    if settings.base_model == "from scratch":
        names = ("scratch_pieces", "scratch_d_model", "scratch_layers", "scratch_ffn_factor")
        values |= {name: getattr(settings, name) for name in names}
    versions = package_versions()
    values["machine"] = f"{socket.gethostname()} {accelerator()} torch {versions['torch']}"
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def stored_calibration(
    workspace: Workspace, settings: FineTuneSettings
) -> tuple[dict[str, float], str] | None:
    """Gives the factors by place, and when they were measured; None where nothing was."""
    found = _all(workspace).get(signature(settings))
    if not isinstance(found, dict):
        return None
    try:
        factors = {str(place): float(factor) for place, factor in found["factors"].items()}
        return factors, str(found["time"])
    except (KeyError, TypeError, ValueError, AttributeError):  # a file that somebody edited
        return None


def store_calibration(
    workspace: Workspace, settings: FineTuneSettings, factors: Mapping[str, float], time: str
) -> None:
    """Keeps what a dry run measured; the newest MAX_KEPT stay."""
    kept = _all(workspace)
    kept.pop(signature(settings), None)
    kept[signature(settings)] = {"factors": dict(factors), "time": time}
    newest = dict(list(kept.items())[-MAX_KEPT:])
    calibration_file(workspace).parent.mkdir(parents=True, exist_ok=True)
    write_json(calibration_file(workspace), newest)


def _all(workspace: Workspace) -> dict[str, Any]:
    try:
        values = read_json(calibration_file(workspace))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return values if isinstance(values, dict) else {}
