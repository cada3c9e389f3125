from __future__ import annotations

from pathlib import Path

import pytest

from core.__main__ import main, parser
from core.commands.translate import _batch_settings
from core.systems.parameters import Parameters
from core.systems.prompt_choice import PromptChoice

WORDS = ["translate", "--system", "starter"]


def test_perturbation_reaches_the_batch() -> None:
    words = [*WORDS, "--test-set", "Small", "--perturbation", "no punctuation"]
    chosen = parser().parse_args([*words, "--perturbation-seed", "5"])
    found = _batch_settings(chosen, Parameters(), PromptChoice())
    assert (found.perturbation, found.perturbation_seed) == ("no punctuation", 5)
    found = _batch_settings(parser().parse_args(words[:-2]), Parameters(), PromptChoice())
    assert found.perturbation == "none"


def test_lines_of_stdin_are_not_perturbed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*WORDS, "--src-lang", "eng_Latn", "--tgt-lang", "gle_Latn", "--perturbation", "typos"]
    assert main([*words, "--workspace", str(tmp_path)]) == 2
    assert "The perturbation 'typos' was chosen without a test set." in capsys.readouterr().err
