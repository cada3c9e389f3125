"""`python -m core corpora check|clean|take-back|leakage|unleak|statistics|tokens|export`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.commands.answers import Answer, given_options, table
from core.commands.corpora_following import worked
from core.corpora.doctor.checks import CHECKS
from core.corpora.doctor.settings import PRESETS, DoctorSettings, preset
from core.corpora.formats.files import kind_at
from core.corpora.formats.writing import SUFFIXES
from core.corpora.leakage.leaks import LEVELS
from core.errors import DataError
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace

SHOWN_LEAKS = 20
MAX_JSON_LEAKS = 10_000


def add_work_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds these actions to the group `corpora`."""
    _add_doctor(commands, common)
    _add_leaks(commands, common)
    measuring = commands.add_parser(
        "statistics", parents=[common], help="lengths, repeats, scripts and languages"
    )
    measuring.add_argument("corpus", help="name or id")
    measuring.set_defaults(command=_statistics)
    tokens = commands.add_parser(
        "tokens", parents=[common], help="lengths in tokens of a base model, and unknown tokens"
    )
    tokens.add_argument("corpus", help="name or id")
    tokens.add_argument("--base-model", required=True, help="hub id, folder, or 'starter'")
    tokens.add_argument("--max-length", type=int, help="tokens (default: 128)")
    tokens.set_defaults(command=_tokens)
    exporting = commands.add_parser("export", parents=[common], help="write a corpus to a file")
    exporting.add_argument("corpus", help="name or id")
    exporting.add_argument("--format", choices=tuple(SUFFIXES), required=True)
    exporting.add_argument("--split", choices=(*SPLITS, "all"), default="all")
    exporting.add_argument(
        "--line-breaks",
        choices=("refuse", "space"),
        default="refuse",
        help="of segments, for moses: two text files cannot hold them",
    )
    exporting.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    exporting.set_defaults(command=_export)


def _add_doctor(commands: Any, common: argparse.ArgumentParser) -> None:
    checking = commands.add_parser("check", parents=[common], help="look for bad pairs")
    cleaning = commands.add_parser("clean", parents=[common], help="make a version without them")
    for parser in (checking, cleaning):
        parser.add_argument("corpus", help="name or id")
        parser.add_argument("--preset", choices=tuple(PRESETS), default="standard")
        DoctorSettings.add_arguments(parser)
    checking.set_defaults(command=_check)
    cleaning.add_argument("--name", default="", help="name of the new corpus")
    cleaning.add_argument(
        "--reasons", nargs="+", choices=tuple(CHECKS), default=(), metavar="CHECK",
        help="only what these checks flag",
    )  # fmt: skip
    cleaning.set_defaults(command=_clean)
    rejected = commands.add_parser(
        "rejected", parents=[common], help="write the rows that a corpus was made without"
    )
    rejected.add_argument("corpus", help="name or id")
    rejected.add_argument("--format", choices=("tsv", "tmx", "xlsx"), default="tsv")
    rejected.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    rejected.set_defaults(command=_rejected)
    taking = commands.add_parser(
        "take-back", parents=[common], help="make a version with some of them in it again"
    )
    taking.add_argument("corpus", help="name or id")
    taking.add_argument(
        "rows", nargs="+", metavar="SPLIT:NUMBER", help="as `rejected` lists them, from 1"
    )
    taking.add_argument("--name", default="", help="name of the new corpus")
    taking.set_defaults(command=_take_back)


def _add_leaks(commands: Any, common: argparse.ArgumentParser) -> None:
    looking = commands.add_parser(
        "leakage", parents=[common], help="look for held-out segments in train"
    )
    looking.add_argument("corpus", help="name or id")
    looking.add_argument("--against", default="", help="another corpus (default: its own splits)")
    looking.add_argument("--near-threshold", type=float, help="share of 5-grams (default: 0.8)")
    looking.set_defaults(command=_leakage)
    removing = commands.add_parser(
        "unleak", parents=[common], help="make a version without the leaking rows of train"
    )
    removing.add_argument("corpus", help="name or id")
    removing.add_argument("--against", default="", help="another corpus (default: its own splits)")
    removing.add_argument("--levels", nargs="+", choices=LEVELS, default=LEVELS)
    removing.add_argument("--name", default="", help="name of the new corpus")
    removing.set_defaults(command=_unleak)


def _doctor(chosen: argparse.Namespace) -> dict[str, Any]:
    doctor = preset(chosen.preset).changed(**given_options(DoctorSettings, chosen))
    return {"corpus": chosen.corpus, "preset": chosen.preset, "doctor": doctor.model_dump()}


