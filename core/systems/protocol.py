"""The one protocol of everything that translates: a request goes in, a stream of events comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from core.systems.parameters import Parameters
from core.systems.prompting import Prompting

# Of all that endpoints say when they end; "eos" and "eos_token" say the same.
_WHOLE_REASONS = {"stop", "stop_sequence", "end_turn"}


@dataclass(frozen=True)
class Request:
    """One text for one system.

    Attributes:
        source: The text; may have several lines.
        src_lang, tgt_lang: FLORES-200 codes.
        parameters: Sampling and search; what a system does not know it ignores.
        prompting: How an LLM is asked; MT systems take no notice.
        messages: A whole conversation, `{"role": …, "content": …}`, instead of a prompt.
    """

    source: str
    src_lang: str
    tgt_lang: str
    parameters: Parameters = field(default_factory=lambda: Parameters())
    prompting: Prompting = field(default_factory=Prompting)
    messages: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Delta:
    """A piece of text.

    Attributes:
        text: The piece.
        stage: Empty for the answer; else the name of a text in between, such as a draft.
    """

    text: str
    stage: str = ""


@dataclass(frozen=True)
class Note:
    """What a system is doing before it can answer, such as loading its model."""

    text: str


@dataclass(frozen=True)
class Sent:
    """The final messages, as they are sent."""

    messages: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Ignored:
    """A parameter that the endpoint does not take; the answer was made without it."""

    parameter: str


@dataclass(frozen=True)
class Usage:
    """Tokens or characters of one call.

    Attributes:
        prompt_tokens, completion_tokens: 0 for systems that do not count tokens.
        characters: Characters of the source, by which MT services charge.
        is_estimated: Whether we counted, because the endpoint did not say.
        cost_usd: What the call cost by the prices of the system that was asked.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    characters: int = 0
    is_estimated: bool = False
    cost_usd: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        """Gives what two calls took together, as those of a chain or of a draft."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.characters + other.characters,
            self.is_estimated or other.is_estimated,
            self.cost_usd + other.cost_usd,
        )


@dataclass(frozen=True)
class Finished:
    """The end of an answer.

    Attributes:
        reason: `stop`; `length` if it was cut; `incomplete` if the stream just ended; or another
            word of the endpoint's own.
    """

    reason: str = "stop"

    @property
    def is_whole(self) -> bool:
        """Whether the system said all that it had to say."""
        return is_whole_reason(self.reason)


def is_whole_reason(reason: str) -> bool:
    """Whether a finish reason says that all was said; a word that nobody knows does not."""
    reason = reason.lower()
    return reason in _WHOLE_REASONS or reason.startswith("eos")


Event = Delta | Note | Sent | Ignored | Usage | Finished


@dataclass(frozen=True)
class SystemInfo:
    """What is known of a system without asking it.

    Attributes:
        id: Stable, such as `model:starter` or `endpoint:ID`.
        name: What people call it.
        kind: `model`, `openai`, `libretranslate`, `google`, `deepl` or `chain`.
        detail: Model and address, or the two systems of a chain.
        is_llm: Whether it is asked by prompts, and can chat.
        price_in_usd, price_out_usd: For a million tokens.
        price_characters_usd: For a million characters of the source.
        aliases: Names that would betray it in a blind comparison.
        provenance: What is stored with every translation set.
    """

    id: str
    name: str
    kind: str
    detail: str = ""
    is_llm: bool = False
    price_in_usd: float = 0.0
    price_out_usd: float = 0.0
    price_characters_usd: float = 0.0
    aliases: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)

    def priced(self, usage: Usage) -> Usage:
        """Gives the usage of a call with what it cost."""
        tokens = usage.prompt_tokens * self.price_in_usd
        tokens += usage.completion_tokens * self.price_out_usd
        cost_usd = (tokens + usage.characters * self.price_characters_usd) / 1e6
        return replace(usage, cost_usd=cost_usd)


class System(Protocol):
    """Something that translates."""

    info: SystemInfo
    cleans: bool
    """Whether its answers may have fences, quotes or preambles around the translation."""

    def ask(self, request: Request) -> AsyncGenerator[Event, None]:
        """Answers one request, event by event; closing the generator cancels it.

        Raises:
            EndpointError: It did not answer as it should; what came before counts as partial.
        """

    def scrub(self, text: str) -> str:
        """Gives a text without the keys that the system holds."""

    async def close(self) -> None:
        """Lets go of connections."""
