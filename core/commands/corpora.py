"""`python -m core corpora import|split|list|delete`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.commands.answers import Answer, given_options, table
from core.commands.back_translate import add_back_translate
from core.commands.corpora_following import worked
from core.commands.corpora_work import add_work_commands
from core.corpora.deleting import delete_corpus
from core.corpora.splitting import SplitSettings
from core.errors import ConfigError, DataError
from core.languages import language_name
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

if TYPE_CHECKING:
    from core.corpora.formats.choice import Choice
    from core.corpora.formats.files import InputFile
    from core.corpora.planning import Part

_SPLIT_OPTIONS = {"by", "num_dev", "num_test"}


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `corpora`."""
    group = groups.add_parser(
        "corpora", help="import, check, clean, split and export corpora, and look for leaks"
    )
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_import(commands, common)

    splitting = commands.add_parser("split", parents=[common], help="split a corpus anew")
    splitting.add_argument("corpus", help="name or id")
    splitting.add_argument("--name", help="name of the new corpus")
    splitting.add_argument("--dev", "--num-dev", dest="num_dev", type=int, metavar="SEGMENTS")
    splitting.add_argument("--test", "--num-test", dest="num_test", type=int, metavar="SEGMENTS")
    splitting.add_argument("--by", choices=("count", "ratio"))
    SplitSettings.add_arguments(splitting, without=_SPLIT_OPTIONS)
    splitting.set_defaults(command=_split)

    commands.add_parser("list", parents=[common], help="list corpora").set_defaults(command=_list)

    deleting = commands.add_parser("delete", parents=[common], help="delete a corpus")
    deleting.add_argument("corpus", help="name or id")
    deleting.set_defaults(command=_delete)
    add_work_commands(commands, common)
    add_back_translate(commands, common)


def _add_import(commands: Any, common: argparse.ArgumentParser) -> None:
    importing = commands.add_parser("import", parents=[common], help="import parallel text")
    importing.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="TMX, XLIFF, TSV, CSV, JSON, JSONL, Parquet, two text files, or archives of these",
    )
    importing.add_argument("--dev", nargs="+", type=Path, default=[], metavar="FILE")
    importing.add_argument("--test", nargs="+", type=Path, default=[], metavar="FILE")
    importing.add_argument("--public", default="", metavar="KEY", help="fetch a known public set")
    importing.add_argument("--name", required=True)
    importing.add_argument("--src-lang", help="FLORES-200 code, such as eng_Latn")
    importing.add_argument("--tgt-lang", help="FLORES-200 code, such as gle_Latn")
    importing.add_argument("--source-column", default="", help="column or language of the source")
    importing.add_argument("--target-column", default="", help="column or language of the target")
    importing.add_argument("--document-column", default="", help="column of document names")
    importing.add_argument("--encoding", default="", help="(default: it is detected)")
    importing.add_argument(
        "--quoting",
        choices=("auto", "quoted", "plain"),
        default="auto",
        help="whether quotation marks hold cells of TSV together",
    )
    importing.add_argument(
        "--header",
        choices=("auto", "yes", "no"),
        default="auto",
        help="whether the first row of TSV or CSV names the columns",
    )
    importing.add_argument(
        "--no-division", action="store_true", help="cut no dev and test out of it"
    )
    importing.add_argument("--num-dev", type=int, metavar="SEGMENTS", help="cut out for dev")
    importing.add_argument("--num-test", type=int, metavar="SEGMENTS", help="cut out for test")
    importing.add_argument("--by", choices=("count", "ratio"))
    SplitSettings.add_arguments(importing, without=_SPLIT_OPTIONS)
    importing.set_defaults(command=_import)


