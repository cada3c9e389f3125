"""Jinja without a way out: templates that are checked, and filled within bounds.

Jinja's own sandbox forbids access to Python, but not work without end: `{{ 'x' * 10**10 }}` is
computed while it is compiled. So each text is checked against `grammar` before.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from core.errors import ConfigError

if TYPE_CHECKING:  # costs more than all the rest of this package
    import jinja2
    from jinja2 import nodes

MAX_TEMPLATE_CHARS = 10_000
MAX_PROMPT_CHARS = 400_000


class Pair(NamedTuple):
    """One item of `examples`, `glossary` or `context`."""

    source: str
    target: str


def names_used(text: str) -> frozenset[str]:
    """Gives the names of the variables in a Jinja text.

    Raises:
        ValueError: One sentence on what is wrong or not allowed in the text.
    """
    from jinja2 import meta

    _compiled(text)
    return frozenset(meta.find_undeclared_variables(sandbox().parse(text)))


def fill(text: str, variables: Mapping[str, str | tuple[Pair, ...]]) -> str:
    """Gives a Jinja text with its variables filled in; what they hold is never read as Jinja.

    Args:
        text: One that `names_used` lets pass.
        variables: A value for each of `grammar.TEXTS` and `grammar.LISTS`.

    Raises:
        ConfigError: The prompt would be too long, or the text cannot be filled.
    """
    from jinja2 import TemplateError

    parts = []
    room = MAX_PROMPT_CHARS
    try:
        for part in _compiled(text).generate(variables):
            room -= len(part)
            if room < 0:
                raise too_long()
            parts.append(part)
    except (TemplateError, TypeError, ValueError) as error:  # TypeError: `source < 3`
        raise ConfigError(
            f"The prompt template cannot be filled: {_first_sentence(error)}.",
            hint="Correct the template.",
        ) from None
    return "".join(parts)


def too_long() -> ConfigError:
    """Gives the error for a prompt beyond all bounds."""
    return ConfigError(
        f"The prompt would have more than {MAX_PROMPT_CHARS:,} characters.",
        hint="Translate the source in parts, or give fewer examples and less context.",
    )


@cache
def sandbox() -> jinja2.Environment:
    """Gives the one environment of all prompts: nothing global, a missing variable is an error."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    return environment


@lru_cache(maxsize=64)
def _compiled(text: str) -> jinja2.Template:
    from core.systems.prompts.grammar import check_tree

    if len(text) > MAX_TEMPLATE_CHARS:
        raise ValueError(
            f"A template of {len(text):,} characters is longer than the {MAX_TEMPLATE_CHARS:,} "
            "allowed."
        )
    try:
        check_tree(_parsed(text))
        return sandbox().from_string(text)
    except RecursionError:
        raise ValueError("The template is nested too deeply.") from None


def _parsed(text: str) -> nodes.Template:
    from jinja2 import TemplateSyntaxError

    try:
        return sandbox().parse(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"Line {error.lineno}: {_first_sentence(error)}.") from None
    except ValueError:  # Python reads whole numbers up to 4,300 digits
        raise ValueError("The template holds a number with too many digits.") from None


def _first_sentence(error: Exception) -> str:
    return str(error).split("\n")[0].split(". ")[0].rstrip(".")
