"""The templates of prompts: two Jinja texts, and what they are to be filled with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from core.settings import Settings
from core.systems.prompts.sandbox import names_used

MAX_EXAMPLES = 50
MAX_STOPS = 4  # more are refused by OpenAI's API

_MAX_CHARS = 20_000  # of one side of a fixed example

Stop = Annotated[str, Field(min_length=1, max_length=100)]


class ExamplePair(Settings):
    """A segment with its translation, to be shown to the model.

    Attributes:
        source: The segment.
        target: Its translation.
    """

    source: str = Field(min_length=1, max_length=_MAX_CHARS, description="A source segment.")
    target: str = Field(min_length=1, max_length=_MAX_CHARS, description="Its translation.")


class Template(Settings):
    """A prompt that asks a language model for a translation.

    Both texts are Jinja with the variables source, source_language, target_language, draft (texts)
    and examples, glossary, context (lists of pairs with `.source` and `.target`).

    With `draft_from` "itself" the model is asked twice: the texts are filled first with an empty
    draft, then with the model's own answer to that.
    """

    version: Literal[1] = 1
    name: str = Field(
        min_length=1, max_length=80, pattern=r"\S", description="What the template is called."
    )
    style: Literal["chat", "completion"] = Field(
        default="chat",
        description="Messages for a chat model, or one text that a base model goes on writing.",
    )
    system: str = Field(default="", description="The system message, in Jinja; empty means none.")
    user: str = Field(min_length=1, description="The user's message, in Jinja.")
    num_examples: int = Field(
        default=0, ge=0, le=MAX_EXAMPLES, description="Examples shown, at most."
    )
    examples_from: Literal["none", "fixed", "retrieved"] = Field(
        default="none",
        description="No examples, the same ones for every segment, or similar ones from a corpus.",
    )
    fixed_examples: tuple[ExamplePair, ...] = Field(
        default=(),
        max_length=MAX_EXAMPLES,
        description="The examples of 'fixed'; without any, those picked from the corpus.",
    )
    draft_from: Literal["none", "itself", "system"] = Field(
        default="none",
        description="No draft, the model's own first translation, or that of another system.",
    )
    uses_glossary: bool = Field(
        default=False, description="Shows the glossary's terms in the source."
    )
    uses_context: bool = Field(
        default=False, description="Shows the segments before, with translations."
    )
    stop: tuple[Stop, ...] = Field(
        default=(), max_length=MAX_STOPS, description="Texts at which the model stops writing."
    )
    description: str = Field(
        default="", max_length=500, description="What the template is good for."
    )

    @field_validator("system", "user")
    @classmethod
    def _is_jinja(cls, text: str) -> str:
        names_used(text)
        return text

    @model_validator(mode="after")
    def _agrees_with_its_texts(self) -> Template:
        if self.num_examples and self.examples_from == "none":
            raise ValueError(
                f"num_examples is {self.num_examples}, but examples_from is 'none'; "
                "choose where the examples come from, or set num_examples to 0."
            )
        used = names_used(self.system) | names_used(self.user)
        for name, reason in self._needed():
            if name not in used:
                raise ValueError(f"{reason}, but neither text shows the variable '{name}'.")
        return self

    def _needed(self) -> list[tuple[str, str]]:
        """Gives the variables that the texts must show, each with the reason."""
        needed = [
            (True, "source", "A template is for translating the source"),
            (self.num_examples > 0, "examples", f"num_examples is {self.num_examples}"),
            (self.draft_from != "none", "draft", f"draft_from is '{self.draft_from}'"),
            (self.uses_glossary, "glossary", "uses_glossary is on"),
            (self.uses_context, "context", "uses_context is on"),
        ]
        return [(name, reason) for is_needed, name, reason in needed if is_needed]
