from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.corpora.importing import (
    delete_corpus,
    ensure_sample,
    import_corpus,
    split_again,
)
from core.corpora.reading import NamedFile
from core.corpora.segments import read_segments
from core.errors import AdaptMLLMError, ConfigError, DataError, HostError
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace


def tsv(num_pairs: int, prefix: str = "", name: str = "x.tsv") -> NamedFile:
    rows = [f"{prefix}source {n}\t{prefix}target {n}\n" for n in range(num_pairs)]
    return NamedFile(name, "".join(rows).encode())


def imported(workspace: Workspace, **changes: Any) -> Corpus:
    given: dict[str, Any] = {
        "name": "Covid",
        "src_lang": "eng_Latn",
        "tgt_lang": "gle_Latn",
        "train": [tsv(100)],
    }
    return import_corpus(workspace, **{**given, **changes})


def stored_files(workspace: Workspace) -> list[Path]:
    return list(workspace.corpora_folder.rglob("*"))


def test_import_cuts_dev_and_test_out_of_the_training_file(workspace: Workspace) -> None:
    corpus = imported(workspace, num_dev=7, num_test=9)
    assert corpus.counts == {"train": 84, "dev": 7, "test": 9}
    assert workspace.corpora.get("Covid") == corpus
    pairs = [
        pair for split in SPLITS for pair in read_segments(workspace.split_file(corpus.id, split))
    ]
    assert sorted(pairs) == sorted((f"source {n}", f"target {n}") for n in range(100))
    assert corpus.details["split_seed"] == 1
    assert corpus.details["dev_overlaps"] == corpus.details["test_overlaps"] == 0


@pytest.mark.parametrize(("num_pairs", "size"), [(3, 1), (100, 5), (20_000, 500)])
def test_usual_dev_and_test_are_a_twentieth_but_at_most_500(
    num_pairs: int, size: int, workspace: Workspace
) -> None:
    corpus = imported(workspace, train=[tsv(num_pairs)])
    assert corpus.counts == {"train": num_pairs - 2 * size, "dev": size, "test": size}


def test_given_splits_keep_their_line_counts_with_repeated_pairs(workspace: Workspace) -> None:
    train = NamedFile("t.tsv", b"a\tb\na\tb\nc\td\n\t\n")
    dev = NamedFile("d.tsv", b"e\tf\ne\tf\n \tx\n")
    test = NamedFile("e.tsv", b"A.\tg\nh\ti\n")
    corpus = imported(workspace, train=[train], dev=[dev], test=[test])
    assert corpus.counts == {"train": 3, "dev": 2, "test": 2}
    assert read_segments(workspace.split_file(corpus.id, "train")) == [
        ("a", "b"),
        ("a", "b"),
        ("c", "d"),
    ]
    details = corpus.details
    assert (details["num_empty"], details["num_duplicates"]) == (2, 0)
    assert (details["dev_overlaps"], details["test_overlaps"]) == (0, 1)
    assert details["split_seed"] is None
    assert details["files"] == {"train": ["t.tsv"], "dev": ["d.tsv"], "test": ["e.tsv"]}


def test_loresmt_keeps_its_published_counts(loresmt: Path, workspace: Workspace) -> None:
    def pair(stem: str) -> list[NamedFile]:
        names = (f"{stem}.en", f"{stem}.ga")
        return [NamedFile(name, (loresmt / name).read_bytes()) for name in names]

    corpus = imported(workspace, train=pair("train"), dev=pair("dev"), test=pair("test.en2ga"))
    assert corpus.counts == {"train": 8112, "dev": 502, "test": 500}
    assert corpus.details["num_empty"] == 0
    for split in SPLITS:
        stem = "test.en2ga" if split == "test" else split
        lines = (loresmt / f"{stem}.en").read_text(encoding="utf-8").splitlines()
        pairs = read_segments(workspace.split_file(corpus.id, split))
        assert [source for source, _ in pairs] == lines


def test_names_of_uploads_are_never_paths(workspace: Workspace, tmp_path: Path) -> None:
    files = [NamedFile("../../x", b"a\nc\ne\n"), NamedFile("/etc/y.sh", b"b\nd\nf\n")]
    corpus = imported(workspace, train=files)
    folder = workspace.corpus_folder(corpus.id)
    assert sorted(file.name for file in (folder / "raw").iterdir()) == ["0.txt", "1.txt"]
    assert (folder / "raw/0.txt").read_bytes() == b"a\nc\ne\n"
    assert corpus.origin == "imported from ../../x, /etc/y.sh"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["workspace"]


