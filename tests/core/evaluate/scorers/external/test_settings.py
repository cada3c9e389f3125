from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.evaluate.scorers.external.command import check_startable, passed_on, prepared
from core.evaluate.scorers.external.settings import ExternalSettings

GOOD: dict[str, Any] = {"name": "COMET", "command": "score.py", "translation_sets": ("one",)}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "no line breaks"),
        ({"command": ""}, "the command is empty"),
        ({"command": "  "}, "the command is empty"),
        ({"command": "'' x"}, "the command is empty"),
        ({"command": "score 'unclosed"}, "cannot be split: No closing quotation"),
        ({"command": "score\nrm x"}, "line breaks"),
        ({"command": "x" * 5000}, "5000 characters are too many"),
        ({"command": "score --token hf_abcdefghijklmnop"}, "looks like a key"),
        ({"working_folder": "models"}, "'models' is not an absolute path"),
        ({"limit_s": 0}, "limit_s"),
        ({"translation_sets": ()}, "no translation set was chosen"),
        ({"translation_sets": ("a", "a")}, "named twice"),
    ],
)
def test_settings_that_cannot_work_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        ExternalSettings.parse(GOOD | values)


def test_arguments_are_split_without_a_shell(tmp_path: Path) -> None:
    job = tmp_path / "a job"
    command = prepared("run 'a b' --in={input} {output} $HOME ; ~/x | y", "", job, {})
    home = str(Path("~/x").expanduser())
    assert command.arguments == (
        "run", "a b", f"--in={job}/input.jsonl", f"{job}/output.jsonl", "$HOME", ";", home, "|",
        "y",
    )  # fmt: skip
    assert not command.reads_stdin and not command.writes_stdout
    assert prepared("run", "", job, {}).reads_stdin and prepared("run", "", job, {}).writes_stdout


def test_environment_has_what_models_need_and_nothing_secret() -> None:
    needed = {
        "PATH": "/bin", "HOME": "/h", "LANG": "C.UTF-8", "LC_ALL": "C", "CUDA_VISIBLE_DEVICES": "0",
        "HF_HOME": "/hf", "TMPDIR": "/tmp", "TOKENIZERS_PARALLELISM": "false",
    }  # fmt: skip
    secret = {
        "OPENAI_API_KEY": "k", "HF_TOKEN": "k", "AWS_SECRET_ACCESS_KEY": "k", "MY_VARIABLE": "v",
        "HUGGINGFACE_HUB_TOKEN": "k", "HTTPS_PROXY": "http://user:pass@p", "PYTHONPATH": "/x",
    }  # fmt: skip
    assert passed_on(needed | secret) == needed


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("no-such-scorer", "no command 'no-such-scorer' on the PATH"),
        ("./missing.py", "no program '.*missing.py'"),
        ("./data.txt", "data.txt' may not be executed"),
    ],
)
def test_command_that_cannot_start_is_refused(program: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("x")
    with pytest.raises(ConfigError, match=sentence):
        check_startable(prepared(program, str(tmp_path), tmp_path))
    with pytest.raises(ConfigError, match="working folder '/no/such' does not exist"):
        check_startable(prepared("ls", "/no/such", tmp_path))
