"""`python -m core evaluate …`: translations of test sets, where they come from, who rated them."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands import evaluate_files, evaluate_saved
from core.commands.answers import Answer, table
from core.errors import ConfigError
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.evaluate.adding import Target
    from core.evaluate.formats.upload import Upload
    from core.storage.translation_set_records import TranslationSet

PRESET_HELP = "weights of MQM errors (default: those of the file's time)"


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `evaluate`."""
    group = groups.add_parser("evaluate", help="score, compare and report translations")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    evaluate_files.add_commands(commands, common)
    listing = commands.add_parser(
        "sets", parents=[common], help="list translation sets, the newest first"
    )
    listing.set_defaults(command=_sets)
    _add_adding(commands, common)
    adding = commands.add_parser(
        "add-run", parents=[common], help="add what a run's models made of its test split"
    )
    adding.add_argument("run", help="id or name")
    adding.set_defaults(command=_add_run)
    rating = commands.add_parser(
        "ratings", parents=[common], help="add human ratings: WMT's MQM or SQM, or a TSV of yours"
    )
    rating.add_argument("file", type=Path, metavar="FILE")
    rating.add_argument("--set", action="append", required=True, help="id, or its beginning")
    rating.add_argument("--name", default="", help="what stands above the column")
    rating.add_argument("--preset", default="", help=PRESET_HELP)
    rating.set_defaults(command=_ratings)
    evaluate_saved.add_commands(commands, common)


def _add_adding(commands: Any, common: argparse.ArgumentParser) -> None:
    adding = commands.add_parser("add", parents=[common], help="add translations made elsewhere")
    adding.add_argument("files", nargs="+", type=Path, metavar="FILE", help="any format of `score`")
    target = adding.add_mutually_exclusive_group()
    target.add_argument("--test-set", default="", metavar="CORPUS", help="what was translated")
    target.add_argument("--like", default="", metavar="SET", help="the test set of another set")
    adding.add_argument("--split", default="test", choices=["test", "dev"])
    adding.add_argument("--src-lang", default="", help="FLORES-200 code, such as eng_Latn")
    adding.add_argument("--tgt-lang", default="", help="FLORES-200 code, such as gle_Latn")
    adding.add_argument("--sources", type=Path, metavar="FILE", help="of a test set of their own")
    adding.add_argument("--references", nargs="+", type=Path, default=[], metavar="FILE")
    adding.add_argument("--name", default="", help="of a test set of their own")
    adding.set_defaults(command=_add)


def _sets(workspace: Workspace, _: argparse.Namespace) -> Answer:
    found = workspace.translation_sets.all()
    values = [_values(workspace, each) for each in found]
    rows = [
        (
            each["system"],
            f"{each['test_set']} {each['split']}",
            f"{each['src_lang']}-{each['tgt_lang']}",
            f"{each['num_translated']}/{each['num_segments']}",
            each["id"],
        )
        for each in values
    ]
    header = ("system", "test set", "languages", "translated", "id")
    return Answer(table(header, rows), {"translation_sets": values})


def _add(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.commands.text_files import printable, read_file
    from core.evaluate.adding import add_upload
    from core.evaluate.combining import as_references, as_sources, combined
    from core.evaluate.formats.counting import notes_on

    parts = [as_sources(read_file(chosen.sources))] if chosen.sources else []
    parts += [as_references(read_file(path)) for path in chosen.references]
    upload = combined([*(read_file(path) for path in chosen.files), *parts])
    upload = replace(upload, notes=(*upload.notes, *notes_on(upload)))
    target = _target(workspace, chosen, upload)
    names = ", ".join(printable(Path(path.name)) for path in chosen.files)
    added = add_upload(workspace, upload, target, file_name=names)
    values = [_values(workspace, each) for each in added.sets]
    lines = [f"Added {each['system']} ({each['id']})." for each in values]
    notes = list(added.notes)
    return Answer("\n".join([*lines, *notes]), {"translation_sets": values, "notes": notes})


def _target(workspace: Workspace, chosen: argparse.Namespace, upload: Upload) -> Target:
    from core.commands.text_files import printable
    from core.evaluate.adding import target_of_corpus, target_of_set, target_of_upload
    from core.settings import checked_language

    if chosen.test_set:
        where = (chosen.split, chosen.src_lang, chosen.tgt_lang)
        return target_of_corpus(workspace, chosen.test_set, *where)
    if chosen.like:
        like = evaluate_saved.find_set(workspace, chosen.like)
        return target_of_set(workspace, like.test_set_hash)
    languages = (chosen.src_lang or upload.src_lang, chosen.tgt_lang or upload.tgt_lang)
    if not all(languages):
        raise ConfigError(
            "The languages of the test set are not known.",
            hint="Give --src-lang and --tgt-lang, such as eng_Latn and gle_Latn, or --test-set.",
        )
    try:
        src_lang, tgt_lang = (checked_language(code) for code in languages)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    name = chosen.name or printable(Path(chosen.files[0].name))
    return target_of_upload(upload, name, src_lang, tgt_lang)


def _add_run(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.evaluate.run_sets import add_run

    sets = add_run(workspace, workspace.runs.get(chosen.run).id)
    values = [_values(workspace, each) for each in sets]
    lines = [f"{each['system']} ({each['id']})" for each in values]
    return Answer("\n".join(lines), {"translation_sets": values})


def _ratings(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.commands.text_files import printable, read_bytes
    from core.evaluate.people.ratings import add_ratings
    from core.evaluate.texts import load_texts

    sets = [evaluate_saved.find_set(workspace, each) for each in chosen.set]
    texts = load_texts(workspace, sets[0].test_set_hash, [each.id for each in sets])
    added = add_ratings(
        workspace,
        read_bytes(chosen.file),
        printable(Path(chosen.file.name)),
        texts,
        name=chosen.name,
        preset=chosen.preset,
    )
    joined, scoring = added.joined, added.scoring
    values = {
        "scoring": scoring.id,
        "name": scoring.name,
        "num_ratings": joined.num_ratings,
        "num_left_out": joined.num_left_out,
        "matched_by": joined.matched_by,
        "notes": list(joined.notes),
    }
    text = f"Added {joined.num_ratings:,} ratings as {scoring.name!r} ({scoring.id})."
    return Answer("\n".join([text, *joined.notes]), values)


def _values(workspace: Workspace, record: TranslationSet) -> dict[str, Any]:
    counts = workspace.translation_sets.counts(record.id)
    return {
        "id": record.id,
        "system": record.system_name,
        "system_id": record.system_id,
        "test_set": record.corpus_name,
        "split": record.split,
        "src_lang": record.src_lang,
        "tgt_lang": record.tgt_lang,
        "test_set_hash": record.test_set_hash,
        "num_segments": record.num_segments,
        "num_translated": counts.num_done,
        "created_at": record.created_at,
    }
