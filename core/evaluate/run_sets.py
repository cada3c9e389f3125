"""The translations that a run made of its test split, as translation sets."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from core.errors import DataError
from core.finetune.recipes import SCRATCH
from core.finetune.run_folder import RunFolder
from core.jobs.entering import locked
from core.storage.run_records import Run
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.test_set import hash_of
from core.systems.descriptions import MODEL

Side: TypeAlias = Literal["base", "fine_tuned"]

_NAMESPACE = uuid.UUID("0b6d4c7e-7f0a-4a8e-9f6b-0d5c1c1f5a11")


def has_outputs(workspace: Workspace, run: Run) -> bool:
    """Whether a run has translated its test split before and after the training."""
    return RunFolder(workspace.run_folder(run.id)).outputs_file.exists()


def fine_tuned_set_id(run_id: str) -> str:
    """Gives the id that the translations of a run's fine-tuned model have, once they are added."""
    return _set_id(run_id, "fine_tuned")


def _set_id(run_id: str, side: Side) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{run_id} {side}"))


def add_run(workspace: Workspace, run_id: str) -> list[TranslationSet]:
    """Adds what a run's base model and its fine-tuned model made of the test split.

    A second call gives the same sets and adds nothing.

    Raises:
        DataError: The run has not come to its test split, or its file is damaged.
    """
    run = workspace.runs.get(run_id)
    rows = _rows(workspace, run)
    # Of random weights there is nothing to compare.
    sides: list[Side] = ["fine_tuned"] if run.base_model == SCRATCH else ["base", "fine_tuned"]
    records = [_side_set(run, rows, side) for side in sides]
    with locked(workspace.run_folder(run.id)):  # a double click would add them twice
        known = {each.id for each in workspace.translation_sets.all()}
        new = [(record, segments) for record, segments in records if record.id not in known]
        workspace.translation_sets.add_whole(new)
    return [workspace.translation_sets.get(record.id) for record, _ in records]


def _side_set(
    run: Run, rows: Sequence[dict[str, str]], side: Side
) -> tuple[TranslationSet, list[Hypothesis]]:
    """Gives what the base model or the fine-tuned one made of the test split."""
    base = (run.base_model, run.base_model)
    key, name = base if side == "base" else (run.id, run.name)
    pairs = tuple((row["source"], row["reference"]) for row in rows)
    record = TranslationSet(
        id=_set_id(run.id, side),
        batch_id=None,
        system_id=f"{MODEL}:{key}",
        system_name=name,
        corpus_id=run.corpus_id,
        corpus_name=run.corpus_name,
        split="test",
        src_lang=run.src_lang,
        tgt_lang=run.tgt_lang,
        test_set_hash=hash_of(run.src_lang, run.tgt_lang, pairs),
        num_segments=len(rows),
        created_at=run.job.ended_at or run.created_at,
        provenance=_provenance(run, side),
    )
    segments = [
        Hypothesis(record.id, at, row["source"], row["reference"], row[side])
        for at, row in enumerate(rows)
    ]
    return record, segments


def _provenance(run: Run, side: Side) -> dict[str, Any]:
    decoding = ("num_beams", "max_source_length", "max_target_length")
    found = {"origin": "run", "run": run.id, "base_model": run.base_model}
    found["model"] = run.id if side == "fine_tuned" else run.base_model
    return {**found, "parameters": {each: run.settings.get(each) for each in decoding}}


def _rows(workspace: Workspace, run: Run) -> list[dict[str, str]]:
    path = RunFolder(workspace.run_folder(run.id)).outputs_file
    fields = ("source", "reference", "base", "fine_tuned")
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        rows = [json.loads(line) for line in lines if line]
        rows = [{name: row[name] for name in fields} for row in rows]
        wrong = [at for at, row in enumerate(rows) if not all(map(_is_text, row.values()))]
        if wrong:
            raise ValueError(f"line {wrong[0] + 1} holds something else than text")
    except FileNotFoundError:
        raise DataError(
            f"The run {run.name!r} has not translated its test split: it is {run.job.state}.",
            hint="It does so at its end; resume it, or translate the test set as a batch.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        cause = f"a line has no {error}" if isinstance(error, KeyError) else error
        raise DataError(
            f"The translations of the run {run.name!r} cannot be read: {cause}.",
            hint="Translate the test set as a batch instead.",
        ) from None
    if not rows:
        raise DataError(f"The run {run.name!r} has an empty test split.")
    return rows


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
