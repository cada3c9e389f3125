"""Making a corpus out of files, or of the bundled sample; all of it or nothing."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.corpora import sample
from core.corpora.reading import NamedFile, read_pairs
from core.corpora.segments import Pair, read_segments, write_segments
from core.corpora.splitting import Splits, num_overlaps, split_pairs
from core.errors import ConfigError, DataError, HostError
from core.languages import language
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.files import utc_now
from core.storage.workspace import Workspace

DEFAULT_SEED = 1


def import_corpus(
    workspace: Workspace,
    *,
    name: str,
    src_lang: str,
    tgt_lang: str,
    train: Sequence[NamedFile],
    dev: Sequence[NamedFile] = (),
    test: Sequence[NamedFile] = (),
    num_dev: int = 0,
    num_test: int = 0,
    seed: int = DEFAULT_SEED,
) -> Corpus:
    """Imports a corpus; splits that are not given as files are cut out of `train`.

    Args:
        workspace: Where it is stored; the raw files are kept beside the segments.
        name: A name that no other corpus has.
        src_lang: FLORES-200 code of the first side.
        tgt_lang: FLORES-200 code of the second side.
        train: One TSV or JSONL file, or two line-aligned files.
        dev: The same for dev; none = cut out of `train`.
        test: The same for test; given if and only if `dev` is.
        num_dev: Segments to cut out of `train` for dev; 0 = 5 % but at most 500.
        num_test: The same for test.
        seed: Decides which segments are cut out.

    Raises:
        ConfigError: A language code is wrong or both are the same.
        DataError: A file cannot be used or the name is taken; nothing was stored.
        HostError: The disk is full; nothing was stored.
    """
    name = check_name(workspace, name)
    if language(src_lang) == language(tgt_lang):
        raise ConfigError(f"Source and target are both {language(src_lang).name} ({src_lang}).")
    files = {"train": list(train), "dev": list(dev), "test": list(test)}
    if bool(dev) != bool(test):
        raise DataError(
            "Dev and test files were given only for one of the two.",
            hint="Give both as files, or neither: then both are cut out of the training files.",
        )
    pairs = {
        split: read_pairs(given, src_lang, tgt_lang)
        for split, given in files.items()
        if given or split == "train"
    }
    splits = _given_splits(pairs) if dev else _cut_splits(pairs["train"], num_dev, num_test, seed)
    details = {
        "files": {split: [file.name for file in given] for split, given in files.items()},
        "num_empty": splits.num_empty,
        "num_duplicates": splits.num_duplicates,
        "split_seed": None if dev else seed,
        "dev_overlaps": num_overlaps(splits.train, splits.dev),
        "test_overlaps": num_overlaps(splits.train, splits.test),
    }
    shown = ", ".join(file.name for given in files.values() for file in given)
    raw = [file for given in files.values() for file in given]
    origin = f"imported from {shown}"
    return _store(workspace, name, src_lang, tgt_lang, splits, origin, details, raw)


def check_name(workspace: Workspace, name: str) -> str:
    """Gives the name without outer spaces.

    Raises:
        DataError: It is empty, too long, or taken.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= 200:
        raise DataError("A corpus needs a name of 1 to 200 characters.", hint="Type a name.")
    if any(corpus.name == name for corpus in workspace.corpora.all()):
        raise DataError(f"There is already a corpus named {name!r}.", hint="Choose another name.")
    return name


