"""Settings declared once: the same frozen model gives the form, the command line and the file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo

from core.errors import ConfigError
from core.languages import language
from core.storage.files import read_json, write_json

S = TypeVar("S", bound="Settings")

MAX_SHOWN = 80  # characters of a wrong value that a message repeats


class Settings(BaseModel):
    """Base of every settings model: frozen, no unknown fields, errors in one sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def parse(cls: type[S], values: dict[str, Any]) -> S:
        """Gives the settings in `values`.

        Raises:
            ConfigError: One sentence that names every wrong field and its value.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            hides_input = bool(cls.model_config.get("hide_input_in_errors"))
            raise _config_error(error, hides_input=hides_input) from None

    @classmethod
    def load(cls: type[S], path: Path) -> S:
        """Reads the JSON file at `path`.

        Raises:
            ConfigError: The file is missing, is not JSON, or holds wrong values.
        """
        try:
            values = read_json(path)
        except FileNotFoundError:
            raise ConfigError(f"There is no settings file {path}.") from None
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not a JSON file: {error}.") from None
        if not isinstance(values, dict):
            raise ConfigError(f"{path} holds {type(values).__name__}, not a JSON object.")
        return cls.parse(values)

    def save(self, path: Path) -> None:
        """Writes the settings to `path` as JSON; the file is whole or absent, never half."""
        write_json(path, self.model_dump())

    def changed(self: S, **values: Any) -> S:
        """Gives a checked copy with `values` changed.

        Raises:
            ConfigError: A new value is out of bounds.
        """
        return type(self).parse({**self.model_dump(), **values})

    @classmethod
    def checked_value(cls, name: str, value: Any) -> Any:
        """Gives a value for one field alone, of the field's type; rules between fields aside.

        Raises:
            ConfigError: It is out of the field's bounds.
        """
        field = cls.model_fields[name]
        fields: dict[str, Any] = {name: (field.annotation, field)}
        alone: type[Settings] = create_model(cls.__name__, __base__=Settings, **fields)
        return getattr(alone.parse({name: value}), name)

    @classmethod
    def add_arguments(
        cls, parser: argparse.ArgumentParser, *, without: Collection[str] = ()
    ) -> None:
        """Adds one `--option` a field to `parser`; an option left out stays None."""
        for name, field in cls.model_fields.items():
            choices = choices_of(field)
            if name in ("version", *without) or field.annotation is None:
                continue
            note = (field.description or "").replace("%", "%%") + _default_note(field)
            option = f"--{name.replace('_', '-')}"
            item = item_model(field)
            if item is not None:
                _add_list_argument(parser, option, name, item, note)
                continue
            if field.annotation is bool:
                # The bare option switches on; `--option false` switches off.
                parser.add_argument(
                    option, dest=name, nargs="?", const="true", metavar="true|false", help=note
                )
                continue
            kind: Any = field.annotation if field.annotation in (int, float, str) else str
            parser.add_argument(
                option,
                dest=name,
                type=kind,
                choices=choices,
                metavar=None if choices else name.upper(),
                help=note,
            )


def item_model(field: FieldInfo) -> type[Settings] | None:
    """Gives the model of the items of a field that holds a tuple of settings, else None."""
    items = get_args(field.annotation) if get_origin(field.annotation) is tuple else ()
    item = items[0] if items else None
    return item if isinstance(item, type) and issubclass(item, Settings) else None


def _add_list_argument(
    parser: argparse.ArgumentParser, option: str, name: str, item: type[Settings], note: str
) -> None:
    """Adds an option that is given once for each item, with `FIELD=VALUE` words."""
    fields = ", ".join(item.model_fields)
    parser.add_argument(
        option,
        dest=name,
        nargs="+",
        action=_AppendItem,
        metavar="FIELD=VALUE",
        help=f"{note} Once for each, with words for {fields}.",
    )


class _AppendItem(argparse.Action):
    """Collects the words of one use of an option as a dictionary, and all uses as a list."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        item: dict[str, str] = {}
        for word in values:
            field, mark, value = word.partition("=")
            if not mark or field in item:
                wrong = "is given twice" if mark else "has no value"
                raise argparse.ArgumentError(self, f"{field!r} {wrong}; write FIELD=VALUE")
            item[field] = value
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or ()), item])


def checked_language(code: str) -> str:
    """Gives a FLORES-200 code; for validators of fields that hold one.

    Raises:
        ValueError: It is none; the nearest ones are named.
    """
    try:
        return language(code).code
    except ConfigError as error:
        raise ValueError(str(error)) from None


def choices_of(field: FieldInfo) -> list[str] | None:
    """Gives the allowed values of a Literal field, None for every other field."""
    if get_origin(field.annotation) is Literal:
        return [str(choice) for choice in get_args(field.annotation)]
    return None


def bounds_of(field: FieldInfo) -> tuple[float | None, float | None]:
    """Gives the least and the greatest allowed value of a number field (None = unbounded)."""
    least: float | None = None
    greatest: float | None = None
    for constraint in field.metadata:
        least = getattr(constraint, "ge", getattr(constraint, "gt", least))
        greatest = getattr(constraint, "le", getattr(constraint, "lt", greatest))
    return least, greatest


def _default_note(field: FieldInfo) -> str:
    if field.is_required() or field.default in (None, "", ()):
        return ""
    return f" (default: {str(field.default).replace('%', '%%')})"


def _config_error(error: ValidationError, *, hides_input: bool) -> ConfigError:
    parts = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        # Rules of our own name the value themselves.
        says_all = hides_input or problem["type"] in ("missing", "value_error")
        shown = "" if says_all else f" (got {_shortened(repr(problem['input']))})"
        parts.append(f"{name}: {message}{shown}" if name else message)
    sentence = "; ".join(part.rstrip(".") for part in parts)
    end = "" if sentence.endswith("?") else "."
    return ConfigError(sentence + end, hint="Correct the named settings and try again.")


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
