from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.finetune.settings import RECIPES, FineTuneSettings, from_recipe
from core.settings import bounds_of, choices_of

FIELDS = [name for name in FineTuneSettings.model_fields if name != "version"]
MIXED = (
    {"corpus": "b=c d", "weight": 0.25, "tag": "<BT>"},
    {"corpus": "other", "weight": 2.0, "tag": ""},
)
NUMBERS = [
    name for name in FIELDS if FineTuneSettings.model_fields[name].annotation in (int, float)
]


@pytest.mark.parametrize("name", FIELDS)
def test_field_has_description_group_and_default(name: str) -> None:
    field = FineTuneSettings.model_fields[name]
    extra = field.json_schema_extra
    assert field.description
    assert field.description.endswith(".")
    assert isinstance(extra, dict)
    groups = (
        "Run",
        "Data",
        "From scratch",
        "Method",
        "Training",
        "Batches",
        "Evaluation",
        "Selection",
        "Machine",
        "Launcher",
        "Emissions",
    )
    assert extra["group"] in groups
    assert not field.is_required()


def test_every_default_is_inside_its_bounds() -> None:
    assert FineTuneSettings.parse(FineTuneSettings().model_dump()) == FineTuneSettings()


@pytest.mark.parametrize("name", NUMBERS)
def test_number_has_bounds_and_they_are_enforced(name: str) -> None:
    least, greatest = bounds_of(FineTuneSettings.model_fields[name])
    assert least is not None
    with pytest.raises(ConfigError, match=f"^{name}: .*got"):
        FineTuneSettings.parse({name: least - 1})
    if greatest is not None:
        with pytest.raises(ConfigError, match=f"^{name}: .*got"):
            FineTuneSettings.parse({name: greatest + 1})


NAMES = {
    "src_lang": "mar_Deva",
    "tgt_lang": "eng_Latn",
    "slurm_partition": "gpu-long",
    "slurm_account": "mt@dcu",
    "slurm_options": "--qos=long --constraint=a100&nvlink",
    "src_lang_like": "gle_Latn",
    "tgt_lang_like": "gle_Latn",
}


@pytest.mark.parametrize(
    "kept",
    [
        {"freeze": "nothing", "energy_budget_kwh": 0.0},
        {"method": "full", "launcher": "this machine", "num_nodes": 1},
    ],
)
def test_every_field_survives_command_line_and_file(kept: dict[str, Any], tmp_path: Path) -> None:
    """Each field gets another value than its default, by the command line.

    Args:
        kept: Defaults that stay, since LoRA and frozen parts exclude each other, and so do other
            machines and an energy budget.
    """
    expected: dict[str, Any] = {}
    for name in FIELDS:
        field = FineTuneSettings.model_fields[name]
        choices = choices_of(field)
        if name == "mixed":
            expected[name] = MIXED
        elif field.annotation is bool:
            expected[name] = not field.default
        elif choices:
            expected[name] = next(choice for choice in choices if choice != field.default)
        elif field.annotation is str:
            expected[name] = NAMES.get(name, "é x/ y")
        elif field.annotation is int:
            expected[name] = field.default + 1
        else:
            expected[name] = field.default / 2 + 0.125
    expected |= {"engine": "deepspeed", "zero_stage": 3, **kept}
    parser = argparse.ArgumentParser()
    FineTuneSettings.add_arguments(parser)
    plain = {name: value for name, value in expected.items() if name != "mixed"}
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in plain.items()]
    for item in MIXED:
        arguments += ["--mixed", *(f"{name}={value}" for name, value in item.items())]
    chosen = vars(parser.parse_args(arguments))
    settings = FineTuneSettings.parse(chosen)
    assert settings.model_dump() == {"version": 1, **expected}
    settings.save(tmp_path / "settings.json")
    assert FineTuneSettings.load(tmp_path / "settings.json") == settings