def _cut_splits(pairs: list[Pair], num_dev: int, num_test: int, seed: int) -> Splits:
    usual = max(1, min(500, len(pairs) // 20))
    return split_pairs(pairs, num_dev=num_dev or usual, num_test=num_test or usual, seed=seed)


def _given_splits(pairs: dict[str, list[Pair]]) -> Splits:
    """Keeps given splits with their repeated pairs, so that published line counts stay."""
    kept = {}
    for split, given in pairs.items():
        kept[split] = [pair for pair in given if pair[0].strip() and pair[1].strip()]
        if not kept[split]:
            raise DataError(f"The {split} files hold no segment.", hint="Check the files.")
    num_empty = sum(len(pairs[split]) - len(kept[split]) for split in kept)
    return Splits(kept["train"], kept["dev"], kept["test"], num_empty)


def split_again(
    workspace: Workspace, name_or_id: str, *, num_dev: int, num_test: int, seed: int, name: str
) -> Corpus:
    """Makes a new corpus out of all segments of another, split anew; the old one stays.

    Sizes of 0 are chosen as in `import_corpus`.

    Raises:
        DataError: There is no such corpus, the name is taken, or too few segments.
    """
    parent = workspace.corpora.get(name_or_id)
    pairs = [
        pair for split in SPLITS for pair in read_segments(workspace.split_file(parent.id, split))
    ]
    splits = _cut_splits(pairs, num_dev, num_test, seed)
    details = {"parent": parent.id, "split_seed": seed, "num_duplicates": splits.num_duplicates}
    origin = f"{parent.name}, split again"
    return _store(
        workspace,
        check_name(workspace, name),
        parent.src_lang,
        parent.tgt_lang,
        splits,
        origin,
        details,
        is_synthetic=parent.is_synthetic,
    )


def ensure_sample(workspace: Workspace) -> Corpus:
    """Gives the bundled sample corpus, generating it if it is not there."""
    for corpus in workspace.corpora.all():
        if corpus.name == sample.SAMPLE_NAME:
            return corpus
    made = sample.generate_sample()
    return _store(
        workspace,
        sample.SAMPLE_NAME,
        sample.SRC_LANG,
        sample.TGT_LANG,
        Splits(made.train, made.dev, made.test),
        "generated from a small lexicon and grammar; synthetic, for trying things out only",
        {"split_seed": sample.SEED},
        is_synthetic=True,
    )


def delete_corpus(workspace: Workspace, name_or_id: str) -> None:
    """Deletes a corpus, its segments and its raw files.

    Raises:
        DataError: There is no such corpus, or runs still refer to it.
    """
    corpus = workspace.corpora.get(name_or_id)
    count = workspace.runs.of_corpus(corpus.id)
    if count:
        raise DataError(
            f"{count} run(s) use the corpus {corpus.name!r}.",
            hint="Delete these runs first, or keep the corpus: their scores refer to it.",
        )
    workspace.corpora.delete(corpus.id)
    shutil.rmtree(workspace.corpus_folder(corpus.id), ignore_errors=True)


def _store(
    workspace: Workspace,
    name: str,
    src_lang: str,
    tgt_lang: str,
    splits: Splits,
    origin: str,
    details: dict[str, Any],
    raw: Sequence[NamedFile] = (),
    *,
    is_synthetic: bool = False,
) -> Corpus:
    """Writes the files first and the record last: without a record nothing was imported."""
    corpus = Corpus(
        id=str(uuid.uuid4()),
        name=name,
        src_lang=src_lang,
        tgt_lang=tgt_lang,
        origin=origin,
        is_synthetic=is_synthetic,
        num_train=len(splits.train),
        num_dev=len(splits.dev),
        num_test=len(splits.test),
        details=details,
        created_at=utc_now(),
    )
    folder = workspace.corpus_folder(corpus.id)
    try:
        _write_files(folder, splits, raw)
        workspace.corpora.add(corpus)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise HostError(
            f"The corpus could not be written: {error.strerror}.",
            hint=f"Free some space under {workspace.root} and import again.",
        ) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return corpus


def _write_files(folder: Path, splits: Splits, raw: Sequence[NamedFile]) -> None:
    (folder / "raw").mkdir(parents=True)
    for number, file in enumerate(raw):
        # Names from users are never paths: the raw upload keeps only its known ending.
        ending = file.suffix if file.suffix in (".tsv", ".tab", ".jsonl", ".ndjson") else ".txt"
        (folder / "raw" / f"{number}{ending}").write_bytes(file.data)
    for split in SPLITS:
        write_segments(folder / f"{split}.jsonl", getattr(splits, split))
