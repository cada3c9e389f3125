from __future__ import annotations

import json
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from sacrebleu.significance import PairedTest, Result

from core.__main__ import main
from core.commands.progress import told_progress
from core.metrics.lexical import SPECS, sacrebleu_metric
from core.storage.workspace import PROJECT, Workspace

Answer = tuple[int, str, str]
CommandLine = Callable[..., Answer]

NOTEBOOK = PROJECT / "tests/data/notebook"
HYPOTHESES, REFERENCES = NOTEBOOK / "hypotheses.txt", NOTEBOOK / "references.txt"
SOURCES = NOTEBOOK / "sources.txt"
LANGUAGES = ["--src-lang", "eng_Latn", "--tgt-lang", "gle_Latn"]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def write(path: Path, texts: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


@pytest.fixture
def cli(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs an `evaluate` command in this process; gives status, stdout and stderr."""

    def run(*arguments: str | Path) -> Answer:
        words = ["evaluate", *(str(word) for word in arguments)]
        status = main([*words, "--workspace", str(workspace.root)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def values(cli: CommandLine) -> Callable[..., dict[str, Any]]:
    """Runs an `evaluate` command that succeeds in silence; gives its one JSON object."""

    def run(*arguments: str | Path) -> dict[str, Any]:
        status, output, errors = cli(*arguments, "--json")
        assert (status, errors) == (0, "")
        assert output.count("\n") == 1
        found = json.loads(output)
        assert isinstance(found, dict)
        return found

    return run


@pytest.fixture
def better(tmp_path: Path) -> Path:
    """A second system, which gets every second segment right."""
    pairs = zip(lines(HYPOTHESES), lines(REFERENCES), strict=True)
    texts = [ref if at % 2 else hyp for at, (hyp, ref) in enumerate(pairs)]
    return write(tmp_path / "better.txt", texts)


@pytest.fixture
def other_references(tmp_path: Path) -> Path:
    texts = [text.replace("Tá ", "Bíonn ").replace(" agus ", " is ") for text in lines(REFERENCES)]
    assert texts != lines(REFERENCES)
    return write(tmp_path / "other.txt", texts)


@pytest.fixture
def sets(values: Any, better: Path) -> list[str]:
    """The ids of two translation sets of the notebook's test set."""
    words = ["add", HYPOTHESES, better, "--sources", SOURCES, "--references", REFERENCES]
    found = values(*words, *LANGUAGES, "--name", "Notebook")
    return [each["id"] for each in found["translation_sets"]]


# Scoring files


def test_every_metric_is_scored_unrounded_with_signature_and_interval(values: Any) -> None:
    words = ["--hypotheses", HYPOTHESES, "--references", REFERENCES, "--samples", "200"]
    found = values("score", *words)
    assert [row["metric"] for row in found["scores"]] == list(SPECS)
    for row in found["scores"]:
        metric = sacrebleu_metric(SPECS[row["metric"]])
        score = metric.corpus_score(lines(HYPOTHESES), [lines(REFERENCES)], n_bootstrap=200)
        assert row["value"] == score.score
        assert row["half_width"] == score._ci
        # sacreBLEU has two ways of taking this mean, of which PairedTest's is ours.
        assert row["mean"] == pytest.approx(float(score._mean), rel=1e-6)
        assert row["low"] < row["mean"] < row["high"]
        test_signature = f"{score.name}|{metric.get_signature()}"
        assert row["test_signature"] == test_signature
        assert row["signature"] == test_signature.replace("bs:200|seed:12345|", "")
        assert (row["beta"], row["num_segments"]) == (SPECS[row["metric"]].beta, 25)
    assert [each["num_empty"] for each in found["systems"]] == [1]
    assert found["notes"] == ["System 'hypotheses': 1 segment (19) empty, kept and scored as such."]


def test_scores_of_several_references_equal_sacrebleu(values: Any, other_references: Path) -> None:
    words = ["--hypotheses", HYPOTHESES, "--references", REFERENCES, other_references]
    found = values("score", *words, "--samples", "0")
    both = [lines(REFERENCES), lines(other_references)]
    for row in found["scores"]:
        metric = sacrebleu_metric(SPECS[row["metric"]])
        score = metric.corpus_score(lines(HYPOTHESES), both)
        assert row["value"] == score.score
        assert row["signature"] == f"{score.name}|{metric.get_signature()}"
        assert "nrefs:2" in row["signature"]
        assert (row["low"], row["high"], row["mean"], row["half_width"]) == (None,) * 4
    assert found["references"] == ["references", "other"]


def test_all_systems_and_the_references_of_one_file_are_scored(values: Any, tmp_path: Path) -> None:
    rows = ["source\treference\tA\tB", "Hello.\tDia duit.\tDia duit.\tHaigh.", "Yes.\tSea.\tSea.\t"]
    path = write(tmp_path / "systems.tsv", rows)
    found = values("score", "--hypotheses", path, "--metrics", "chrf2,ter", "--samples", "0")
    by_system = {(row["system"], row["metric"]): row["value"] for row in found["scores"]}
    assert by_system["A", "chrf2"] == 100
    assert by_system["A", "ter"] == 0
    assert by_system["B", "chrf2"] < 50
    assert [each["num_empty"] for each in found["systems"]] == [0, 1]


def test_tokenizer_changes_bleu_and_its_signature(values: Any) -> None:
    words = ["score", "--hypotheses", HYPOTHESES, "--references", REFERENCES, "--samples", "0"]
    (usual,) = values(*words, "--metrics", "bleu")["scores"]
    (char,) = values(*words, "--metrics", "bleu", "--tokenizer", "char")["scores"]
    assert "tok:char" in char["signature"]
    assert char["value"] > usual["value"]


def test_table_has_two_decimals_intervals_and_signatures(cli: CommandLine) -> None:
    words = ["--hypotheses", HYPOTHESES, "--references", REFERENCES, "--metrics", "bleu,chrf3"]
    status, output, _ = cli("score", *words)
    assert status == 0
    head, bleu, chrf3, blank, counts, *rest = output.splitlines()
    assert head.split("  ")[0] == "metric"
    assert bleu.startswith("BLEU    hypotheses  49.89  [")
    assert chrf3.startswith("chrF3   hypotheses  69.64  [")
    assert blank == ""
    assert counts == "segments 25 · references 1 · bootstrap resamples 1,000 · seed 12345"
    assert rest == [
        "BLEU: BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
        "chrF3: chrF3|nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0",
        "System 'hypotheses': 1 segment (19) empty, kept and scored as such.",
    ]


def test_files_of_the_same_name_are_told_apart_by_their_folders(
    values: Any, tmp_path: Path
) -> None:
    first = write(tmp_path / "a" / "pred.txt", lines(HYPOTHESES))
    second = write(tmp_path / "b" / "pred.txt", lines(REFERENCES))
    words = ["--hypotheses", first, second, "--references", REFERENCES, "--metrics", "chrf2"]
    found = values("score", *words, "--samples", "0")
    names = [f"pred ({first})", f"pred ({second})"]
    assert [row["system"] for row in found["scores"]] == names
    assert found["scores"][1]["value"] == 100


# Comparing files


@pytest.mark.parametrize(("test", "samples"), [("bs", 300), ("ar", 500)])
@pytest.mark.parametrize("several", [False, True])
def test_comparison_equals_the_paired_test_of_sacrebleu(
    test: str, samples: int, several: bool, values: Any, better: Path, other_references: Path
) -> None:
    files = [REFERENCES, *([other_references] if several else [])]
    words = ["--baseline", HYPOTHESES, "--system", better, "--references", *files]
    metrics = {key: SPECS[key] for key in ("bleu", "ter", "chrf3")}
    words += ["--metrics", ",".join(metrics), "--test", test, "--samples", str(samples)]
    found = values("compare", *words)
    systems: list[tuple[str, Sequence[str]]] = [
        ("hypotheses", lines(HYPOTHESES)),
        ("better", lines(better)),
    ]
    signatures, scores = PairedTest(
        systems,
        {key: sacrebleu_metric(spec) for key, spec in metrics.items()},
        [lines(path) for path in files],
        test_type=test,
        n_samples=samples,
        n_ar_confidence=0 if test == "ar" else -1,
    )()
    by_name = {key: spec.signed_name for key, spec in metrics.items()}
    for key, name in by_name.items():
        ours = [row for row in found["scores"] if row["metric"] == key]
        (difference,) = [row for row in found["differences"] if row["metric"] == key]
        baseline, system = cast(list[Result], scores[name])
        assert [row["value"] for row in ours] == [baseline.score, system.score]
        assert [row["mean"] for row in ours] == [baseline.mean, system.mean]
        assert [row["half_width"] for row in ours] == [baseline.ci, system.ci]
        assert difference["p_value"] == system.p_value
        assert difference["delta"] == system.score - baseline.score
        assert difference["low"] < difference["delta"] < difference["high"]
        assert {row["test_signature"] for row in ours} == {f"{name}|{signatures[name]}"}


def test_comparison_of_three_is_corrected_after_holm_and_ranked(
    values: Any, better: Path, tmp_path: Path
) -> None:
    best = write(tmp_path / "best.txt", lines(REFERENCES))
    words = ["--baseline", HYPOTHESES, "--system", better, "--system", best]
    found = values("compare", *words, "--references", REFERENCES, "--metrics", "chrf2")
    first, second = found["differences"]
    assert (first["system"], second["system"]) == ("better", "best")
    smaller, greater = sorted([first["p_value"], second["p_value"]])
    corrected = sorted([first["p_corrected"], second["p_corrected"]])
    assert corrected == [2 * smaller, max(2 * smaller, greater)]
    assert first["is_significant"] and first["is_better"] and first["baseline"] == "hypotheses"
    ranks = {row["system"]: (row["cluster"], row["best_rank"]) for row in found["ranks"]}
    assert ranks == {"best": (1, 1), "better": (2, 2), "hypotheses": (3, 3)}
    assert (found["test"], found["num_samples"], found["seed"]) == ("bs", 1000, 12345)
    assert any("another seed gives another model" in note for note in found["notes"])


def test_table_of_a_comparison_says_who_is_better(cli: CommandLine, better: Path) -> None:
    words = ["--baseline", HYPOTHESES, "--system", better, "--references", REFERENCES]
    _, output, _ = cli("compare", *words, "--metrics", "ter", "--test", "ar", "--samples", "999")
    _, baseline, system, *_ = output.splitlines()
    assert baseline.split()[:3] == ["TER", "hypotheses", "35.02"]
    assert "baseline" in baseline and "better" in system.split("0.0")[-1]
    assert "trials of approximate randomisation 999" in output


def test_five_segments_cannot_show_a_difference(values: Any, tmp_path: Path) -> None:
    references = write(tmp_path / "ref.txt", lines(REFERENCES)[:5])
    same = write(tmp_path / "same.txt", lines(REFERENCES)[:5])
    short = write(tmp_path / "short.txt", lines(HYPOTHESES)[:5])
    words = ["--baseline", short, "--system", same, "--references", references]
    found = values("compare", *words, "--metrics", "chrf2")
    (difference,) = found["differences"]
    assert difference["is_better"] and not difference["is_significant"]
    assert found["notes"][0].startswith("With fewer than 6 segments, here 5, no systems can come")


def test_texts_are_scored_as_they_are_or_in_one_form_of_unicode(
    values: Any, tmp_path: Path
) -> None:
    texts = [unicodedata.normalize("NFD", text) for text in lines(REFERENCES)]
    decomposed = write(tmp_path / "nfd.txt", texts)
    words = ["--hypotheses", decomposed, "--references", REFERENCES, "--metrics", "chrf2"]
    as_is, nfc = values("score", *words), values("score", *words, "--nfc")
    assert as_is["scores"][0]["value"] < nfc["scores"][0]["value"] == 100
    assert (as_is["nfc"], nfc["nfc"]) == (False, True)
    assert "All texts were brought to Unicode's form NFC." in nfc["notes"]


# Evaluations of the workspace


def test_report_of_a_saved_evaluation_is_a_folder_with_all_forms(
    values: Any, sets: list[str], tmp_path: Path
) -> None:
    words = ["--set", sets[0], "--set", sets[1], "--metrics", "bleu,chrf2", "--samples", "100"]
    saved = values("save", "Mine", *words)
    assert saved["settings"]["baseline"] == ""
    (listed,) = values("list")["evaluations"]
    assert (listed["name"], listed["test_set"], listed["num_systems"]) == ("Mine", "Notebook", 2)
    found = values("report", "Mine", "-o", tmp_path / "report")
    assert found["folder"] == str(tmp_path / "report")
    report = json.loads((tmp_path / "report/evaluation.json").read_text(encoding="utf-8"))
    assert (report["name"], report["num_samples"]) == ("Mine", 100)
    assert found["leaks"] == {"badge": report["leak_badge"], "sentence": report["leak"]}
    assert found["leaks"]["badge"] == "unknown"  # the texts are of no corpus
    scored = values(
        "score", "--hypotheses", HYPOTHESES, "--references", REFERENCES, "--metrics", "bleu,chrf2"
    )
    ours = [row["value"] for row in report["scores"] if row["set_id"] == sets[0]]
    assert ours == [row["value"] for row in scored["scores"]]
    files = {path.name for path in (tmp_path / "report").iterdir()}
    assert files == set(found["files"])
    assert {"report.html", "scores.csv", "segments.csv", "table.tex"} < files
    assert values("delete", "Mine") == {"deleted": saved["id"]}
    assert values("list") == {"evaluations": []}


def test_sets_are_listed_and_known_by_the_beginning_of_their_ids(
    values: Any, sets: list[str]
) -> None:
    found = values("sets")["translation_sets"]
    assert {each["id"] for each in found} == set(sets)
    assert {each["system"] for each in found} == {"hypotheses", "better"}
    assert {(each["num_translated"], each["num_segments"]) for each in found} == {(25, 25)}
    saved = values("save", "Short", "--set", sets[0][:13], "--set", sets[1][:13])
    assert saved["settings"]["systems"] == sets


def test_translations_of_a_corpus_are_added(
    values: Any,
    cli: CommandLine,
    workspace: Workspace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pairs = zip(lines(SOURCES), lines(REFERENCES), strict=True)
    test = write(tmp_path / "test.tsv", [f"{source}\t{ref}" for source, ref in pairs])
    train = write(tmp_path / "train.tsv", ["Goodbye.\tSlán."])
    dev = write(tmp_path / "dev.tsv", ["Hello.\tDia duit."])
    words = ["corpora", "import", train, "--dev", dev, "--test", test, "--name", "Health"]
    words = [*words, *LANGUAGES, "--workspace", workspace.root]
    assert main([str(word) for word in words]) == 0
    capsys.readouterr()
    found = values("add", HYPOTHESES, "--test-set", "Health")
    (record,) = found["translation_sets"]
    assert (record["test_set"], record["split"], record["system"]) == (
        "Health", "test", "hypotheses",
    )  # fmt: skip
    assert found["notes"] == ["System 'hypotheses': 1 segment (19) empty, kept and scored as such."]
    assert workspace.translation_sets.get(record["id"]).provenance["file"] == "hypotheses.txt"
    _, output, _ = cli("add", REFERENCES, "--like", record["id"][:8])
    assert output.startswith("Added references (")
    short = write(tmp_path / "short.txt", lines(HYPOTHESES)[:-1])
    refused(cli("add", short, "--test-set", "Health"), "24 hypotheses; the test set has 25")
    assert len(workspace.translation_sets.all()) == 2


def test_translations_of_a_run_are_added_once(
    trained_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained_folder, tmp_path / "trained")
    found = []
    for _ in range(2):
        words = ["evaluate", "add-run", "demo", "--json", "--workspace", str(tmp_path / "trained")]
        assert main(words) == 0
        found.append(json.loads(capsys.readouterr().out)["translation_sets"])
    assert found[0] == found[1]
    assert [each["num_translated"] for each in found[0]] == [found[0][0]["num_segments"]] * 2
    assert found[0][1]["system"] == "demo"


def test_ratings_are_added_for_the_sets_named(values: Any, sets: list[str], tmp_path: Path) -> None:
    rows = ["system\tsegment\trater\tscore", "hypotheses\t1\tann\t70", "better\t1\tann\t90"]
    path = write(tmp_path / "ratings.tsv", [*rows, "unknown\t1\tann\t10"])
    found = values("ratings", path, "--set", sets[0], "--set", sets[1])
    assert (found["num_ratings"], found["num_left_out"]) == (2, 1)
    assert found["name"] == "Human score"
    values("save", "With people", "--set", sets[0], "--metrics", f"bleu,scoring:{found['scoring']}")


# Refusals


def refused(answer: Answer, *parts: str) -> None:
    status, output, errors = answer
    assert (status, output) == (2, "")
    assert len(errors.splitlines()) == 1
    for part in parts:
        assert part in errors


def test_unequal_numbers_of_lines_are_refused(cli: CommandLine, tmp_path: Path) -> None:
    path = write(tmp_path / "short.txt", lines(HYPOTHESES)[:10] + lines(HYPOTHESES)[11:])
    answer = cli("score", "--hypotheses", path, "--references", REFERENCES)
    refused(answer, "The system 'short'", "holds 24 hypotheses; the test set has 25 segments.")
    words = ["--baseline", HYPOTHESES, "--system", path, "--references", REFERENCES]
    refused(cli("compare", *words), "24 hypotheses")
    words = ["--hypotheses", HYPOTHESES, "--references", REFERENCES, path]
    refused(cli("score", *words), "holds 24 segments; what was read before holds 25.")


WRONG_OPTIONS: list[tuple[list[str], str]] = [
    (["--metrics", "bleu,meteor"], "There is no metric 'meteor'. Choose from bleu, bleu-lc,"),
    (["--metrics", ""], "There is no metric ''."),
    (["--samples", "-1"], "samples: Input should be greater than or equal to 0 (got -1)."),
    (["--seed", "-1"], "seed: Input should be greater than or equal to 0 (got -1)."),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG_OPTIONS)
def test_wrong_options_are_refused(words: list[str], sentence: str, cli: CommandLine) -> None:
    answer = cli("score", "--hypotheses", HYPOTHESES, "--references", REFERENCES, *words)
    refused(answer, sentence)


def test_wrong_files_are_refused(cli: CommandLine, tmp_path: Path) -> None:
    missing = tmp_path / "missing.txt"
    words = ["score", "--references", REFERENCES, "--hypotheses"]
    refused(cli(*words, missing), f"{missing} cannot be read: No such file or directory.")
    refused(cli(*words, tmp_path), f"{tmp_path} cannot be read: Is a directory.")
    broken = tmp_path / "broken.txt"
    broken.write_bytes(b"Dia duit.\n\xff\n")
    refused(cli(*words, broken), "is not UTF-8: line 2 holds the byte 0xff.")
    refused(cli("score", "--hypotheses", HYPOTHESES), "There are no references to score against.")
    two = write(tmp_path / "two.tsv", ["source\tA\tB", "Yes.\tSea.\tIs ea."])
    one = write(tmp_path / "one.txt", ["Sea."])
    answer = cli("compare", "--baseline", two, "--system", one, "--references", one)
    refused(answer, "two.tsv' holds 2 systems; a baseline is one.")
    answer = cli("compare", "--baseline", one, "--system", one, "--references", one)
    refused(answer, "Two files name a system")


def test_a_folder_that_is_taken_is_refused_before_anything_is_computed(
    cli: CommandLine, values: Any, sets: list[str], workspace: Workspace, tmp_path: Path
) -> None:
    values("save", "Mine", "--set", sets[0])
    write(tmp_path / "report" / "mine.txt", ["mine"])
    refused(cli("report", "Mine", "-o", tmp_path / "report"), "is not an empty folder.")
    assert not workspace.statistics_folder.exists()


def test_unknown_evaluations_and_sets_are_refused(
    cli: CommandLine, values: Any, sets: list[str], tmp_path: Path
) -> None:
    answer = cli("report", "Nothing", "-o", tmp_path / "report")
    refused(answer, "There is no evaluation 'Nothing'.")
    assert not (tmp_path / "report").exists()
    refused(cli("delete", "Nothing"), "There is no evaluation 'Nothing'.")
    refused(cli("save", "Mine", "--set", "nothing"), "There is no translation set 'nothing'.")
    refused(cli("save", "Mine", "--set", sets[0], "--set", sets[0]), "a system is named twice")
    words = ["save", "Mine", "--set", sets[0]]
    refused(cli(*words, "--metrics", "meteor"), "There is no metric 'meteor'.")
    refused(cli(*words, "--metrics", "scoring:none"), "There is no scoring 'none'.")
    refused(cli(*words, "--references", "B"), "The test set has no reference 'B'.")
    refused(cli("save", " ", "--set", sets[0]), "The name has 0 characters.")
    assert values("list") == {"evaluations": []}
    refused(cli("add-run", "nothing"), "There is no run 'nothing'.")


def test_existing_output_folder_is_refused(
    cli: CommandLine, values: Any, sets: list[str], tmp_path: Path
) -> None:
    values("save", "Mine", "--set", sets[0], "--metrics", "chrf2", "--samples", "10")
    taken = write(tmp_path / "taken" / "letter.txt", ["Do not lose me."])
    refused(cli("report", "Mine", "-o", taken.parent), "is not an empty folder.")
    assert [path.name for path in taken.parent.iterdir()] == ["letter.txt"]


def test_nothing_is_added_where_something_does_not_fit(
    cli: CommandLine, workspace: Workspace, tmp_path: Path
) -> None:
    refused(cli("add", HYPOTHESES, "--test-set", "Nothing"), "There is no corpus 'Nothing'.")
    refused(cli("add", HYPOTHESES), "The languages of the test set are not known.")
    refused(cli("add", HYPOTHESES, *LANGUAGES), "holds no sources")
    words = ["--sources", SOURCES, "--src-lang", "english", "--tgt-lang", "gle_Latn"]
    refused(cli("add", HYPOTHESES, "--references", REFERENCES, *words), "english")
    refused(cli("add", HYPOTHESES, "--like", "nothing"), "There is no translation set 'nothing'.")
    assert workspace.translation_sets.all() == []


# Progress


def test_progress_is_told_from_time_to_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 2.5, 3.0, 5.0])
    monkeypatch.setattr("core.commands.progress.monotonic", lambda: next(clock))
    tell = told_progress("statistics")
    for done in (10, 2000, 2500, 3000):
        tell(done, 4000)
    told = "statistics: 2,000 of 4,000\nstatistics: 3,000 of 4,000\n"
    assert capsys.readouterr().err == told


def test_commands_start_without_heavy_libraries() -> None:
    code = (
        "import sys; from core.__main__ import parser; parser();"
        "heavy = {'sacrebleu', 'torch', 'transformers', 'pandas', 'streamlit'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
