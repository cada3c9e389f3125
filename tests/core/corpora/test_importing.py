from __future__ import annotations

import gzip
import io
import os
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.corpora.formats.files import MemoryFile, local_file
from core.corpora.importing import ImportSettings, import_corpus
from core.corpora.restored import rejected_of
from core.corpora.segments import Row, read_rows, read_segments
from core.errors import AdaptMLLMError, ConfigError, DataError, HostError
from core.jobs.segment_process import StoppedError
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.workspace import Workspace
from tests.core.corpora.imports import imported, tsv


def stored_files(workspace: Workspace) -> list[Path]:
    return list(workspace.corpora_folder.rglob("*"))


def pairs_of(workspace: Workspace, corpus: Corpus, split: str) -> list[tuple[str, str]]:
    return read_segments(workspace.split_file(corpus.id, split))


def test_import_cuts_dev_and_test_out_of_one_file(workspace: Workspace) -> None:
    corpus = imported(workspace, split={"num_dev": 7, "num_test": 9})
    assert corpus.counts == {"train": 84, "dev": 7, "test": 9}
    assert workspace.corpora.get("Covid") == corpus
    pairs = [pair for split in SPLITS for pair in pairs_of(workspace, corpus, split)]
    assert sorted(pairs) == sorted((f"source {n}", f"target {n}") for n in range(100))
    assert corpus.details["split_seed"] == 1
    assert corpus.details["leakage"]["pairs"][0]["num_held_out"] == 7


@pytest.mark.parametrize(("num_pairs", "size"), [(3, 1), (100, 5), (20_000, 500)])
def test_usual_dev_and_test_are_a_twentieth_but_at_most_500(
    num_pairs: int, size: int, workspace: Workspace
) -> None:
    corpus = imported(workspace, tsv(num_pairs))
    assert corpus.counts == {"train": num_pairs - 2 * size, "dev": size, "test": size}


def test_80_10_10_of_1003_rows_is_1003_rows(workspace: Workspace) -> None:
    corpus = imported(workspace, tsv(1003), split={"by": "ratio"})
    assert corpus.counts == {"train": 803, "dev": 100, "test": 100}


def test_given_splits_keep_their_rows_and_blank_ones_are_listed(workspace: Workspace) -> None:
    train = MemoryFile("train.tsv", b"a\tb\na\tb\nc\td\n\t\n")
    dev = MemoryFile("dev.tsv", b"e\tf\ne\tf\n \tx\n")
    test = MemoryFile("test.tsv", b"A.\tg\nh\ti\n")
    corpus = imported(workspace, train, dev, test)
    assert corpus.counts == {"train": 3, "dev": 2, "test": 2}
    assert pairs_of(workspace, corpus, "train") == [("a", "b"), ("a", "b"), ("c", "d")]
    assert corpus.details["rejected"] == {"empty": 2}
    found = rejected_of(workspace, corpus).page()
    assert [(each.split, each.details) for each in found] == [
        ("train", "train.tsv, line 4"),
        ("dev", "dev.tsv, line 3"),
    ]
    assert corpus.details["split_seed"] is None
    assert corpus.details["files"] == ["train.tsv", "dev.tsv", "test.tsv"]


def test_only_what_is_not_given_is_cut_out(workspace: Workspace) -> None:
    corpus = imported(workspace, tsv(60, name="train.tsv"), tsv(4, "t", name="test.tsv"))
    assert corpus.counts == {"train": 57, "dev": 3, "test": 4}


def test_an_undivided_import_is_all_train(workspace: Workspace) -> None:
    assert imported(workspace, is_divided=False).counts == {"train": 100, "dev": 0, "test": 0}


def test_loresmt_keeps_its_published_counts(loresmt: Path, workspace: Workspace) -> None:
    files = [local_file(path) for path in sorted(loresmt.iterdir())]
    corpus = import_corpus(workspace, ImportSettings(name="LoResMT"), files)
    assert corpus.counts == {"train": 8112, "dev": 502, "test": 500}
    assert corpus.details["rejected"] == {}
    for split in SPLITS:
        stem = "test.en2ga" if split == "test" else split
        lines = (loresmt / f"{stem}.en").read_text(encoding="utf-8").split("\n")[:-1]
        assert [source for source, _ in pairs_of(workspace, corpus, split)] == lines


