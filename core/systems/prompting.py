"""How an LLM is asked for one segment: a template, and everything that it may be filled with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.systems.prompts.built_in import built_in_templates
from core.systems.prompts.rendering import Filling, render
from core.systems.prompts.template import Template

if TYPE_CHECKING:
    from core.systems.protocol import Request, System

Pair = tuple[str, str]


def zero_shot() -> Template:
    """Gives the template that is used where none was chosen."""
    return built_in_templates()[0]


@dataclass(frozen=True)
class Prompting:
    """A template and what fills it.

    Attributes:
        template: How the LLM is asked.
        template_version: Which version of it; 0 for one of ours.
        examples: Retrieved pairs, the most similar first; fixed ones come with the template.
        glossary: All terms; the template shows those that occur in the source.
        context: Segments before this one, with their translations.
        draft_system: Who writes the draft that is to be post-edited; only for such templates.
        cleans: Whether fences, quotes and preambles are taken off the answer.
    """

    template: Template = field(default_factory=zero_shot)
    template_version: int = 0
    examples: tuple[Pair, ...] = ()
    glossary: tuple[Pair, ...] = ()
    context: tuple[Pair, ...] = ()
    draft_system: System | None = None
    cleans: bool = True

    @property
    def label(self) -> str:
        """The template with its version, for people."""
        version = f" v{self.template_version}" if self.template_version else ""
        return f"{self.template.name}{version}"


def filling(request: Request, draft: str = "") -> Filling:
    """Gives what the template of a request is filled with."""
    prompting = request.prompting
    return Filling(
        source=request.source,
        src_lang=request.src_lang,
        tgt_lang=request.tgt_lang,
        examples=prompting.examples,
        glossary=prompting.glossary,
        context=prompting.context,
        draft=draft,
    )


def messages_of(request: Request, draft: str = "") -> tuple[dict[str, str], ...]:
    """Gives the final messages of a request, as they would be sent.

    Raises:
        ConfigError: The template cannot be filled.
    """
    if request.messages:
        return request.messages
    return tuple(render(request.prompting.template, filling(request, draft)))
