"""A chain: one system translates into a language in between, another one goes on from there."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator

from core.languages import language_name
from core.settings import Settings, checked_language
from core.systems.failures import AskError
from core.systems.prompting import Prompting
from core.systems.prompts.cleaning import clean_output
from core.systems.protocol import Delta, Event, Finished, Request, System, SystemInfo

BETWEEN = "in between"


class ChainSettings(Settings):
    """Two systems, one after the other."""

    version: Literal[1] = 1
    name: str = Field(
        default="",
        description="What it is called here.",
        min_length=1,
        max_length=200,
        json_schema_extra={"group": "Chain"},
    )
    first: str = Field(
        default="", description="Id of the system that is asked first.", min_length=1
    )
    second: str = Field(
        default="", description="Id of the system that gets its answer.", min_length=1
    )
    pivot_lang: str = Field(
        default="eng_Latn", description="Language of the text in between, as a FLORES-200 code."
    )

    @field_validator("pivot_lang")
    @classmethod
    def _is_language(cls, code: str) -> str:
        return checked_language(code)


class ChainSystem:
    """Two systems as one.

    Where the pivot is the source's language, the first system writes rather than translates: it
    gets the text as a message of its own, as an LLM that answers in English and an MT model that
    brings the answer into another language.

    Attributes:
        info: What is known of it.
        cleans: As the second system.
    """

    def __init__(self, info: SystemInfo, first: System, second: System, pivot_lang: str) -> None:
        self.info = info
        self.cleans = second.cleans
        self._first = first
        self._second = second
        self._pivot_lang = pivot_lang

    async def ask(self, request: Request) -> AsyncGenerator[Event, None]:
        """Asks the first system, then the second one with its answer.

        Raises:
            AskError: One of them did not answer as it should; the sentence says which.
        """
        pieces: list[str] = []
        async with aclosing(self._first_events(request, pieces)) as events:
            async for event in events:
                yield event
        # What the first system's endpoint may have echoed is no business of the second one's.
        between = self._first.scrub(self._cleaned("".join(pieces), request))
        if self._pivot_lang == request.tgt_lang:
            yield Delta(between)
            yield Finished("stop")
            return
        async with aclosing(self._second.ask(self._second_request(request, between))) as events:
            async for event in events:
                yield event

    async def _first_events(
        self, request: Request, pieces: list[str]
    ) -> AsyncGenerator[Event, None]:
        """Gives the first system's events, its answer as the text in between, also in `pieces`."""
        async with aclosing(self._first.ask(self._first_request(request))) as events:
            async for event in events:
                if isinstance(event, Delta) and not event.stage:
                    pieces.append(event.text)
                    yield Delta(event.text, BETWEEN)
                elif not isinstance(event, Finished):
                    yield event
                elif not event.is_whole:
                    raise AskError(
                        f"{self._first.info.name} did not finish ({event.reason}), so "
                        f"{self._second.info.name} was not asked.",
                        hint="Raise the maximum of tokens, or try again.",
                        kind="cut",
                    )

    def _cleaned(self, between: str, request: Request) -> str:
        if self._first.cleans and self._pivot_lang != request.src_lang:
            language = language_name(self._pivot_lang)
            between = clean_output(between, source=request.source, tgt_language=language)
        if not between.strip():
            raise AskError(
                f"{self._first.info.name} gave no text, so {self._second.info.name} was not asked."
            )
        return between.strip()

    def _first_request(self, request: Request) -> Request:
        if self._pivot_lang != request.src_lang:
            prompting = _without_pairs(request.prompting)
            return replace(request, tgt_lang=self._pivot_lang, prompting=prompting)
        message = {"role": "user", "content": request.source}
        return replace(request, tgt_lang=self._pivot_lang, messages=(message,))

    def _second_request(self, request: Request, between: str) -> Request:
        # Examples and context are of the direction as a whole, not of its second half.
        is_other = self._pivot_lang != request.src_lang
        prompting = _without_pairs(request.prompting) if is_other else request.prompting
        return replace(
            request,
            source=between,
            src_lang=self._pivot_lang,
            messages=(),
            prompting=prompting,
        )

    def scrub(self, text: str) -> str:
        """Gives a text without the secrets of both systems."""
        return self._second.scrub(self._first.scrub(text))

    async def close(self) -> None:
        """Closes both, the second one even where the first one fails."""
        try:
            await self._first.close()
        finally:
            await self._second.close()


def _without_pairs(prompting: Prompting) -> Prompting:
    return replace(prompting, examples=(), context=(), glossary=())