def test_leaks_of_loresmt_are_known_after_the_import(loresmt: Path, workspace: Workspace) -> None:
    """The README of the data names 2 dev and 4 test lines of the English side."""
    files = [local_file(path) for path in sorted(loresmt.iterdir())]
    corpus = import_corpus(workspace, ImportSettings(name="LoResMT"), files)
    dev, test, _ = corpus.details["leakage"]["pairs"]
    assert (dev["split"], dev["other_split"], dev["counts"]["source"]["exact"]) == (
        "dev", "train", 2,
    )  # fmt: skip
    english = test["counts"]["source"]
    assert (test["split"], test["other_split"]) == ("test", "train")
    assert english["exact"] + english["normalised"] == 4


def zip_of(**members: bytes) -> MemoryFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return MemoryFile("corpus.zip", stream.getvalue())


def test_archives_of_aligned_files_are_read_as_splits(workspace: Workspace) -> None:
    archive = zip_of(
        data__train_en=b"one\ntwo\n", data__train_ga="aon\ndó\n".encode(),
        data__dev_en=b"three\n", data__dev_ga=b"tri\n",
        data__test_en=b"four\n", data__test_ga=b"ceathair\n",
    )  # fmt: skip
    corpus = imported(workspace, archive)
    assert corpus.counts == {"train": 2, "dev": 1, "test": 1}
    assert pairs_of(workspace, corpus, "train") == [("one", "aon"), ("two", "dó")]
    raw = workspace.corpus_folder(corpus.id) / "raw"
    assert [(file.name, file.read_bytes()) for file in raw.iterdir()] == [("0.zip", archive.data)]


def test_gz_and_utf_16_and_columns_by_language(workspace: Workspace) -> None:
    table = "gle_Latn,note,eng_Latn,doc\r\n" + "".join(
        f'"Dia, {n} é",x,God {n},d{n % 3}\r\n' for n in range(60)
    )
    file = MemoryFile("c.csv.gz", gzip.compress(table.encode("utf-16")))
    split = {"keep_documents": True, "num_dev": 20, "num_test": 20}
    corpus = imported(workspace, file, split=split)
    rows = [row for split in SPLITS for row in read_rows(workspace.split_file(corpus.id, split))]
    assert sorted(rows) == sorted(Row(f"God {n}", f"Dia, {n} é", f"d{n % 3}") for n in range(60))
    assert corpus.details["encodings"] == {"c.csv": "UTF-16 (little-endian) with BOM"}
    places = {
        row.document: split
        for split in SPLITS
        for row in read_rows(workspace.split_file(corpus.id, split))
    }
    assert len(places) == 3  # each document stands in one split


def test_names_of_uploads_are_never_paths(workspace: Workspace, tmp_path: Path) -> None:
    files = [MemoryFile("../../x", b"a\nc\ne\n"), MemoryFile("/etc/y.sh", b"b\nd\nf\n")]
    corpus = imported(workspace, *files)
    folder = workspace.corpus_folder(corpus.id)
    assert sorted(file.name for file in (folder / "raw").iterdir()) == ["0", "1.sh"]
    assert (folder / "raw/0").read_bytes() == b"a\nc\ne\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["workspace"]


WRONG: list[tuple[dict[str, Any], list[MemoryFile], type[AdaptMLLMError], str]] = [
    ({"name": " \n "}, [tsv(9)], DataError, "A corpus needs a name of 1 to 200 characters."),
    ({"name": "x" * 201}, [tsv(9)], DataError, "A corpus needs a name of 1 to 200 characters."),
    (
        {"tgt_lang": "eng_Latn"}, [tsv(9)], ConfigError,
        "source and target are both English (eng_Latn)",
    ),
    ({}, [tsv(2)], DataError, "2 segments cannot give dev 1, test 1 and a train split."),
    ({}, [MemoryFile("x.tsv", b"")], DataError, "'x.tsv' is empty."),
    (
        {"split": {"num_dev": 99}}, [tsv(100)], DataError,
        "100 segments cannot give dev 99, test 5 and a train split.",
    ),
    (
        {}, [tsv(3, name="train.tsv"), MemoryFile("dev.tsv", b" \t \n")], DataError,
        "The dev files hold no segment.",
    ),
    ({}, [tsv(3), tsv(4)], DataError, "Two of the files are called 'x.tsv': give one another"),
    (
        {}, [MemoryFile("a.en", b"1\n2\n"), MemoryFile("a.ga", b"1\n")], DataError,
        "'a.en' has 2 lines and 'a.ga' has 1; 'a.en' is longer by 1.",
    ),
    (
        {}, [MemoryFile("a.en", b"1\n2\n")], DataError,
        "'a.en' has one segment a line, but no other file is its other half in English and Irish.",
    ),
    (
        {}, [MemoryFile("x.csv", b"de,fr\na,b\n")], DataError,
        "'x.csv' has 'de', 'fr': say which is source and which is target.",
    ),
    ({}, [MemoryFile("x.tsv", b"a\tb\nc\td\te\n")], DataError, "'x.tsv' line 2"),
    ({}, [MemoryFile("x.zip", b"PK\x03\x04 and no more")], DataError, "'x.zip' is a damaged"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "files", "error", "sentence"), WRONG)
