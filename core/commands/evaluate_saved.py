"""`python -m core evaluate save|list|delete|report`: evaluations that were given a name."""

from __future__ import annotations

import argparse
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands.answers import Answer, table
from core.commands.progress import told_progress
from core.errors import ConfigError, DataError
from core.metrics.progress import part_of
from core.storage.evaluation_records import Evaluation
from core.storage.files import unused_folder, utc_now
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.evaluate.evaluating import Evaluated
    from core.evaluate.settings import EvaluationSettings
    from core.storage.translation_set_records import TranslationSet

MAX_NAME = 200
MAX_NAMED = 10


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds `save`, `list`, `delete` and `report` to the group `evaluate`."""
    saving = commands.add_parser(
        "save", parents=[common], help="give a comparison a name; one of that name is replaced"
    )
    saving.add_argument("name")
    saving.add_argument(
        "--set", action="append", required=True, help="id of a translation set, or its beginning"
    )
    saving.add_argument("--baseline", default="", help="one of the sets (default: the first)")
    saving.add_argument("--metrics", help="keys with commas between them, and scoring:ID")
    saving.add_argument("--references", help="their names with commas between them")
    saving.add_argument("--tokenizer", help="how BLEU finds words (default: 13a)")
    saving.add_argument("--test", choices=["bs", "ar"])
    saving.add_argument("--samples", type=int, help="0 = as usual for the test")
    saving.add_argument("--seed", type=int)
    saving.add_argument("--alpha", type=float, help="level of significance (default: 0.05)")
    saving.add_argument("--only-common", action="store_true", help="segments that all translated")
    saving.add_argument("--nfc", action="store_true", help="normalise texts to NFC first")
    saving.set_defaults(command=_save)
    listing = commands.add_parser("list", parents=[common], help="list saved evaluations")
    listing.set_defaults(command=_list)
    deleting = commands.add_parser("delete", parents=[common], help="forget a saved evaluation")
    deleting.set_defaults(command=_delete)
    reporting = commands.add_parser(
        "report", parents=[common], help="write CSV, LaTeX, JSON and HTML into a new folder"
    )
    reporting.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    reporting.set_defaults(command=_report)
    for parser in (deleting, reporting):
        parser.add_argument("name", help="name or id of a saved evaluation")


def find_set(workspace: Workspace, set_id: str) -> TranslationSet:
    """Gives the translation set with this id, or the only one whose id begins with it.

    Raises:
        DataError: There is none, or more than one.
    """
    sets = workspace.translation_sets.all()
    found = [each for each in sets if each.id == set_id]
    found = found or [each for each in sets if set_id and each.id.startswith(set_id)]
    if not found:
        raise DataError(
            f"There is no translation set {set_id!r}.",
            hint="`python -m core evaluate sets` lists them.",
        )
    if len(found) > 1:
        ids = ", ".join(each.id for each in found[:MAX_NAMED])
        raise DataError(
            f"{len(found)} translation sets begin with {set_id!r}.", hint=f"Such as {ids}."
        )
    return found[0]


def _save(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.evaluate.measuring import chosen_references
    from core.evaluate.settings import SCORING
    from core.evaluate.texts import load_texts

    name = " ".join(chosen.name.split())
    if not 1 <= len(name) <= MAX_NAME:
        raise ConfigError(
            f"The name has {len(name)} characters.", hint=f"Use 1 to {MAX_NAME} characters."
        )
    settings = _settings(workspace, chosen)
    # What could not be opened again is not stored.
    chosen_references(load_texts(workspace, settings.test_set, settings.systems), settings)
    for key in settings.metrics:
        if key.startswith(SCORING):
            workspace.scorings.get(key.removeprefix(SCORING))
    record = workspace.evaluations.save(
        Evaluation(
            str(uuid.uuid4()), name, settings.test_set, utc_now(), settings.model_dump(mode="json")
        )
    )
    values = {"id": record.id, "name": record.name, "settings": record.settings}
    return Answer(f"Saved {record.name!r} ({record.id}).", values)


def _settings(workspace: Workspace, chosen: argparse.Namespace) -> EvaluationSettings:
    from core.evaluate.settings import EvaluationSettings

    sets = [find_set(workspace, each) for each in chosen.set]
    given = {
        "metrics": _parts(chosen.metrics),
        "references": _parts(chosen.references),
        "tokenizer": chosen.tokenizer,
        "test": chosen.test,
        "num_samples": chosen.samples,
        "seed": chosen.seed,
        "alpha": chosen.alpha,
    }
    return EvaluationSettings.parse(
        {
            "test_set": sets[0].test_set_hash,
            "systems": tuple(each.id for each in sets),
            "baseline": find_set(workspace, chosen.baseline).id if chosen.baseline else "",
            "only_common": chosen.only_common,
            "is_normalized": chosen.nfc,
            **{name: value for name, value in given.items() if value is not None},
        }
    )


def _parts(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(part.strip() for part in text.split(","))


def _list(workspace: Workspace, _: argparse.Namespace) -> Answer:
    found = workspace.evaluations.all()
    values = []
    for each in found:
        sets = workspace.translation_sets.of_test_set(each.test_set_hash)
        values.append(
            {
                "id": each.id,
                "name": each.name,
                "test_set": sets[0].corpus_name if sets else "",
                "num_systems": len(each.settings.get("systems", ())),
                "created_at": each.created_at,
            }
        )
    names = ("name", "test_set", "num_systems", "created_at", "id")
    rows = [[each[name] for name in names] for each in values]
    header = ("name", "test set", "systems", "saved", "id")
    return Answer(table(header, rows), {"evaluations": values})


def _delete(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    record = workspace.evaluations.find(chosen.name)
    workspace.evaluations.delete(record.id)
    return Answer(f"Deleted {record.name!r}; its translations stay.", {"deleted": record.id})


def _report(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.evaluate.evaluating import evaluate
    from core.evaluate.report.files import write_report
    from core.evaluate.report.supplement import segment_rows, supplement_of
    from core.evaluate.settings import EvaluationSettings

    record = workspace.evaluations.find(chosen.name)
    unused_folder(chosen.output)  # before minutes are spent
    settings = EvaluationSettings.parse(record.settings)
    tell = part_of(told_progress("percent of the evaluation"), 0, 100, 100)
    found = evaluate(workspace, settings, name=record.name, on_progress=tell)
    supplement = supplement_of(found, _findings(found))
    folder = write_report(chosen.output, found.result, supplement, segments=segment_rows(found))
    files = sorted(path.name for path in folder.iterdir())
    leaks = {"badge": found.result.leak_badge, "sentence": found.result.leak}
    values = {"evaluation": record.id, "folder": str(folder), "files": files, "leaks": leaks}
    text = f"{record.name!r} is in {folder}: {', '.join(files)}.\nleaks: {found.result.leak}"
    return Answer(text, values)


def _findings(found: Evaluated) -> Any:
    from core.evaluate.causes.stored_findings import find_all

    return find_all(found, on_progress=told_progress("checks"))
