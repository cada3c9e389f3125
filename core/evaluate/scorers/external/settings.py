"""The settings of an external scorer, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from core.evaluate.scorers.external.command import arguments_of
from core.evaluate.scorers.scoring_inputs import checked_set_ids
from core.settings import Settings
from core.systems.endpoint import KEY_SHAPES

MAX_COMMAND = 4000
DAY_S = 86_400


def _field(default: Any, description: str, **bounds: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"group": "Scorer"}, **bounds)


class ExternalSettings(Settings):
    """Which command scores what."""

    version: Literal[1] = 1
    name: str = _field(
        "", "What stands above its column, such as COMET.", min_length=1, max_length=80
    )
    command: str = _field(
        "",
        "The command with its arguments; {input} and {output} stand for the two files, without "
        "them it reads standard input and writes standard output. No shell runs it.",
    )
    is_lower_better: bool = _field(
        False, "Whether a small score is a good one, as MetricX's.", title="Lower is better"
    )
    needs_reference: bool = _field(
        True, "Whether it cannot score without a reference.", title="Needs references"
    )
    limit_s: int = _field(
        4 * 3600,
        "The command is ended if it takes longer.",
        ge=1,
        le=7 * DAY_S,
        title="Time limit (s)",
    )
    working_folder: str = _field(
        "", "Where the command runs; empty: in the job's own folder.", max_length=1000
    )
    translation_sets: tuple[str, ...] = _field((), "Ids of the translation sets to be scored.")

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        name = name.strip()
        if not name or not name.isprintable():
            raise ValueError("a name has at least one letter and no line breaks")
        return name

    @field_validator("command")
    @classmethod
    def _is_command(cls, command: str) -> str:
        command = command.strip()
        if len(command) > MAX_COMMAND:
            raise ValueError(f"{len(command)} characters are too many; {MAX_COMMAND} are allowed")
        arguments_of(command)
        if KEY_SHAPES.search(command):
            raise ValueError(
                "something in it looks like a key, and the command is stored; let the scorer read "
                "the key from a file of its own"
            )
        return command

    @field_validator("working_folder")
    @classmethod
    def _is_absolute(cls, folder: str) -> str:
        if folder and not Path(folder).expanduser().is_absolute():
            raise ValueError(f"the folder {folder!r} is not an absolute path")
        return folder

    @field_validator("translation_sets")
    @classmethod
    def _are_sets(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        return checked_set_ids(ids)
