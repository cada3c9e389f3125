"""`python -m core corpora import|split|list|delete`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.commands.answers import Answer, table
from core.corpora.importing import DEFAULT_SEED, delete_corpus, import_corpus, split_again
from core.corpora.reading import NamedFile
from core.errors import DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `corpora`."""
    group = groups.add_parser("corpora", help="import, split, list and delete corpora")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")

    importing = commands.add_parser("import", parents=[common], help="import parallel text")
    importing.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="one .tsv or .jsonl, or two text files"
    )
    importing.add_argument("--dev", nargs="+", type=Path, default=[], metavar="FILE")
    importing.add_argument("--test", nargs="+", type=Path, default=[], metavar="FILE")
    importing.add_argument("--name", required=True)
    importing.add_argument("--src-lang", required=True, help="FLORES-200 code, such as eng_Latn")
    importing.add_argument("--tgt-lang", required=True, help="FLORES-200 code, such as gle_Latn")
    _add_split_options(importing)
    importing.set_defaults(command=_import)

    splitting = commands.add_parser("split", parents=[common], help="split a corpus anew")
    splitting.add_argument("corpus", help="name or id")
    splitting.add_argument("--name", help="name of the new corpus")
    _add_split_options(splitting)
    splitting.set_defaults(command=_split)

    commands.add_parser("list", parents=[common], help="list corpora").set_defaults(command=_list)

    deleting = commands.add_parser("delete", parents=[common], help="delete a corpus")
    deleting.add_argument("corpus", help="name or id")
    deleting.set_defaults(command=_delete)


def _add_split_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--num-dev", type=int, default=0, help="segments cut out for dev")
    parser.add_argument("--num-test", type=int, default=0, help="segments cut out for test")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)


def _read(paths: list[Path]) -> list[NamedFile]:
    files = []
    for path in paths:
        try:
            # A name that is no UTF-8 comes as lone surrogates, which no record can hold.
            name = path.name.encode(errors="replace").decode()
            files.append(NamedFile(name, path.read_bytes()))
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    return files


def _import(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    corpus = import_corpus(
        workspace,
        name=chosen.name,
        src_lang=chosen.src_lang,
        tgt_lang=chosen.tgt_lang,
        train=_read(chosen.files),
        dev=_read(chosen.dev),
        test=_read(chosen.test),
        num_dev=chosen.num_dev,
        num_test=chosen.num_test,
        seed=chosen.seed,
    )
    return _described(corpus)


def _split(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    parent = workspace.corpora.get(chosen.corpus)
    corpus = split_again(
        workspace,
        parent.id,
        num_dev=chosen.num_dev,
        num_test=chosen.num_test,
        seed=chosen.seed,
        name=chosen.name or f"{parent.name} (seed {chosen.seed})",
    )
    return _described(corpus)


def _list(workspace: Workspace, _: argparse.Namespace) -> Answer:
    corpora = workspace.corpora.all()
    rows = [
        (c.name, f"{c.src_lang}-{c.tgt_lang}", c.num_train, c.num_dev, c.num_test, c.id)
        for c in corpora
    ]
    text = table(("name", "languages", "train", "dev", "test", "id"), rows)
    return Answer(text, {"corpora": [vars(corpus) for corpus in corpora]})


def _delete(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    corpus = workspace.corpora.get(chosen.corpus)
    delete_corpus(workspace, corpus.id)
    return Answer(f"Deleted {corpus.name!r}.", {"deleted": corpus.id})


def _described(corpus: Corpus) -> Answer:
    counts = " · ".join(f"{split} {count}" for split, count in corpus.counts.items())
    left_out = f"{corpus.details.get('num_empty', 0)} empty and "
    left_out += f"{corpus.details.get('num_duplicates', 0)} repeated pairs left out"
    return Answer(f"{corpus.name}: {counts}; {left_out}.", vars(corpus))
