from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.corpora.perturbing import PERTURBATIONS
from core.errors import ConfigError
from core.settings import choices_of
from core.systems.batch.settings import MAX_SYSTEMS, BatchSettings

PLAIN: dict[str, Any] = {"corpus": "Covid", "systems": ["model:starter"]}


def test_corpus_and_systems_are_enough() -> None:
    settings = BatchSettings.parse(PLAIN)
    assert settings.systems == ("model:starter",)
    assert (settings.split, settings.num_segments) == ("test", 0)
    assert (settings.budget_usd, settings.uses_cache) == (0.0, True)
    assert settings.parameters.sampling() == {}
    assert settings.prompt.template == "Zero-shot"


def test_settings_come_back_from_their_file(tmp_path: Path) -> None:
    settings = BatchSettings.parse(
        {
            **PLAIN,
            "systems": ["model:starter", "endpoint:1"],
            "src_lang": "gle_Latn",
            "parameters": {"temperature": 0.0, "stop": ["\n"]},
            "prompt": {"template": "Glossary", "glossary": "nurse\taltra", "cleans": False},
            "budget_usd": 0.5,
        }
    )
    settings.save(tmp_path / "settings.json")
    assert BatchSettings.load(tmp_path / "settings.json") == settings


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"systems": []}, "no system was chosen"),
        ({"systems": ["a", "b", "a"]}, "a system is named twice"),
        ({"systems": [str(n) for n in range(MAX_SYSTEMS + 1)]}, "systems: "),
        ({"split": "train"}, "split: "),
        ({"src_lang": "en"}, "src_lang: 'en' is not a FLORES-200 language code"),
        ({"tgt_lang": "Irish"}, "tgt_lang: 'Irish' is not a FLORES-200 language code"),
        ({"num_segments": -1}, "num_segments: "),
        ({"num_segments": 1.5}, "num_segments: "),
        ({"perturbation": "swap"}, "perturbation: "),
        ({"perturbation_seed": -1}, "perturbation_seed: "),
        ({"budget_usd": -0.01}, "budget_usd: "),
        ({"budget_usd": float("nan")}, "budget_usd: "),
        ({"budget_usd": float("inf")}, "budget_usd: "),
        ({"max_attempts": 0}, "max_attempts: "),
        ({"max_attempts": 21}, "max_attempts: "),
        ({"parameters": {"temperature": 3}}, "parameters.temperature: "),
        ({"prompt": {"template": "x" * 81}}, "prompt.template: "),
        ({"version": 2}, "version: "),
        ({"budget": 1}, "budget: "),
    ],
)
def test_settings_that_do_not_fit_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        BatchSettings.parse({**PLAIN, **values})
    assert sentence in caught.value.message


def test_systems_that_become_the_same_are_refused() -> None:
    settings = BatchSettings.parse({**PLAIN, "systems": ["starter", "model:starter"]})
    with pytest.raises(ConfigError, match="a system is named twice"):
        settings.changed(systems=("model:starter", "model:starter"))


def test_perturbation_is_one_of_those_that_there_are() -> None:
    field = BatchSettings.model_fields["perturbation"]
    assert choices_of(field) == ["none", *PERTURBATIONS]


def test_clean_settings_are_written_as_before_there_were_perturbations(tmp_path: Path) -> None:
    settings = BatchSettings.parse({**PLAIN, "perturbation_seed": 5})
    assert not any("perturbation" in name for name in settings.model_dump(mode="json"))
    settings.save(tmp_path / "settings.json")
    assert BatchSettings.load(tmp_path / "settings.json").perturbation == "none"


def test_perturbation_comes_back_from_the_file(tmp_path: Path) -> None:
    settings = BatchSettings.parse({**PLAIN, "perturbation": "typos", "perturbation_seed": 5})
    settings.save(tmp_path / "settings.json")
    found = BatchSettings.load(tmp_path / "settings.json").changed(budget_usd=1.0)
    assert (found.perturbation, found.perturbation_seed) == ("typos", 5)
