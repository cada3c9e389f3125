from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main, parser
from core.commands.answers import table
from core.commands.finetune import _settings
from core.errors import ConfigError
from core.finetune.settings import RECIPES, FineTuneSettings
from core.storage.workspace import PROJECT, Workspace

Answer = tuple[int, str, str]
CommandLine = Callable[..., Answer]


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs a command in this process; gives status, stdout and stderr."""

    def run(*arguments: str | Path) -> Answer:
        words = [str(word) for word in arguments]
        status = main([*words, "--workspace", str(tmp_path / "workspace")])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def pairs_file(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"source {n}\ttarget {n}\n" for n in range(40)))
    return path


def import_words(file: Path, name: str = "Pairs") -> list[str]:
    words = ["corpora", "import", str(file), "--name", name]
    return [*words, "--src-lang", "eng_Latn", "--tgt-lang", "gle_Latn"]


def only_object(text: str) -> dict[str, Any]:
    """Gives the one JSON object that `text` must be."""
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    values = json.loads(text)
    assert isinstance(values, dict)
    return values


def without_progress(errors: str) -> str:
    """Takes away what a slow machine is told of work that goes on: how far it is."""
    lines = errors.splitlines(keepends=True)
    return "".join(line for line in lines if not line.endswith(" …\n"))


def assert_is_user_error(answer: Answer, sentence: str) -> None:
    status, output, errors = answer
    errors = without_progress(errors)
    assert status == 2
    assert output == ""
    assert errors.startswith(sentence)
    assert errors.endswith("\n")
    assert len(errors.splitlines()) == 1


def test_corpora_are_imported_split_listed_and_deleted(cli: CommandLine, pairs_file: Path) -> None:
    words = [*import_words(pairs_file), "--num-dev", "4", "--num-test", "6", "--json"]
    status, output, errors = cli(*words)
    assert (status, without_progress(errors)) == (0, "")
    first = only_object(output)
    assert (first["num_train"], first["num_dev"], first["num_test"]) == (30, 4, 6)
    _, output, _ = cli("corpora", "split", "Pairs", "--seed", "7", "--num-dev", "10", "--json")
    again = only_object(output)
    assert (again["name"], again["num_dev"], again["num_test"]) == ("Pairs (seed 7)", 10, 2)
    _, output, _ = cli("corpora", "list", "--json")
    found = only_object(output)["corpora"]
    assert {corpus["id"] for corpus in found} == {first["id"], again["id"]}
    _, output, _ = cli("corpora", "delete", first["id"], "--json")
    assert only_object(output) == {"deleted": first["id"]}
    _, output, _ = cli("corpora", "list")
    assert [line.split()[0] for line in output.splitlines()] == ["name", "Pairs"]


def test_people_get_sentences(cli: CommandLine, pairs_file: Path) -> None:
    _, output, _ = cli(*import_words(pairs_file))
    assert output == (
        "Pairs: train 36 · dev 2 · test 2; left out: nothing.\n"
        "No test or dev segment stands in train (exact, normalised, near ≥ 0.8).\n"
    )
    _, output, _ = cli("corpora", "delete", "Pairs")
    assert output == "Deleted 'Pairs'.\n"


def test_no_runs_are_an_empty_list(cli: CommandLine) -> None:
    status, output, _ = cli("runs", "list", "--json")
    assert status == 0
    assert only_object(output) == {"runs": []}


WRONG: list[tuple[list[str], str]] = [
    (["finetune", "--num-epochs", "0"], "num_epochs: Input should be greater than or equal to 1"),
    (["finetune", "--num-epochs", "0", "--json"], "num_epochs: Input should be greater"),
    (["finetune"], "No corpus was chosen."),
    (["finetune", "--corpus", "Nothing"], "There is no corpus 'Nothing'."),
    (["finetune", "--settings", "no.json"], "There is no settings file no.json."),
    (["corpora", "delete", "Nothing"], "There is no corpus 'Nothing'."),
    (["corpora", "split", "two\nlines"], "There is no corpus 'two\\nlines'."),
    (import_words(Path("no\nfile.tsv")), "'no\\nfile.tsv' does not exist."),
    (["runs", "show", "nothing"], "There is no run 'nothing'."),
    (["runs", "stop", "nothing"], "There is no run 'nothing'."),
    (["runs", "resume", "nothing"], "There is no run 'nothing'."),
    (["runs", "delete", "nothing"], "There is no run 'nothing'."),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG, ids=[row[1] for row in WRONG])
def test_user_error_is_one_line_and_status_2(
    words: list[str], sentence: str, cli: CommandLine
) -> None:
    assert_is_user_error(cli(*words), sentence)


def test_broken_file_is_one_line_and_nothing_is_stored(cli: CommandLine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tsv"
    broken.write_text("a\tb\nc\n")
    assert_is_user_error(cli(*import_words(broken)), "'broken.tsv' line 2 has 1 tab-separated")
    _, output, _ = cli("corpora", "list", "--json")
    assert only_object(output) == {"corpora": []}


def test_unusable_workspace_is_one_line(
    pairs_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["corpora", "list", "--workspace", str(pairs_file)])
    captured = capsys.readouterr()
    assert_is_user_error((status, captured.out, captured.err), "The workspace ")


def test_unknown_option_or_choice_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = (["finetune", "--num-epochs", "abc"], ["finetune", "--schedule", "square"], ["dance"])
    for words in wrong:
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
        assert capsys.readouterr().err.count("\n") == 1


def chosen_settings(*words: str | Path) -> FineTuneSettings:
    return _settings(parser().parse_args(["finetune", *map(str, words)]))


def test_option_stands_on_file_and_file_on_recipe(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"num_epochs": 7, "learning_rate": 0.5}')
    recipe = RECIPES["One GPU"][1]
    settings = chosen_settings("--recipe", "One GPU", "--settings", file, "--learning-rate", "0.25")
    assert settings.learning_rate == 0.25
    assert settings.num_epochs == 7
    assert settings.tokens_per_batch == recipe["tokens_per_batch"]
    assert chosen_settings() == FineTuneSettings()


def test_settings_of_a_run_can_be_given_again(tmp_path: Path) -> None:
    settings = FineTuneSettings.parse({"corpus": "c", "num_epochs": 9, "offload": "optimizer"})
    settings.save(tmp_path / "settings.json")
    assert chosen_settings("--settings", tmp_path / "settings.json") == settings


def test_wrong_values_of_file_and_options_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"num_epochs: .*; batch_size: "):
        chosen_settings("--num-epochs", "0", "--batch-size", "0")


def in_process(workspace: Path, *words: str | bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "core", *words],
        cwd=PROJECT,
        env={**os.environ, "ADAPTMLLM_WORKSPACE": str(workspace)},
        capture_output=True,
        check=False,
    )


def test_real_process_answers_with_one_object_and_status(tmp_path: Path, pairs_file: Path) -> None:
    """Also for a file whose name is no UTF-8."""
    odd = os.fsencode(tmp_path) + b"/fianc\xe9.tsv"
    os.rename(pairs_file, odd)
    words = [odd if word == str(pairs_file) else word for word in import_words(pairs_file)]
    result = in_process(tmp_path / "workspace", *words, "--json")
    assert (result.returncode, without_progress(result.stderr.decode())) == (0, "")
    assert only_object(result.stdout.decode())["details"]["files"] == ["fianc?.tsv"]
    workspace = Workspace(tmp_path / "workspace")
    assert [corpus.name for corpus in workspace.corpora.all()] == ["Pairs"]
    workspace.database.dispose()


def test_real_process_reports_a_user_error_by_status_2(tmp_path: Path) -> None:
    result = in_process(tmp_path / "workspace", "finetune", "--num-epochs", "0", "--json")
    answer = (result.returncode, result.stdout.decode(), result.stderr.decode())
    assert_is_user_error(answer, "num_epochs: Input should be greater than or equal to 1 (got 0).")


def test_columns_of_a_table_are_aligned() -> None:
    assert table(("name", "n"), [("a", 1), ("long name", 22)]) == (
        "name       n\na          1\nlong name  22"
    )
