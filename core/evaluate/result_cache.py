"""Results of evaluations kept on disk: a page that is opened again compares nothing again."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from core.evaluate.results import EvaluationResult
from core.evaluate.settings import SCORING, EvaluationSettings
from core.storage.files import read_json, write_json
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)

FORMAT_VERSION = 1  # raised when the same key would hold other values


def result_key(workspace: Workspace, settings: EvaluationSettings) -> str:
    """Gives a name for everything that decides a result, as hexadecimal digits.

    Translations that come later, or scores of a judge, make another key.

    Raises:
        DataError: A translation set or a scoring is gone.
    """
    sets = {
        each: [
            asdict(workspace.translation_sets.counts(each)),
            workspace.translation_sets.get(each).system_name,
        ]
        for each in settings.systems
    }
    ids = [key.removeprefix(SCORING) for key in settings.metrics if key.startswith(SCORING)]
    scorings = {
        each: [asdict(workspace.scorings.get(each)), _counts(workspace, each)] for each in ids
    }
    texts = workspace.test_set_texts.names(settings.test_set, "reference")
    parts = [FORMAT_VERSION, version("sacrebleu"), settings.model_dump(), sets, scorings, texts]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]


def _counts(workspace: Workspace, scoring_id: str) -> dict[str, list[int]]:
    return {key: list(each) for key, each in workspace.scorings.counts(scoring_id).items()}


def stored_result(workspace: Workspace, key: str) -> EvaluationResult | None:
    """Gives the result of a key; None if it was not stored, or by another version."""
    try:
        return EvaluationResult.from_dict(read_json(_path(workspace, key)))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store_result(workspace: Workspace, key: str, result: EvaluationResult) -> None:
    """Keeps a result; where it cannot be written, it is only computed again."""
    path = _path(workspace, key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, result.as_dict())
    except OSError as error:
        log.warning("the result is not kept: %s", error)


def _path(workspace: Workspace, key: str) -> Path:
    return workspace.statistics_folder / "results" / f"{key}.json"