WRONG: list[tuple[dict[str, Any], type[AdaptMLLMError], str]] = [
    ({"name": " \n "}, DataError, "A corpus needs a name of 1 to 200 characters."),
    ({"name": "x" * 201}, DataError, "A corpus needs a name of 1 to 200 characters."),
    ({"tgt_lang": "gle"}, ConfigError, "'gle' is not a FLORES-200 language code."),
    ({"tgt_lang": "eng_Latn"}, ConfigError, "Source and target are both English (eng_Latn)."),
    ({"train": []}, DataError, "0 files were given for one split."),
    ({"train": [tsv(2)]}, DataError, "2 segments cannot give dev 1, test 1 and a train split."),
    ({"train": [NamedFile("x.tsv", b"")]}, DataError, "'x.tsv' is empty."),
    ({"num_dev": 99}, DataError, "100 segments cannot give dev 99, test 5 and a train split."),
    ({"num_test": -3}, DataError, "dev 5 and test -3 must both be at least 1."),
    ({"dev": [tsv(3)]}, DataError, "Dev and test files were given only for one of the two."),
    (
        {"dev": [NamedFile("d.tsv", b" \t \n")], "test": [tsv(3)]},
        DataError,
        "The dev files hold no segment.",
    ),
]


@pytest.mark.parametrize(("changes", "error", "sentence"), WRONG)
def test_wrong_import_is_one_sentence_and_stores_nothing(
    changes: dict[str, Any], error: type[AdaptMLLMError], sentence: str, workspace: Workspace
) -> None:
    with pytest.raises(error) as caught:
        imported(workspace, **changes)
    assert caught.value.message == sentence
    assert stored_files(workspace) == []
    assert workspace.corpora.all() == []


def test_name_that_is_taken_is_refused_and_nothing_is_stored(workspace: Workspace) -> None:
    corpus = imported(workspace)
    before = sorted(stored_files(workspace))
    with pytest.raises(DataError, match="There is already a corpus named 'Covid'"):
        imported(workspace, name="  Covid ", train=[tsv(50)])
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
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_stores_nothing_and_the_workspace_goes_on(small_disk: Path) -> None:
    workspace = Workspace(small_disk)
    with pytest.raises(HostError, match="The corpus could not be written: No space left"):
        imported(workspace, train=[tsv(30_000)])
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


def test_split_again_makes_a_new_corpus_and_keeps_the_old_one(workspace: Workspace) -> None:
    old = imported(workspace)
    new = split_again(workspace, "Covid", num_dev=20, num_test=30, seed=9, name="Other")
    assert new.counts == {"train": 50, "dev": 20, "test": 30}
    assert new.details["parent"] == old.id
    assert {corpus.name: corpus.counts for corpus in workspace.corpora.all()} == {
        "Covid": {"train": 90, "dev": 5, "test": 5},
        "Other": new.counts,
    }
    with pytest.raises(DataError, match="There is already a corpus named 'Other'"):
        split_again(workspace, "Covid", num_dev=20, num_test=30, seed=9, name="Other")
    with pytest.raises(DataError, match="There is no corpus 'Nothing'"):
        split_again(workspace, "Nothing", num_dev=1, num_test=1, seed=1, name="New")


def test_sample_is_made_once_and_marked_as_synthetic(workspace: Workspace) -> None:
    corpus = ensure_sample(workspace)
    assert ensure_sample(workspace) == corpus
    assert corpus.is_synthetic
    again = split_again(workspace, corpus.id, num_dev=5, num_test=5, seed=1, name="again")
    assert again.is_synthetic


def test_corpus_is_deleted_with_its_files(workspace: Workspace) -> None:
    corpus = imported(workspace)
    delete_corpus(workspace, "Covid")
    assert not workspace.corpus_folder(corpus.id).exists()
    assert workspace.corpora.all() == []


def test_corpus_that_a_run_uses_is_kept(workspace: Workspace) -> None:
    corpus = imported(workspace)
    job = Job("r", "core.finetune.job", "runs/r", "compute", "finished", corpus.created_at)
    run = Run(
        id="r",
        name="run",
        corpus_id=corpus.id,
        corpus_name=corpus.name,
        base_model="starter",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        settings={},
        scores={},
        train_seconds=None,
        created_at=corpus.created_at,
        job=job,
    )
    workspace.runs.add(run)
    workspace.runs.add(replace(run, id="s", job=replace(job, id="s")))
    with pytest.raises(DataError, match=r"2 run\(s\) use the corpus 'Covid'\."):
        delete_corpus(workspace, corpus.id)
    assert workspace.corpus_folder(corpus.id).exists()
