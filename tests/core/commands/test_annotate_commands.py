from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.storage.workspace import Workspace
from tests.core.annotate.formats.wmt_files import EARLIER, tsv

Values = Callable[..., dict[str, Any]]
CAT = "Tá an cat dubh."


def rows(num_segments: int = 8) -> list[list[str]]:
    """Two raters on two systems; of sysA both mark a major error in each second segment."""
    found = []
    for at in range(1, num_segments + 1):
        shared = [f"talk.{(at + 1) // 2}", str(2 - at % 2), str(at)]
        for rater in ("Máire", "Seán"):
            is_wrong = at % 2 == 1 or (at == 2 and rater == "Seán")
            error = ["The <v>dog</v>.", "Accuracy/Mistranslation", "Major"]
            none = ["The dog.", "No-error", "No-error"]
            found.append(["sysA", *shared, rater, CAT, *(error if is_wrong else none)])
            found.append(["sysB", *shared, rater, CAT, "The cat.", "No-error", "no-error"])
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mqm.ga-en.tsv"
    path.write_bytes(tsv(rows()))
    return path


@pytest.fixture
def values(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Values:
    """Runs an `annotate` command that succeeds in silence; gives its one JSON object."""

    def run(*words: str | Path) -> dict[str, Any]:
        given = ["annotate", *map(str, words), "--json", "--workspace", str(workspace.root)]
        assert main(given) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        found = json.loads(captured.out)
        assert isinstance(found, dict)
        return found

    return run


def refusal(capsys: pytest.CaptureFixture[str], workspace: Workspace, *words: str | Path) -> str:
    assert main(["annotate", *map(str, words), "--workspace", str(workspace.root)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_file_is_imported_listed_exported_byte_by_byte_and_deleted(
    values: Values, file: Path, tmp_path: Path
) -> None:
    found = values(
        "import", file, "--format", "wmt-mqm", "--name", "mine", "--src-lang", "gle_Latn"
    )
    assert (found["name"], found["protocol"], found["src_lang"]) == ("mine", "mqm", "gle_Latn")
    counts = ("num_systems", "num_segments", "num_raters", "num_items", "num_errors")
    assert [found[name] for name in counts] == [2, 8, 2, 32, 9]
    (listed,) = values("list")["campaigns"]
    assert (listed["id"], listed["state"], listed["num_done"]) == (found["id"], "closed", 32)
    out = tmp_path / "out.tsv"
    exported = values("export", found["id"][:8], "--format", "wmt-mqm", "--out", out)
    assert out.read_bytes() == file.read_bytes()
    assert exported["size_bytes"] == len(file.read_bytes())
    assert values("delete", "mine") == {"deleted": found["id"]}
    assert values("list") == {"campaigns": []}


@pytest.mark.parametrize("is_stored", [True, False])
def test_segments_are_scored_with_null_where_nobody_rated(
    values: Values, tmp_path: Path, is_stored: bool
) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(tsv(rows(2)[:-1]))  # nobody but Máire rated segment 2 of sysB
    path.write_bytes(path.read_bytes() + "\t".join(["sysA", "talk.9", "1", "9", "Máire", CAT, "x",
                                                    "No-error", "No-error"]).encode())  # fmt: skip
    if is_stored:
        values("import", path)
    found = values("score", "a" if is_stored else path, "--preset", "wmt21", "--level", "seg")
    assert found["preset"] == "wmt21"
    scores = [(each["system"], each["segment_id"], each["score"]) for each in found["segments"]]
    assert scores == [
        ("sysA", "1", -5), ("sysA", "2", -2.5), ("sysA", "9", 0),
        ("sysB", "1", 0), ("sysB", "2", 0), ("sysB", "9", None),
    ]  # fmt: skip
    assert [each["num_ratings"] for each in found["segments"]] == [2, 2, 1, 2, 1, 0]


def test_systems_are_ranked_with_mean_n_interval_and_cluster(values: Values, file: Path) -> None:
    found = values("score", file, "--preset", "wmt21", "--level", "sys")
    better, worse = found["systems"]
    assert (better["system"], better["mean"], better["n"]) == ("sysB", 0, 8)
    assert (worse["system"], worse["mean"], worse["num_ratings"]) == ("sysA", -22.5 / 8, 16)
    low, high = worse["interval"]
    assert low < worse["mean"] < high
    assert len(worse["interval_by_document"]) == 2
    assert (better["cluster"], worse["cluster"]) == (1, 2)
    assert "mean over its raters" in found["averaging"]


def test_agreement_tells_of_each_pair_and_of_all(values: Values, file: Path) -> None:
    found = values("agreement", file)
    (pair,) = found["pairs"]
    assert (pair["first"], pair["second"], pair["num_shared"]) == ("Máire", "Seán", 16)
    assert pair["table"] == [[11, 1], [0, 4]]
    # 15 of 16 alike; by chance (12 x 11 + 4 x 5) / 256 of them.
    kappa = (15 / 16 - 152 / 256) / (1 - 152 / 256)
    assert pair["kappa"] == pytest.approx(kappa)
    assert found["mean_kappa"] == pytest.approx(kappa)
    assert None not in (found["fleiss"], found["alpha_nominal"], found["alpha_interval"])


def test_results_are_told_to_people_too(
    workspace: Workspace, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, expected in (
        (["score", file, "--level", "seg"], "sysA    talk.1    1        -5.000"),
        (["score", file], "sysB    0.000"),
        (["agreement", file], "Máire  Seán"),
        (["import", file], "32 rated outputs of 2 systems by 2 raters"),
        (["list"], "mqm.ga-en  mqm       closed  2"),
    ):
        assert main(["annotate", *map(str, words), "--workspace", str(workspace.root)]) == 0
        assert expected in capsys.readouterr().out


def test_files_are_converted_and_raters_are_named_when_asked(
    values: Values, file: Path, tmp_path: Path
) -> None:
    values("import", file)
    values("export", "mqm.ga-en", "--format", "csv", "--out", tmp_path / "a.csv")
    assert "Seán" in (tmp_path / "a.csv").read_text(encoding="utf-8")  # imported: keeps its names
    found = values("score", tmp_path / "a.csv", "--preset", "wmt21")
    assert [each["mean"] for each in found["systems"]] == [0, -22.5 / 8]


def test_ratings_are_published_for_evaluate(
    values: Values, file: Path, workspace: Workspace
) -> None:
    values("import", file, "--src-lang", "gle_Latn", "--tgt-lang", "eng_Latn")
    found = values("publish", "mqm.ga-en", "--preset", "wmt23")
    assert found["name"] == "MQM wmt23 (mqm.ga-en)"
    assert [each["system"] for each in found["translation_sets"]] == ["sysA", "sysB"]
    assert len(list(workspace.scorings.scores(found["scoring"]))) == 32


def test_what_is_wrong_is_told_in_one_line(
    workspace: Workspace, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.tsv").write_bytes("\t".join(EARLIER).encode() + b"\nx\ty\n")
    out = tmp_path / "there"
    out.touch()
    for words, sentence in (
        (["score", "nothing"], "There is no campaign 'nothing'. Give a file"),
        (["score", "n" * 5000], "There is no campaign 'nnn"),
        (["import", tmp_path / "bad.tsv"], "'bad.tsv' line 2 has 2 tab-separated cells"),
        (["import", tmp_path], "cannot be read"),
        (["export", file, "--format", "csv", "--out", out], "is there already"),
        (["export", file, "--format", "csv", "--out", out / "x"], "cannot be written"),
        (["export", file, "--format", "psqm"], "psqm cannot hold a campaign of the protocol mqm"),
        (["score", file, "--seed", "-5"], "-5 is no seed of draws. Give a whole number"),
        (["publish", "x"], "There is no campaign 'x'"),
    ):
        assert sentence in refusal(capsys, workspace, *words)
    assert workspace.campaigns.all() == []


def test_the_same_name_twice_is_refused(
    workspace: Workspace, file: Path, values: Values, capsys: pytest.CaptureFixture[str]
) -> None:
    values("import", file)
    assert "There is a campaign 'mqm.ga-en' already" in refusal(capsys, workspace, "import", file)
