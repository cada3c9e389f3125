"""`corpora` on the command line: everything that the page can do, with the same core."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.corpora.formats.files import kind_at
from core.corpora.sample import generate_sample
from core.corpora.segments import Pair
from core.errors import DataError
from core.storage.workspace import PROJECT, Workspace
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from tests.servers.fault_server import FaultServer

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: object, status: int = 0) -> dict[str, Any]:
        given = ["corpora", *map(str, words), "--json", "--workspace", str(tmp_path / "workspace")]
        assert main(given) == status
        captured = capsys.readouterr()
        if status:
            assert captured.out == ""
            return {"error": captured.err}
        found: dict[str, Any] = json.loads(captured.out)
        return found

    return run


def written(path: Path, pairs: list[Pair]) -> Path:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    return path


@pytest.fixture
def imported(run: Run, tmp_path: Path) -> dict[str, Any]:
    """40 pairs of the sample, ten of them twice, with ready dev and test splits; one leaks."""
    made = generate_sample(num_train=40, num_dev=4, num_test=4, seed=3)
    train = written(tmp_path / "a.tsv", [*made.train, *made.train[:10], made.test[0]])
    dev, test = (written(tmp_path / f"{n}.tsv", getattr(made, n)) for n in ("dev", "test"))
    return run("import", train, "--dev", dev, "--test", test, "--name", "C")


def test_import_gives_counts_and_leaks(imported: dict[str, Any]) -> None:
    assert (imported["num_train"], imported["num_dev"], imported["num_test"]) == (51, 4, 4)
    assert imported["rejected"] == {}
    assert imported["details"]["leakage"]["pairs"]


def test_check_clean_take_back_unleak_and_split(run: Run, imported: dict[str, Any]) -> None:
    found = run("check", "C", "--preset", "standard", "--max-chars", "400")
    assert found["counts"]["duplicate"]["train"] == 10
    clean = run("clean", "C", "--reasons", "duplicate", "--name", "Clean")
    assert (clean["num_train"], clean["rejected"]) == (41, {"duplicate": 10})
    back = run("take-back", "Clean", "train:41", "--name", "Back")
    assert back["num_train"] == 42
    for rows, sentence in (
        (("train:1",), "Row 1 of train is none that was left out of 'Clean'."),
        (("train:x",), "'train:x' names no row."),
        (("dev:1",), "Row 1 of dev is none"),
    ):
        assert sentence in run("take-back", "Clean", *rows, status=2)["error"]
    leaks = run("leakage", "C")
    assert leaks["badge"] == "leaks" and leaks["num_rows"] == len(leaks["rows"]) > 0
    source = generate_sample(num_train=40, num_dev=4, num_test=4, seed=3).test[0][0]
    assert [leak["level"] for leak in leaks["rows"] if leak["source"] == source] == ["exact"]
    assert run("unleak", "C")["num_train"] < 51
    split = run("split", "C", "--dev", 6, "--test", 7, "--seed", 2)
    assert (split["num_dev"], split["num_test"]) == (6, 7)
    # Shares need no word on how they are meant; together with numbers they are refused.
    shares = ("--train-percent", 80, "--dev-percent", 10, "--test-percent", 10)
    assert run("split", "C", *shares, "--name", "Shares")["num_test"] == 5
    refused = run("split", "C", *shares, "--dev", 3, status=2)["error"]
    assert refused.startswith("train_percent and numbers of segments exclude each other.")


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "moses", "tmx", "parquet"])
def test_every_export_is_imported_as_the_same_corpus(
    kind: str, run: Run, imported: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / f"train.{'zip' if kind == 'moses' else kind}"
    assert run("export", "C", "--format", kind, "--split", "train", "-o", file)["segments"] == 51
    again = run("import", file, "--name", "Again", "--no-division")
    workspace = Workspace(tmp_path / "workspace")
    first, second = (
        workspace.split_file(each["id"], "train").read_bytes() for each in (imported, again)
    )
    assert first == second
    workspace.database.dispose()


def test_only_the_split_that_is_not_given_is_cut_out(run: Run, tmp_path: Path) -> None:
    train = written(tmp_path / "a.tsv", [(f"s {n}", f"t {n}") for n in range(60)])
    dev = written(tmp_path / "b.tsv", [(f"x {n}", f"y {n}") for n in range(5)])
    corpus = run("import", train, "--dev", dev, "--num-test", 7, "--name", "C")
    assert (corpus["num_train"], corpus["num_dev"], corpus["num_test"]) == (53, 5, 7)


def test_left_out_rows_statistics_and_wrong_words(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path / "a.tsv", [("a b", "c d")] * 30 + [(" ", "x")])
    corpus = run("import", file, "--name", "C", "--no-division")
    assert corpus["rejected"] == {"empty": 1}
    rejected = tmp_path / "r.tsv"
    assert run("rejected", "C", "--format", "tsv", "-o", rejected)["segments"] == 1
    assert "line 31" in rejected.read_text(encoding="utf-8")
    found = run("statistics", "C")["statistics"]["splits"]["train"]
    assert (found["num_segments"], found["num_distinct_pairs"]) == (30, 1)
    for words, sentence in (
        (("import", file, "--name", "a\x1b[31m"), "holds control characters."),
        (("import", "--public", "nothing", "--name", "P"), "There is no public set 'nothing'."),
        (("check", "Nothing"), "There is no corpus 'Nothing'."),
        (("export", "C", "--format", "tsv", "--split", "dev", "-o", rejected), "is empty."),
        (("export", "C", "--format", "tsv", "-o", tmp_path / "no" / "x"), "There is no folder"),
        (("export", "C", "--format", "tsv", "-o", tmp_path), "cannot be written"),
        (("export", "C", "--format", "tsv", "-o", tmp_path / ("n" * 300)), "cannot be written"),
        (("import", tmp_path / ("n" * 300), "--name", "D"), "does not exist"),
        (("import", file, "--public", "loresmt2021-en-ga", "--name", "D"), "cannot be one import"),
    ):
        assert sentence in run(*words, status=2)["error"], words


def test_languages_are_those_that_the_files_tell(run: Run, tmp_path: Path) -> None:
    for name in ("a.fr", "a.es", "b.fr"):
        (tmp_path / name).write_text("un\ndeux\ntrois\n")
    french, spanish, other = (tmp_path / name for name in ("a.fr", "a.es", "b.fr"))
    found = run("import", french, spanish, "--name", "A", "--no-division")
    assert (found["src_lang"], found["tgt_lang"]) == ("fra_Latn", "spa_Latn")
    langs = ("--src-lang", "eng_Latn", "--tgt-lang", "gle_Latn")
    error = run("import", french, spanish, "--name", "B", *langs, status=2)["error"]
    assert "no other file is its other half in English and Irish" in error
    error = run("import", other, "--name", "B", status=2)["error"]
    assert "The files tell one language, French, and not the other." in error
    assert len(run("list")["corpora"]) == 1


def test_a_folder_that_one_may_not_enter_is_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    words = ("import", tmp_path / "x.tsv", "--name", "D")
    with monkeypatch.context() as patch:  # root may enter everywhere
        patch.setattr(Path, "stat", refuse)
        with pytest.raises(DataError, match="x.tsv' cannot be looked at: Permission denied"):
            kind_at(tmp_path / "x.tsv")
    assert "does not exist" in run(*words, status=2)["error"]


def test_a_break_stops_the_job_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "large.tsv"
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(
            f"a source of many words {n}\tsprioc le focail {n}\n" for n in range(400_000)
        )
    root = tmp_path / "workspace"
    words = [sys.executable, "-m", "core", "corpora", "import", str(file), "--name", "C"]
    process = subprocess.Popen(
        [*words, "--workspace", str(root)],
        cwd=PROJECT,
        env={**os.environ},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(root.glob("corpus_jobs/*/metrics.jsonl")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped; nothing of it was kept." in errors
    while list(root.glob("corpus_jobs/*/raw")):
        assert time.monotonic() < deadline + 60
        time.sleep(0.1)
    workspace = Workspace(root)
    assert workspace.corpora.all() == []
    workspace.database.dispose()


def test_back_translate_makes_a_corpus_and_says_how_it_is_mixed_in(
    run: Run, tmp_path: Path, faults: FaultServer
) -> None:
    workspace = Workspace(tmp_path / "workspace")
    service = EndpointSettings(name="LT", kind="libretranslate", base_url=faults.root("lt"))
    add_endpoint(workspace, service)
    workspace.database.dispose()
    text = tmp_path / "mono.txt"
    text.write_text("Abairt amháin.\nAbairt eile.\nAbairt eile.\n", encoding="utf-8")
    words = ("--system", "LT", "--from", "gle_Latn", "--to", "eng_Latn", "--tag", "<BT>")
    found = run("back-translate", text, *words, "--name", "BT")
    assert (found["num_train"], found["rejected"]) == (2, {"duplicate": 1})
    assert found["details"]["tag"] == "<BT>"
    assert found["details"]["made_with"]["file_name"] == "mono.txt"
    told = run("back-translate", text, *words, "--name", "BT", status=2)["error"]
    assert "There is already a corpus named 'BT'" in told


def test_how_a_file_is_read_can_be_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "x.tsv"
    quoted = "English\tIrish\n" + '"two\nlines"\t"\u00e9"\n' * 5
    file.write_bytes(quoted.encode("cp1252"))
    langs = ["--src-lang", "eng_Latn", "--tgt-lang", "gle_Latn"]
    assert "quoting" in run("import", file, "--name", "A", *langs, status=2)["error"]
    said = ["--quoting", "quoted", "--encoding", "cp1252", "--no-division"]
    found = run("import", file, "--name", "A", *langs, *said)
    assert found["num_train"] == 5
    plain = tmp_path / "y.csv"
    plain.write_text("a,a\nb,c\n")
    assert "header" in run("import", plain, "--name", "B", *langs, status=2)["error"]
    found = run("import", plain, "--name", "B", *langs, "--header", "no", "--no-division")
    assert found["num_train"] == 2
