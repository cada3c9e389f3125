"""Results of evaluations kept on disk: a page that is opened again compares nothing again."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pydantic import TypeAdapter

from core.evaluate.metric_names import metric_names
from core.evaluate.results import EvaluationResult
from core.evaluate.settings import SCORING, EvaluationSettings
from core.evaluate.texts import display_names
from core.storage.files import write_json
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)

FORMAT_VERSION = 3  # raised when the same key would hold other values


def result_key(workspace: Workspace, settings: EvaluationSettings) -> str:
    """Gives a name for everything that decides a result, as hexadecimal digits.

    Translations or scores that come later or are replaced make another key, and so do further
    references. Names belong to a result: a set or a scorer of the same name that comes or goes may
    change them. Leaks do not: they are looked up whenever a result is given.

    Raises:
        DataError: A translation set or a scoring is gone.
    """
    sets, scorings = workspace.translation_sets, workspace.scorings
    records = [sets.get(each) for each in settings.systems]
    names = display_names(sets.of_test_set(settings.test_set))
    metrics = metric_names(workspace, settings.test_set)
    ids = [key.removeprefix(SCORING) for key in settings.metrics if key.startswith(SCORING)]
    parts = [
        FORMAT_VERSION,
        version("sacrebleu"),
        settings.model_dump(),
        [[asdict(each), asdict(sets.counts(each.id)), sets.digest(each.id)] for each in records],
        [[asdict(scorings.get(each)), scorings.digest(each)] for each in ids],
        [names.get(each, "") for each in settings.systems],
        [metrics.get(each, "") for each in settings.metrics],
        workspace.test_set_texts.digest(settings.test_set),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]


def stored_result(workspace: Workspace, key: str) -> EvaluationResult | None:
    """Gives the result of a key; None if it was not stored, is damaged, or of another version."""
    try:
        return _adapter().validate_json(_path(workspace, key).read_bytes())
    except (OSError, ValueError):
        return None


def store_result(workspace: Workspace, key: str, result: EvaluationResult) -> None:
    """Keeps a result; where it cannot be written, it is only computed again."""
    path = _path(workspace, key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, result.as_dict())
    except OSError as error:
        log.warning("the result is not kept: %s", error)


@cache
def _adapter() -> TypeAdapter[EvaluationResult]:
    """Gives what checks the types of every value: a file may hold anything."""
    return TypeAdapter(EvaluationResult)


def _path(workspace: Workspace, key: str) -> Path:
    return workspace.statistics_folder / "results" / f"{key}.json"