def _check(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.checking import CheckSettings
    from core.corpora.doctor.examining import Examination

    result = worked(workspace, "check", CheckSettings.parse(_doctor(chosen)))
    found = Examination.from_dict(result["examination"])
    rows = [
        (CHECKS[key].label, *(found.count(key, split) for split in SPLITS), key)
        for key in found.counts
        if found.count(key)
    ]
    flagged = sum(found.num_flagged.values())
    head = f"{flagged:,} of {sum(found.num_rows.values()):,} pairs flagged in {found.seconds:g} s."
    text = "\n".join([head, table(("check", *SPLITS, "key"), rows), *found.notes])
    return Answer(text, {"job": result["job"], **found.to_dict()})


def _clean(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.cleaned import CleanSettings

    values = {"name": chosen.name, "reasons": tuple(chosen.reasons)}
    settings = CleanSettings.parse({**_doctor(chosen), **values})
    return _made(workspace, worked(workspace, "clean", settings))


def _rejected(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.exporting import export_rejected

    corpus = workspace.corpora.get(chosen.corpus)
    _check_folder(chosen.output)
    count = export_rejected(workspace, corpus, chosen.output, chosen.format)
    return _written(count, chosen.output)


def _take_back(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.restored import RestoreSettings

    rows = []
    for given in chosen.rows:
        split, _, number = given.partition(":")
        if split not in SPLITS or not number.isdecimal() or int(number) < 1:
            raise DataError(
                f"{given!r} names no row.", hint="Give the split and the number, such as train:17."
            )
        rows.append((split, int(number) - 1))
    values = {"corpus": chosen.corpus, "name": chosen.name, "rows": tuple(rows)}
    return _made(workspace, worked(workspace, "restore", RestoreSettings.parse(values)))


def _leakage(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.leak_search import LeakSearchSettings, leaks_of
    from core.corpora.leakage.status import LeakStatus

    leaks = {} if chosen.near_threshold is None else {"near_threshold": chosen.near_threshold}
    values = {"corpus": chosen.corpus, "against": chosen.against, "leaks": leaks}
    settings = LeakSearchSettings.parse(values)
    result = worked(workspace, "leakage", settings)
    status = LeakStatus.parse(result["status"])
    corpus = workspace.corpora.get(chosen.corpus)
    against = workspace.corpora.get(chosen.against).id if chosen.against else ""
    page = leaks_of(workspace, corpus.id, against).page(limit=MAX_JSON_LEAKS)
    lines = [status.sentence(("test", "dev", "train"))]
    lines += [
        f"{leak.split} {leak.number + 1} = {leak.other_split} {leak.other_number + 1} "
        f"({leak.level}, {leak.side}, {leak.overlap:.2f}): {leak.text[:80]}"
        for leak in page.leaks[:SHOWN_LEAKS]
    ]
    if page.total > SHOWN_LEAKS:
        lines.append(f"… and {page.total - SHOWN_LEAKS:,} more.")
    listed = {"num_rows": page.total, "rows": [asdict(leak) for leak in page.leaks]}
    values = {"job": result["job"], "badge": status.badge, **status.to_dict(), **listed}
    return Answer("\n".join(lines), values)


def _unleak(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.without_leaks import UnleakSettings

    values = {
        "corpus": chosen.corpus,
        "against": chosen.against,
        "levels": tuple(chosen.levels),
        "name": chosen.name,
    }
    return _made(workspace, worked(workspace, "unleak", UnleakSettings.parse(values)))


def _statistics(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.measuring import MeasureSettings

    result = worked(workspace, "statistics", MeasureSettings(corpus=chosen.corpus))
    return Answer(json.dumps(result["statistics"], ensure_ascii=False, indent=1), result)


def _tokens(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.finetune.token_task import TokenSettings

    values = {
        "corpus": chosen.corpus,
        "base_model": chosen.base_model,
    }
    if chosen.max_length is not None:
        values |= dict.fromkeys(("max_source_length", "max_target_length"), chosen.max_length)
    result = worked(workspace, "tokens", TokenSettings.parse(values))
    return Answer(json.dumps(result["tokens"], ensure_ascii=False, indent=1), result)


def _export(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.exporting import export_corpus

    corpus = workspace.corpora.get(chosen.corpus)
    _check_folder(chosen.output)
    count = export_corpus(
        workspace,
        corpus,
        chosen.output,
        chosen.format,
        split=chosen.split,
        line_breaks=chosen.line_breaks,
    )
    return _written(count, chosen.output)


def _check_folder(output: Path) -> None:
    if kind_at(output.absolute().parent) != "folder":
        raise DataError(f"There is no folder {output.absolute().parent}.", hint="Make it first.")


def _written(count: int, output: Path) -> Answer:
    return Answer(
        f"{count:,} segments written to {output}.", {"segments": count, "file": str(output)}
    )


def _made(workspace: Workspace, result: dict[str, Any]) -> Answer:
    from core.commands.corpora import described

    corpus: Corpus = workspace.corpora.get(result["corpus"])
    answer = described(corpus)
    return Answer(answer.text, {"job": result["job"], **answer.values})