def _import(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.formats.files import local_file
    from core.corpora.importing import ImportSettings

    given = {"": chosen.files, "dev": chosen.dev, "test": chosen.test}
    if chosen.public and any(given.values()):
        raise DataError(
            f"The public set {chosen.public!r} and files cannot be one import.",
            hint="Import them one after the other.",
        )
    files: dict[str, list[InputFile]] = {
        split: [local_file(path) for path in paths] for split, paths in given.items()
    }
    everything = [file for each in files.values() for file in each]
    values = {
        "name": chosen.name,
        **_languages(everything, chosen),
        "public_set": chosen.public,
        "files": tuple(file.name for file in everything),
        "is_divided": not chosen.no_division,
        "split": _split_options(chosen),
    }
    settings = ImportSettings.parse({key: each for key, each in values.items() if each is not None})
    if not chosen.public:
        parts = _parts(files, settings.langs, chosen)
        settings = settings.changed(parts=tuple(part.model_dump() for part in parts))
    result = worked(workspace, "import", settings, files=everything)
    return described(workspace.corpora.get(result["corpus"]))


def _languages(files: list[InputFile], chosen: argparse.Namespace) -> dict[str, str | None]:
    """Gives the languages: as asked for, or where nothing was said, as the files tell them.

    Raises:
        DataError: The files tell one language and nobody tells the other.
    """
    from core.corpora.importing import ImportSettings
    from core.corpora.planning import guessed_languages, looks_of

    if chosen.src_lang or chosen.tgt_lang or not files:
        return {"src_lang": chosen.src_lang, "tgt_lang": chosen.tgt_lang}
    usual = ImportSettings().langs
    first, second = guessed_languages(looks_of(files, usual, _reading(chosen)).values())
    if first and second:
        return {"src_lang": first, "tgt_lang": second}
    if first and first not in usual:
        raise DataError(
            f"The files tell one language, {language_name(first)}, and not the other.",
            hint="Give --src-lang and --tgt-lang.",
        )
    names = " and ".join(map(language_name, usual))
    sys.stderr.write(f"Taken as {names}: give --src-lang and --tgt-lang for others.\n")
    return {"src_lang": usual[0], "tgt_lang": usual[1]}


def _reading(chosen: argparse.Namespace) -> Choice:
    """Gives what was said about how files are read."""
    from core.corpora.formats.choice import Choice

    names = ("encoding", "quoting", "header")
    return Choice.parse({name: getattr(chosen, name) for name in names})


def _parts(
    files: dict[str, list[InputFile]], langs: tuple[str, str], chosen: argparse.Namespace
) -> list[Part]:
    """Guesses how the files are read, with what was said about them.

    Raises:
        DataError: It is not clear how a file is to be read.
    """
    from core.corpora.planning import looks_of, plan_parts

    own = {
        "source": chosen.source_column,
        "target": chosen.target_column,
        "document": chosen.document_column,
    }
    own = {key: value for key, value in own.items() if value}
    parts = []
    for split, each in files.items():
        looks = looks_of(each, langs, _reading(chosen))
        plan = plan_parts(looks, *langs)
        texts = [repr(name) for name, seen in looks.items() if seen.format == "text"]
        for problem in plan.problems:
            if not {"source", "target"} <= set(own) or problem.startswith(tuple(texts)):
                raise DataError(
                    problem, hint="Give --source-column and --target-column, or other files."
                )
        is_train = bool(files["dev"] and files["test"]) and not split
        for part in plan.parts:
            values: dict[str, Any] = part.model_dump()
            values["split"] = "train" if is_train else (split or part.split)
            values["choice"] |= {"encoding": chosen.encoding} if part.is_aligned else own
            values["target_encoding"] = chosen.encoding if part.is_aligned else ""
            parts.append(type(part).parse(values))
    return parts


def _split(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.corpora.split_again import SplitAgainSettings

    values = {"corpus": chosen.corpus, "name": chosen.name or ""}
    split = _split_options(chosen)
    settings = SplitAgainSettings.parse({**values, "split": split})
    result = worked(workspace, "split", settings)
    return described(workspace.corpora.get(result["corpus"]))


def _split_options(chosen: argparse.Namespace) -> dict[str, Any]:
    """Gives what was said of the split; shares in percent mean a split by ratio.

    Raises:
        ConfigError: Both numbers and shares were given.
    """
    given = given_options(SplitSettings, chosen)
    shares = [name for name in given if name.endswith("_percent")]
    counts = [name for name in given if name in ("num_dev", "num_test")]
    if shares and (counts or given.get("by") == "count"):
        raise ConfigError(
            f"{shares[0]} and numbers of segments exclude each other.", hint="Give one of the two."
        )
    return {**given, "by": "ratio"} if shares else given


def _list(workspace: Workspace, _: argparse.Namespace) -> Answer:
    from core.corpora.leak_search import status_of
    from core.corpora.leakage.status import badge_of

    corpora = workspace.corpora.all()
    rows = [
        (
            c.name,
            f"{c.src_lang}-{c.tgt_lang}",
            c.num_train,
            c.num_dev,
            c.num_test,
            badge_of(status_of(c)),
            c.id,
        )
        for c in corpora
    ]
    text = table(("name", "languages", "train", "dev", "test", "leaks", "id"), rows)
    return Answer(text, {"corpora": [vars(corpus) for corpus in corpora]})


def _delete(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    corpus = workspace.corpora.get(chosen.corpus)
    delete_corpus(workspace, corpus.id)
    return Answer(f"Deleted {corpus.name!r}.", {"deleted": corpus.id})


def described(corpus: Corpus) -> Answer:
    """Gives a new corpus: its counts, what was left out by reason, and its leaks."""
    from core.corpora.leak_search import status_of

    counts = " · ".join(f"{split} {count}" for split, count in corpus.counts.items())
    rejected = corpus.details.get("rejected") or {}
    left_out = ", ".join(f"{count} {reason}" for reason, count in rejected.items()) or "nothing"
    status = status_of(corpus)
    leaks = f"\n{status.sentence()}" if status else ""
    values = {**vars(corpus), "rejected": rejected}
    return Answer(f"{corpus.name}: {counts}; left out: {left_out}.{leaks}", values)