def test_wrong_words_of_a_further_corpus_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    FineTuneSettings.add_arguments(parser)
    wrong = {
        ("general",): "'general' has no value; write FIELD=VALUE",
        ("corpus=a", "corpus=b"): "'corpus' is given twice; write FIELD=VALUE",
    }
    for words, sentence in wrong.items():
        with pytest.raises(SystemExit):
            parser.parse_args(["--mixed", *words])
        assert sentence in capsys.readouterr().err
    for item, sentence in (
        ({"corpus": "a", "weight": 0}, "mixed.0.weight: Input should be greater than 0"),
        ({"corpus": "a", "share": 1}, "mixed.0.share: Extra inputs are not permitted"),
        ({"weight": 1}, "mixed.0.corpus: Field required"),
        ({"corpus": "a", "tag": "a\nb"}, r"mixed.0.tag: the tag 'a\\nb' holds line breaks"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            FineTuneSettings.parse({"mixed": [item]})


RULES: list[tuple[dict[str, Any], str]] = [
    ({"src_lang": "gle_Latn"}, "src_lang and tgt_lang are both gle_Latn."),
    (
        {"src_lang": "gle_Latin"},
        "src_lang: 'gle_Latin' is not a FLORES-200 language code. Did you mean gle_Latn (Irish)?",
    ),
    (
        {"tgt_lang": "q!"},
        "tgt_lang: 'q!' is not a FLORES-200 language code. Choose one from the list of languages, "
        "such as 'eng_Latn' for English.",
    ),
    (
        {"offload": "optimizer and weights", "zero_stage": 2},
        "offload 'optimizer and weights' needs zero_stage 3, not 2.",
    ),
    (
        {"offload": "optimizer", "zero_stage": 0},
        "offload 'optimizer' needs zero_stage 1, 2 or 3, not 0.",
    ),
    (
        {"offload": "optimizer", "engine": "plain"},
        "offload 'optimizer' needs engine 'deepspeed', not 'plain'.",
    ),
    (
        {"precision": "fp16", "zero_stage": 0},
        "precision 'fp16' needs zero_stage 1, 2 or 3, not 0.",
    ),
    (
        {"src_lang": "gle_Latn", "precision": "fp16", "zero_stage": 0},
        "src_lang and tgt_lang are both gle_Latn; "
        "precision 'fp16' needs zero_stage 1, 2 or 3, not 0.",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), RULES)
def test_rule_between_fields_says_what_is_wrong(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        FineTuneSettings.parse(values)
    assert caught.value.message == sentence


def test_wrong_language_and_wrong_number_are_named_together() -> None:
    with pytest.raises(ConfigError) as caught:
        FineTuneSettings.parse({"tgt_lang": "ga", "num_epochs": 0, "epochs": 3})
    assert [part.split(":")[0] for part in caught.value.message.split("; ")] == [
        "tgt_lang",
        "num_epochs",
        "epochs",
    ]


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_is_valid_and_values_stand_on_top(name: str) -> None:
    _, changes = RECIPES[name]
    settings = from_recipe(name, corpus="c", num_epochs=7)
    assert settings.num_epochs == 7
    assert settings.corpus == "c"
    kept = {key: value for key, value in changes.items() if key != "num_epochs"}
    assert kept.items() <= settings.model_dump().items()


def test_unknown_recipe_names_those_that_exist() -> None:
    with pytest.raises(ConfigError, match="There is no recipe 'Quick'") as caught:
        from_recipe("Quick")
    assert all(name in caught.value.hint for name in RECIPES)
    with pytest.raises(ConfigError, match="num_epochs"):
        from_recipe("One GPU", num_epochs=0)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "starter eng→gle"),
        ({"base_model": "facebook/nllb-200-3.3B"}, "nllb-200-3.3B eng→gle"),
        ({"base_model": "/models/mine/", "name": ""}, "mine eng→gle"),
        ({"base_model": "from scratch"}, "from scratch eng→gle"),
        ({"name": "My run"}, "My run"),
    ],
)
def test_display_name_is_the_given_one_or_model_and_direction(
    values: dict[str, Any], name: str
) -> None:
    assert FineTuneSettings.parse(values).display_name == name


def test_display_name_of_a_long_path_is_a_valid_name() -> None:
    settings = FineTuneSettings.parse({"base_model": "m" * 500})
    assert settings.changed(name=settings.display_name).name.startswith("mmm")


def test_direction_joins_the_two_codes() -> None:
    assert FineTuneSettings().direction == "eng_Latn-gle_Latn"