def test_wrong_import_is_one_sentence_and_stores_nothing(
    changes: dict[str, Any],
    files: list[MemoryFile],
    error: type[AdaptMLLMError],
    sentence: str,
    workspace: Workspace,
) -> None:
    with pytest.raises(error) as caught:
        imported(workspace, *files, **changes)
    assert sentence in caught.value.message
    assert stored_files(workspace) == []
    assert workspace.corpora.all() == []


def test_stopped_import_stores_nothing(workspace: Workspace) -> None:
    def watch(phase: str, done: int, total: int) -> None:
        if phase == "writing":
            raise StoppedError

    with pytest.raises(StoppedError):
        import_corpus(workspace, ImportSettings(name="a"), (tsv(100),), watch=watch)
    assert stored_files(workspace) == []


def test_name_that_is_taken_is_refused_and_nothing_is_stored(workspace: Workspace) -> None:
    corpus = imported(workspace)
    before = sorted(stored_files(workspace))
    with pytest.raises(DataError, match="There is already a corpus named 'Covid'"):
        imported(workspace, tsv(50), name="  Covid ")
    assert sorted(stored_files(workspace)) == before
    assert workspace.corpora.all() == [corpus]


def test_two_imports_of_one_name_at_once_store_one(workspace: Workspace) -> None:
    errors: list[AdaptMLLMError] = []

    def work() -> None:
        try:
            imported(workspace)
        except AdaptMLLMError as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 3
    (corpus,) = workspace.corpora.all()
    assert [path.name for path in workspace.corpora_folder.iterdir()] == [corpus.id]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk_stores_nothing_and_the_workspace_goes_on(small_disk: Path) -> None:
    workspace = Workspace(small_disk)
    with pytest.raises(HostError, match="The corpus could not be written: No space left"):
        imported(workspace, tsv(30_000))
    assert stored_files(workspace) == []
    assert workspace.corpora.all() == []
    assert imported(workspace).num_train == 90
    workspace.database.dispose()


def test_a_full_disk_can_still_be_read(small_disk: Path) -> None:
    workspace = Workspace(small_disk)
    corpus = imported(workspace)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"x" * 4096)
    assert workspace.corpora.all() == [corpus]
    other = Workspace(small_disk)  # as another process that has it open as well
    assert other.corpora.all() == [corpus]
    other.database.dispose()
    filler.unlink()
    workspace.corpora.delete(corpus.id)
    workspace.database.dispose()


def test_record_that_cannot_be_stored_takes_its_files_along(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Corpus) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workspace.corpora, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        imported(workspace)
    assert stored_files(workspace) == []


def test_a_split_that_is_cut_out_shares_no_segment_with_those_that_are_given(
    workspace: Workspace,
) -> None:
    dev = MemoryFile("dev.tsv", b"".join(b"Source %d.\tother %d\n" % (n, n) for n in range(40)))
    train = MemoryFile("train.tsv", b"".join(b"x %d\ttarget %d\n" % (n, n) for n in range(40, 60)))
    files = (train, dev, tsv(100, name="rest.tsv"))
    parts = [
        {"split": split, "files": [file.name], "choice": {"source": "1", "target": "2"}}
        for split, file in zip(("train", "dev", ""), files, strict=True)
    ]
    corpus = imported(workspace, *files, parts=parts, split={"num_test": 30})
    assert corpus.counts == {"train": 90, "dev": 40, "test": 30}
    numbers = {int(source.split()[1]) for source, _ in pairs_of(workspace, corpus, "test")}
    assert len(numbers) == 30 and not numbers & set(range(60))


def test_the_encoding_of_two_files_is_the_one_that_was_chosen(workspace: Workspace) -> None:
    files = [MemoryFile("a.x", "é\n".encode("cp1252") * 9), MemoryFile("b.x", "ő\n".encode() * 9)]
    choice = {"encoding": "cp1252"}
    part = {"files": ["a.x", "b.x"], "choice": choice, "target_encoding": "utf-8"}
    corpus = imported(workspace, *files, parts=[part], is_divided=False)
    assert "1252" in corpus.details["encodings"]["a.x"]
    assert pairs_of(workspace, corpus, "train")[0] == ("é", "ő")
