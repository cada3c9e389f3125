from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from pydantic import Field, model_validator

from core.errors import ConfigError
from core.settings import Settings, bounds_of, choices_of


class Oven(Settings):
    """A settings model with every kind of field."""

    version: Literal[1] = 1
    dish: str = Field("bread", description="What is baked, at 100 % heat.", max_length=20)
    minutes: int = Field(30, description="How long.", ge=1, le=600)
    share: float = Field(0.5, description="How full.", gt=0, le=1.0)
    heat: Literal["top", "all sides"] = Field("top", description="Where from.")
    has_steam: bool = Field(False, description="With steam.")

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.dish == "bread" and self.minutes > 90:
            raise ValueError(f"dish 'bread' burns after 90 minutes, not {self.minutes}")
        return self


def from_command_line(*arguments: str) -> Oven:
    parser = argparse.ArgumentParser()
    Oven.add_arguments(parser)
    chosen = vars(parser.parse_args(arguments))
    return Oven.parse({name: value for name, value in chosen.items() if value is not None})


def test_form_data_command_line_and_file_give_the_same_settings(tmp_path: Path) -> None:
    values = {"dish": "Dúblóg ☕", "minutes": 5, "share": 0.25, "heat": "all sides"}
    from_form = Oven.parse({**values, "has_steam": True})
    from_form.save(tmp_path / "settings.json")
    arguments = [f"--{name}={value}" for name, value in values.items()]
    assert from_command_line(*arguments, "--has-steam", "true") == from_form
    assert Oven.load(tmp_path / "settings.json") == from_form


def test_options_left_out_keep_their_defaults() -> None:
    assert from_command_line() == Oven() == Oven.parse({})


def test_command_line_offers_the_choices_and_defaults_but_no_version() -> None:
    parser = argparse.ArgumentParser()
    Oven.add_arguments(parser)
    text = " ".join(parser.format_help().split())
    assert "--heat {top,all sides}" in text
    assert "What is baked, at 100 % heat. (default: bread)" in text
    assert "--version" not in text


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"minutes": 0}, "minutes: Input should be greater than or equal to 1 (got 0)."),
    ({"minutes": 601}, "minutes: Input should be less than or equal to 600 (got 601)."),
    ({"minutes": "soon"}, "(got 'soon')."),
    ({"minutes": None}, "minutes: Input should be a valid integer (got None)."),
    ({"share": 0.0}, "share: Input should be greater than 0 (got 0.0)."),
    ({"share": float("nan")}, "(got nan)."),
    ({"share": float("inf")}, "(got inf)."),
    ({"heat": "below"}, "heat: Input should be 'top' or 'all sides' (got 'below')."),
    ({"colour": "red"}, "colour: Extra inputs are not permitted (got 'red')."),
    ({"version": 2}, "version: Input should be 1 (got 2)."),
    ({"minutes": 91}, "dish 'bread' burns after 90 minutes, not 91."),
]


@pytest.mark.parametrize(("values", "sentence"), WRONG)
def test_wrong_value_is_named_with_its_value(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Oven.parse(values)
    assert caught.value.message.endswith(sentence)
    assert caught.value.hint


def test_all_wrong_fields_stand_in_one_sentence() -> None:
    with pytest.raises(ConfigError) as caught:
        Oven.parse({"minutes": 0, "share": 2, "heat": "x", "colour": 1})
    message = caught.value.message
    assert [part.split(":")[0] for part in message.split("; ")] == [
        "minutes",
        "share",
        "heat",
        "colour",
    ]
    assert message.endswith("(got 1).")
    assert "\n" not in message


def test_long_wrong_value_is_shortened_in_the_message() -> None:
    with pytest.raises(ConfigError) as caught:
        Oven.parse({"dish": "x" * 10_000})
    assert len(caught.value.message) < 200
    assert "…" in caught.value.message


def test_settings_cannot_be_changed_in_place_but_copied_with_checks() -> None:
    oven = Oven()
    with pytest.raises(Exception, match="frozen"):
        oven.minutes = 3  # type: ignore[misc]
    assert oven.changed(minutes=3) == Oven.parse({"minutes": 3})
    with pytest.raises(ConfigError, match="minutes"):
        oven.changed(minutes=0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"There is no settings file .*s\.json\."),
        (b"{", r"s\.json is not a JSON file: Expecting property name"),
        (b"\xff", r"s\.json is not a JSON file: .*codec can't decode"),
        (b"[1]", r"s\.json holds list, not a JSON object\."),
        (b'{"minutes": 0}', "minutes: Input should be greater"),
    ],
)
def test_broken_settings_file_gives_one_sentence(
    content: bytes | None, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "s.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        Oven.load(path)


def test_folder_in_place_of_the_settings_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        Oven.load(tmp_path)


def test_bounds_and_choices_come_from_the_declaration() -> None:
    fields = Oven.model_fields
    assert bounds_of(fields["minutes"]) == (1, 600)
    assert bounds_of(fields["share"]) == (0, 1.0)
    assert bounds_of(fields["dish"]) == (None, None)
    assert choices_of(fields["heat"]) == ["top", "all sides"]
    assert choices_of(fields["minutes"]) is None
